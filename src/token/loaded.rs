//! A loaded module, as its hosts share it.
#![forbid(unsafe_code)]

use cryptoki::context::Pkcs11;

use super::raw::Raw;

/// What the hosts share of a module.
pub(super) struct Loaded {
    pub(super) pkcs11: Pkcs11,
    pub(super) raw: Raw,
}
