//! cardcheck: with which TLS servers and clients the keys of a PKCS#11 token can log in, which not, and why.
//!
//! The floors, and who may import whom, are drawn in ARCHITECTURE.md and held by `tests/floors.rs`.
#![cfg_attr(
    not(test),
    warn(
        // no panic is reachable from input, network or module
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod advise;
pub mod cli;
pub mod clients;
pub mod diagnose;
pub mod matrix;
pub mod model;
pub mod report;
pub mod tls;
pub mod token;
