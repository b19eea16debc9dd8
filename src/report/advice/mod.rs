//! Advice over a fleet, as text.

mod as_json;
mod as_profiles;
mod as_table;

pub use as_json::{render as json, schema};
pub use as_profiles::render as profiles;
pub use as_table::render as table;
