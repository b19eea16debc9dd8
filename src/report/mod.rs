//! The report floor: a run as text. Each format is one file with a pure function from a [`Run`].
#![forbid(unsafe_code)]

pub mod json;
pub mod style;
pub mod table;

pub use style::Screen;

use crate::model::run::Run;

/// A form that a report can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Table,
    /// For programs.
    Json,
}

/// The report in this format. Only the table looks at the screen.
pub fn render(run: &Run, format: Format, screen: &Screen) -> String {
    match format {
        Format::Table => table::render(run, screen),
        Format::Json => json::render(run),
    }
}

#[cfg(test)]
mod sample;
