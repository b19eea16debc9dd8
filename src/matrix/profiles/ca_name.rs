//! Names of CAs as a file has them: RFC 4514 text, or base64 of the DER.

use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use der::asn1::{Ia5StringRef, PrintableStringRef};
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::name::Name;

/// The DER of a Name, from base64 or from RFC 4514 text; `None` if it is neither.
pub(super) fn read(text: &str) -> Option<Vec<u8>> {
    base64_name(text).or_else(|| text_name(text))
}

/// The DER as it was given: re-encoding might change what a client compares.
fn base64_name(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    let der = BASE64_STANDARD.decode(text).ok()?;
    Name::from_der(&der)
        .is_ok_and(|name| !name.is_empty())
        .then_some(der)
}

fn text_name(text: &str) -> Option<Vec<u8>> {
    let name = Name::from_str(text).ok()?;
    name.iter()
        .all(|attribute| sound(&attribute.value))
        .then(|| name.to_der().ok())?
}

/// Holds the value what its string type allows? `Name::from_str` doesn't look.
fn sound(value: &der::Any) -> bool {
    let fits = match value.tag() {
        Tag::PrintableString => PrintableStringRef::try_from(value).is_ok(),
        Tag::Ia5String => Ia5StringRef::try_from(value).is_ok(),
        _ => true,
    };
    fits && !value.value().is_empty()
}
