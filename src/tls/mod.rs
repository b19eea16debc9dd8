//! The TLS floor: the only code that names `rustls`.
//!
//! An [`attempt()`] is one real handshake in memory between a client, whose decisions a rule makes and whose signature a
//! [`Sign`](crate::model::sign::Sign) makes, and a server that asks for exactly the schemes it is told to.
#![forbid(unsafe_code)]

pub mod attempt;
pub mod authority;

mod client;
pub mod conversation;
mod handshake;
pub mod peer;
pub mod plain;
mod provider;
pub mod remote;
mod server;
pub mod setup;
mod stranger;
mod tap;
mod timeline;
pub mod wire;

pub use attempt::{Attempt, End, attempt};
pub use authority::Authority;
pub use provider::OFFERED_CURVES;
pub use remote::attempt_over;
pub use server::sendable;
pub use setup::{Client, Rule, Server};
