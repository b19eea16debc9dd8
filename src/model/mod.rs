//! The ground floor: plain data that every other floor speaks in.
//!
//! No I/O happens here, and neither `rustls` nor `cryptoki-sys` is named. What a signature, a certificate
//! or a scheme *is* lives here; who makes it and over which wire is the business of the floors above.
#![forbid(unsafe_code)]

pub mod advice;
pub mod alert;
pub mod anatomy;
pub mod autopsy;
pub mod capability;
pub mod cell;
pub mod certificate;
pub mod certificate_request;
pub mod choice;
pub mod ckr;
pub mod comparison;
pub mod connected;
pub mod distinguished_name;
pub mod emsa;
pub mod finding;
pub mod fit;
pub mod function;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod hash;
pub mod inspection;
pub mod key;
pub mod key_type;
pub mod listing;
pub mod lost;
pub mod mechanism;
pub mod obstacle;
pub mod path;
pub mod printable;
pub mod probe;
pub mod profile;
pub mod protocol;
pub mod public_key;
pub mod reader;
pub mod record;
pub mod recording;
pub mod redact;
pub mod request;
pub mod route;
pub mod run;
pub mod scheme;
pub mod sign;
pub mod signature_algorithm;
pub mod spki;
pub mod token;
pub mod trace;
pub mod uri;
pub mod usage;
pub mod verify;
pub mod version;
pub mod visit;

/// The name in `known` that a person most likely meant by `name`, for "did you mean"; `None` if none is near.
pub fn nearest_name<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |candidate: &str| {
        strsim::jaro_winkler(&name.to_ascii_lowercase(), &candidate.to_ascii_lowercase())
    };
    known
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// The same in words, to be put behind what was not known; nothing if no name is near.
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |name| format!(", did you mean `{name}`?"))
}
