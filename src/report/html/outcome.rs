//! What came of a cell, as the page's classes and words.

use crate::model::cell::{Cell, Outcome, Stage};

/// The class that gives a cell its colour and symbol.
pub(super) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "p",
        Outcome::Fail => "f",
        Outcome::NotApplicable => "n",
        Outcome::Skipped => "s",
        Outcome::Error => "e",
    }
}

/// What a screen reader says of it.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::NotApplicable => "not applicable",
        Outcome::Skipped => "not tried",
        Outcome::Error => "could not tell",
    }
}

/// The outcome, and where it failed.
pub(super) fn sentence(cell: &Cell) -> String {
    let word = word(cell.outcome);
    match cell.stage {
        Some(stage) => format!("{word} at {}: {}", stage.name(), meaning(stage)),
        None => word.into(),
    }
}

fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Select => "the client found no way to use the key, and sent no certificate",
        Stage::Sign => "no signature came from the token",
        Stage::Encode => "the token signed, and TLS can't take the signature's form",
        Stage::ServerVerify => "the server refused",
        Stage::Transport => "the connection ended",
    }
}
