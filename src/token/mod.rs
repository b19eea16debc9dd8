//! The token floor: the only code that names PKCS#11's own functions.
//!
//! Modules hang and crash, so cardcheck never loads one into its own process: each token that is used gets a [`host`], a
//! process that [`serve`]s typed requests over a pipe, one after the other, as a card does. What the floors above see is
//! plain data from `model`, and a [`Sign`](crate::model::sign::Sign) for each key. Nothing here writes to a token.
//!
//! On this side of the pipe: `module`, `host`, `supervisor` (with `ledger`, `losses`, `identity`) and `process`. On the other:
//! `serve`, `library`, `owner` (with `session`, `description`, `inventory`, `prepare`) and `raw`.

pub mod discover;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod host;
pub mod launch;
pub mod limits;
pub mod lookout;
pub mod module;
pub mod pin_rules;
pub mod protocol;
pub mod readers;
pub mod refusal;
pub mod select;
pub mod serve;
pub mod trials;

mod absence;
mod architecture;
mod attributes;
mod description;
mod holders;
mod identity;
mod inventory;
mod ledger;
mod library;
mod losses;
mod noise;
mod owner;
mod p11kit;
mod pairing;
mod prepare;
mod process;
mod raw;
mod replies;
mod session;
mod supervisor;
mod trace;
mod watch;
mod wire;

pub use host::{Host, KeySigner};
pub use module::{Module, ModuleError};
