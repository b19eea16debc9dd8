//! `any`: takes whatever works. It imitates nobody; it tells what the card *could* do.

use super::{Card, Client, Evidence, Failure, no_certificate};
use crate::model::capability::{Answer, Capability};
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::request::Request;
use crate::model::scheme::Scheme;

pub(super) struct Any;

impl Client for Any {
    fn name(&self) -> &'static str {
        "any"
    }

    fn about(&self) -> &'static str {
        "no real client: whatever scheme and route works, in the server's order"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Own
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        let shape = card.key.shape();
        let fits = |scheme: &&Scheme| scheme.fits(&shape, request.version).is_ok();
        let fitting: Vec<Scheme> = request.schemes.iter().filter(fits).copied().collect();
        if fitting.is_empty() {
            return no_certificate("no scheme in the list is for this key in this version");
        }
        // what was proven to work; else what was refused, or would be if it were tried, so that the refusal shows
        first(card, &fitting, works)
            .or_else(|| first(card, &fitting, was_tried))
            .or_else(|| first(card, &fitting, |capability| capability.listed))
            .unwrap_or_else(|| {
                no_certificate("the token lists no mechanism for any scheme that fits")
            })
    }

    fn intermediates<'a>(&self, card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &card.key.chain_on_token
    }

    fn user_sees(&self, _failure: &Failure<'_>) -> Option<String> {
        None
    }
}

/// The same at a server that exists, which may lack an intermediate certificate: whether it does shows only if none is sent.
pub(super) struct LeafFirst;

impl Client for LeafFirst {
    fn name(&self) -> &'static str {
        Any.name()
    }

    fn about(&self) -> &'static str {
        Any.about()
    }

    fn evidence(&self) -> Evidence {
        Any.evidence()
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        Any.choose(card, request)
    }

    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        Any.user_sees(failure)
    }
}

fn first(card: &Card<'_>, schemes: &[Scheme], wanted: fn(&Capability) -> bool) -> Option<Choice> {
    schemes.iter().find_map(|scheme| {
        let capability = card
            .key
            .capabilities
            .iter()
            .find(|capability| capability.scheme == *scheme && wanted(capability))?;
        Some(Choice::Sign {
            scheme: *scheme,
            routes: vec![capability.route],
        })
    })
}

fn works(capability: &Capability) -> bool {
    capability.sign == Answer::Ok && capability.verified != Some(false)
}

fn was_tried(capability: &Capability) -> bool {
    capability.sign_init != Answer::NotTried
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, nothing, rsa, sign, token, tried};
    use super::*;
    use crate::model::ckr::Ckr;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    const REFUSED: Option<Result<bool, Ckr>> = Some(Err(Ckr::MECHANISM_INVALID));

    #[test]
    fn the_first_of_the_server_s_schemes_that_was_seen_to_work_is_taken() {
        let key = tried(rsa(2048), 0x0804, Route::RsaPkcsPss, REFUSED);
        let key = tried(key, 0x0804, Route::RsaX509, Some(Ok(true)));
        let key = tried(key, 0x0401, Route::RsaPkcs, Some(Ok(true)));
        let list = [0x0804, 0x0401];
        assert_eq!(
            asked(&Any, &key, &token(&[]), V1_2, &list),
            sign(0x0804, Route::RsaX509)
        );
        assert_eq!(
            asked(&Any, &key, &token(&[]), V1_2, &[0x0401]),
            sign(0x0401, Route::RsaPkcs)
        );
    }

    #[test]
    fn a_signature_that_did_not_check_does_not_count_as_working() {
        let key = tried(rsa(2048), 0x0804, Route::RsaPkcsPss, Some(Ok(false)));
        let key = tried(key, 0x0805, Route::RsaPkcsPss, Some(Ok(true)));
        let choice = asked(&Any, &key, &token(&[]), V1_3, &[0x0804, 0x0805]);
        assert_eq!(choice, sign(0x0805, Route::RsaPkcsPss));
    }

    #[test]
    fn where_nothing_works_the_refusal_is_shown() {
        let key = tried(rsa(2048), 0x0804, Route::RsaPkcsPss, REFUSED);
        assert_eq!(
            asked(&Any, &key, &token(&[]), V1_3, &[0x0804]),
            sign(0x0804, Route::RsaPkcsPss)
        );
        let key = tried(rsa(2048), 0x0804, Route::RsaPkcsPss, None);
        let choice = asked(&Any, &key, &token(&[]), V1_3, &[0x0804]);
        assert!(nothing(&choice, "lists no mechanism"), "{choice:?}");
        assert!(nothing(
            &asked(&Any, &key, &token(&[]), V1_3, &[0x0401]),
            "no scheme"
        ));
    }
}
