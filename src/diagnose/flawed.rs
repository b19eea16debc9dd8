//! Signatures whose mistake is known: the token answers CKR_OK, and what it gave would check but for that mistake. Each
//! mistake is a finding; what they share is here.

use super::Facts;
use super::case::{Case, by_token, untold};
use super::prose::{self, distinct, sentence};
use super::remedy::{NEWER_MODULE, card};
use super::tried;
use crate::model::autopsy::Flaw;
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::token::Token;

/// A mistake that has a finding of its own.
pub(super) struct Mistake {
    pub(super) id: &'static str,
    pub(super) is: fn(Flaw) -> bool,
    /// What the token does, after its name.
    pub(super) does: &'static str,
    /// What is wrong, after `but`; and what of it, in a sentence.
    pub(super) fault: fn(&[Flaw]) -> String,
    pub(super) consequence: &'static str,
    /// What helps besides a newer module.
    pub(super) remedies: fn(&Case<'_>) -> Vec<Remedy>,
}

/// What becomes of most such signatures.
pub(super) const REFUSED: &str = "Servers refuse that, mostly with decrypt_error.";

/// One finding for each token whose logins failed by the mistake, or whose trials show it.
pub(super) fn find(facts: &Facts<'_>, mistake: &Mistake) -> Vec<Finding> {
    let failed = facts
        .open(Outcome::Fail)
        .filter(|(_, cell)| is_made(facts, cell, mistake));
    let failing = by_token(facts, failed);
    let lurking = facts.tokens_with(|key| !made(key, mistake).is_empty());
    let logins = failing.iter().map(|case| finding(case, mistake));
    logins
        .chain(untold(&failing, lurking).map(|(token, keys)| lurks(token, &keys, mistake)))
        .collect()
}

fn is_made(facts: &Facts<'_>, cell: &Cell, mistake: &Mistake) -> bool {
    let flaw = facts
        .key(&cell.key)
        .and_then(|key| tried::flaw(key, cell.scheme?, cell.route?));
    matches!(cell.stage, Some(Stage::Encode | Stage::ServerVerify)) && flaw.is_some_and(mistake.is)
}

/// Where the key's trials show the mistake: ``rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)``.
fn made(key: &Key, mistake: &Mistake) -> Vec<(String, Flaw)> {
    let trials = key.capabilities.iter().filter_map(|trial| {
        let flaw = trial.flaw.filter(|flaw| (mistake.is)(*flaw))?;
        Some((prose::way(trial.scheme, trial.route), flaw))
    });
    trials.collect()
}

fn finding(case: &Case<'_>, mistake: &Mistake) -> Finding {
    let token = sentence(&case.token_named());
    let keys = case.keys();
    let shown = keys.iter().flat_map(|key| made(key, mistake));
    let flaws: Vec<Flaw> = distinct(shown.map(|(_, flaw)| flaw));
    let used = case.cells.iter().filter_map(|(_, cell)| {
        let (scheme, route) = cell.scheme.zip(cell.route)?;
        Some(prose::way(scheme, route))
    });
    let cause = format!(
        "{token} signed with {} by {} and answered CKR_OK, but {}. {}",
        case.keys_named(),
        prose::and(&distinct(used)),
        (mistake.fault)(&flaws),
        mistake.consequence
    );
    let mut remedies = (mistake.remedies)(case);
    remedies.push(card(NEWER_MODULE));
    let title = format!("{token} {}", mistake.does);
    case.finding(mistake.id, Severity::Error, title, cause, remedies)
}

fn lurks(token: &Token, keys: &[&Key], mistake: &Mistake) -> Finding {
    let shown: Vec<(String, Flaw)> = keys.iter().flat_map(|key| made(key, mistake)).collect();
    let flaws = distinct(shown.iter().map(|(_, flaw)| *flaw));
    let ways = distinct(shown.into_iter().map(|(way, _)| way));
    let token = prose::token(Some(token));
    Finding {
        id: mistake.id,
        severity: Severity::Warning,
        title: format!("{} {}", sentence(&token), mistake.does),
        cause: format!(
            "In trials {token} signed with {} by {} and answered CKR_OK, but {}. No login of this run met that.",
            prose::keys(keys),
            prose::and(&ways),
            (mistake.fault)(&flaws)
        ),
        cells: Vec::new(),
        remedies: vec![card(NEWER_MODULE)],
    }
}
