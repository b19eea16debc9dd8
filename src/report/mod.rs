//! The report floor: a run as text. Each format is one file with a pure function from a [`Run`].
#![forbid(unsafe_code)]

pub mod advice;
mod changes;
pub mod diff;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod html;
pub mod inspect;
pub mod json;
pub mod junit;
pub mod listing;
pub mod markdown;
mod names;
mod prose;
pub mod style;
pub mod table;

pub use style::Screen;

use crate::model::connected::Connected;
use crate::model::probe::Probe;
use crate::model::run::Run;

/// A form that a report can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Table,
    /// For programs.
    Json,
    /// For a browser.
    Html,
    /// For CI: JUnit's XML.
    Junit,
    /// For tickets.
    Markdown,
}

/// The ending of a file's name that tells its format.
const EXTENSIONS: &[(&str, Format)] = &[
    ("json", Format::Json),
    ("html", Format::Html),
    ("txt", Format::Table),
    ("xml", Format::Junit),
    ("md", Format::Markdown),
];

impl Format {
    /// The format of files whose names end so.
    pub fn of_extension(extension: &str) -> Option<Format> {
        let same = |(known, _): &&(&str, Format)| known.eq_ignore_ascii_case(extension);
        EXTENSIONS.iter().find(same).map(|(_, format)| *format)
    }

    /// The endings that tell a format, each with its dot.
    pub fn extensions() -> Vec<String> {
        let dotted = |(extension, _): &(&str, Format)| format!(".{extension}");
        EXTENSIONS.iter().map(dotted).collect()
    }
}

/// The report in this format. Only the table looks at the screen.
pub fn render(run: &Run, format: Format, screen: &Screen) -> String {
    match format {
        Format::Table => table::render(run, screen),
        Format::Json => json::render(run),
        Format::Html => html::render(run),
        Format::Junit => junit::render(run),
        Format::Markdown => markdown::render(run),
    }
}

/// The report on a server in this format; those that it doesn't have are tables. Only the table looks at the screen.
pub fn render_probe(probe: &Probe, format: Format, screen: &Screen) -> String {
    match format {
        Format::Json => json::probe::render(probe),
        _ => table::probe::render(probe, screen),
    }
}

/// The report on keys at a server in this format; those that it doesn't have are tables. Only the table looks at the screen.
pub fn render_connected(connected: &Connected, format: Format, screen: &Screen) -> String {
    match format {
        Format::Json => json::connected::render(connected),
        _ => table::connected::render(connected, screen),
    }
}

#[cfg(test)]
mod sample;
