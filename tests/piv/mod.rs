//! A virtual PIV card (NIST SP 800-73-4): the real OpenSC talks to it through a real pcscd. It is used in process by tests,
//! and `program.rs` makes a program of it.
//!
//! ```text
//! opensc-pkcs11.so -- pcscd -- a reader's driver -- link -- Card: faults -- application -- objects, keys
//! ```
#![allow(dead_code, unreachable_pub, unused_imports)] // each test, and the program, uses its own part

mod apdu;
mod application;
mod card;
mod fault;
mod frame;
mod issue;
mod key;
mod link;
mod objects;
pub mod pcscd;
mod tlv;

pub use card::{Card, Stats};
pub use fault::Fault;
pub use issue::issuers;
pub use key::PrivateKey;
pub use link::{Reader, plug_into_vpcd};
pub use objects::{Credential, Setup, Slot};
