//! What it means that keys were let in, or refused, at a server that exists: one file for each finding.

mod accepted_though_unfit;
mod alerts;
mod application_refuses;
pub mod candidate;
mod causes;
mod evidence;
pub mod fit;
mod intermediate_needed;
mod issuer;
mod refused_by_server;

use super::{Facts, look, worst_first};
use crate::model::cell::{Cell, Outcome};
use crate::model::connected::Retry;
use crate::model::finding::Finding;
use crate::model::fit::Fit;

/// Every rule, in the order in which they look.
pub static RULES: &[&ConnectRule] = &[
    &intermediate_needed::RULE,
    &refused_by_server::RULE,
    &application_refuses::RULE,
    &accepted_though_unfit::RULE,
];

/// Findings of runs that have no place here: they are about what some server might say, and this one has spoken.
const OUT_OF_PLACE: &[&str] = &[
    "certificate-expired",
    "certificate-not-yet-valid",
    "eku-lacks-client-auth",
    "ku-lacks-digital-signature",
    "weak-certificate-signature",
    "intermediate-on-token-not-sent",
    "intermediate-missing",
    "orphan-certificate",
    "key-too-small",
    "server-refused",
    "could-not-tell",
];

/// Of these, the ones that take what the rules of this place leave over.
const LAST: &[&super::Rule] = &[&super::server_refused::RULE, &super::could_not_tell::RULE];

/// What a login at a server that exists adds to the facts of a run.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// `portal.example:443`.
    pub server: &'a str,
    /// Each certificate against what the server asks for.
    pub fits: &'a [Fit],
    /// Refused logins, made again.
    pub retries: &'a [Retry],
    /// The server sent names of CAs.
    pub names_cas: bool,
}

impl<'a> Visit<'a> {
    /// The fit of a cell's certificate in its version.
    fn fit(&self, cell: &Cell) -> Option<&'a Fit> {
        of_cell(self.fits, cell)
    }
}

fn of_cell<'a>(fits: &'a [Fit], cell: &Cell) -> Option<&'a Fit> {
    fits.iter().find(|fit| fit.is_of(&cell.key, cell.version))
}

/// A finding's rule.
#[derive(Debug)]
pub struct ConnectRule {
    /// Stable, kebab case.
    pub id: &'static str,
    /// One line, for a list of all findings.
    pub title: &'static str,
    /// The long text: what it is, how it was told, what helps.
    pub explanation: &'static str,
    /// Looks for it. Takes only cells that no rule before explained.
    find: fn(&Facts<'_>, &Visit<'_>) -> Vec<Finding>,
}

/// What the facts mean, the worst first.
pub fn diagnose(facts: &Facts<'_>, visit: &Visit<'_>) -> Vec<Finding> {
    let mut cells = facts.cells.to_vec();
    let at_home = super::RULES.iter();
    let at_home = at_home.filter(|rule| !OUT_OF_PLACE.contains(&rule.id));
    let mut findings = look(facts, &mut cells, at_home.map(|rule| rule.find));
    let here = RULES
        .iter()
        .map(|rule| |facts: &Facts<'_>| (rule.find)(facts, visit));
    findings.extend(look(facts, &mut cells, here));
    findings.extend(look(facts, &mut cells, LAST.iter().map(|rule| rule.find)));
    worst_first(findings)
}

/// What was to be expected of a login: what doesn't fit what the server asks for need not be let in.
pub fn expect(cells: &mut [Cell], fits: &[Fit]) {
    for cell in cells {
        let fit = of_cell(fits, cell);
        let unfit = fit.is_some_and(|fit| !fit.fits());
        if unfit && matches!(cell.outcome, Outcome::Pass | Outcome::Fail) {
            cell.expected = cell.outcome;
        }
    }
}
