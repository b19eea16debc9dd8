//! Pages as HTML. askama escapes every value; a policy forbids all that the pages don't bring themselves.

use std::sync::LazyLock;

use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::header::HeaderValue;
use sha2::{Digest, Sha256};

use super::index::IndexView;
use super::story::Verdict;
use super::view::View;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");

#[derive(Template)]
#[template(path = "index.html", config = "src/serve/pages/askama.toml")]
struct IndexPage<'a> {
    style: &'static str,
    script: &'static str,
    view: &'a IndexView,
}

#[derive(Template)]
#[template(path = "visits.html", config = "src/serve/pages/askama.toml")]
struct LivePart<'a> {
    view: &'a IndexView,
}

#[derive(Template)]
#[template(path = "visit.html", config = "src/serve/pages/askama.toml")]
struct VisitPage<'a> {
    style: &'static str,
    view: &'a View,
    /// The index page, for who came by another door.
    home: &'a str,
    /// It is under way: look again.
    again: bool,
}

/// The index.
pub(super) fn index(view: &IndexView) -> String {
    rendered(&IndexPage {
        style: STYLE,
        script: SCRIPT,
        view,
    })
}

/// The part of it that changes.
pub(super) fn live(view: &IndexView) -> String {
    rendered(&LivePart { view })
}

/// A visit.
pub(super) fn visit(view: &View, home: Option<&str>) -> String {
    rendered(&VisitPage {
        style: STYLE,
        view,
        home: home.unwrap_or("/"),
        again: view.verdict == Verdict::UnderWay,
    })
}

/// Content-Security-Policy: this style sheet and this script, and nothing else from anywhere.
pub(super) fn policy() -> HeaderValue {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            fingerprint(STYLE),
            fingerprint(SCRIPT)
        )
    });
    // it is plain ASCII
    HeaderValue::from_str(&POLICY)
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

fn fingerprint(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

fn rendered(page: &impl Template) -> String {
    // a String takes everything
    page.render().unwrap_or_default()
}
