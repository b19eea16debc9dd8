//! Advice over a fleet, as text.

mod as_json;
mod as_profiles;
mod as_table;

pub use as_json::schema;
pub use as_profiles::render as profiles;

use super::Format;
use super::style::Screen;
use crate::model::advice::{Advice, Weighed};

/// The advice in this format. `chosen` is the setting whose lines the table shows; only the table looks at the screen.
pub fn render(
    advice: &Advice,
    chosen: Option<&Weighed>,
    format: Format,
    screen: &Screen,
) -> String {
    match format {
        Format::Table => as_table::render(advice, chosen, screen),
        Format::Json => as_json::render(advice),
    }
}
