//! Findings, with what to change.

use super::super::Screen;
use super::super::table::findings::seen;
use super::super::table::scope;
use crate::model::cell::Cell;
use crate::model::finding::{Finding, Remedy, Severity, Where};
use crate::model::run::Run;

/// A finding, and what its cells have in common.
pub(super) struct FindingView<'a> {
    /// Its place in the run.
    pub(super) at: usize,
    pub(super) finding: &'a Finding,
    /// Which cells it explains.
    pub(super) scope: Vec<String>,
    /// What their users see.
    pub(super) seen: Vec<String>,
    /// What to change, by who would change it.
    pub(super) places: Vec<Place<'a>>,
}

/// Who would change something, and what.
pub(super) struct Place<'a> {
    pub(super) name: &'static str,
    pub(super) remedies: Vec<RemedyView<'a>>,
    /// How many of them are proven.
    pub(super) proven: usize,
}

/// Remedies that differ only in the software.
pub(super) struct RemedyView<'a> {
    pub(super) first: &'a Remedy,
    /// The software, and what to write in its syntax.
    pub(super) snippets: Vec<(&'a str, &'a str)>,
}

impl<'a> FindingView<'a> {
    /// All findings, in the order they came.
    pub(super) fn all(run: &'a Run) -> Vec<FindingView<'a>> {
        let findings = run.findings.iter().enumerate();
        findings
            .map(|(at, finding)| FindingView::of(run, at, finding))
            .collect()
    }

    fn of(run: &'a Run, at: usize, finding: &'a Finding) -> FindingView<'a> {
        let cells = finding.cells.iter().filter_map(|at| run.cells.get(*at));
        let cells: Vec<&Cell> = cells.collect();
        FindingView {
            at,
            finding,
            scope: scope::lines(run, &Screen::of_a_file(), &cells),
            seen: seen(&cells),
            places: Place::all(&finding.remedies),
        }
    }

    /// Open from the start: what can't wait.
    pub(super) fn is_urgent(&self) -> bool {
        self.finding.severity == Severity::Error
    }
}

impl<'a> Place<'a> {
    fn all(remedies: &'a [Remedy]) -> Vec<Place<'a>> {
        let place = |place: Where| {
            let own = remedies.iter().filter(|remedy| remedy.place == place);
            let remedies = RemedyView::all(own);
            let proven = remedies.iter().filter(|remedy| remedy.first.proven).count();
            (!remedies.is_empty()).then_some(Place {
                name: place.name(),
                remedies,
                proven,
            })
        };
        [Where::Server, Where::Client, Where::Card]
            .into_iter()
            .filter_map(place)
            .collect()
    }
}

impl<'a> RemedyView<'a> {
    fn all(remedies: impl Iterator<Item = &'a Remedy>) -> Vec<RemedyView<'a>> {
        let mut views: Vec<RemedyView<'a>> = Vec::new();
        for remedy in remedies {
            let same = |view: &RemedyView<'_>| view.first.title == remedy.title;
            if !views.last().is_some_and(same) {
                views.push(RemedyView {
                    first: remedy,
                    snippets: Vec::new(),
                });
            }
            if let (Some(view), Some(snippet)) = (views.last_mut(), &remedy.snippet) {
                let software = remedy.software.as_deref().unwrap_or("to write");
                view.snippets.push((software, snippet));
            }
        }
        views
    }
}
