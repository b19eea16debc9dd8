//! cardcheck: with which TLS servers and clients the keys of a PKCS#11 token can log in, which not, and why.

pub mod model;
pub mod token;
pub mod tls;
pub mod clients;
pub mod matrix;
pub mod cli;
pub mod diagnose;
pub mod report;
