//! `digestinfo-missing`: the token pads the bare hash, where PKCS1 wants a DigestInfo that names it.

use super::case::Case;
use super::flawed::{self, Mistake, REFUSED};
use super::remedy;
use super::{Facts, Rule};
use crate::model::autopsy::Flaw;
use crate::model::finding::{Finding, Remedy};

pub(super) static RULE: Rule = Rule {
    id: "digestinfo-missing",
    title: "a PKCS1 signature holds the bare hash, without a DigestInfo",
    explanation: "\
A PKCS1 signature (RSASSA-PKCS1-v1_5) is made over a DigestInfo: the hash, and before it the name of the hash function (RFC 8017 \
9.2). CKM_RSA_PKCS takes the DigestInfo from the caller and adds the padding. Some modules leave it out. Servers refuse \
the signature, mostly with decrypt_error. pkcs11-provider up to 1.0 made the same mistake on the client's side, on tokens that have \
no mechanism which hashes.

How it is told: the token answered CKR_OK, the signature does not check, and undone with the certificate's public key it is the \
right hash in PKCS1 padding, with nothing before it.

What helps: a newer module; where RSA-PSS works on this key, a server that asks its clients for RSA-PSS before PKCS1 or for no \
PKCS1.",
    find,
};

static MISTAKE: Mistake = Mistake {
    id: RULE.id,
    is: |flaw| flaw == Flaw::BareHash,
    does: "makes PKCS1 signatures without a DigestInfo",
    fault: |_| FAULT.into(),
    consequence: REFUSED,
    remedies,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    flawed::find(facts, &MISTAKE)
}

const FAULT: &str =
    "the signature holds the bare hash, without the DigestInfo that names it (RFC 8017 9.2)";

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    remedy::without_pkcs1(case).remedies(case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{
        Fixture, bad, flawed, offers_a_change, refusing, rsa, working,
    };
    use crate::model::key::Key;
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;

    fn refused(key: Key) -> Fixture {
        let mut fixture = Fixture::new().listing(Mechanism::RSA_PKCS_PSS).key(key);
        fixture.signs_badly("chrome", 0x0401, Route::RsaPkcs);
        fixture
    }

    fn bare() -> Key {
        flawed(rsa("k1", 2048), 0x0401, Route::RsaPkcs, Flaw::BareHash)
    }

    #[test]
    fn a_bare_hash_is_told_and_pss_offered_where_it_works() {
        let pss = working(bare(), 0x0804, Route::RsaPkcsPss);
        let found = find(&refused(pss).facts());
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` signed with key `k1` by rsa_pkcs1_sha256 (CKM_RSA_PKCS) and answered CKR_OK, but the signature holds the bare hash, without the DigestInfo that names it (RFC 8017 9.2). Servers refuse that, mostly with decrypt_error.
        ");
        assert!(offers_a_change(&found[0]));
    }

    #[test]
    fn where_pss_does_not_work_no_list_is_offered() {
        let key = refusing(bare(), 0x0804, Route::RsaPkcsPss);
        let found = find(&refused(key).facts());
        assert!(!offers_a_change(&found[0]));
    }

    #[test]
    fn a_bad_signature_of_unknown_cause_is_not_this() {
        let key = bad(rsa("k1", 2048), 0x0401, Route::RsaPkcs);
        assert!(find(&refused(key).facts()).is_empty());
    }
}
