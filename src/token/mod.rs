//! The token floor: the only code that names PKCS#11's own functions.
//!
//! A [`Module`] is loaded once; each token that is used gets a [`host`], one thread that owns its session and answers
//! typed requests, one after the other, as a card does. What the floors above see is plain data from `model`, and a
//! [`Sign`](crate::model::sign::Sign) for each key. Nothing here writes to a token.

pub mod discover;
pub mod host;
pub mod module;
pub mod pin_rules;
pub mod protocol;
pub mod refusal;
pub mod select;
pub mod trials;

mod attributes;
mod inventory;
mod owner;
mod pairing;
mod prepare;
mod raw;
mod session;
mod uri;

pub use host::{Host, KeySigner};
pub use module::{Module, ModuleError};
