//! `ecdsa-hash-truncation`: the token takes no hash that is longer or shorter than the curve, or cuts and fills it wrongly.

use super::case::{Case, by_token};
use super::flawed::{self, Mistake, REFUSED};
use super::prose::{self, distinct, sentence};
use super::remedy::{self, NEWER_MODULE, card};
use super::tried;
use super::{Facts, Rule, client_list};
use crate::model::autopsy::Flaw;
use crate::model::cell::{Cell, Stage};
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::scheme::{Kind, Scheme};

pub(super) static RULE: Rule = Rule {
    id: "ecdsa-hash-truncation",
    title: "the token can't sign an ECDSA hash of another length than the curve's",
    explanation: "\
ECDSA signs the first bytes of the hash, as many as the curve's order has; a shorter hash is a smaller number (FIPS 186-5 6.4.1). \
TLS 1.2 binds no hash to a curve, so a client may well sign SHA-256 with a P-384 key, or SHA-512 with a P-256 key. Some tokens \
refuse such a hash, others cut the wrong end, take it whole or put zeros behind it: then the signature does not check.

How it is told: the signature does not check, and it does for a hash that was cut or filled wrongly; or the token refuses with \
CKR_DATA_LEN_RANGE or CKR_DATA_INVALID, and signs with another hash on the same key over the same mechanism.

What helps: a server that asks its clients for the hash that fits the curve; TLS 1.3, which binds the two; a newer module.",
    find,
};

static MISTAKE: Mistake = Mistake {
    id: RULE.id,
    is: |flaw| flaw == Flaw::HashMisfit,
    does: "signs ECDSA hashes of another length than the curve's wrongly",
    fault: |_| {
        "the hash was not brought to the curve's length as it should be (FIPS 186-5 6.4.1)".into()
    },
    consequence: REFUSED,
    remedies,
};

const DATA_INVALID: Ckr = Ckr(0x20);
const DATA_LEN_RANGE: Ckr = Ckr(0x21);

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let refused = facts
        .failed_at(Stage::Sign)
        .filter(|(_, cell)| is_refused_for_length(facts, cell));
    let refusals = by_token(facts, refused);
    let mut findings = flawed::find(facts, &MISTAKE);
    findings.extend(refusals.iter().map(refusal));
    findings
}

fn is_refused_for_length(facts: &Facts<'_>, cell: &Cell) -> bool {
    let (Some(key), Some(route)) = (facts.key(&cell.key), cell.route) else {
        return false;
    };
    cell.scheme.is_some_and(is_ecdsa)
        && matches!(cell.ckr, Some(DATA_INVALID | DATA_LEN_RANGE))
        && !tried::worked(key, cell)
        && tried::route(key, route) == tried::Works::Yes
}

fn is_ecdsa(scheme: Scheme) -> bool {
    matches!(scheme.kind(), Kind::Ecdsa { .. })
}

fn refusal(case: &Case<'_>) -> Finding {
    let token = sentence(&case.token_named());
    let schemes = distinct(case.cells.iter().filter_map(|(_, cell)| cell.scheme));
    let schemes: Vec<String> = schemes.iter().map(ToString::to_string).collect();
    let ckrs = distinct(case.cells.iter().filter_map(|(_, cell)| cell.ckr));
    let ckrs: Vec<String> = ckrs.iter().map(ToString::to_string).collect();
    let types = distinct(case.keys().iter().map(|key| key.type_for_people()));
    let cause = format!(
        "{token} refuses {} with {} ({}): {}. With a hash of another length the same key signs.",
        prose::and(&schemes),
        case.keys_named(),
        prose::and(&types),
        prose::and(&ckrs)
    );
    let title = format!("{token} takes no ECDSA hash of another length than the curve's");
    let mut remedies = remedies(case);
    remedies.push(card(NEWER_MODULE));
    case.finding(RULE.id, Severity::Error, title, cause, remedies)
}

/// A list without the schemes that failed.
fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let failed = distinct(case.cells.iter().filter_map(|(_, cell)| cell.scheme));
    let names: Vec<String> = failed.iter().map(ToString::to_string).collect();
    let title = format!("Ask clients for no {}", prose::and(&names));
    let proposal = remedy::fewer(
        title,
        client_list::without(case, |scheme| failed.contains(&scheme)),
    );
    proposal.remedies(case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, ec, flawed, offers_a_change, refusing, working};
    use crate::model::key::Key;
    use crate::model::key_type::Curve;
    use crate::model::route::Route;

    fn p384(stage: Stage, ckr: Option<Ckr>, key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        fixture.signs("firefox", 0x0403, Route::Ecdsa, stage).ckr = ckr;
        fixture
    }

    fn key() -> Key {
        working(ec("k1", Curve::P384), 0x0503, Route::Ecdsa)
    }

    #[test]
    fn a_hash_that_was_fitted_wrongly_is_told_and_the_one_that_fits_is_offered() {
        let key = flawed(key(), 0x0403, Route::Ecdsa, Flaw::HashMisfit);
        let found = find(&p384(Stage::ServerVerify, None, key).facts());
        assert_eq!(
            (found.len(), found[0].cells.as_slice()),
            (1, [0].as_slice())
        );
        assert!(offers_a_change(&found[0]));
    }

    #[test]
    fn a_hash_that_is_refused_for_its_length_is_told() {
        let key = refusing(key(), 0x0403, Route::Ecdsa);
        let found = find(&p384(Stage::Sign, Some(DATA_LEN_RANGE), key).facts());
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` refuses ecdsa_secp256r1_sha256 with key `k1` (EC P-384): CKR_DATA_LEN_RANGE. With a hash of another length the same key signs.
        ");
    }

    #[test]
    fn a_key_that_signs_no_hash_or_is_refused_for_else_is_not_this() {
        let nothing = refusing(ec("k1", Curve::P384), 0x0403, Route::Ecdsa);
        let facts = p384(Stage::Sign, Some(DATA_LEN_RANGE), nothing);
        assert!(find(&facts.facts()).is_empty());
        let else_ = refusing(key(), 0x0403, Route::Ecdsa);
        let facts = p384(Stage::Sign, Some(Ckr::PIN_LOCKED), else_);
        assert!(find(&facts.facts()).is_empty());
    }
}
