//! The diagnose floor: one file for each finding, each a pure function over the facts of a run.
//!
//! A rule looks at tokens, keys, profiles and judged cells, and says what they mean in plain words, with remedies.
//! A new finding is a file here and a line in [`RULES`]. Where the facts don't decide, a finding says so; none guesses.
#![forbid(unsafe_code)]

use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::Finding;
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;
use crate::model::token::Token;

/// Every rule, in order of precedence: a cell is explained by the first one that takes it, the fallbacks come last.
pub static RULES: &[&Rule] = &[];

/// What a run found out.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The tokens.
    pub tokens: &'a [Token],
    /// Their keys, capabilities filled in.
    pub keys: &'a [Key],
    /// The servers.
    pub profiles: &'a [Profile],
    /// The judged cells. A cell whose `findings` is not empty counts as explained.
    pub cells: &'a [Cell],
}

/// A finding's rule.
#[derive(Debug)]
pub struct Rule {
    /// Stable, kebab case.
    pub id: &'static str,
    /// One line, for a list of all findings.
    pub title: &'static str,
    /// The long text: what it is, how it was told, what helps.
    pub explanation: &'static str,
    /// Looks for it. Takes only cells that no rule before explained.
    pub find: fn(&Facts<'_>) -> Vec<Finding>,
}

/// The rule of this id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// What the facts mean, the worst first. Every failed cell, and every one that could not be told, is explained by a finding.
pub fn diagnose(facts: &Facts<'_>) -> Vec<Finding> {
    let mut cells = facts.cells.to_vec();
    for cell in &mut cells {
        cell.findings.clear();
    }
    let mut findings = Vec::new();
    for rule in RULES {
        let found = (rule.find)(&Facts { cells: &cells, ..*facts });
        explain_cells(&found, &mut cells);
        findings.extend(found);
    }
    findings.sort_by_key(|finding| (finding.severity, usize::MAX - finding.cells.len()));
    findings
}

/// Writes the ids of the findings into the cells that they explain.
pub fn explain_cells(findings: &[Finding], cells: &mut [Cell]) {
    for finding in findings {
        for at in &finding.cells {
            let ids = cells.get_mut(*at).map(|cell| &mut cell.findings);
            if let Some(ids) = ids.filter(|ids| !ids.iter().any(|id| id == finding.id)) {
                ids.push(finding.id.to_owned());
            }
        }
    }
}

impl<'a> Facts<'a> {
    /// The key with this id, `k1`.
    pub fn key(&self, id: &str) -> Option<&'a Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The token that a key lies on.
    pub fn token_of(&self, key: &Key) -> Option<&'a Token> {
        self.tokens.iter().find(|token| token.id == key.token)
    }

    /// The key of a cell and its token.
    pub fn card(&self, cell: &Cell) -> Option<(&'a Key, &'a Token)> {
        let key = self.key(&cell.key)?;
        Some((key, self.token_of(key)?))
    }

    /// The server that a cell is about.
    pub fn profile_of(&self, cell: &Cell) -> Option<&'a Profile> {
        self.profiles.iter().find(|profile| profile.name == cell.profile)
    }

    /// The list that a cell's server asked for.
    pub fn asked(&self, cell: &Cell) -> &'a [Scheme] {
        let profile = self.profile_of(cell);
        profile.and_then(|profile| profile.schemes(cell.version)).unwrap_or_default()
    }

    /// The schemes in that list which the cell's key fits.
    pub fn fitting(&self, cell: &Cell) -> Vec<Scheme> {
        let Some(key) = self.key(&cell.key) else {
            return Vec::new();
        };
        let fits = |scheme: &&Scheme| scheme.fits(&key.shape(), cell.version).is_ok();
        self.asked(cell).iter().filter(fits).copied().collect()
    }

    /// The tokens that hold keys of this sort, with those keys.
    pub fn tokens_with(&self, wanted: impl Fn(&Key) -> bool) -> Vec<(&'a Token, Vec<&'a Key>)> {
        let on = |token: &Token| {
            let keys = self.keys.iter().filter(|key| key.token == token.id);
            keys.filter(|key| wanted(key)).collect::<Vec<_>>()
        };
        let tokens = self.tokens.iter().map(|token| (token, on(token)));
        tokens.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// The cells with this outcome that no rule explained yet, with their indexes.
    pub fn open(&self, outcome: Outcome) -> impl Iterator<Item = (usize, &'a Cell)> + use<'a> {
        let cells = self.cells.iter().enumerate();
        cells.filter(move |(_, cell)| cell.outcome == outcome && cell.findings.is_empty())
    }

    /// The cells that failed at this stage and that no rule explained yet, with their indexes.
    pub fn failed_at(&self, stage: Stage) -> impl Iterator<Item = (usize, &'a Cell)> + use<'a> {
        self.open(Outcome::Fail).filter(move |(_, cell)| cell.stage == Some(stage))
    }
}
