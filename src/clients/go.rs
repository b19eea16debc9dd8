//! `go`: crypto/tls with crypto11 (observed with Go 1.19 and crypto11 1.2.5). The server's order, among the schemes that the
//! certificate's type and size allow; the token is not asked (crypto/tls auth.go: selectSignatureScheme,
//! signatureSchemesForCertificate).

use super::ca_names::{self, UNWANTED};
use super::{Card, Client, Evidence, Failure, holds_padding, no_certificate, sign_on_digest};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::key_type::KeyType;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

pub(super) struct Go;

/// rsaSignatureSchemes, and ECDSA's.
const KNOWN: [u16; 11] = [
    0x0201, 0x0203, 0x0401, 0x0403, 0x0501, 0x0503, 0x0601, 0x0603, 0x0804, 0x0805, 0x0806,
];

impl Client for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn about(&self) -> &'static str {
        "Go's crypto/tls with crypto11: the server's order, and no look at the token"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        if ![KeyType::Rsa, KeyType::Ec].contains(&card.key.key_type) {
            return no_certificate(format!(
                "crypto11 has no {} keys",
                card.key.type_for_people()
            ));
        }
        // CertificateRequestInfo.SupportsCertificate
        if !ca_names::want(card, &[], &request.ca_names) {
            return no_certificate(UNWANTED);
        }
        let shape = card.key.shape();
        let usable = |scheme: &&Scheme| {
            KNOWN.contains(&scheme.0)
                && scheme.fits(&shape, request.version).is_ok()
                && holds_padding(card.key, **scheme)
        };
        match request.schemes.iter().find(usable) {
            Some(scheme) => sign_on_digest(*scheme),
            None => no_certificate(
                "no scheme in the server's list is one that Go would sign with this key",
            ),
        }
    }

    /// crypto11 puts the leaf only into its tls.Certificate.
    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        match (failure.stage, failure.version) {
            (Stage::Select, TlsVersion::V1_2) => {
                Some("remote error: tls: handshake failure".into())
            }
            (Stage::Select, TlsVersion::V1_3) => {
                Some("remote error: tls: certificate required".into())
            }
            (Stage::Sign, version) => {
                let ckr = failure.ckr?;
                let before = match version {
                    TlsVersion::V1_2 => "",
                    TlsVersion::V1_3 => "tls: failed to sign handshake: ",
                };
                Some(format!("{before}pkcs11: 0x{:X}: {ckr}", ckr.0))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{
        asked, below_an_intermediate, ec, failure, nothing, rsa, sign, token,
    };
    use super::*;
    use crate::model::ckr::Ckr;
    use crate::model::key_type::Curve;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    #[test]
    fn the_server_s_order_counts_and_the_token_is_not_asked() {
        let over = |version, list: &[u16]| asked(&Go, &rsa(2048), &token(&[]), version, list);
        assert_eq!(
            over(V1_2, &[0x0805, 0x0401]),
            sign(0x0805, Route::RsaPkcsPss)
        );
        assert_eq!(over(V1_2, &[0x0401, 0x0805]), sign(0x0401, Route::RsaPkcs));
        assert_eq!(
            over(V1_3, &[0x0401, 0x0805]),
            sign(0x0805, Route::RsaPkcsPss)
        );
        assert!(nothing(&over(V1_2, &[0x0301]), "no scheme"));
    }

    #[test]
    fn pss_that_does_not_fit_a_small_key_is_skipped() {
        let choice = asked(&Go, &rsa(1024), &token(&[]), V1_3, &[0x0806, 0x0804]);
        assert_eq!(choice, sign(0x0804, Route::RsaPkcsPss));
    }

    #[test]
    fn the_curve_is_free_in_tls12_and_bound_in_tls13() {
        let (p384, list) = (ec(Curve::P384), [0x0403, 0x0503]);
        let over = |version| asked(&Go, &p384, &token(&[]), version, &list);
        assert_eq!(over(V1_2), sign(0x0403, Route::Ecdsa));
        assert_eq!(over(V1_3), sign(0x0503, Route::Ecdsa));
    }

    #[test]
    fn of_the_ca_names_only_the_leaf_s_issuer_counts() {
        let (key, token) = (below_an_intermediate(), token(&[]));
        let card = Card {
            key: &key,
            token: &token,
        };
        let from = |name: &str| {
            let request = Request {
                version: V1_3,
                schemes: vec![Scheme(0x0804)],
                ca_names: vec![name.as_bytes().to_vec()],
            };
            Go.choose(&card, &request)
        };
        assert_eq!(from("issuing CA").scheme(), Some(Scheme(0x0804)));
        assert!(nothing(&from("root CA"), "CA names"));
    }

    #[test]
    fn a_refusal_is_told_by_its_code() {
        let over = |version| failure(Stage::Sign, version, Some(Ckr::MECHANISM_INVALID), None);
        assert_eq!(
            Go.user_sees(&over(V1_2)).as_deref(),
            Some("pkcs11: 0x70: CKR_MECHANISM_INVALID")
        );
        assert_eq!(
            Go.user_sees(&over(V1_3)).as_deref(),
            Some("tls: failed to sign handshake: pkcs11: 0x70: CKR_MECHANISM_INVALID")
        );
    }
}
