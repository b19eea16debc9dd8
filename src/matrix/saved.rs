//! A server's demands as a file that `--profile` takes.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use toml::{Table, Value};

use crate::model::distinguished_name;
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;

/// The profile as TOML, with a line in front that says how to use it.
///
/// CA names are written as base64 of their DER, since clients compare their bytes; comments say what they read.
pub fn to_toml(profile: &Profile) -> String {
    let mut table = Table::new();
    let mut put = |name: &str, value: Value| table.insert(name.to_owned(), value);
    put("name", profile.name.as_str().into());
    put("about", profile.about.as_str().into());
    put("source", profile.source.as_str().into());
    if let Some(schemes) = &profile.tls12 {
        put("tls12", names(schemes));
    }
    if let Some(schemes) = &profile.tls13 {
        put("tls13", names(schemes));
    }
    if profile.min_rsa_bits > 0 {
        put("min_rsa_bits", i64::from(profile.min_rsa_bits).into());
    }
    if let Some(version) = profile.negotiates {
        put("negotiates", version.name().into());
    }
    // a table of strings, lists and numbers is always TOML
    let body = toml::to_string_pretty(&table).unwrap_or_default();
    let head = "# cardcheck matrix --profile THIS-FILE\n[[profile]]\n";
    format!("{head}{body}{}", ca_names(profile))
}

fn names(schemes: &[Scheme]) -> Value {
    let names = schemes.iter().map(|scheme| Value::from(scheme.to_string()));
    Value::Array(names.collect())
}

fn ca_names(profile: &Profile) -> String {
    if profile.ca_names.is_empty() {
        return String::new();
    }
    let line = |der: &Vec<u8>| {
        let text = distinguished_name::text(der).unwrap_or_default();
        format!(
            "    \"{}\", # {}\n",
            BASE64_STANDARD.encode(der),
            harmless(&text)
        )
    };
    let lines: String = profile.ca_names.iter().map(line).collect();
    format!("ca_names = [\n{lines}]\n")
}

/// A comment ends with its line, and holds no control characters (TOML 1.0, Comment).
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use der::Encode;
    use proptest::prelude::*;
    use x509_cert::name::Name;

    use super::*;
    use crate::matrix::profiles::parse;
    use crate::model::version::TlsVersion;

    fn comes_back(profile: &Profile) {
        let text = to_toml(profile);
        let read = parse(&text, "saved").unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read, std::slice::from_ref(profile), "{text}");
    }

    fn der(name: &str) -> Vec<u8> {
        Name::from_str(name).unwrap().to_der().unwrap()
    }

    #[test]
    fn what_is_saved_is_read_again_with_unknown_schemes_and_odd_names() {
        comes_back(&Profile {
            name: "portal.example".into(),
            about: "what \"portal\" asks for".into(),
            source: "cardcheck probe".into(),
            tls12: Some([0x0403, 0x0402, 0xfe01].map(Scheme).to_vec()),
            tls13: Some(vec![Scheme(0x0804)]),
            ca_names: vec![der("CN=Root,O=Acme"), der("CN=Other \u{202e}\u{85}root")],
            min_rsa_bits: 2048,
            negotiates: Some(TlsVersion::V1_3),
        });
    }

    proptest! {
        #[test]
        fn whatever_a_server_asks_for_is_read_again(codes in proptest::collection::vec(any::<u16>(), 1..40), value in "[^\\x00]{1,30}") {
            let escaped: String = value.chars().filter(|c| c.is_alphanumeric() || c.is_control()).collect();
            let name = Name::from_str(&format!("CN=x{escaped}")).ok().and_then(|name| name.to_der().ok());
            comes_back(&Profile {
                name: "portal".into(),
                about: value.clone(),
                source: value,
                tls12: Some(codes.iter().copied().map(Scheme).collect()),
                ca_names: name.into_iter().collect(),
                ..Profile::default()
            });
        }
    }
}
