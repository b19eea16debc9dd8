//! The report as a page: one file that needs nothing else, for a browser, a printer, a ticket.
//!
//! Words, colours and symbols are CSS over real tables, so that the page reads the same to a screen reader. Filters and facts
//! work by CSS alone (`:has`, `:target`); the script only adds what CSS can't. The page's own policy lets nothing be loaded and no
//! other script run, whatever a card's certificate says.

mod comparison;
mod facts;
mod finding;
mod grid;
mod key;
mod outcome;
mod overview;
mod sentence;
mod server;
mod token;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use self::comparison::Changes;
use self::facts::Facts;
use self::finding::FindingView;
use self::grid::Grid;
use self::key::KeyView;
use self::overview::Overview;
use self::server::ServerView;
use self::token::TokenView;
use super::{Screen, prose};
use crate::model::printable::steers;
use crate::model::run::Run;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The report as an HTML document.
pub fn render(run: &Run) -> String {
    let style = [STYLE, &filter_rules(run)].concat();
    let page = Page {
        policy: policy(&style),
        style,
        script: SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
        headline: prose::verdict(run, &Screen::of_a_file()),
        totals: prose::totals(run),
        notes: prose::notes(run),
        overview: Overview::of(run),
        changes: Changes::of(run),
        findings: FindingView::all(run),
        grids: Grid::all(run),
        keys: KeyView::all(run),
        tokens: TokenView::all(run),
        servers: ServerView::all(run),
        facts: Facts::all(run),
        run,
    };
    // a template fails only where its writer does, and a String never does
    shown(&page.render().unwrap_or_default())
}

#[derive(Template)]
#[template(path = "page.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    policy: String,
    style: String,
    script: &'static str,
    version: &'static str,
    headline: String,
    totals: String,
    notes: Vec<String>,
    overview: Overview<'a>,
    changes: Option<Changes>,
    findings: Vec<FindingView<'a>>,
    grids: Vec<Grid<'a>>,
    keys: Vec<KeyView>,
    tokens: Vec<TokenView<'a>>,
    servers: Vec<ServerView<'a>>,
    facts: Vec<Facts<'a>>,
    run: &'a Run,
}

impl Page<'_> {
    /// The verdict in one word, for the colour.
    fn verdict_class(&self) -> &'static str {
        match (self.run.is_conclusive(), self.run.is_as_expected()) {
            (false, _) => "unclear",
            (true, true) => "good",
            (true, false) => "bad",
        }
    }

    /// The verdict's mark, and its words.
    fn verdict(&self) -> (&str, &str) {
        self.headline.split_once(' ').unwrap_or_default()
    }

    /// `lying, healthy`.
    fn token_labels(&self) -> String {
        let labels = self.run.tokens.iter().map(|token| token.label.as_str());
        labels.collect::<Vec<_>>().join(", ")
    }
}

/// Nothing is loaded from anywhere, and of what is in the page only our own style and script have effect (CSP level 3).
fn policy(style: &str) -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(SCRIPT)
    )
}

/// The rules of the filters: for each choice that can be made, what is hidden then. They look into the form alone: a browser that
/// had to look through the whole page for each of them would be at it for seconds.
fn filter_rules(run: &Run) -> String {
    let clients = (0..run.clients.len()).map(|at| {
        format!(".filters:has(#client-{at}:not(:checked)) ~ .grids .c{at}{{display:none}}\n")
    });
    let keys = (0..run.keys.len()).map(|at| {
        format!(".filters:has(#key [value=\"{at}\"]:checked) ~ .grids .grid:not(#grid-{at}){{display:none}}\n")
    });
    let findings = (0..run.findings.len()).map(|at| {
        format!(
            ".filters:has(#finding [value=\"{at}\"]:checked) ~ .grids td:not(.g{at}) a{{opacity:.1}}\n"
        )
    });
    clients.chain(keys).chain(findings).collect()
}

/// Labels and names of cards may hold what turns the direction of writing, or what no page can show.
fn shown(page: &str) -> String {
    let neutral = |c: char| {
        if c != '\n' && steers(c) {
            '\u{fffd}'
        } else {
            c
        }
    };
    page.chars().map(neutral).collect()
}

#[cfg(test)]
mod tests;
