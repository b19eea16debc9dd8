//! `schannel`: Windows' TLS (Edge, IIS' clients, .NET), as far as it is documented: its own list, in the order of the registry
//! value `Functions` under `...\Cryptography\Configuration\Local\SSL\00010003`. A key of a minidriver is taken to do PSS; when
//! it can't, NTE_NOT_SUPPORTED ends the handshake (OpenSC pull request 2234, firezone pull request 15026). A key of a legacy
//! CSP, which signs rsa_pkcs1_sha1 only, is not imitated. Nothing of it was run here.

use super::{Card, Client, Evidence, Failure, no_certificate, sign_on_digest};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::request::Request;
use crate::model::scheme::Scheme;

pub(super) struct Schannel;

/// Windows 11 and Server 2022; the ones before have the same without PSS.
const OWN_ORDER: [Scheme; 11] = [
    Scheme(0x0804),
    Scheme(0x0805),
    Scheme(0x0806),
    Scheme(0x0401),
    Scheme(0x0501),
    Scheme(0x0201),
    Scheme(0x0403),
    Scheme(0x0503),
    Scheme(0x0203),
    Scheme(0x0601),
    Scheme(0x0603),
];

impl Client for Schannel {
    fn name(&self) -> &'static str {
        "schannel"
    }

    fn about(&self) -> &'static str {
        "Windows 11's TLS with a minidriver, as documented: own order, PSS before PKCS1"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Documented
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        let shape = card.key.shape();
        let usable = |scheme: &Scheme| {
            request.schemes.contains(scheme) && scheme.fits(&shape, request.version).is_ok()
        };
        match OWN_ORDER.into_iter().find(usable) {
            Some(scheme) => sign_on_digest(scheme),
            None => no_certificate(
                "no scheme in the server's list is one that Windows would sign with this key",
            ),
        }
    }

    /// Windows builds chains from its own stores, not from the card.
    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        (failure.stage == Stage::Sign).then(|| "NTE_NOT_SUPPORTED".into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ed25519, nothing, rsa, sign, token};
    use super::*;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    #[test]
    fn its_own_order_counts_and_the_token_is_not_asked() {
        let over = |version, list: &[u16]| asked(&Schannel, &rsa(2048), &token(&[]), version, list);
        let list = [0x0601, 0x0201, 0x0806];
        assert_eq!(over(V1_2, &list), sign(0x0806, Route::RsaPkcsPss));
        assert_eq!(over(V1_3, &list), sign(0x0806, Route::RsaPkcsPss));
        assert_eq!(over(V1_2, &[0x0601, 0x0201]), sign(0x0201, Route::RsaPkcs));
    }

    #[test]
    fn ed25519_is_not_among_its_schemes() {
        let choice = asked(&Schannel, &ed25519(), &token(&[]), V1_3, &[0x0807]);
        assert!(nothing(&choice, "no scheme"), "{choice:?}");
    }
}
