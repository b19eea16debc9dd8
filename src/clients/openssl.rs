//! `openssl`: s_client, curl and whatever else uses libssl with libp11's engine. The server's order, and no look at the
//! token (ssl/t1_lib.c: tls_choose_sigalg, find_sig_alg). PSS goes to CKM_RSA_PKCS_PSS first, listed or not; where the
//! token refuses, with whatever CKR, libp11 0.4.12 pads on the host and signs raw. OpenSSL 3.0.12 and its like went straight
//! to raw (libp11#523).

use super::{Card, Client, Evidence, Failure, no_certificate};
use crate::model::cell::Stage;
use crate::model::choice::Choice;
use crate::model::ckr::Ckr;
use crate::model::hash::Hash;
use crate::model::key_type::KeyType;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

pub(super) struct OpenSsl;

impl Client for OpenSsl {
    fn name(&self) -> &'static str {
        "openssl"
    }

    fn about(&self) -> &'static str {
        "openssl s_client and curl with libp11's engine, OpenSSL 3: the server's order; PSS by the token, else by raw RSA"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        if ![KeyType::Rsa, KeyType::Ec].contains(&card.key.key_type) {
            return no_certificate(format!(
                "libp11's engine has RSA and EC keys only, not {}",
                card.key.type_for_people()
            ));
        }
        let shape = card.key.shape();
        let usable = |scheme: &&Scheme| {
            scheme.fits(&shape, request.version).is_ok()
                && large_enough(card, **scheme)
                && !below_security_level(**scheme)
        };
        match request.schemes.iter().find(usable) {
            Some(scheme) => Choice::Sign {
                scheme: *scheme,
                routes: routes(*scheme),
            },
            None => no_certificate(
                "no scheme in the server's list is one that OpenSSL would sign with this key",
            ),
        }
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let text = match (failure.stage, failure.version, failure.ckr) {
            (Stage::Sign, _, Some(Ckr::MECHANISM_INVALID)) => "ERR_CKR_error:Mechanism invalid",
            (Stage::Select, TlsVersion::V1_2, _) => "alert handshake failure, SSL alert number 40",
            (Stage::Select, TlsVersion::V1_3, _) => {
                "alert certificate required, SSL alert number 116"
            }
            _ => return None,
        };
        Some(text.into())
    }
}

/// rsa_pss_rsae_sha512 is skipped with a key of 1024 bits (rsa_pss_check_min_key_size).
fn large_enough(card: &Card<'_>, scheme: Scheme) -> bool {
    let least = scheme.min_rsa_bits().filter(|_| scheme.is_pss());
    match (least, card.key.bits) {
        (Some(least), Some(bits)) => bits >= least,
        _ => true,
    }
}

/// SHA-1 is below security level 1 in OpenSSL 3, and no default is lower (SSL_CTX_set_security_level(3)).
fn below_security_level(scheme: Scheme) -> bool {
    scheme.hash() == Some(Hash::Sha1)
}

fn routes(scheme: Scheme) -> Vec<Route> {
    match (scheme.key_type(), scheme.is_pss()) {
        (Some(KeyType::Rsa), true) => vec![Route::RsaPkcsPss, Route::RsaX509],
        (Some(KeyType::Rsa), false) => vec![Route::RsaPkcs],
        _ => vec![Route::Ecdsa],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ec, ed25519, nothing, rsa, sign, token};
    use super::*;
    use crate::model::key_type::Curve;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    /// By the token's own PSS, and by raw RSA where it refuses.
    fn pss(code: u16) -> Choice {
        Choice::Sign {
            scheme: Scheme(code),
            routes: vec![Route::RsaPkcsPss, Route::RsaX509],
        }
    }

    #[test]
    fn the_server_s_order_counts_and_the_token_is_not_asked() {
        let list = [0x0805, 0x0401, 0x0804];
        assert_eq!(
            asked(&OpenSsl, &rsa(2048), &token(&[]), V1_2, &list),
            pss(0x0805)
        );
        let reordered = [0x0401, 0x0805];
        assert_eq!(
            asked(&OpenSsl, &rsa(2048), &token(&[]), V1_2, &reordered),
            sign(0x0401, Route::RsaPkcs)
        );
    }

    #[test]
    fn tls13_skips_pkcs1_and_binds_the_curve() {
        assert_eq!(
            asked(&OpenSsl, &rsa(2048), &token(&[]), V1_3, &[0x0401, 0x0804]),
            pss(0x0804)
        );
        let p384 = ec(Curve::P384);
        assert_eq!(
            asked(&OpenSsl, &p384, &token(&[]), V1_3, &[0x0403, 0x0503]),
            sign(0x0503, Route::Ecdsa)
        );
        assert_eq!(
            asked(&OpenSsl, &p384, &token(&[]), V1_2, &[0x0403, 0x0503]),
            sign(0x0403, Route::Ecdsa)
        );
    }

    #[test]
    fn pss_that_does_not_fit_a_small_key_is_skipped() {
        let choice = asked(&OpenSsl, &rsa(1024), &token(&[]), V1_2, &[0x0806, 0x0805]);
        assert_eq!(choice, pss(0x0805));
    }

    #[test]
    fn sha1_and_ed25519_are_nothing_for_it() {
        assert!(nothing(
            &asked(&OpenSsl, &rsa(2048), &token(&[]), V1_2, &[0x0201]),
            "no scheme"
        ));
        assert!(nothing(
            &asked(&OpenSsl, &ed25519(), &token(&[]), V1_3, &[0x0807]),
            "Ed25519"
        ));
    }
}
