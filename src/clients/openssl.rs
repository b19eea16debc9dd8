//! `openssl`: s_client, and whatever else uses libssl with libp11's engine. PSS goes to CKM_RSA_PKCS_PSS first, listed or
//! not; where the token refuses, with whatever CKR, libp11 0.4.12 pads on the host and signs raw (libp11 src/p11_rsa.c,
//! p11_pkey.c). OpenSSL 3.0.12 and its like went straight to raw (libp11#523).

use super::libssl;
use super::{Card, Client, Evidence, Failure, no_certificate, sign_on_digest};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::ckr::Ckr;
use crate::model::key_type::KeyType;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::Scheme;

pub(super) struct OpenSsl;

impl Client for OpenSsl {
    fn name(&self) -> &'static str {
        "openssl"
    }

    fn about(&self) -> &'static str {
        "OpenSSL 1.1.1 to 3 with libp11's engine: the server's order; PSS by the token, else by raw RSA"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        choose(card, request)
    }

    /// s_client sends what `-cert` holds, the leaf.
    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        let refused = || match (failure.stage, failure.ckr) {
            (Stage::Sign, Some(Ckr::MECHANISM_INVALID)) => Some("ERR_CKR_error:Mechanism invalid"),
            _ => None,
        };
        libssl::user_sees(failure)
            .or_else(refused)
            .map(str::to_owned)
    }
}

/// What every program with this engine does.
pub(super) fn choose(card: &Card<'_>, request: &Request) -> Choice {
    if ![KeyType::Rsa, KeyType::Ec].contains(&card.key.key_type) {
        return no_certificate(format!(
            "libp11's engine has RSA and EC keys only, not {}",
            card.key.type_for_people()
        ));
    }
    libssl::choose(card, request, sign)
}

fn sign(scheme: Scheme) -> Choice {
    if !scheme.is_pss() {
        return sign_on_digest(scheme);
    }
    Choice::Sign {
        scheme,
        routes: vec![Route::RsaPkcsPss, Route::RsaX509],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, ec, ed25519, gives_up, nothing, rsa, sign, token};
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
    fn a_certificate_below_the_security_level_is_refused_at_once() {
        let list = [0x0401, 0x0804];
        for bits in [1024, 2047] {
            let choice = asked(&OpenSsl, &rsa(bits), &token(&[]), V1_2, &list);
            assert!(gives_up(&choice, "2048 bits"), "{choice:?}");
        }
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
