//! What the findings about a module that hangs and one that crashes have in common.

use super::Facts;
use super::case::{Case, cases};
use super::prose::{self, distinct, sentence};
use super::remedy::{self, card};
use super::tried::{self, Works};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::function::Function;
use crate::model::lost::Lost;

/// One finding for each function in which the module was lost in this way.
pub(super) fn find(
    facts: &Facts<'_>,
    id: &'static str,
    verb: &str,
    is_so: fn(&Lost) -> bool,
    advice: &[&str],
) -> Vec<Finding> {
    let lost = facts
        .failed_at(Stage::Sign)
        .filter(|(_, cell)| cell.lost.as_ref().is_some_and(is_so));
    cases(facts, lost, function)
        .iter()
        .map(|case| finding(case, id, verb, advice))
        .collect()
}

fn function(cell: &Cell) -> Option<Function> {
    cell.lost.as_ref().and_then(|lost| lost.during)
}

fn finding(case: &Case<'_>, id: &'static str, verb: &str, advice: &[&str]) -> Finding {
    let token = case.token_named();
    let place = case.cells.first().and_then(|(_, cell)| function(cell));
    let place = place.map_or_else(|| "between two calls".into(), |place| format!("in {place}"));
    let happened = case.cells.iter().filter_map(|(_, cell)| cell.lost.as_ref());
    let happened = distinct(happened.map(ToString::to_string));
    let cause = format!(
        "Asked to sign{} with {} on {token}: {}. The module's process was ended and another one started in its place; \
         what it was asked before and after stands. {}",
        case.mechanisms_named(),
        case.keys_named(),
        prose::and(&happened),
        others(case),
    );
    let title = format!("The module of {token} {verb} {place}");
    case.finding(id, Severity::Error, title, cause, remedies(case, advice))
}

/// Is it the mechanism?
fn others(case: &Case<'_>) -> &'static str {
    if worked_before(case) {
        return "In a trial before the same signature worked, so it is neither the key nor the mechanism. A module may be lost like \
                that when the card is pulled in the middle of a signature.";
    }
    match case
        .keys()
        .iter()
        .all(|key| tried::anything(key) == Works::Yes)
    {
        true => "Other signatures of the same key work, so it is not the card as a whole.",
        false => "No other signature of the same key is known to work.",
    }
}

/// Did each of these signatures work when it was tried?
fn worked_before(case: &Case<'_>) -> bool {
    let worked = |cell: &Cell| {
        let key = case.facts.key(&cell.key);
        key.is_some_and(|key| tried::worked(key, cell))
    };
    case.cells.iter().all(|(_, cell)| worked(cell))
}

fn remedies(case: &Case<'_>, advice: &[&str]) -> Vec<Remedy> {
    let other_list = case.is_pss() && tried::pkcs1_on_all(case) && !worked_before(case);
    let mut remedies = match other_list {
        true => remedy::without_pss(case).remedies(case),
        false => Vec::new(),
    };
    remedies.extend(advice.iter().map(|text| card(sentence(text))));
    remedies
}
