//! `pss-hash-limited`: the token makes RSA-PSS with some hashes and refuses others.

use super::hash_limit::{self, Padding};
use super::{Facts, Rule};
use crate::model::finding::Finding;

pub(super) static RULE: Rule = Rule {
    id: "pss-hash-limited",
    title: "the token makes RSA-PSS with some hashes only",
    explanation: "\
An RSA-PSS signature is made with a hash: SHA-256, SHA-384 or SHA-512. The mechanism CKM_RSA_PKCS_PSS takes the hash as a parameter, and \
C_GetMechanismList and C_GetMechanismInfo say nothing of it. Some cards and TPMs do SHA-256 only. A client that chooses another \
hash, because it is first in the list, is refused by the token.

How it is told: the token refused the signature with an error about the mechanism or the data, and signs with another hash on the \
same key over the same mechanism. Keys that are too short for the padding don't count.

What helps: a server that asks its clients for the hashes that work only; a newer module; a key of another type.",
    find,
};

static PADDING: Padding = Padding {
    id: RULE.id,
    name: "RSA-PSS",
    is: |scheme| scheme.is_pss(),
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
        let key = working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        let mut fixture = Fixture::new().key(refusing(key, 0x0805, Route::RsaPkcsPss));
        fixture.refuses("openssl", 0x0805, Route::RsaPkcsPss);
        let found = find(&fixture.facts());
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` refuses RSA-PSS with SHA-384 on key `k1`: CKR_MECHANISM_INVALID. With SHA-256 it works. So openssl chooses what the key can't do.
        ");
    }

    #[test]
    fn the_other_padding_is_another_matter() {
        let key = working(rsa("k1", 2048), 0x0401, Route::RsaPkcs);
        let mut fixture = Fixture::new().key(refusing(key, 0x0601, Route::RsaPkcs));
        fixture.refuses("openssl", 0x0601, Route::RsaPkcs);
        assert!(find(&fixture.facts()).is_empty());
    }
}
