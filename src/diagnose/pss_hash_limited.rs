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
    use crate::model::cell::Stage;
    use crate::model::ckr::Ckr;
    use crate::model::finding::{Change, Severity};
    use crate::model::key::Key;
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;
    use crate::model::scheme::Scheme;
    use crate::model::version::TlsVersion::V1_2;

    const WORKS: u16 = 0x0804;
    const REFUSED: u16 = 0x0805;

    fn limited() -> Key {
        let key = working(rsa("k1", 2048), WORKS, Route::RsaPkcsPss);
        refusing(key, REFUSED, Route::RsaPkcsPss)
    }

    fn refused(key: Key) -> Fixture {
        let mut fixture = Fixture::new().listing(Mechanism::RSA_PKCS_PSS).key(key);
        fixture.profile("openssl-3.0").tls12 = Some(vec![Scheme(REFUSED), Scheme(WORKS)]);
        let cell = fixture.fails("k1", "openssl-3.0", V1_2, "openssl", Stage::Sign);
        cell.scheme = Some(Scheme(REFUSED));
        cell.route = Some(Route::RsaPkcsPss);
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
        Token `card` refuses RSA-PSS with SHA-384 on key `k1`: CKR_MECHANISM_INVALID. With SHA-256 it works. So openssl chooses what the key can't do.
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
        let none = refusing(rsa("k1", 2048), REFUSED, Route::RsaPkcsPss);
        assert!(find(&refused(none).facts()).is_empty());
        let short = working(rsa("k1", 512), WORKS, Route::RsaPkcsPss);
        let short = refusing(short, 0x0806, Route::RsaPkcsPss);
        assert!(find(&Fixture::new().key(short).facts()).is_empty());
    }
}
