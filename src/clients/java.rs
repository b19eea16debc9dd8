//! `java`: JSSE with SunPKCS11 (observed with 17). The server's order; each scheme that fits the key's type, size and curve
//! gets a real C_SignInit, and where that is refused, with whatever CKR, the next one is tried (sun.security.ssl
//! SignatureScheme.getSignerOfPreferableAlgorithm, getSigner). After a refusal of C_Sign nothing is tried any more. Mechanisms
//! are taken from C_GetMechanismList (sun.security.pkcs11 SunPKCS11.initToken).
//!
//! Its key store can't be opened on a token that also holds a key of a type that it doesn't know, such as Ed25519 (P11KeyStore
//! "unknown key type"); the rule looks at one key and doesn't say so.
//!
//! What C_SignInit would say is what it said to cardcheck's own trial of the same call.

use super::ca_names::{self, UNWANTED};
use super::{
    Card, Client, Evidence, Failure, first_listed, give_up, holds_padding, no_certificate,
};
use crate::model::capability::{Answer, Capability};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::key_type::{Curve, KeyType};
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::{Kind, Scheme};
use crate::model::sign::SignStep;
use crate::model::version::TlsVersion;

pub(super) struct Java;

/// What JSSE 17.0.21 knows and enables, DSA and EdDSA left out, which its tokens don't have (sun.security.ssl.SignatureScheme).
/// SHA-1 is off in signatures of handshakes; older updates of 17 signed with it if nothing better was asked for.
const KNOWN: [u16; 14] = [
    0x0301, 0x0303, 0x0401, 0x0403, 0x0501, 0x0503, 0x0601, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809,
    0x080a, 0x080b,
];

impl Client for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn about(&self) -> &'static str {
        "Java 17 with SunPKCS11: the server's order; the next scheme where C_SignInit refuses"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        if ![KeyType::Rsa, KeyType::Ec].contains(&card.key.key_type) {
            return no_certificate(format!(
                "SunPKCS11 has no {} keys",
                card.key.type_for_people()
            ));
        }
        // X509KeyManagerImpl.getAliases
        if !ca_names::want(card, &card.key.chain_on_token, &request.ca_names) {
            return no_certificate(UNWANTED);
        }
        let offered = || request.schemes.iter().copied().filter(known);
        if offered().next().is_none() {
            return give_up("no scheme in the server's list is one that Java has enabled");
        }
        if !offered().any(|scheme| is_for(card, scheme, request.version)) {
            return no_certificate(
                "no scheme in the server's list is for this type of key in this version",
            );
        }
        let fitting = offered().filter(|scheme| fits(card, *scheme, request.version));
        first_that_begins(card, fitting).unwrap_or_else(|| give_up(NO_SIGNER))
    }

    /// The key store follows the issuers on the token (sun.security.pkcs11 P11KeyStore.loadChain).
    fn intermediates<'a>(&self, card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &card.key.chain_on_token
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let no_signer = "No supported CertificateVerify signature algorithm";
        let text = match (failure.stage, failure.alert, failure.version) {
            (Stage::Select, Some(_), TlsVersion::V1_2) => "Received fatal alert: handshake_failure",
            (Stage::Select, Some(_), TlsVersion::V1_3) => {
                "Received fatal alert: certificate_required"
            }
            (Stage::Select, None, _) if !failure.offered.iter().any(known) => {
                "No supported signature algorithm"
            }
            (Stage::Select, None, _) => no_signer,
            (Stage::Sign, ..) if failure.step == Some(SignStep::SignInit) => no_signer,
            (Stage::Sign, ..) => return Some(format!("PKCS11Exception: {}", failure.ckr?)),
            _ => return None,
        };
        Some(text.into())
    }
}

const NO_SIGNER: &str = "the certificate goes out, and then there is no scheme in the server's list that Java could sign with \
                         this key on this token";

fn known(scheme: &Scheme) -> bool {
    KNOWN.contains(&scheme.0)
}

/// What the choice of the certificate looks at: the type of key and the version, not the curve.
fn is_for(card: &Card<'_>, scheme: Scheme, version: TlsVersion) -> bool {
    scheme.key_type() == Some(card.key.key_type) && scheme.legal_in(version)
}

/// The curve is bound in TLS 1.2 too, but for schemes that name none.
fn fits(card: &Card<'_>, scheme: Scheme, version: TlsVersion) -> bool {
    let bound: Option<Curve> = match scheme.kind() {
        Kind::Ecdsa { curve, .. } => curve,
        _ => None,
    };
    scheme.fits(&card.key.shape(), version).is_ok()
        && holds_padding(card.key, scheme)
        && bound.is_none_or(|curve| card.key.curve == Some(curve))
}

/// The first scheme whose C_SignInit is not refused; else the first one that was refused, so that its code shows. `None`:
/// there is none for which C_SignInit would be called.
fn first_that_begins(card: &Card<'_>, schemes: impl Iterator<Item = Scheme>) -> Option<Choice> {
    let with_route = schemes.filter_map(|scheme| {
        let route = first_listed(card.token, scheme, routes(scheme))?;
        Some((scheme, route))
    });
    let calls: Vec<(Scheme, Route)> = with_route.collect();
    let begins = calls.iter().find(|call| !is_refused(card, **call));
    let (scheme, route) = *begins.or_else(|| calls.first())?;
    Some(Choice::Sign {
        scheme,
        routes: vec![route],
    })
}

fn is_refused(card: &Card<'_>, (scheme, route): (Scheme, Route)) -> bool {
    let same = |trial: &&Capability| trial.scheme == scheme && trial.route == route;
    let trial = card.key.capabilities.iter().find(same);
    trial.is_some_and(|trial| matches!(trial.sign_init, Answer::Ckr(_)))
}

/// In the order of SunPKCS11's table: the first that the token lists.
fn routes(scheme: Scheme) -> &'static [Route] {
    match (scheme.key_type(), scheme.is_pss()) {
        (Some(KeyType::Rsa), true) => &[Route::RsaPkcsPss],
        (Some(KeyType::Rsa), false) => &[Route::ShaRsaPkcs, Route::RsaPkcs, Route::RsaX509],
        _ => &[Route::EcdsaSha, Route::Ecdsa],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ec, failure, gives_up, nothing, rsa, sign, token, tried};
    use super::*;
    use crate::model::ckr::Ckr;
    use crate::model::hash::Hash;
    use crate::model::key::Key;
    use crate::model::mechanism::Mechanism;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    const BOTH: &[Mechanism] = &[Mechanism::RSA_PKCS_PSS, Mechanism::RSA_PKCS];
    const REFUSED: Option<Result<bool, Ckr>> = Some(Err(Ckr::MECHANISM_INVALID));

    /// Its PSS is listed, and refused at C_SignInit.
    fn lying() -> Key {
        let key = tried(rsa(2048), 0x0804, Route::RsaPkcsPss, REFUSED);
        tried(key, 0x0805, Route::RsaPkcsPss, REFUSED)
    }

    #[test]
    fn where_c_signinit_refuses_the_next_scheme_is_taken() {
        let list = [0x0804, 0x0805, 0x0401];
        assert_eq!(
            asked(&Java, &lying(), &token(BOTH), V1_2, &list),
            sign(0x0401, Route::RsaPkcs)
        );
        // and where none is left, the refusal shows
        assert_eq!(
            asked(&Java, &lying(), &token(BOTH), V1_3, &list),
            sign(0x0804, Route::RsaPkcsPss)
        );
        assert_eq!(
            asked(&Java, &rsa(2048), &token(BOTH), V1_2, &list),
            sign(0x0804, Route::RsaPkcsPss)
        );
    }

    #[test]
    fn pss_that_is_not_listed_is_skipped() {
        let lists = token(&[Mechanism::RSA_PKCS]);
        let list = [0x0804, 0x0401];
        assert_eq!(
            asked(&Java, &rsa(2048), &lists, V1_2, &list),
            sign(0x0401, Route::RsaPkcs)
        );
        let choice = asked(&Java, &rsa(2048), &lists, V1_3, &list);
        assert!(gives_up(&choice, "certificate goes out"), "{choice:?}");
    }

    #[test]
    fn the_token_hashes_if_it_lists_that() {
        let lists = token(&[Mechanism::RSA_PKCS, Mechanism::sha_rsa_pkcs(Hash::Sha256)]);
        let over = |list: &[u16]| asked(&Java, &rsa(2048), &lists, V1_2, list);
        assert_eq!(over(&[0x0401]), sign(0x0401, Route::ShaRsaPkcs));
        assert_eq!(over(&[0x0501]), sign(0x0501, Route::RsaPkcs));
    }

    #[test]
    fn the_curve_is_bound_in_tls12_too() {
        let lists = token(&[Mechanism::ECDSA]);
        let p384 = ec(Curve::P384);
        let over = |list: &[u16]| asked(&Java, &p384, &lists, V1_2, list);
        assert_eq!(over(&[0x0403, 0x0503]), sign(0x0503, Route::Ecdsa));
        assert!(gives_up(&over(&[0x0403]), "no scheme"));
        assert!(nothing(&over(&[0x0401]), "type of key"));
    }

    #[test]
    fn c_signinit_and_c_sign_end_with_different_texts() {
        let mut refused = failure(Stage::Sign, V1_3, Some(Ckr::MECHANISM_INVALID), None);
        refused.step = Some(SignStep::Sign);
        assert_eq!(
            Java.user_sees(&refused).as_deref(),
            Some("PKCS11Exception: CKR_MECHANISM_INVALID")
        );
        refused.step = Some(SignStep::SignInit);
        assert_eq!(
            Java.user_sees(&refused).as_deref(),
            Some("No supported CertificateVerify signature algorithm")
        );
    }
}
