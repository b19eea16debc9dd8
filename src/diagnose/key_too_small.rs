//! `key-too-small`: an RSA key below what the server takes, or too short for the scheme's padding.

use super::case::{Case, cases};
use super::prose::{self, distinct, number, sentence};
use super::remedy::{self, card};
use super::{Facts, Rule, client_list};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::key_type::KeyType;
use crate::model::scheme::Scheme;

pub(super) static RULE: Rule = Rule {
    id: "key-too-small",
    title: "the RSA key is too small for the server or the scheme",
    explanation: "\
Servers refuse RSA keys below a size of their own: OpenSSL at security level 1 below 1024 bits, at level 2 (Debian, Ubuntu, \
and OpenSSL's own default from 3.2 on) below 2048. The alert is bad_certificate, mostly. And a short key can't hold the \
padding of every scheme: PSS with SHA-512 needs 1040 bits (RFC 8017 9.1.1), so RSA-1024 can't sign rsa_pss_rsae_sha512. \
OpenSSL, Java and Chrome skip such a scheme; Firefox chooses it and fails in the token.

How it is told: the key's size against the server's smallest size, and against the length of the scheme's padding.

What helps: a key of 2048 bits or more. RSA with 1024 bits should not be used any more.",
    find,
};

/// What the key is too small for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TooSmall {
    Server,
    Scheme,
}

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let small = facts
        .open(Outcome::Fail)
        .filter(|(_, cell)| too_small(facts, cell).is_some());
    let by_what = cases(facts, small, |cell| too_small(facts, cell));
    by_what
        .iter()
        .map(|case| finding(case, too_small_for(case)))
        .collect()
}

fn too_small_for(case: &Case<'_>) -> Option<TooSmall> {
    case.cells
        .first()
        .and_then(|(_, cell)| too_small(&case.facts, cell))
}

/// The server's policy is reason enough, wherever the cell failed.
fn too_small(facts: &Facts<'_>, cell: &Cell) -> Option<TooSmall> {
    let key = facts
        .key(&cell.key)
        .filter(|key| key.key_type == KeyType::Rsa)?;
    let bits = key.bits?;
    if facts
        .profile_of(cell)
        .is_some_and(|profile| bits < profile.min_rsa_bits)
    {
        return Some(TooSmall::Server);
    }
    let too_long = |scheme: Option<u32>| scheme.is_some_and(|least| bits < least);
    let fitting = facts.fitting(cell);
    let scheme = match cell.stage {
        Some(Stage::Select) => {
            !fitting.is_empty() && fitting.iter().all(|scheme| too_long(scheme.min_rsa_bits()))
        }
        Some(Stage::Sign | Stage::Encode) => cell
            .scheme
            .is_some_and(|scheme| too_long(scheme.min_rsa_bits())),
        _ => false,
    };
    scheme.then_some(TooSmall::Scheme)
}

fn finding(case: &Case<'_>, too_small: Option<TooSmall>) -> Finding {
    let keys = case.keys();
    let named = case.keys_named();
    let is = number(keys.len(), "is", "are");
    let sizes = distinct(keys.iter().map(|key| key.type_for_people()));
    let (title, cause, mut remedies) = match too_small {
        Some(TooSmall::Server) => (
            format!(
                "{} on {} {is} too small for some servers",
                sentence(&named),
                case.token_named()
            ),
            format!(
                "{} {is} {}. {}",
                sentence(&named),
                prose::and(&sizes),
                policies(case)
            ),
            vec![lower_policy(case)],
        ),
        _ => (
            format!(
                "{} on {} {is} too small for the scheme",
                sentence(&named),
                case.token_named()
            ),
            format!(
                "{} {is} {}, and {}.",
                sentence(&named),
                prose::and(&sizes),
                paddings(case)
            ),
            shorter_paddings(case, &keys),
        ),
    };
    remedies.insert(0, card("Use a key of 2048 bits or more"));
    case.finding(RULE.id, Severity::Error, title, cause, remedies)
}

/// `Server `openssl-3.0` takes RSA keys of 2048 bits or more.`
fn policies(case: &Case<'_>) -> String {
    let profiles = case.profiles();
    let sizes = distinct(profiles.iter().map(|profile| profile.min_rsa_bits));
    let sentences = sizes.iter().map(|size| {
        let alike = profiles
            .iter()
            .filter(|profile| profile.min_rsa_bits == *size);
        let alike: Vec<_> = alike.copied().collect();
        let takes = number(alike.len(), "takes", "take");
        format!(
            "{} {takes} RSA keys of {size} bits or more.",
            sentence(&prose::servers(&alike))
        )
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// `rsa_pss_rsae_sha512 needs 1040 bits`.
fn paddings(case: &Case<'_>) -> String {
    let chosen = distinct(case.cells.iter().flat_map(|(_, cell)| match cell.scheme {
        Some(scheme) => vec![scheme],
        None => case.facts.fitting(cell),
    }));
    let needs = chosen
        .iter()
        .filter_map(|scheme| Some(format!("{scheme} needs {} bits", scheme.min_rsa_bits()?)));
    prose::and(&needs.collect::<Vec<_>>())
}

fn lower_policy(case: &Case<'_>) -> Remedy {
    let smallest = case
        .keys()
        .iter()
        .filter_map(|key| key.bits)
        .min()
        .unwrap_or_default();
    Remedy {
        breaks: vec!["the server's protection: RSA keys of this size can be broken".into()],
        ..remedy::server(format!(
            "Have the server take RSA keys of {smallest} bits (OpenSSL: a lower security level). Not advised"
        ))
    }
}

fn shorter_paddings(case: &Case<'_>, keys: &[&Key]) -> Vec<Remedy> {
    let bits = keys
        .iter()
        .filter_map(|key| key.bits)
        .min()
        .unwrap_or_default();
    let too_long = |scheme: Scheme| scheme.min_rsa_bits().is_some_and(|least| least > bits);
    let title = format!("Ask clients for no scheme that is too long for {bits} bits");
    remedy::fewer(title, client_list::without(case, too_long)).remedies(case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::ckr::Ckr;
    use crate::model::version::TlsVersion::V1_2;

    #[test]
    fn a_key_below_the_server_s_size_is_named_with_both_sizes() {
        let mut fixture = Fixture::new().key(rsa("k1", 1024));
        fixture
            .fails("k1", "openssl-3.0", V1_2, "openssl", Stage::ServerVerify)
            .alert = Some("bad_certificate".into());
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].cause,
            "Key `k1` is RSA-1024. Server `openssl-3.0` takes RSA keys of 2048 bits or more."
        );
    }

    #[test]
    fn a_padding_that_is_too_long_is_another_finding() {
        let mut fixture = Fixture::new().key(rsa("k1", 1024));
        let cell = fixture.fails("k1", "openssl-1.1.1", V1_2, "firefox", Stage::Sign);
        cell.scheme = Some(Scheme(0x0806));
        cell.ckr = Some(Ckr(5));
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].cause,
            "Key `k1` is RSA-1024, and rsa_pss_rsae_sha512 needs 1040 bits."
        );
    }

    #[test]
    fn a_large_key_that_is_refused_is_not_too_small() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture
            .fails("k1", "openssl-3.0", V1_2, "openssl", Stage::ServerVerify)
            .alert = Some("bad_certificate".into());
        assert!(find(&fixture.facts()).is_empty());
    }
}
