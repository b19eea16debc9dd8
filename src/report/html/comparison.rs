//! What changed since the run that this one is held against.

use super::super::changes::{self, Told};
use super::super::style::Screen;
use crate::model::run::Run;

/// The changes, in the words of every format.
pub(super) struct Changes {
    pub(super) heading: String,
    pub(super) items: Vec<Item>,
}

/// One of them.
pub(super) struct Item {
    /// Symbol and words.
    pub(super) text: String,
    pub(super) places: Vec<String>,
}

impl Changes {
    /// `None`: the run was held against no other.
    pub(super) fn of(run: &Run) -> Option<Changes> {
        let comparison = run.comparison.as_ref()?;
        let screen = Screen::of_a_file();
        let item = |told: Told| Item {
            text: format!("{}{}", told.mark(&screen), told.text),
            places: told.places,
        };
        let told = changes::told(comparison, &screen).into_iter();
        Some(Changes {
            heading: changes::heading(comparison),
            items: told.map(item).collect(),
        })
    }
}
