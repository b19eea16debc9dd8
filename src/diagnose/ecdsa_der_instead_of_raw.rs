//! `ecdsa-der-instead-of-raw`: the token gives an ECDSA signature in DER, where PKCS#11 wants r and s side by side.

use super::case::Case;
use super::flawed::{self, Mistake};
use super::remedy;
use super::{Facts, Rule};
use crate::model::autopsy::Flaw;
use crate::model::finding::{Finding, Remedy};

pub(super) static RULE: Rule = Rule {
    id: "ecdsa-der-instead-of-raw",
    title: "the token gives ECDSA signatures in DER, where PKCS#11 wants r and s side by side",
    explanation: "\
An ECDSA signature is two numbers, r and s. PKCS#11 has them side by side, each as long as the curve's order (2.3.1 in the \
mechanisms' document of 2.40); TLS and X.509 have them in DER. Every client of PKCS#11 therefore makes DER of what the token \
gives. A module that gives DER at once makes the signature unusable: clients refuse its length, or wrap it a second time, and the \
server answers with decrypt_error.

How it is told: C_Sign answered CKR_OK and gave something of another length than twice the order's, which reads as a DER \
sequence of two numbers that fit the curve.

What helps: a newer module, or another one for this card; an RSA key.",
    find,
};

static MISTAKE: Mistake = Mistake {
    id: RULE.id,
    is: |flaw| flaw == Flaw::DerNotRaw,
    does: "gives ECDSA signatures in DER instead of r and s side by side",
    fault: |_| {
        "the signature came in DER, where PKCS#11 wants the numbers r and s side by side".into()
    },
    consequence: "Clients can't use that.",
    remedies,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    flawed::find(facts, &MISTAKE)
}

fn remedies(_: &Case<'_>) -> Vec<Remedy> {
    vec![remedy::card("Use an RSA key, if there is one on the card")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, bad, ec, flawed};
    use crate::model::cell::Stage;
    use crate::model::key::Key;
    use crate::model::key_type::Curve;
    use crate::model::route::Route;

    fn unusable(key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        fixture.signs("firefox", 0x0403, Route::Ecdsa, Stage::Encode);
        fixture
    }

    #[test]
    fn der_is_told_by_its_name() {
        let key = flawed(ec("k1", Curve::P256), 0x0403, Route::Ecdsa, Flaw::DerNotRaw);
        let found = find(&unusable(key).facts());
        assert_eq!(
            (found.len(), found[0].cells.as_slice()),
            (1, [0].as_slice())
        );
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` signed with key `k1` by ecdsa_secp256r1_sha256 (CKM_ECDSA) and answered CKR_OK, but the signature came in DER, where PKCS#11 wants the numbers r and s side by side. Clients can't use that.
        ");
    }

    #[test]
    fn another_length_that_is_no_der_stays_malformed() {
        let key = bad(ec("k1", Curve::P256), 0x0403, Route::Ecdsa);
        assert!(find(&unusable(key).facts()).is_empty());
    }
}
