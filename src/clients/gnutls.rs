//! `gnutls`: gnutls-cli and other programs on GnuTLS 3.6 and later (observed with 3.7.9). The server's order
//! (lib/ext/signature.c: _gnutls_session_get_sign_algo). PSS is left out where C_GetMechanismInfo doesn't know
//! CKM_RSA_PKCS_PSS (lib/pkcs11_privkey.c: gnutls_pkcs11_privkey_import_url; lib/privkey.c:
//! _gnutls_privkey_compatible_with_sig), whatever C_GetMechanismList says.

use super::{Card, Client, Evidence, Failure, give_up, info, no_certificate, sign_on_digest};
use crate::model::capability::Answer;
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::key_type::KeyType;
use crate::model::mechanism::Mechanism;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

pub(super) struct GnuTls;

/// The schemes of its priority string NORMAL (lib/priority.c: sign_priority_default).
const ENABLED: [u16; 16] = [
    0x0201, 0x0203, 0x0401, 0x0403, 0x0501, 0x0503, 0x0601, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807,
    0x0808, 0x0809, 0x080a, 0x080b,
];

impl Client for GnuTls {
    fn name(&self) -> &'static str {
        "gnutls"
    }

    fn about(&self) -> &'static str {
        "GnuTLS 3.6 and later: the server's order; PSS if C_GetMechanismInfo knows it, listed or not"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        if [KeyType::MlDsa, KeyType::Other].contains(&card.key.key_type) {
            return no_certificate(format!(
                "GnuTLS has no {} keys on tokens",
                card.key.type_for_people()
            ));
        }
        let shape = card.key.shape();
        let knows_pss = card.key.can_sign && info(card, Mechanism::RSA_PKCS_PSS) == Answer::Ok;
        let usable = |scheme: &&Scheme| {
            ENABLED.contains(&scheme.0)
                && scheme.fits(&shape, request.version).is_ok()
                && (knows_pss || !scheme.is_pss())
        };
        match (request.schemes.iter().find(usable), request.version) {
            (Some(scheme), _) => sign_on_digest(*scheme),
            (None, TlsVersion::V1_2) => give_up(NOTHING),
            (None, TlsVersion::V1_3) => no_certificate(NOTHING),
        }
    }

    /// gnutls-cli sends what `--x509certfile` names, the leaf.
    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let text = match (failure.stage, failure.alert, failure.ckr.map(|ckr| ckr.0)) {
            (Stage::Select, None, _) => "An algorithm that is not enabled was negotiated.",
            (Stage::Select, Some(_), _) => "Received alert [116]: Certificate is required",
            // lib/pkcs11.c: pkcs11_rv_to_err
            (Stage::Sign, _, Some(0x54 | 0x63 | 0x70 | 0x71)) => "PKCS #11 unsupported feature",
            _ => return None,
        };
        Some(text.into())
    }
}

const NOTHING: &str =
    "no scheme in the server's list is one that GnuTLS would sign with this key on this token";

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ed25519, gives_up, nothing, rsa, sign, token};
    use super::*;
    use crate::model::ckr::Ckr;
    use crate::model::route::Route;
    use crate::model::token::Token;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    /// C_GetMechanismInfo answers so for PSS.
    fn answering(listed: bool, info: Answer) -> Token {
        let mut token = token(&[Mechanism::RSA_PKCS_PSS]);
        token.mechanisms[0].listed = listed;
        token.mechanisms[0].info = info;
        token
    }

    #[test]
    fn what_counts_is_the_mechanism_s_info_and_not_the_list() {
        let list = [0x0804, 0x0401];
        let over = |token: &Token| asked(&GnuTls, &rsa(2048), token, V1_2, &list);
        assert_eq!(
            over(&answering(false, Answer::Ok)),
            sign(0x0804, Route::RsaPkcsPss)
        );
        let unknown = Answer::Ckr(Ckr::MECHANISM_INVALID);
        assert_eq!(
            over(&answering(true, unknown)),
            sign(0x0401, Route::RsaPkcs)
        );
        assert_eq!(over(&token(&[])), sign(0x0401, Route::RsaPkcs));
    }

    #[test]
    fn the_server_s_order_counts() {
        let token = answering(true, Answer::Ok);
        let choice = asked(&GnuTls, &rsa(2048), &token, V1_2, &[0x0301, 0x0601, 0x0804]);
        assert_eq!(choice, sign(0x0601, Route::RsaPkcs));
    }

    #[test]
    fn nothing_that_fits_ends_tls12_and_is_an_empty_certificate_in_tls13() {
        let over = |version| asked(&GnuTls, &rsa(2048), &token(&[]), version, &[0x0403]);
        assert!(gives_up(&over(V1_2), "no scheme"));
        assert!(nothing(&over(V1_3), "no scheme"));
    }

    #[test]
    fn ed25519_is_signed_by_the_token() {
        let choice = asked(&GnuTls, &ed25519(), &token(&[]), V1_3, &[0x0807]);
        assert_eq!(choice, sign(0x0807, Route::Eddsa));
    }
}
