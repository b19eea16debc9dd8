//! `cardcheck probe` against real servers: what it says they ask for is held against what they were told to ask for, row by row.
//! A file for each family of servers; the table of each test is printed with `--nocapture`.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "each test crate uses its own part")]
#[path = "../interop/started.rs"]
mod started;

mod addresses;
mod apache;
mod chat;
mod command;
mod database;
mod hostile;
mod mail;
mod news;
mod nginx;
mod openssl;
mod pki;
mod programs;
mod stacks;
mod truth;
