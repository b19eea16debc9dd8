//! The advise floor: the reports of many cards, and which server setting lets how many of them in, with which clients.
//!
//! Reports are read one after the other and thrown away. What is kept are kinds of cards, those of which all that the clients'
//! rules look at is the same, and how many there are of each. Memory has a bound, and doesn't grow with the reports beyond it.
#![forbid(unsafe_code)]

mod card;
mod document;
mod facts;
mod fleet;
mod front;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod judge;
mod measured;
mod names;
mod reasons;
mod report;
mod settings;
mod sources;
mod sum;
mod survey;

pub use settings::{of_profile, proposed};
pub use sources::Source;
pub use survey::survey;

use crate::clients::Client;
use crate::model::advice::Setting;

/// What the reports are asked.
pub struct Question {
    /// The settings to weigh.
    pub settings: Vec<Setting>,
    /// The clients that are to log in.
    pub clients: Vec<&'static dyn Client>,
}
