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
    use crate::model::cell::Stage;
    use crate::model::ckr::Ckr;
    use crate::model::finding::{Change, Severity};
    use crate::model::key::Key;
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;
    use crate::model::scheme::Scheme;
    use crate::model::version::TlsVersion::V1_2;

    const WORKS: u16 = 0x0401;
    const REFUSED: u16 = 0x0601;

    fn limited() -> Key {
        let key = working(rsa("k1", 2048), WORKS, Route::RsaPkcs);
        refusing(key, REFUSED, Route::RsaPkcs)
    }

    fn refused(key: Key) -> Fixture {
        let mut fixture = Fixture::new().listing(Mechanism::RSA_PKCS_PSS).key(key);
        fixture.profile("openssl-3.0").tls12 = Some(vec![Scheme(REFUSED), Scheme(WORKS)]);
        let cell = fixture.fails("k1", "openssl-3.0", V1_2, "openssl", Stage::Sign);
        cell.scheme = Some(Scheme(REFUSED));
        cell.route = Some(Route::RsaPkcs);
        cell.ckr = Some(Ckr::MECHANISM_INVALID);
        fixture
    }

    #[test]
    fn the_hash_that_is_refused_leaves_the_list() {
        let found = find(&refused(limited()).facts());
        assert_eq!(
            (found.len(), found[0].cells.as_slice()),
            (1, [0].as_slice())
        );
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` refuses PKCS1 with SHA-512 on key `k1`: CKR_MECHANISM_INVALID. With SHA-256 it works. So openssl chooses what the key can't do.
        ");
        let change = found[0].remedies[0].change.as_ref();
        assert!(
            matches!(change, Some(Change::ClientSchemes { schemes, tls12_only: false }) if *schemes == [Scheme(WORKS)])
        );
    }

    #[test]
    fn a_limit_that_no_login_met_is_a_warning() {
        let found = find(&Fixture::new().key(limited()).facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
    }

    #[test]
    fn a_key_that_refuses_every_hash_or_is_too_short_is_not_limited() {
        let none = refusing(rsa("k1", 2048), REFUSED, Route::RsaPkcs);
        assert!(find(&refused(none).facts()).is_empty());
        let short = working(rsa("k1", 512), WORKS, Route::RsaPkcs);
        let short = refusing(short, 0x0806, Route::RsaPkcs);
        assert!(find(&Fixture::new().key(short).facts()).is_empty());
    }
}
