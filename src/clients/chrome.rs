//! `chrome`: Chromium and Chrome on Linux, whose keys are NSS's and whose TLS is BoringSSL. Its own order, PKCS1 before PSS
//! (net/ssl/ssl_private_key.cc: SSLPrivateKey::DefaultAlgorithmPreferences); of the token it asks only whether
//! CKM_RSA_PKCS_PSS is listed (net/ssl/ssl_platform_key_nss.cc, PK11_DoesMechanism). Where nothing fits it doesn't send an
//! empty certificate, it ends the connection.

use super::ca_names::{self, UNWANTED};
use super::{
    Card, Client, Evidence, Failure, give_up, holds_padding, no_certificate, sign_on_digest,
};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::key_type::KeyType;
use crate::model::mechanism::Mechanism;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

pub(super) struct Chrome;

/// SHA-1 stands before PSS: "the more conservative option" first, for keys on cards that can't be asked.
const OWN_ORDER: [Scheme; 11] = [
    Scheme(0x0401),
    Scheme(0x0501),
    Scheme(0x0601),
    Scheme(0x0201),
    Scheme(0x0804),
    Scheme(0x0805),
    Scheme(0x0806),
    Scheme(0x0403),
    Scheme(0x0503),
    Scheme(0x0603),
    Scheme(0x0203),
];

impl Client for Chrome {
    fn name(&self) -> &'static str {
        "chrome"
    }

    fn about(&self) -> &'static str {
        "Chrome and Chromium on Linux: own order, PKCS1 before PSS"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        if ![KeyType::Rsa, KeyType::Ec].contains(&card.key.key_type) {
            return no_certificate(format!(
                "Chrome signs with RSA and ECDSA only, not with {}",
                card.key.type_for_people()
            ));
        }
        // client_cert_store_nss.cc: FilterCertsOnWorkerThread
        if !ca_names::want(card, &card.key.chain_on_token, &request.ca_names) {
            return no_certificate(UNWANTED);
        }
        let shape = card.key.shape();
        let has_pss = card.token.lists(Mechanism::RSA_PKCS_PSS);
        let usable = |scheme: &Scheme| {
            request.schemes.contains(scheme)
                && scheme.fits(&shape, request.version).is_ok()
                && holds_padding(card.key, *scheme)
                && (has_pss || !scheme.is_pss())
        };
        match OWN_ORDER.into_iter().find(usable) {
            Some(scheme) => sign_on_digest(scheme),
            None => give_up(why_nothing(card, request, has_pss)),
        }
    }

    /// No more than it takes to come to a CA that the server named (cmpcert.cc: MatchClientCertificateIssuers).
    fn intermediates<'a>(&self, card: &Card<'a>, ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        ca_names::up_to_named(card, ca_names)
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let alert = failure.alert.map(|alert| alert.to_string());
        let text = match (failure.stage, alert.as_deref(), failure.version) {
            (Stage::Select, None, _) => "ERR_SSL_CLIENT_AUTH_NO_COMMON_ALGORITHMS",
            (Stage::Select, Some(_), TlsVersion::V1_3) => "ERR_BAD_SSL_CLIENT_AUTH_CERT",
            (Stage::Sign, ..) => "ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED",
            (Stage::ServerVerify, Some("bad_certificate"), _) => "ERR_BAD_SSL_CLIENT_AUTH_CERT",
            _ => return None,
        };
        Some(text.into())
    }
}

fn why_nothing(card: &Card<'_>, request: &Request, has_pss: bool) -> &'static str {
    let asks_for_pss = request.schemes.iter().any(|scheme| scheme.is_pss());
    if card.key.key_type == KeyType::Rsa && !has_pss && asks_for_pss {
        return "the token lists no CKM_RSA_PKCS_PSS, so Chrome leaves PSS out, and nothing else fits";
    }
    "no scheme in the server's list is one that Chrome would sign with this key"
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ec, failure, gives_up, nothing, rsa, sign, token};
    use super::*;
    use crate::model::key_type::Curve;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    const PSS: &[Mechanism] = &[Mechanism::RSA_PKCS_PSS];

    #[test]
    fn pkcs1_comes_first_whatever_the_server_s_order_and_even_sha1_before_pss() {
        let list = [0x0806, 0x0804, 0x0201, 0x0601, 0x0501];
        let choice = asked(&Chrome, &rsa(2048), &token(PSS), V1_2, &list);
        assert_eq!(choice, sign(0x0501, Route::RsaPkcs));
        let choice = asked(&Chrome, &rsa(2048), &token(PSS), V1_2, &[0x0804, 0x0201]);
        assert_eq!(choice, sign(0x0201, Route::RsaPkcs));
        let choice = asked(&Chrome, &rsa(2048), &token(PSS), V1_3, &list);
        assert_eq!(choice, sign(0x0804, Route::RsaPkcsPss));
    }

    #[test]
    fn it_ends_the_connection_where_nothing_fits() {
        let choice = asked(&Chrome, &rsa(2048), &token(&[]), V1_3, &[0x0804, 0x0401]);
        assert!(gives_up(&choice, "CKM_RSA_PKCS_PSS"), "{choice:?}");
        let choice = asked(&Chrome, &rsa(2048), &token(PSS), V1_2, &[0x0403]);
        assert!(gives_up(&choice, "no scheme"), "{choice:?}");
        let local = failure(Stage::Select, V1_3, None, None);
        assert_eq!(
            Chrome.user_sees(&local).as_deref(),
            Some("ERR_SSL_CLIENT_AUTH_NO_COMMON_ALGORITHMS")
        );
    }

    #[test]
    fn pss_that_does_not_fit_a_small_key_is_skipped() {
        let choice = asked(&Chrome, &rsa(1024), &token(PSS), V1_3, &[0x0806]);
        assert!(gives_up(&choice, "no scheme"), "{choice:?}");
    }

    #[test]
    fn the_curve_is_free_in_tls12_and_bound_in_tls13() {
        let (p384, list) = (ec(Curve::P384), [0x0403, 0x0503]);
        let over = |version| asked(&Chrome, &p384, &token(&[]), version, &list);
        assert_eq!(over(V1_2), sign(0x0403, Route::Ecdsa));
        assert_eq!(over(V1_3), sign(0x0503, Route::Ecdsa));
    }

    #[test]
    fn what_it_can_not_sign_with_it_does_not_offer() {
        let key = super::super::fixtures::ed25519();
        let choice = asked(&Chrome, &key, &token(&[]), V1_3, &[0x0807]);
        assert!(nothing(&choice, "Ed25519"), "{choice:?}");
    }
}
