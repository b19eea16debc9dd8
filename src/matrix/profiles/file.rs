//! Reading a file of profiles.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::ca_name;
use super::problem::{FIELDS, Fault, Problem, ProfileError};
use crate::model::nearest_name;
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

/// Reads a file of profiles. `file` is its name for the error, which tells line and column (both from 1, the column in
/// characters).
///
/// A name of a CA is RFC 4514 text, which comes out as UTF8String (PrintableString and IA5String where RFC 5280 wants
/// them), or base64 of its DER where the string types matter.
///
/// # Errors
/// The first thing in the file that is wrong.
pub fn parse(text: &str, file: &str) -> Result<Vec<Profile>, ProfileError> {
    read(text).map_err(|fault| {
        let (line, column) = position(text, fault.at);
        ProfileError {
            file: file.to_owned(),
            line,
            column,
            problem: fault.problem,
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    profile: Vec<Row>,
}

/// A `[[profile]]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: Spanned<String>,
    #[serde(default)]
    about: String,
    #[serde(default)]
    source: String,
    tls12: Option<List>,
    tls13: Option<List>,
    #[serde(default)]
    ca_names: Vec<Spanned<String>>,
    #[serde(default)]
    min_rsa_bits: u32,
    negotiates: Option<Spanned<String>>,
}

type List = Spanned<Vec<Spanned<String>>>;

fn read(text: &str) -> Result<Vec<Profile>, Fault> {
    let file: File = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    if file.profile.is_empty() {
        return Err(Fault::new(Problem::NoProfile, 0..0));
    }
    let mut names = BTreeSet::new();
    let once = |row: Row| {
        if names.insert(row.name.get_ref().clone()) {
            return profile(row);
        }
        let problem = Problem::SameName(row.name.get_ref().clone());
        Err(Fault::new(problem, row.name.span()))
    };
    file.profile.into_iter().map(once).collect()
}

fn profile(row: Row) -> Result<Profile, Fault> {
    let at = row.name.span();
    let tls12 = row.tls12.map(|list| schemes("tls12", list)).transpose()?;
    let tls13 = row.tls13.map(|list| schemes("tls13", list)).transpose()?;
    let ca_names = row
        .ca_names
        .into_iter()
        .map(ca_name)
        .collect::<Result<_, _>>()?;
    let mut profile = Profile {
        name: name(row.name)?,
        about: row.about,
        source: row.source,
        tls12,
        tls13,
        ca_names,
        min_rsa_bits: row.min_rsa_bits,
        negotiates: None,
    };
    if profile.tls12.is_none() && profile.tls13.is_none() {
        return Err(Fault::new(Problem::NoList(profile.name), at));
    }
    profile.negotiates = row
        .negotiates
        .map(|text| negotiates(&profile, text))
        .transpose()?;
    Ok(profile)
}

fn name(name: Spanned<String>) -> Result<String, Fault> {
    let span = name.span();
    let name = name.into_inner();
    if name.trim().is_empty() {
        return Err(Fault::new(Problem::NoName, span));
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::new(Problem::ControlCharacter, span));
    }
    Ok(name)
}

fn schemes(field: &'static str, list: List) -> Result<Vec<Scheme>, Fault> {
    if list.get_ref().is_empty() {
        return Err(Fault::new(Problem::EmptyList(field), list.span()));
    }
    let scheme = |name: Spanned<String>| {
        let unknown = |error| Fault::new(Problem::Scheme(error), name.span());
        name.get_ref().parse().map_err(unknown)
    };
    list.into_inner().into_iter().map(scheme).collect()
}

fn negotiates(profile: &Profile, text: Spanned<String>) -> Result<TlsVersion, Fault> {
    let span = text.span();
    let text = text.into_inner();
    let Some(version) = TlsVersion::ALL.into_iter().find(|v| v.name() == text) else {
        return Err(Fault::new(Problem::Negotiates(text), span));
    };
    if profile.schemes(version).is_none() {
        let field = match version {
            TlsVersion::V1_2 => "tls12",
            TlsVersion::V1_3 => "tls13",
        };
        return Err(Fault::new(
            Problem::NegotiatesUnspoken(version, field),
            span,
        ));
    }
    Ok(version)
}

fn ca_name(text: Spanned<String>) -> Result<Vec<u8>, Fault> {
    let name = ca_name::read(text.get_ref());
    name.ok_or_else(|| Fault::new(Problem::CaName(text.get_ref().clone()), text.span()))
}

/// serde's words for types, and TOML's.
const TYPES: [(&str, &str); 4] = [
    ("expected a sequence", "expected a list"),
    ("expected u32", "expected a whole number from 0 on"),
    ("floating point", "number"),
    ("type: map", "type: table"),
];

/// Puts the TOML reader's words into ours where the next step isn't plain from them.
fn from_toml(text: &str, error: &toml::de::Error) -> Fault {
    let at = error.span().map_or(0, |span| span.start);
    let message = error.message();
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let problem = if message.starts_with("unknown field") {
        unknown_field(quoted)
    } else if message == "missing field `name`" {
        Problem::NoName
    } else if text
        .get(at..)
        .is_some_and(|rest| rest.starts_with("[profile]"))
    {
        Problem::NoProfile // one bracket short
    } else {
        Problem::Toml(plain(message))
    };
    Fault { problem, at }
}

fn plain(message: &str) -> String {
    let one_line = message.replace('\n', ", ");
    TYPES
        .iter()
        .fold(one_line, |text, (serde, ours)| text.replace(serde, ours))
}

fn unknown_field(name: &str) -> Problem {
    if FIELDS.contains(&name) {
        return Problem::Outside(name.to_owned());
    }
    Problem::UnknownField {
        name: name.to_owned(),
        nearest: nearest_name(name, FIELDS.into_iter().chain(["profile"])),
    }
}

/// Line and column of a byte, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before
        .get(line_start..)
        .map_or(0, |line| line.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        parse(text, "profiles.toml").unwrap_err().to_string()
    }

    /// A sound profile with one field more.
    fn with(line: &str) -> String {
        format!("[[profile]]\nname = \"demo\"\ntls12 = [\"RSA+SHA256\"]\n{line}\n")
    }

    #[test]
    fn a_users_profile_is_read() {
        let text = "
            [[profile]]
            name = 'ours'
            about = 'our portal'
            tls12 = ['rsa_pkcs1_sha256', 'RSA-PSS+SHA256', '0xfe00']
            ca_names = ['CN=Root,O=Acme']
            min_rsa_bits = 1024
            negotiates = '1.2'
        ";
        let ours = Profile {
            name: "ours".to_owned(),
            about: "our portal".to_owned(),
            source: String::new(),
            tls12: Some(vec![Scheme(0x0401), Scheme(0x0804), Scheme(0xfe00)]),
            tls13: None,
            ca_names: vec![
                hex::decode("301e310d300b060355040a0c0441636d65310d300b06035504030c04526f6f74")
                    .unwrap(),
            ],
            min_rsa_bits: 1024,
            negotiates: Some(TlsVersion::V1_2),
        };
        assert_eq!(parse(text, "ours.toml"), Ok(vec![ours]));
    }

    #[test]
    fn a_ca_name_in_base64_keeps_its_bytes() {
        // CN as PrintableString, which RFC 4514 text would make a UTF8String
        let der = hex::decode("300f310d300b06035504031304526f6f74").unwrap();
        let base64 = BASE64_STANDARD.encode(&der);
        let text = with(&format!(
            "ca_names = ['{base64}', \"{}\\n{}\"]",
            &base64[..9],
            &base64[9..]
        ));
        assert_eq!(parse(&text, "x").unwrap()[0].ca_names, [der.clone(), der]);
    }

    #[test]
    fn a_typo_is_told_with_line_and_column() {
        insta::assert_snapshot!(error("[[profile]]\nname = \"demo\"\ntls12 = [\"RSA+SHA256\", \"rsa_pss_rsa_sha256\"]"), @"profiles.toml:3:24: unknown signature scheme `rsa_pss_rsa_sha256`, did you mean `rsa_pss_rsae_sha256`?");
        insta::assert_snapshot!(error(&with("about = \"für\"; x")), @"profiles.toml:4:14: unexpected key or value, expected newline, `#`");
        insta::assert_snapshot!(error(&with("tls_13 = []")), @"profiles.toml:4:1: unknown field `tls_13`, did you mean `tls13`?");
        insta::assert_snapshot!(error(&with("colour = \"red\"")), @"profiles.toml:4:1: unknown field `colour`; a profile has name, about, source, tls12, tls13, ca_names, min_rsa_bits, negotiates");
        insta::assert_snapshot!(error(&with("name = \"again\"")), @"profiles.toml:4:1: duplicate key");
        insta::assert_snapshot!(error(&with("about = \"no end")), @r#"profiles.toml:4:16: invalid basic string, expected `"`"#);
        insta::assert_snapshot!(error(&with("min_rsa_bits = \"2048\"")), @r#"profiles.toml:4:16: invalid type: string "2048", expected a whole number from 0 on"#);
        insta::assert_snapshot!(error(&with("min_rsa_bits = -1")), @"profiles.toml:4:16: invalid value: integer `-1`, expected a whole number from 0 on");
        insta::assert_snapshot!(error(&with("tls13 = \"RSA+SHA256\"")), @r#"profiles.toml:4:9: invalid type: string "RSA+SHA256", expected a list"#);
    }

    #[test]
    fn a_file_without_profiles_says_how_one_begins() {
        insta::assert_snapshot!(error(""), @"profiles.toml:1:1: no profile here; begin each profile with a line `[[profile]]`");
        insta::assert_snapshot!(error("name = \"demo\""), @"profiles.toml:1:1: `name` stands outside of a profile; begin each profile with a line `[[profile]]`");
        insta::assert_snapshot!(error("# ours\n[profile]\nname = \"demo\""), @"profiles.toml:2:1: no profile here; begin each profile with a line `[[profile]]`");
        insta::assert_snapshot!(error("[[profiles]]\nname = \"demo\""), @"profiles.toml:1:3: unknown field `profiles`, did you mean `profile`?");
    }

    #[test]
    fn a_profile_needs_a_name_of_its_own() {
        insta::assert_snapshot!(error("[[profile]]\ntls12 = [\"RSA+SHA256\"]"), @r#"profiles.toml:1:1: the profile has no name; add one, such as `name = "our-portal"`"#);
        insta::assert_snapshot!(error("[[profile]]\nname = \" \"\ntls12 = [\"RSA+SHA256\"]"), @r#"profiles.toml:2:8: the profile has no name; add one, such as `name = "our-portal"`"#);
        insta::assert_snapshot!(error("[[profile]]\nname = \"\\u001b[31m\"\ntls12 = [\"RSA+SHA256\"]"), @"profiles.toml:2:8: the profile's name holds a control character; use printable ones");
        insta::assert_snapshot!(error(&with(&with(""))), @"profiles.toml:5:8: a second profile is named `demo`; give each its own name");
    }

    #[test]
    fn a_profile_needs_a_list() {
        insta::assert_snapshot!(error("[[profile]]\nname = \"demo\""), @"profiles.toml:2:8: profile `demo` has neither `tls12` nor `tls13`; add the list of a version that the server speaks");
        insta::assert_snapshot!(error(&with("tls13 = []")), @"profiles.toml:4:9: `tls13` is empty; name a scheme, or leave `tls13` out if the server doesn't speak that version");
    }

    #[test]
    fn negotiates_is_a_version_that_the_server_speaks() {
        insta::assert_snapshot!(error(&with("negotiates = \"1.1\"")), @r#"profiles.toml:4:14: `negotiates` can't be `1.1`; it is "1.2" or "1.3""#);
        insta::assert_snapshot!(error(&with("negotiates = 1.2")), @"profiles.toml:4:14: invalid type: number `1.2`, expected a string");
        insta::assert_snapshot!(error(&with("negotiates = \"1.3\"")), @r#"profiles.toml:4:14: `negotiates` is "1.3", but the profile has no `tls13`; add the list, or correct `negotiates`"#);
    }

    #[test]
    fn a_ca_name_is_a_name() {
        insta::assert_snapshot!(error(&with("ca_names = [\"CN=Root\", \"Root\"]")), @"profiles.toml:4:24: `Root` is no name of a CA; write it as `CN=Root,O=Acme` (RFC 4514), or as the base64 of its DER");
        for bad in ["", "CN=", "MAA=", "BAQxMjM0", "DC=köln", "XX=1", "CN=\\"] {
            let text = with(&format!("ca_names = ['{bad}']"));
            let problem = parse(&text, "x").unwrap_err().problem;
            assert_eq!(problem, Problem::CaName(bad.to_owned()));
        }
    }

    /// Text that comes near to a profile file.
    fn near_toml() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            proptest::sample::select(FIELDS.to_vec()).prop_map(str::to_owned),
            proptest::sample::select(vec![
                "[[profile]]",
                "[profile]",
                "\n",
                " = ",
                "[",
                "]",
                "\"",
                "'",
                ",",
                "{",
                "}",
                "1.3",
                "\"1.2\"",
                "'RSA+SHA256'",
                "é",
                "\\",
            ])
            .prop_map(str::to_owned),
            ".{0,4}",
        ];
        proptest::collection::vec(word, 0..24).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in near_toml()) {
            if let Err(error) = parse(&text, "x") {
                prop_assert!(error.line <= text.matches('\n').count() + 1);
                prop_assert!(!error.to_string().contains('\n') || text.contains('\n'));
            }
        }

        #[test]
        fn no_ca_name_makes_the_reader_panic(name in "([A-Z]{1,2}=|#|[,+]|\\\\|\\PC){0,12}") {
            let line = format!("ca_names = [{}]", toml::Value::from(name));
            let _ = parse(&with(&line), "x");
        }
    }
}
