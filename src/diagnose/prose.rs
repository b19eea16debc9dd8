//! How findings name things: tokens, keys, servers and lists of them, in one manner throughout.

use time::OffsetDateTime;

use crate::model::certificate::Certificate;
use crate::model::hash::Hash;
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::token::Token;

/// Longer lists end in a count.
const MOST_NAMED: usize = 5;

/// `a`; `a and b`; `a, b and c`; `a, b, c, d and 3 more`.
pub(super) fn and<S: AsRef<str>>(items: &[S]) -> String {
    let mut named: Vec<String> = items.iter().map(|item| item.as_ref().to_owned()).collect();
    if named.len() > MOST_NAMED {
        let rest = named.split_off(MOST_NAMED - 1).len();
        named.push(format!("{rest} more"));
    }
    joined(&named, "and")
}

/// `a`; `a or b`; `a, b or c`; all of them, however many.
pub(super) fn or<S: AsRef<str>>(items: &[S]) -> String {
    joined(items, "or")
}

/// `a, b and c`, all of them, however many.
pub(super) fn joined<S: AsRef<str>>(items: &[S], word: &str) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// ``key `auth` `` or ``keys `auth` and `sign` ``.
pub(super) fn keys(keys: &[&Key]) -> String {
    let names: Vec<String> = keys
        .iter()
        .map(|key| quoted(&key.name_for_people()))
        .collect();
    match keys.len() {
        1 => format!("key {}", and(&names)),
        _ => format!("keys {}", and(&names)),
    }
}

/// `` Keys `auth` and `door` of the same token log in.``; nothing if there are none.
pub(super) fn logging_in(beside: &[&Key]) -> String {
    match beside.is_empty() {
        true => String::new(),
        false => format!(
            " {} of the same token {} in.",
            sentence(&keys(beside)),
            number(beside.len(), "logs", "log")
        ),
    }
}

/// ``token `card` ``, by label, else serial number, else its name in the report.
pub(super) fn token(token: Option<&Token>) -> String {
    let name = token.and_then(|token| {
        let names = [&token.label, &token.serial, &token.id];
        names.into_iter().find(|name| !name.is_empty())
    });
    name.map_or("the token".into(), |name| format!("token {}", quoted(name)))
}

/// ``server `openssl-3.0` `` or ``servers `openssl-3.0` and `go` ``.
pub(super) fn servers(profiles: &[&Profile]) -> String {
    let names: Vec<String> = profiles
        .iter()
        .map(|profile| quoted(&profile.name))
        .collect();
    match profiles.len() {
        1 => format!("server {}", and(&names)),
        _ => format!("servers {}", and(&names)),
    }
}

/// `rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)`.
pub(super) fn way(scheme: Scheme, route: Route) -> String {
    format!("{scheme} ({})", route.mechanism(scheme))
}

/// `SHA-256`.
pub(super) fn hash(hash: Hash) -> String {
    hash.name().replacen("SHA", "SHA-", 1)
}

/// `2026-11-25`, in UTC.
pub(super) fn date(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .map_or_else(|_| "a date out of range".into(), |at| at.date().to_string())
}

/// A certificate by its subject, else its label.
pub(super) fn certificate(certificate: &Certificate) -> String {
    match certificate.subject.is_empty() {
        false => quoted(&certificate.subject),
        true => quoted(&certificate.label),
    }
}

/// In backticks.
pub(super) fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// The sentence with its first letter in upper case.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// `one` if there is one of them, else `many`.
pub(super) fn number(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// Each once, in the order of first appearance.
pub(super) fn distinct<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for item in items {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_a_person_would_say_them() {
        assert_eq!(and::<&str>(&[]), "");
        assert_eq!(and(&["a"]), "a");
        assert_eq!(and(&["a", "b"]), "a and b");
        assert_eq!(and(&["a", "b", "c", "d", "e"]), "a, b, c, d and e");
        assert_eq!(
            and(&["a", "b", "c", "d", "e", "f"]),
            "a, b, c, d and 2 more"
        );
    }

    #[test]
    fn a_sentence_begins_with_a_capital() {
        assert_eq!(sentence("token `x` is full"), "Token `x` is full");
        assert_eq!(sentence(""), "");
    }
}
