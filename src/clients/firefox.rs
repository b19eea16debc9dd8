//! `firefox`: NSS, the same since 3.28 (2016). Its own order, PSS before PKCS1; of the token it asks only whether
//! C_GetMechanismList holds CKM_RSA_PKCS_PSS (lib/ssl/ssl3con.c: ssl_PickSignatureScheme, ssl_CanUseSignatureScheme,
//! ssl_PrivateKeySupportsRsaPss). When nothing fits it sends an empty certificate and says nothing.

use super::ca_names::{self, UNWANTED};
use super::{Card, Client, Evidence, Failure, no_certificate, sign_on_digest};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::key_type::KeyType;
use crate::model::mechanism::Mechanism;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

pub(super) struct Firefox;

/// Firefox' own preferences (security/nss, as set by the browser).
const OWN_ORDER: [u16; 11] = [
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
];

/// The schemes that NSS knows, its own list and more (ssl_IsSupportedSignatureScheme).
const KNOWN: [u16; 18] = [
    0x0201, 0x0202, 0x0203, 0x0401, 0x0402, 0x0403, 0x0501, 0x0502, 0x0503, 0x0601, 0x0602, 0x0603,
    0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b,
];

/// Of a server's list only this many known schemes are kept (MAX_SIGNATURE_SCHEMES).
const MOST_KEPT: usize = 18;

impl Client for Firefox {
    fn name(&self) -> &'static str {
        "firefox"
    }

    fn about(&self) -> &'static str {
        "Firefox and other NSS programs: own order, PSS if the token lists it"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        if !ca_names::want(card, &card.key.chain_on_token, &request.ca_names) {
            return no_certificate(UNWANTED);
        }
        let shape = card.key.shape();
        let offered: Vec<Scheme> = known(&request.schemes).take(MOST_KEPT).collect();
        let has_pss = card.token.lists(Mechanism::RSA_PKCS_PSS);
        let usable = |scheme: &Scheme| {
            offered.contains(scheme)
                && scheme.fits(&shape, request.version).is_ok()
                && (has_pss || !scheme.is_pss())
        };
        let order = preferences(card, request.version);
        match order.into_iter().find(usable) {
            Some(scheme) => sign_on_digest(scheme),
            None => no_certificate(why_nothing(card, request, has_pss)),
        }
    }

    /// All that lead to the root, which stays at home (CERT_CertChainFromCert without includeRoot).
    fn intermediates<'a>(&self, card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        match card.key.chain_on_token.split_last() {
            Some((last, rest)) if last.subject_der == last.issuer_der => rest,
            _ => &card.key.chain_on_token,
        }
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let text = match (failure.stage, failure.version) {
            // it doesn't even answer such a request, not with an empty certificate either
            (Stage::Select, _) if known(failure.offered).next().is_none() => {
                "SSL_ERROR_UNSUPPORTED_SIGNATURE_ALGORITHM"
            }
            (Stage::Select, TlsVersion::V1_2) => "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
            (Stage::Select, TlsVersion::V1_3) => "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT",
            (Stage::Sign, TlsVersion::V1_2) => "no error, a page that loads for ever",
            (Stage::Sign, TlsVersion::V1_3) => "SSL_ERROR_HANDSHAKE_FAILED",
            (Stage::ServerVerify, _) => return server_alert(failure),
            _ => return None,
        };
        Some(text.into())
    }
}

fn known(schemes: &[Scheme]) -> impl Iterator<Item = Scheme> {
    let schemes = schemes.iter().copied();
    schemes.filter(|scheme| KNOWN.contains(&scheme.0))
}

/// Old RSA keys sign SHA-1 first in TLS 1.2 ("older Estonian ID cards", ssl_PickSignatureScheme).
fn preferences(card: &Card<'_>, version: TlsVersion) -> Vec<Scheme> {
    let small = card.key.key_type == KeyType::Rsa && card.key.bits.is_some_and(|bits| bits <= 1024);
    let first = (small && version == TlsVersion::V1_2).then_some(0x0201);
    first.into_iter().chain(OWN_ORDER).map(Scheme).collect()
}

fn why_nothing(card: &Card<'_>, request: &Request, has_pss: bool) -> String {
    let key_type = card.key.key_type;
    if ![KeyType::Rsa, KeyType::Ec].contains(&key_type) {
        return format!(
            "Firefox signs with RSA and ECDSA only, not with {}",
            card.key.type_for_people()
        );
    }
    if key_type == KeyType::Rsa && !has_pss && request.schemes.iter().any(|scheme| scheme.is_pss())
    {
        return "the token lists no CKM_RSA_PKCS_PSS, so Firefox leaves PSS out, and nothing else fits".into();
    }
    "no scheme in the server's list is one that Firefox would sign with this key".into()
}

fn server_alert(failure: &Failure<'_>) -> Option<String> {
    let text = match failure.alert?.to_string().as_str() {
        "bad_certificate" => "SSL_ERROR_BAD_CERT_ALERT",
        "decrypt_error" => "SSL_ERROR_DECRYPT_ERROR_ALERT",
        "illegal_parameter" => "SSL_ERROR_ILLEGAL_PARAMETER_ALERT",
        "handshake_failure" => "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
        _ => return None,
    };
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ec, ed25519, nothing, rsa, sign, token};
    use super::*;
    use crate::model::key_type::Curve;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    const PSS: &[Mechanism] = &[Mechanism::RSA_PKCS_PSS];

    #[test]
    fn its_own_order_counts_and_not_the_server_s() {
        let choice = asked(
            &Firefox,
            &rsa(2048),
            &token(PSS),
            V1_2,
            &[0x0601, 0x0401, 0x0805, 0x0804],
        );
        assert_eq!(choice, sign(0x0804, Route::RsaPkcsPss));
    }

    #[test]
    fn pss_is_left_out_where_the_token_does_not_list_it() {
        let list = [0x0804, 0x0401];
        assert_eq!(
            asked(&Firefox, &rsa(2048), &token(&[]), V1_2, &list),
            sign(0x0401, Route::RsaPkcs)
        );
        let choice = asked(&Firefox, &rsa(2048), &token(&[]), V1_3, &list);
        assert!(nothing(&choice, "CKM_RSA_PKCS_PSS"), "{choice:?}");
    }

    #[test]
    fn a_hashing_pss_mechanism_alone_counts_as_no_pss() {
        let hashing = [Mechanism::sha_rsa_pkcs_pss(
            crate::model::hash::Hash::Sha256,
        )];
        let choice = asked(
            &Firefox,
            &rsa(2048),
            &token(&hashing),
            V1_2,
            &[0x0804, 0x0401],
        );
        assert_eq!(choice, sign(0x0401, Route::RsaPkcs));
    }

    #[test]
    fn small_rsa_keys_sign_sha1_first_over_tls12() {
        let list = [0x0804, 0x0401, 0x0201];
        assert_eq!(
            asked(&Firefox, &rsa(1024), &token(PSS), V1_2, &list),
            sign(0x0201, Route::RsaPkcs)
        );
        assert_eq!(
            asked(&Firefox, &rsa(1024), &token(PSS), V1_3, &list),
            sign(0x0804, Route::RsaPkcsPss)
        );
        assert_eq!(
            asked(&Firefox, &rsa(1025), &token(PSS), V1_2, &list),
            sign(0x0804, Route::RsaPkcsPss)
        );
    }

    #[test]
    fn the_curve_is_free_in_tls12_and_bound_in_tls13() {
        let list = [0x0403, 0x0503];
        let p384 = ec(Curve::P384);
        assert_eq!(
            asked(&Firefox, &p384, &token(&[]), V1_2, &list),
            sign(0x0403, Route::Ecdsa)
        );
        assert_eq!(
            asked(&Firefox, &p384, &token(&[]), V1_3, &list),
            sign(0x0503, Route::Ecdsa)
        );
    }

    #[test]
    fn of_a_long_list_only_the_first_18_known_schemes_are_kept() {
        let mut long: Vec<u16> = KNOWN.into_iter().filter(|code| *code != 0x0401).collect();
        long.extend([0x0202, 0x0401]);
        let choice = asked(&Firefox, &rsa(2048), &token(&[]), V1_2, &long);
        assert_eq!(
            choice,
            sign(0x0501, Route::RsaPkcs),
            "0x0401 stands behind the 18th"
        );
    }

    #[test]
    fn ed25519_is_not_among_its_schemes() {
        let choice = asked(
            &Firefox,
            &ed25519(),
            &token(&[Mechanism::EDDSA]),
            V1_3,
            &[0x0807],
        );
        assert!(nothing(&choice, "Ed25519"), "{choice:?}");
    }
}
