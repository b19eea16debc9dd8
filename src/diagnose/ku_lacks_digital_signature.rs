//! `ku-lacks-digital-signature`: keyUsage of the certificate doesn't permit signatures.

use super::objection::{self, Objection};
use super::prose;
use super::tried::{self, Works};
use super::{Facts, Rule};
use crate::model::finding::Finding;
use crate::model::key::Key;

pub(super) static RULE: Rule = Rule {
    id: "ku-lacks-digital-signature",
    title: "the certificate's key usage does not permit signatures",
    explanation: "\
keyUsage says what the key of a certificate may do. A TLS login is a signature, for which digitalSignature has to be set (RFC 8446 \
4.4.2.4, RFC 5246 7.4.6). A certificate with nonRepudiation only is for signing documents, one with keyEncipherment for e-mail; \
servers refuse both for a login, and browsers mostly don't offer them. Cards often hold another key whose certificate is the right \
one.

How it is told: the certificate has keyUsage, and digitalSignature is not in it. Of a key that doesn't sign, as CKA_SIGN says, it is \
nothing new, and key-not-for-signing tells that.

What helps: the card's certificate for authentication; or a new certificate with digitalSignature.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let objection = Objection {
        id: RULE.id,
        is: &lacks,
        verb: ("does not permit signatures", "do not permit signatures"),
        fact: &|key| {
            prose::sentence(&format!(
                "{} has a keyUsage without digitalSignature.",
                objection::of(key)
            ))
        },
        consequence: "Servers refuse it, mostly with unsupported_certificate or bad_certificate.",
        cure: "Use the card's certificate for authentication, or have the key certified anew, with digitalSignature",
    };
    objection::find(facts, &objection)
}

fn lacks(key: &Key) -> bool {
    let signs = key.can_sign || tried::anything(key) == Works::Yes;
    let certificate = key.certificate.as_ref().filter(|_| signs);
    certificate.is_some_and(|certificate| certificate.digital_signature == Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};

    fn with(digital_signature: Option<bool>) -> Fixture {
        let mut key = rsa("k1", 2048);
        key.certificate.as_mut().unwrap().digital_signature = digital_signature;
        Fixture::new().key(key)
    }

    #[test]
    fn a_certificate_that_is_not_for_signatures_is_told() {
        let found = find(&with(Some(false)).facts());
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        The certificate of key `k1` on token `card` does not permit signatures
        The certificate of key `k1`, `CN=k1`, has a keyUsage without digitalSignature. Servers refuse it, mostly with unsupported_certificate or bad_certificate. cardcheck's own server doesn't look at it.
        ");
    }

    #[test]
    fn a_key_for_encryption_has_the_right_certificate() {
        let mut fixture = with(Some(false));
        fixture.keys[0].can_sign = false;
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn without_the_extension_or_with_the_bit_set_nothing_is_wrong() {
        assert!(find(&with(None).facts()).is_empty());
        assert!(find(&with(Some(true)).facts()).is_empty());
    }
}
