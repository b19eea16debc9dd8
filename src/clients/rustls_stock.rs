//! `rustls`: a program whose SigningKey for the token chooses as those of the library do (rustls 0.23, crypto/aws_lc_rs/sign.rs:
//! RsaSigningKey, EcdsaSigningKey, Ed25519SigningKey): its own order, the longest hash first, and one scheme for each curve,
//! in TLS 1.2 too. Read in the source; no program of this kind was run.

use super::{Card, Client, Evidence, Failure, no_certificate, sign_on_digest};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::key_type::{Curve, KeyType};
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

pub(super) struct Rustls;

/// ALL_RSA_SCHEMES.
const RSA: &[u16] = &[0x0806, 0x0805, 0x0804, 0x0601, 0x0501, 0x0401];

impl Client for Rustls {
    fn name(&self) -> &'static str {
        "rustls"
    }

    fn about(&self) -> &'static str {
        "a program on rustls 0.23, read in its source: own order, PSS with SHA-512 first"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Source
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        let shape = card.key.shape();
        let usable = |scheme: &Scheme| {
            request.schemes.contains(scheme) && scheme.fits(&shape, request.version).is_ok()
        };
        let own = own_order(card).iter().copied().map(Scheme);
        match own.into_iter().find(usable) {
            Some(scheme) => sign_on_digest(scheme),
            None => no_certificate(
                "no scheme in the server's list is one that rustls would sign with this key",
            ),
        }
    }

    /// It sends what the program gave it, for a token the leaf.
    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let text = match (failure.stage, failure.version) {
            (Stage::Select, TlsVersion::V1_2) => "received fatal alert: HandshakeFailure",
            (Stage::Select, TlsVersion::V1_3) => "received fatal alert: CertificateRequired",
            _ => return None,
        };
        Some(text.into())
    }
}

fn own_order(card: &Card<'_>) -> &'static [u16] {
    match (card.key.key_type, card.key.curve) {
        (KeyType::Rsa, _) => RSA,
        (KeyType::Ec, Some(Curve::P256)) => &[0x0403],
        (KeyType::Ec, Some(Curve::P384)) => &[0x0503],
        (KeyType::Ec, Some(Curve::P521)) => &[0x0603],
        (KeyType::Ed25519, _) => &[0x0807],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ec, nothing, rsa, sign, token};
    use super::*;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::V1_2;

    #[test]
    fn the_longest_hash_comes_first() {
        let list = [0x0401, 0x0804, 0x0805, 0x0601];
        assert_eq!(
            asked(&Rustls, &rsa(2048), &token(&[]), V1_2, &list),
            sign(0x0805, Route::RsaPkcsPss)
        );
    }

    #[test]
    fn a_curve_has_one_scheme_in_tls12_too() {
        let over = |list: &[u16]| asked(&Rustls, &ec(Curve::P384), &token(&[]), V1_2, list);
        assert!(nothing(&over(&[0x0403]), "no scheme"));
        assert_eq!(over(&[0x0403, 0x0503]), sign(0x0503, Route::Ecdsa));
    }
}
