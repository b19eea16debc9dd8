//! OpenSC, the module that most people have, end to end: the real opensc-pkcs11.so, over a real pcscd, at a virtual PIV card that
//! counts what it was asked. Here stands what cardcheck makes of it; what the card itself does, `tests/piv` holds.

#[path = "../piv/mod.rs"]
mod piv;
#[path = "../support/reader.rs"]
mod reader;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;

mod all_keys;
mod configured;
mod misbehaves;
mod neighbour;
mod pin;
mod pulled;
mod shared;

use reader::Readers;
use support::Cardcheck;

/// The least that shows a login: one server, one client, no proofs.
const ONE_SERVER: &str = "--profile openssl-3.0 --client firefox --no-prove";

/// PIV's key for authentication, as OpenSC numbers it.
const AUTHENTICATION: &str = "--key 01";

/// `cardcheck matrix` with the key for authentication at one server: two cells, TLS 1.2 and 1.3.
fn log_in(readers: &Readers) -> Cardcheck {
    readers.matrix().args(ONE_SERVER).args(AUTHENTICATION)
}
