//! `weak-certificate-signature`: the issuer signed the certificate, or an intermediate one, with a broken hash.

use super::objection::{self, Objection};
use super::prose::{self, distinct};
use super::{Facts, Rule};
use crate::model::certificate::Certificate;
use crate::model::finding::Finding;
use crate::model::key::Key;

pub(super) static RULE: Rule = Rule {
    id: "weak-certificate-signature",
    title: "a certificate is signed with a broken hash",
    explanation: "\
An issuer signs each certificate. Signatures with MD5 or SHA-1 can be forged, and today's servers refuse them anywhere in the chain \
but at the root, which is trusted for itself: OpenSSL 3.0 at security level 1 and OpenSSL 1.1.1 at level 2 (`ca md too weak`), Go \
from 1.18 on, Java by jdk.certpath.disabledAlgorithms. It has nothing to do with the hash that the key itself signs with.

How it is told: the signature algorithm of the certificate, or of one of its issuers on the token that isn't a root.

What helps: a new certificate. A lower security level lets it through, for as long as that takes.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let objection = Objection {
        id: RULE.id,
        is: &|key| weak(key).next().is_some(),
        verb: ("hangs on a broken hash", "hang on a broken hash"),
        fact: &fact,
        consequence: "Today's servers refuse it.",
        cure: "Have the key certified anew, with SHA-256 or better",
    };
    objection::find(facts, &objection)
}

/// The certificate and its issuers on the token, as far as they are signed with a broken hash. A root's own signature is
/// nobody's concern.
fn weak(key: &Key) -> impl Iterator<Item = (&Certificate, &'static str)> {
    let chain = key.certificate.iter().chain(&key.chain_on_token);
    let signed = chain.filter(|certificate| !certificate.is_self_issued());
    signed
        .filter_map(|certificate| Some((certificate, certificate.signature_algorithm.broken_hash?)))
}

fn fact(key: &Key) -> String {
    let leaf = key.certificate.as_ref();
    let found: Vec<(&Certificate, &str)> = weak(key).collect();
    let hashes = prose::and(&distinct(found.iter().map(|(_, hash)| *hash)));
    match found.first() {
        Some((first, _)) if Some(*first) == leaf => {
            prose::sentence(&format!("{} is signed with {hashes}.", objection::of(key)))
        }
        Some((first, _)) => format!(
            "{}, an issuer of {}, is signed with {hashes}.",
            prose::certificate(first),
            objection::of(key).trim_end_matches(',')
        ),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, certificate, rsa};

    fn with_sha1(certificate: Certificate) -> Certificate {
        let mut certificate = certificate;
        certificate.signature_algorithm.broken_hash = Some("SHA-1");
        certificate
    }

    #[test]
    fn a_certificate_signed_with_sha1_is_told() {
        let mut key = rsa("k1", 2048);
        key.certificate = key.certificate.map(with_sha1);
        let found = find(&Fixture::new().key(key).facts());
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        The certificate of key `k1` on token `card` hangs on a broken hash
        The certificate of key `k1`, `CN=k1`, is signed with SHA-1. Today's servers refuse it. cardcheck's own server doesn't look at it.
        ");
    }

    #[test]
    fn an_issuer_signed_with_sha1_is_told_too_but_a_root_is_not() {
        let mut key = rsa("k1", 2048);
        key.chain_on_token = vec![with_sha1(certificate("CN=CA", "CN=Root"))];
        let found = find(&Fixture::new().key(key.clone()).facts());
        insta::assert_snapshot!(found[0].cause, @r"
        `CN=CA`, an issuer of the certificate of key `k1`, `CN=k1`, is signed with SHA-1. Today's servers refuse it. cardcheck's own server doesn't look at it.
        ");
        key.chain_on_token = vec![with_sha1(certificate("CN=CA", "CN=CA"))];
        assert!(find(&Fixture::new().key(key).facts()).is_empty());
    }

    #[test]
    fn a_sound_hash_is_not_objected_to() {
        assert!(find(&Fixture::new().key(rsa("k1", 2048)).facts()).is_empty());
    }
}
