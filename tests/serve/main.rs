//! `cardcheck serve` with real clients: what they see, and what is told of them.

#[path = "../support/mod.rs"]
mod support;

mod browsers;
mod firefox;
mod fixture;
mod hostile;
mod house;
mod programs;
mod wire;
