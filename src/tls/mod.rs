//! The TLS floor: the only code that names `rustls`.
//!
//! An [`attempt()`] is one real handshake in memory between a client, whose decisions a rule makes and whose signature a
//! [`Sign`](crate::model::sign::Sign) makes, and a server that asks for exactly the schemes it is told to. A [`Reception`]
//! is such a server's handshake over a socket, with whoever comes.
#![forbid(unsafe_code)]

pub mod attempt;
pub mod authority;

mod answer;
mod client;
pub mod conversation;
mod examiner;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod handshake;
mod hello;
pub mod login;
mod objections;
pub mod peer;
pub mod plain;
mod provider;
pub mod reception;
pub mod remote;
mod server;
pub mod setup;
pub mod site;
mod stranger;
mod talk;
mod tap;
mod timeline;
pub mod wire;
pub mod witness;

pub use attempt::{Attempt, End, attempt};
pub use authority::Authority;
pub use provider::OFFERED_CURVES;
pub use reception::{Guest, Reception};
pub use remote::attempt_over;
pub use server::sendable;
pub use setup::{Client, Rule, Server};
