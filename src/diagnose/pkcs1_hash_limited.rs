//! `pkcs1-hash-limited`: the token makes PKCS1 with some hashes and refuses others.

use super::hash_limit::{self, Padding};
use super::{Facts, Rule};
use crate::model::finding::Finding;
use crate::model::scheme::Kind;

pub(super) static RULE: Rule = Rule {
    id: "pkcs1-hash-limited",
    title: "the token makes PKCS1 signatures with some hashes only",
    explanation: "\
A PKCS1 signature names its hash in a DigestInfo, which the token gets from the client (CKM_RSA_PKCS) or makes itself \
(CKM_SHA256_RSA_PKCS and the like). Some cards look into the DigestInfo and take SHA-1 or SHA-256 only; keys in old Windows CSPs \
do SHA-1 only. A client that chooses another hash, because it is first in the list, is refused by the token.

How it is told: the token refused the signature with an error about the mechanism or the data, and signs with another hash on the \
same key over the same mechanism. Keys that are too short for the padding don't count.

What helps: a server that asks its clients for the hashes that work only; a newer module; a key of another type.",
    find,
};

static PADDING: Padding = Padding {
    id: RULE.id,
    name: "PKCS1",
    is: |scheme| matches!(scheme.kind(), Kind::RsaPkcs1(_)),
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    hash_limit::find(facts, &PADDING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::route::Route;

    #[test]
    fn the_hash_that_is_refused_and_the_one_that_works_are_named() {
        let key = working(rsa("k1", 2048), 0x0401, Route::RsaPkcs);
        let mut fixture = Fixture::new().key(refusing(key, 0x0601, Route::RsaPkcs));
        fixture.refuses("openssl", 0x0601, Route::RsaPkcs);
        let found = find(&fixture.facts());
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` refuses PKCS1 with SHA-512 on key `k1`: CKR_MECHANISM_INVALID. With SHA-256 it works. So openssl chooses what the key can't do.
        ");
    }

    #[test]
    fn the_other_padding_is_another_matter() {
        let key = working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        let mut fixture = Fixture::new().key(refusing(key, 0x0805, Route::RsaPkcsPss));
        fixture.refuses("openssl", 0x0805, Route::RsaPkcsPss);
        assert!(find(&fixture.facts()).is_empty());
    }
}
