//! `eku-lacks-client-auth`: extendedKeyUsage of the certificate doesn't permit client authentication.

use super::objection::{self, Objection};
use super::prose;
use super::{Facts, Rule};
use crate::model::finding::Finding;
use crate::model::key::Key;

pub(super) static RULE: Rule = Rule {
    id: "eku-lacks-client-auth",
    title: "the certificate's extended key usage does not permit client authentication",
    explanation: "\
extendedKeyUsage says what a certificate is for. If the extension is there and has no clientAuth (1.3.6.1.5.5.7.3.2), the \
certificate is for something else: e-mail, Windows' smartcard logon, a server. Servers refuse it for a login, mostly with \
unsupported_certificate or bad_certificate, and browsers don't offer it. Cards often hold another key whose certificate is the right \
one.

How it is told: the certificate has extendedKeyUsage, with neither clientAuth nor anyExtendedKeyUsage in it.

What helps: the card's certificate for authentication; or a new certificate with clientAuth.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let objection = Objection {
        id: RULE.id,
        is: &lacks,
        verb: ("is not for logins", "are not for logins"),
        fact: &|key| {
            prose::sentence(&format!(
                "{} has an extendedKeyUsage without clientAuth.",
                objection::of(key)
            ))
        },
        consequence: "Servers refuse it, mostly with unsupported_certificate.",
        cure: "Use the card's certificate for authentication, or have the key certified anew, with clientAuth",
    };
    objection::find(facts, &objection)
}

fn lacks(key: &Key) -> bool {
    let certificate = key.certificate.as_ref();
    certificate.is_some_and(|certificate| certificate.client_auth == Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};

    fn with(client_auth: Option<bool>) -> Fixture {
        let mut key = rsa("k1", 2048);
        key.certificate.as_mut().unwrap().client_auth = client_auth;
        Fixture::new().key(key)
    }

    #[test]
    fn a_certificate_for_something_else_is_told() {
        let found = find(&with(Some(false)).facts());
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        The certificate of key `k1` on token `card` is not for logins
        The certificate of key `k1`, `CN=k1`, has an extendedKeyUsage without clientAuth. Servers refuse it, mostly with unsupported_certificate. cardcheck's own server doesn't look at it.
        ");
    }

    #[test]
    fn without_the_extension_or_with_client_auth_in_it_nothing_is_wrong() {
        assert!(find(&with(None).facts()).is_empty());
        assert!(find(&with(Some(true)).facts()).is_empty());
    }
}
