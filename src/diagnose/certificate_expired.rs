//! `certificate-expired`: a key's certificate is no longer valid.

use super::objection::{self, Objection};
use super::prose;
use super::{Facts, Rule};
use crate::model::certificate::Certificate;
use crate::model::finding::Finding;
use crate::model::key::Key;

pub(super) static RULE: Rule = Rule {
    id: "certificate-expired",
    title: "a certificate has expired",
    explanation: "\
Servers refuse a client certificate after the end of its validity, mostly with certificate_expired. Some browsers don't even offer it. \
The key itself signs as ever, which is why the cells of this report pass: cardcheck's own server doesn't look at the dates.

How it is told: notAfter of the certificate lies before the moment of this run, by this machine's clock.

What helps: a new certificate for the key, or a new card. If the date looks right, look at the clock.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let now = facts.now;
    let objection = Objection {
        id: RULE.id,
        is: &|key| ended(key).is_some_and(|end| end < now),
        verb: ("has expired", "have expired"),
        fact: &fact,
        consequence: "Servers refuse it, mostly with certificate_expired.",
        cure: "Have the key certified anew",
    };
    objection::find(facts, &objection)
}

fn ended(key: &Key) -> Option<i64> {
    key.certificate
        .as_ref()
        .map(|Certificate { not_after, .. }| *not_after)
}

fn fact(key: &Key) -> String {
    let end = ended(key).map(prose::date).unwrap_or_default();
    prose::sentence(&format!("{} was valid until {end}.", objection::of(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, NOW, rsa};

    fn until(not_after: i64) -> Fixture {
        let mut key = rsa("k1", 2048);
        key.certificate.as_mut().unwrap().not_after = not_after;
        Fixture::new().key(key)
    }

    #[test]
    fn the_day_on_which_it_ended_is_told() {
        let found = find(&until(NOW - 86_400).facts());
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        The certificate of key `k1` on token `card` has expired
        The certificate of key `k1`, `CN=k1`, was valid until 2027-01-14. Servers refuse it, mostly with certificate_expired. cardcheck's own server doesn't look at it.
        ");
    }

    #[test]
    fn to_the_last_second_it_is_valid() {
        assert!(find(&until(NOW).facts()).is_empty());
    }
}
