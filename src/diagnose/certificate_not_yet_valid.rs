//! `certificate-not-yet-valid`: a key's certificate begins to be valid later.

use super::objection::{self, Objection};
use super::prose;
use super::{Facts, Rule};
use crate::model::certificate::Certificate;
use crate::model::finding::Finding;
use crate::model::key::Key;

pub(super) static RULE: Rule = Rule {
    id: "certificate-not-yet-valid",
    title: "a certificate is not valid yet",
    explanation: "\
Servers refuse a client certificate before the beginning of its validity, with bad_certificate or certificate_expired. A card that \
was made today for tomorrow is one reason, a clock that is behind is another, at the server or here.

How it is told: notBefore of the certificate lies after the moment of this run, by this machine's clock.

What helps: to wait; to set the clock, if it is wrong.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let now = facts.now;
    let objection = Objection {
        id: RULE.id,
        is: &|key| begins(key).is_some_and(|begin| begin > now),
        verb: ("is not valid yet", "are not valid yet"),
        fact: &fact,
        consequence: "Servers refuse it until then.",
        cure: "Wait until it is valid, and see whether the clocks are right",
    };
    objection::find(facts, &objection)
}

fn begins(key: &Key) -> Option<i64> {
    key.certificate
        .as_ref()
        .map(|Certificate { not_before, .. }| *not_before)
}

fn fact(key: &Key) -> String {
    let begin = begins(key).map(prose::date).unwrap_or_default();
    prose::sentence(&format!("{} is valid from {begin} on.", objection::of(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, NOW, ec};
    use crate::model::key_type::Curve;

    fn from(not_before: i64) -> Fixture {
        let mut key = ec("k1", Curve::P256);
        key.certificate.as_mut().unwrap().not_before = not_before;
        Fixture::new().key(key)
    }

    #[test]
    fn the_day_on_which_it_begins_is_told() {
        let found = find(&from(NOW + 86_400).facts());
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(found[0].cause, @r"
        The certificate of key `k1`, `CN=k1`, is valid from 2027-01-16 on. Servers refuse it until then. cardcheck's own server doesn't look at it.
        ");
    }

    #[test]
    fn from_the_first_second_on_it_is_valid() {
        assert!(find(&from(NOW).facts()).is_empty());
    }
}
