//! What every program on OpenSSL's libssl has in common, whoever signs for it: the server's order, and no look at the token
//! (ssl/t1_lib.c: tls_choose_sigalg, find_sig_alg).

use super::{Card, Failure, give_up, holds_padding, no_certificate};
use crate::model::cell::Stage;
use crate::model::choice::Choice;
use crate::model::hash::Hash;
use crate::model::key_type::KeyType;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

/// Security level 2: the default from OpenSSL 3.2 on, and of Debian and Ubuntu before (SSL_CTX_set_security_level(3)).
const LEAST_RSA_BITS: u32 = 2048;

/// The first of the server's schemes that fits, signed as `sign` says.
pub(super) fn choose(
    card: &Card<'_>,
    request: &Request,
    sign: impl FnOnce(Scheme) -> Choice,
) -> Choice {
    if is_below_security_level(card) {
        return give_up(
            "OpenSSL at its default security level, 2, takes no RSA certificate of less than 2048 bits",
        );
    }
    let shape = card.key.shape();
    let usable = |scheme: &&Scheme| {
        scheme.fits(&shape, request.version).is_ok()
            // rsa_pss_check_min_key_size
            && holds_padding(card.key, **scheme)
            // below security level 1 in OpenSSL 3, and no default is lower
            && scheme.hash() != Some(Hash::Sha1)
    };
    match request.schemes.iter().find(usable) {
        Some(scheme) => sign(*scheme),
        None => no_certificate(
            "no scheme in the server's list is one that OpenSSL would sign with this key",
        ),
    }
}

/// The ends of OpenSSL's messages; their beginnings vary with its versions.
pub(super) fn user_sees(failure: &Failure<'_>) -> Option<&'static str> {
    match (failure.stage, failure.alert, failure.version) {
        // the program ends before it connects
        (Stage::Select, None, _) => Some("ee key too small"),
        (Stage::Select, _, TlsVersion::V1_2) => Some("sslv3 alert handshake failure"),
        (Stage::Select, _, TlsVersion::V1_3) => Some("tlsv13 alert certificate required"),
        _ => None,
    }
}

fn is_below_security_level(card: &Card<'_>) -> bool {
    card.key.key_type == KeyType::Rsa && card.key.bits.is_some_and(|bits| bits < LEAST_RSA_BITS)
}
