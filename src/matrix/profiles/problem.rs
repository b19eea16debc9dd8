//! What can be wrong in a file of profiles.

use std::ops::Range;

use crate::model::did_you_mean;
use crate::model::scheme::UnknownScheme;
use crate::model::version::TlsVersion;

/// What may stand in a `[[profile]]`.
pub(super) const FIELDS: [&str; 8] = [
    "name",
    "about",
    "source",
    "tls12",
    "tls13",
    "ca_names",
    "min_rsa_bits",
    "negotiates",
];

/// What is wrong in a file of profiles, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub struct ProfileError {
    /// The file, as its reader named it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong in a file of profiles.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not TOML, or a value of another type; in the words of the TOML reader.
    #[error("{0}")]
    Toml(String),
    /// A field that profiles don't have.
    #[error("unknown field `{name}`{}", nearest.map_or_else(fields, |near| did_you_mean(Some(near))))]
    UnknownField {
        /// What was given.
        name: String,
        /// The nearest field, if one is near.
        nearest: Option<&'static str>,
    },
    /// A field of a profile before the first `[[profile]]`.
    #[error("`{0}` stands outside of a profile; begin each profile with a line `[[profile]]`")]
    Outside(String),
    /// Nothing in the file.
    #[error("no profile here; begin each profile with a line `[[profile]]`")]
    NoProfile,
    /// No name, or an empty one.
    #[error("the profile has no name; add one, such as `name = \"our-portal\"`")]
    NoName,
    /// A name that would garble what it is printed into.
    #[error("the profile's name holds a control character; use printable ones")]
    ControlCharacter,
    /// A name that another profile of the file has.
    #[error("a second profile is named `{0}`; give each its own name")]
    SameName(String),
    /// A profile without lists.
    #[error(
        "profile `{0}` has neither `tls12` nor `tls13`; add the list of a version that the server speaks"
    )]
    NoList(String),
    /// A list without schemes.
    #[error(
        "`{0}` is empty; name a scheme, or leave `{0}` out if the server doesn't speak that version"
    )]
    EmptyList(&'static str),
    /// Neither an IANA nor an OpenSSL name, nor a code point.
    #[error("{0}")]
    Scheme(UnknownScheme),
    /// No version of TLS that cardcheck knows.
    #[error("`negotiates` can't be `{0}`; it is \"1.2\" or \"1.3\"")]
    Negotiates(String),
    /// The version that is said to be negotiated has no list.
    #[error(
        "`negotiates` is \"{0}\", but the profile has no `{1}`; add the list, or correct `negotiates`"
    )]
    NegotiatesUnspoken(TlsVersion, &'static str),
    /// Neither RFC 4514 nor base64 DER.
    #[error(
        "`{0}` is no name of a CA; write it as `CN=Root,O=Acme` (RFC 4514), or as the base64 of its DER"
    )]
    CaName(String),
}

/// A problem, and the byte at which it stands.
pub(super) struct Fault {
    pub(super) problem: Problem,
    pub(super) at: usize,
}

impl Fault {
    pub(super) fn new(problem: Problem, span: Range<usize>) -> Self {
        let at = span.start;
        Fault { problem, at }
    }
}

fn fields() -> String {
    format!("; a profile has {}", FIELDS.join(", "))
}
