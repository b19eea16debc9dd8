//! `openssl-provider`: libssl 3 with pkcs11-provider (1.1 and later; observed with 1.2.0). The token plays no part in the
//! choice. Before PSS is signed the provider looks whether CKM_RSA_PKCS_PSS is listed (src/sig/rsasig.c:
//! p11prov_rsasig_set_ctx_params) and whether CKA_ALLOWED_MECHANISMS has the mechanism (p11prov_sig_pss_restrictions), and
//! says no itself. The token hashes where it lists such a mechanism, else the host does (src/sig/signature.c:
//! p11prov_sig_operate_init, mech_fallback_init). There is no way around by raw RSA.

use super::libssl;
use super::{Card, Client, Evidence, Failure, first_listed, no_certificate};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::ckr::Ckr;
use crate::model::key_type::KeyType;
use crate::model::mechanism::Mechanism;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::Scheme;

pub(super) struct OpenSslProvider;

/// What the provider says itself, for want of a token that says it.
const REFUSALS: &[(Ckr, &str)] = &[
    (Ckr::MECHANISM_INVALID, "CKM_RSA_PKCS_PSS unavailable"),
    (
        Ckr::ACTION_PROHIBITED,
        "mechanism not allowed with this key",
    ),
];

impl Client for OpenSslProvider {
    fn name(&self) -> &'static str {
        "openssl-provider"
    }

    fn about(&self) -> &'static str {
        "OpenSSL 3 with pkcs11-provider: the server's order; PSS only by a token that lists and allows it"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        if [KeyType::MlDsa, KeyType::Other].contains(&card.key.key_type) {
            return no_certificate(format!(
                "pkcs11-provider is not known to sign TLS with {}",
                card.key.type_for_people()
            ));
        }
        libssl::choose(card, request, |scheme| sign(card, scheme))
    }

    /// s_client sends what `-cert` holds, the leaf.
    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let own = REFUSALS
            .iter()
            .find(|(ckr, _)| failure.stage == Stage::Sign && failure.ckr == Some(*ckr));
        let text = own.map(|(_, text)| *text);
        text.or_else(|| libssl::user_sees(failure))
            .map(str::to_owned)
    }
}

fn sign(card: &Card<'_>, scheme: Scheme) -> Choice {
    if let Some(ckr) = refusal(card, scheme) {
        return refused(scheme, ckr);
    }
    let routes: &[Route] = match (scheme.key_type(), scheme.is_pss()) {
        (Some(KeyType::Rsa), true) => &[Route::ShaRsaPkcsPss, Route::RsaPkcsPss],
        (Some(KeyType::Rsa), false) => &[Route::ShaRsaPkcs, Route::RsaPkcs],
        (Some(KeyType::Ec), _) => &[Route::EcdsaSha, Route::Ecdsa],
        _ => &[Route::Eddsa],
    };
    match first_listed(card.token, scheme, routes) {
        Some(route) => Choice::Sign {
            scheme,
            routes: vec![route],
        },
        None => refused(scheme, Ckr::MECHANISM_INVALID),
    }
}

fn refusal(card: &Card<'_>, scheme: Scheme) -> Option<Ckr> {
    let mechanism = Route::ShaRsaPkcsPss.mechanism(scheme);
    if !scheme.is_pss() {
        None
    } else if !card.token.lists(Mechanism::RSA_PKCS_PSS) {
        Some(Ckr::MECHANISM_INVALID)
    } else {
        let left_out = card.key.can_sign && !card.key.allows(mechanism);
        left_out.then_some(Ckr::ACTION_PROHIBITED)
    }
}

fn refused(scheme: Scheme, ckr: Ckr) -> Choice {
    let own = REFUSALS
        .iter()
        .find(|(known, _)| scheme.is_pss() && *known == ckr);
    let why = own.map_or("the token lists no mechanism for it", |(_, text)| text);
    Choice::GiveUp {
        scheme: Some(scheme),
        ckr: Some(ckr),
        why: format!("pkcs11-provider: {ckr}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, failure, gives_up, rsa, sign, token};
    use super::*;
    use crate::model::hash::Hash;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    #[test]
    fn pss_that_is_not_listed_fails_although_pkcs1_would_do() {
        let list = [0x0804, 0x0401];
        let lists_pkcs1 = token(&[Mechanism::RSA_PKCS]);
        let choice = asked(&OpenSslProvider, &rsa(2048), &lists_pkcs1, V1_2, &list);
        assert!(gives_up(&choice, "CKM_RSA_PKCS_PSS unavailable"));
        assert_eq!(choice.scheme(), Some(Scheme(0x0804)));
        let reordered = [0x0401, 0x0804];
        assert_eq!(
            asked(&OpenSslProvider, &rsa(2048), &lists_pkcs1, V1_2, &reordered),
            sign(0x0401, Route::RsaPkcs)
        );
    }

    #[test]
    fn a_key_that_does_not_allow_pss_is_not_even_tried() {
        let mut key = rsa(2048);
        key.allowed_mechanisms = Some(vec![Mechanism::RSA_PKCS]);
        let lists = token(&[Mechanism::RSA_PKCS_PSS]);
        let choice = asked(&OpenSslProvider, &key, &lists, V1_3, &[0x0804]);
        assert!(gives_up(&choice, "not allowed"), "{choice:?}");
        key.allowed_mechanisms = Some(Vec::new());
        assert_eq!(
            asked(&OpenSslProvider, &key, &lists, V1_3, &[0x0804]),
            sign(0x0804, Route::RsaPkcsPss)
        );
    }

    #[test]
    fn the_token_hashes_if_it_can() {
        let hashes = Mechanism::sha_rsa_pkcs_pss(Hash::Sha256);
        let lists = token(&[Mechanism::RSA_PKCS_PSS, hashes]);
        assert_eq!(
            asked(&OpenSslProvider, &rsa(2048), &lists, V1_3, &[0x0804]),
            sign(0x0804, Route::ShaRsaPkcsPss)
        );
        assert_eq!(
            asked(&OpenSslProvider, &rsa(2048), &lists, V1_3, &[0x0805]),
            sign(0x0805, Route::RsaPkcsPss)
        );
    }

    #[test]
    fn its_own_refusals_have_its_own_texts() {
        let prohibited = failure(Stage::Sign, V1_3, Some(Ckr::ACTION_PROHIBITED), None);
        assert_eq!(
            OpenSslProvider.user_sees(&prohibited).as_deref(),
            Some("mechanism not allowed with this key")
        );
    }
}
