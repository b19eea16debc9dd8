//! Selecting tokens and keys: by RFC 7512 URI, by label, by serial number, by slot, by CKA_ID.
#![forbid(unsafe_code)]

use percent_encoding::percent_decode_str;

use crate::model::certificate::Certificate;
use crate::model::key::Key;
use crate::model::token::Token;

/// What a user gave to name a token, a key or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// A PKCS#11 URI.
    Uri(Box<Uri>),
    /// Anything else: a label, a serial number, a slot (`slot:3`) or a CKA_ID in hex.
    Name(String),
}

/// The attributes of a URI that cardcheck uses, percent-decoded. An attribute that is absent matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// `token`.
    pub token: Option<String>,
    /// `serial`.
    pub serial: Option<String>,
    /// `model`.
    pub model: Option<String>,
    /// `manufacturer`.
    pub manufacturer: Option<String>,
    /// `slot-id`.
    pub slot: Option<u64>,
    /// `id`, bytes.
    pub id: Option<Vec<u8>>,
    /// `object`.
    pub object: Option<String>,
    /// `pin-source`.
    pub pin_source: Option<String>,
    /// `pin-value`.
    pub pin_value: Option<Pin>,
    /// `module-path`.
    pub module_path: Option<String>,
}

/// A PIN given inside a URI; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(pub String);

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[a PIN]")
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// A URI that RFC 7512 doesn't allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a PKCS#11 URI: {violation}")]
pub struct BadUri {
    /// What it violates.
    pub violation: String,
    /// What would mend it.
    pub help: String,
}

impl Selector {
    /// Reads what a user gave; only text that starts with `pkcs11:` is a URI.
    ///
    /// # Errors
    /// It starts so and is none.
    pub fn parse(text: &str) -> Result<Selector, BadUri> {
        if !text.to_ascii_lowercase().starts_with("pkcs11:") {
            return Ok(Selector::Name(text.to_owned()));
        }
        Ok(Selector::Uri(Box::new(parse_uri(text)?)))
    }

    /// The URI, if it is one.
    pub fn uri(&self) -> Option<&Uri> {
        match self {
            Selector::Uri(uri) => Some(uri),
            Selector::Name(_) => None,
        }
    }

    /// Does it name this token? A name may be its label, its serial number or `slot:N`.
    pub fn matches_token(&self, token: &Token) -> bool {
        match self {
            Selector::Uri(uri) => uri.matches_token(token),
            Selector::Name(name) => {
                let slot = name
                    .strip_prefix("slot:")
                    .and_then(|slot| slot.parse().ok());
                *name == token.label || *name == token.serial || slot == Some(token.slot)
            }
        }
    }

    /// Does it name this certificate?
    pub fn matches_certificate(&self, certificate: &Certificate) -> bool {
        match self {
            Selector::Uri(uri) => uri.matches(&certificate.cka_id, &certificate.label),
            Selector::Name(name) => *name == certificate.label,
        }
    }

    /// Does it name this key? A name may be its label or its CKA_ID in hex, with or without colons.
    pub fn matches_key(&self, key: &Key) -> bool {
        match self {
            Selector::Uri(uri) => uri.matches(&key.cka_id, &key.label),
            Selector::Name(name) => {
                let id = hex::decode(name.replace(':', "")).ok();
                *name == key.label || id.is_some_and(|id| !id.is_empty() && id == key.cka_id)
            }
        }
    }
}

impl Uri {
    fn matches_token(&self, token: &Token) -> bool {
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
        is(&self.token, &token.label)
            && is(&self.serial, &token.serial)
            && is(&self.model, &token.model)
            && is(&self.manufacturer, &token.manufacturer)
            && self.slot.is_none_or(|slot| slot == token.slot)
    }

    fn matches(&self, id: &[u8], label: &str) -> bool {
        self.id.as_ref().is_none_or(|wanted| wanted == id)
            && self.object.as_ref().is_none_or(|wanted| wanted == label)
    }
}

fn parse_uri(text: &str) -> Result<Uri, BadUri> {
    let mapping = pk11_uri_parser::parse(text).map_err(|error| bad_uri(&error.to_string()))?;
    let decoded = |value: Option<&str>| value.map(decode).transpose();
    let slot = mapping.slot_id().map(str::parse).transpose();
    Ok(Uri {
        token: decoded(mapping.token())?,
        serial: decoded(mapping.serial())?,
        model: decoded(mapping.model())?,
        manufacturer: decoded(mapping.manufacturer())?,
        slot: slot.map_err(|_| bad_uri("`slot-id` is too large a number"))?,
        id: mapping.id().map(|id| percent_decode_str(id).collect()),
        object: decoded(mapping.object())?,
        pin_source: decoded(mapping.pin_source())?,
        pin_value: decoded(mapping.pin_value())?.map(Pin),
        module_path: decoded(mapping.module_path())?,
    })
}

fn decode(value: &str) -> Result<String, BadUri> {
    let decoded = percent_decode_str(value).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| bad_uri("an attribute is not UTF-8"))
}

/// The parser prints the whole URI, a `pin-value` included: only its own words are kept.
fn bad_uri(shown: &str) -> BadUri {
    let violation = shown
        .lines()
        .find_map(|line| line.split_once("^ "))
        .map(|(_, text)| text);
    let help = shown.lines().find_map(|line| line.strip_prefix("help: "));
    BadUri {
        violation: violation.unwrap_or("see RFC 7512 §2.3").trim().to_owned(),
        help: help
            .unwrap_or("a URI looks like `pkcs11:token=My%20Card;id=%01`")
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_comes_apart_with_its_escapes_undone() {
        let text =
            "pkcs11:token=My%20Card;serial=00%2B1;id=%01%ff;object=k%3D1?pin-source=file:/run/pin";
        let selector = Selector::parse(text).unwrap();
        let uri = selector.uri().unwrap();
        assert_eq!(uri.token.as_deref(), Some("My Card"));
        assert_eq!(uri.serial.as_deref(), Some("00+1"));
        assert_eq!(uri.id, Some(vec![0x01, 0xff]));
        assert_eq!(uri.object.as_deref(), Some("k=1"));
        assert_eq!(uri.pin_source.as_deref(), Some("file:/run/pin"));
    }

    #[test]
    fn a_broken_uri_says_what_is_wrong_and_doesn_t_repeat_the_pin() {
        let error = Selector::parse("pkcs11:token=My Card?pin-value=1234").unwrap_err();
        assert!(
            !format!("{error} {}", error.help).contains("1234"),
            "{error:?}"
        );
        assert!(error.violation.contains("empty spaces"), "{error:?}");
    }

    #[test]
    fn a_pin_in_a_uri_is_not_shown() {
        let selector = Selector::parse("pkcs11:token=T?pin-value=123456").unwrap();
        assert!(!format!("{selector:?}").contains("123456"));
    }
}
