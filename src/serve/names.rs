//! Code points by their names.

use tls_parser::TlsCipherSuite;

const VERSIONS: &[(u16, &str)] = &[
    (0x0304, "TLS 1.3"),
    (0x0303, "TLS 1.2"),
    (0x0302, "TLS 1.1"),
    (0x0301, "TLS 1.0"),
    (0x0300, "SSL 3.0"),
];

/// IANA "TLS Supported Groups".
const GROUPS: &[(u16, &str)] = &[
    (23, "secp256r1"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (26, "brainpoolP256r1"),
    (27, "brainpoolP384r1"),
    (28, "brainpoolP512r1"),
    (29, "x25519"),
    (30, "x448"),
    (31, "brainpoolP256r1tls13"),
    (32, "brainpoolP384r1tls13"),
    (33, "brainpoolP512r1tls13"),
    (256, "ffdhe2048"),
    (257, "ffdhe3072"),
    (258, "ffdhe4096"),
    (259, "ffdhe6144"),
    (260, "ffdhe8192"),
    (4587, "SecP256r1MLKEM768"),
    (4588, "X25519MLKEM768"),
    (4589, "SecP384r1MLKEM1024"),
];

/// `TLS 1.3`.
pub(super) fn version(code: u16) -> String {
    named(VERSIONS, code)
}

/// `x25519`.
pub(super) fn group(code: u16) -> String {
    named(GROUPS, code)
}

/// `TLS_AES_128_GCM_SHA256`.
pub(super) fn suite(code: u16) -> String {
    let known = TlsCipherSuite::from_id(code);
    known.map_or_else(|| number(code), |suite| suite.name.into())
}

/// Values that mean nothing, which clients send so that servers don't choke on new ones (RFC 8701).
pub(super) fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn named(names: &[(u16, &str)], code: u16) -> String {
    let known = names.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| number(code), |(_, name)| (*name).into())
}

fn number(code: u16) -> String {
    format!("0x{code:04x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_name_keeps_its_number_and_grease_is_known() {
        assert_eq!(version(0x0304), "TLS 1.3");
        assert_eq!(group(4588), "X25519MLKEM768");
        assert_eq!(suite(0x1301), "TLS_AES_128_GCM_SHA256");
        assert_eq!(group(0xfe00), "0xfe00");
        assert!(is_grease(0x3a3a) && !is_grease(0x1301) && !is_grease(0x3a4a));
    }
}
