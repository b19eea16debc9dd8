//! `cardcheck connect` with SoftHSM2 tokens at real servers: who is let in, which certificate fits, and what a refusal meant.
//! A file for each family of servers.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "each test crate uses its own part")]
#[path = "../interop/started.rs"]
mod started;

#[allow(dead_code, reason = "each test crate uses its own part")]
#[path = "../probe/pki.rs"]
mod pki;

#[allow(dead_code, reason = "each test crate uses its own part")]
#[path = "../probe/programs.rs"]
mod programs;

#[allow(dead_code, reason = "each test crate uses its own part")]
#[path = "../probe/truth.rs"]
mod truth;

#[path = "../piv/mod.rs"]
mod piv;
#[path = "../support/reader.rs"]
mod reader;
#[path = "../support/running.rs"]
mod running;

mod apache;
mod card;
mod chains;
mod command;
mod interrupted;
mod nginx;
mod refusals;
mod scene;
mod stacks;
mod trust;
