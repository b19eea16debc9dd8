//! `slow-card`: a signature takes a second or more.

use super::prose::{self, sentence};
use super::remedy::{card, server};
use super::{Facts, Rule};
use crate::model::capability::Answer;
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "slow-card",
    title: "a signature takes a second or more",
    explanation: "\
A TLS login is a signature, and the handshake waits for it. A browser opens several connections at the same time, which the card \
serves one after the other, so the last one waits for all. Servers and proxies end a handshake that takes too long; a page whose \
connections have to log in one by one feels broken before that.

How it is told: the median of the signatures that a key made in trials, from C_SignInit to the end of C_Sign. Keys for which somebody \
types the PIN at the reader each time are left out.

What helps: a key of another type: EC keys are many times faster than RSA keys on the same card; another reader; at the server, a \
longer time for the handshake, and TLS sessions that are resumed.",
    find,
};

/// From here on a person notices.
const SLOW_MS: f64 = 1000.0;

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let typed = |key: &Key| {
        let token = facts.token_of(key);
        key.always_authenticate && token.is_some_and(|token| token.pad)
    };
    let slow =
        facts.tokens_with(|key| !typed(key) && median_ms(key).is_some_and(|ms| ms >= SLOW_MS));
    slow.iter()
        .map(|(token, keys)| finding(token, keys))
        .collect()
}

/// The median of the trials' signatures.
fn median_ms(key: &Key) -> Option<f64> {
    let signed = key
        .capabilities
        .iter()
        .filter(|trial| trial.sign == Answer::Ok);
    let mut times: Vec<f64> = signed.filter_map(|trial| trial.sign_ms).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

fn finding(token: &Token, keys: &[&Key]) -> Finding {
    let times = keys.iter().filter_map(|key| {
        let seconds = median_ms(key)? / 1000.0;
        Some(format!("{seconds:.1} s with {}", prose::keys(&[key])))
    });
    let times = prose::and(&times.collect::<Vec<_>>());
    let token = prose::token(Some(token));
    Finding {
        id: RULE.id,
        severity: Severity::Note,
        title: format!("{} takes its time to sign", sentence(&token)),
        cause: format!(
            "A signature on {token} takes {times}. Every connection waits for one, and the card makes one at a time. A server or a \
             proxy that gives a handshake less time ends it."
        ),
        cells: Vec::new(),
        remedies: vec![
            card("Use an EC key if the card has one: it signs many times faster than an RSA key"),
            server("Give the handshake more time, and let TLS sessions be resumed"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa, working};
    use crate::model::route::Route;

    fn taking(times: &[f64]) -> Key {
        let key = |key, ms: &f64| {
            let mut key = working(key, 0x0804, Route::RsaPkcsPss);
            key.capabilities.last_mut().unwrap().sign_ms = Some(*ms);
            key
        };
        times.iter().fold(rsa("k1", 2048), key)
    }

    #[test]
    fn the_time_is_told_in_seconds() {
        let found = find(&Fixture::new().key(taking(&[1490.0, 1510.0, 90.0])).facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        assert!(
            found[0].cause.contains("takes 1.5 s with key `k1`"),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn one_slow_signature_among_quick_ones_is_no_slow_card() {
        assert!(find(&Fixture::new().key(taking(&[9000.0, 20.0, 20.0])).facts()).is_empty());
    }

    #[test]
    fn a_person_who_types_the_pin_is_no_slow_card() {
        let mut fixture = Fixture::new().key(Key {
            always_authenticate: true,
            ..taking(&[5000.0])
        });
        fixture.tokens[0].pad = true;
        assert!(find(&fixture.facts()).is_empty());
    }
}
