//! `any`: takes whatever works. It imitates nobody; it tells what the card *could* do.

use super::{Card, Client, Evidence, Failure, no_certificate};
use crate::model::capability::{Answer, Capability};
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

    fn user_sees(&self, _failure: &Failure) -> Option<String> {
        None
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
