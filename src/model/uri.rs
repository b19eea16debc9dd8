//! RFC 7512 URIs that name a token, and a key or a certificate on it.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::certificate::Certificate;
use super::token::Token;

/// All but what RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URI of a token: `pkcs11:model=..;manufacturer=..;serial=..;token=..`.
pub fn of_token(token: &Token) -> String {
    let attributes = [
        ("model", &token.model),
        ("manufacturer", &token.manufacturer),
        ("serial", &token.serial),
        ("token", &token.label),
    ];
    let attributes = attributes.map(|(name, value)| attribute(name, value));
    format!("pkcs11:{}", attributes.concat().trim_end_matches(';'))
}

/// The URI of a private key: `pkcs11:token=..;serial=..;id=%01;object=..;type=private`.
pub fn of_key(token: &str, serial: &str, cka_id: &[u8], label: &str) -> String {
    of_object(token, serial, cka_id, label, "private")
}

/// The URI of a certificate, by the object that it was read from.
pub fn of_certificate(token: &Token, certificate: &Certificate) -> String {
    let Certificate { cka_id, label, .. } = certificate;
    of_object(&token.label, &token.serial, cka_id, label, "cert")
}

fn of_object(token: &str, serial: &str, cka_id: &[u8], label: &str, class: &str) -> String {
    let mut uri = String::from("pkcs11:");
    uri.push_str(&attribute("token", token));
    uri.push_str(&attribute("serial", serial));
    if !cka_id.is_empty() {
        uri.push_str("id=");
        for byte in cka_id {
            // writing to a String can't fail
            let _ = write!(uri, "%{byte:02X}");
        }
        uri.push(';');
    }
    uri.push_str(&attribute("object", label));
    uri.push_str("type=");
    uri.push_str(class);
    uri
}

/// Nothing, if the value is empty: an attribute that is absent matches everything.
fn attribute(name: &str, value: &str) -> String {
    match value.is_empty() {
        true => String::new(),
        false => format!("{name}={};", utf8_percent_encode(value, RESERVED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_left_out_and_the_rest_escaped() {
        let token = Token {
            label: "My Card".into(),
            serial: "0;1".into(),
            ..Token::default()
        };
        assert_eq!(of_token(&token), "pkcs11:serial=0%3B1;token=My%20Card");
        let uri = of_key(&token.label, "", &[1, 0xab], "");
        assert_eq!(uri, "pkcs11:token=My%20Card;id=%01%AB;type=private");
    }
}
