//! RFC 7512 URIs that name a key on a token.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URI of a private key: `pkcs11:token=..;serial=..;id=%01;object=..;type=private`.
pub fn of_key(token: &str, serial: &str, cka_id: &[u8], label: &str) -> String {
    let mut uri = String::from("pkcs11:");
    for (name, value) in [("token", token), ("serial", serial)] {
        if !value.is_empty() {
            uri.push_str(&format!("{name}={};", utf8_percent_encode(value, RESERVED)));
        }
    }
    if !cka_id.is_empty() {
        uri.push_str("id=");
        for byte in cka_id {
            // writing to a String can't fail
            let _ = write!(uri, "%{byte:02X}");
        }
        uri.push(';');
    }
    if !label.is_empty() {
        uri.push_str(&format!("object={};", utf8_percent_encode(label, RESERVED)));
    }
    uri.push_str("type=private");
    uri
}
