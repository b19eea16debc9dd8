//! `wrong-key-for-certificate`: CKA_ID pairs a key with a certificate that holds another public key.

use super::prose::{self, number};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::cell::Stage;
use crate::model::finding::{Finding, Severity};
use crate::model::key::{Key, Pairing};
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "wrong-key-for-certificate",
    title: "the certificate belongs to another key",
    explanation: "\
Programs find the private key of a certificate by CKA_ID. Here the two have the same CKA_ID, but the certificate holds \
another public key than the one that belongs to the private key. The card signs without complaint, and every server refuses \
the signature, mostly with decrypt_error, for it doesn't check against the certificate. The usual reason: the key was made \
anew and the old certificate was left, or the new certificate was written under the wrong id.

How it is told: the token gives the key's own public key, and it is not the certificate's.

What helps: the certificate of this key, written under its CKA_ID, or a new one for it.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let wrong = facts.tokens_with(|key| key.pairing == Pairing::WrongKey);
    wrong
        .iter()
        .map(|(token, keys)| finding(facts, token, keys))
        .collect()
}

fn finding(facts: &Facts<'_>, token: &Token, keys: &[&Key]) -> Finding {
    let refused = facts.failed_at(Stage::ServerVerify);
    let theirs = refused.filter(|(_, cell)| keys.iter().any(|key| key.id == cell.key));
    let named = prose::keys(keys);
    let pairs: Vec<String> = keys.iter().copied().filter_map(pair).collect();
    let token = prose::token(Some(token));
    Finding {
        id: RULE.id,
        severity: Severity::Error,
        title: format!("The certificate of {named} on {token} belongs to another key"),
        cause: format!(
            "By CKA_ID these belong together on {token}: {}. But the certificate holds another public key. Servers refuse the \
             signature, since it does not check against the certificate.",
            pairs.join("; ")
        ),
        cells: theirs.map(|(at, _)| at).collect(),
        remedies: vec![card(format!(
            "Write the right {} for {named} to the card, or have the key certified anew",
            number(keys.len(), "certificate", "certificates")
        ))],
    }
}

/// ``key `auth` and certificate `CN=Jo` ``.
fn pair(key: &Key) -> Option<String> {
    let certificate = prose::certificate(key.certificate.as_ref()?);
    Some(format!(
        "{} and certificate {certificate}",
        prose::keys(&[key])
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    fn with(pairing: Pairing) -> Fixture {
        let mut fixture = Fixture::new().key(Key {
            pairing,
            ..rsa("k1", 2048)
        });
        fixture
            .fails("k1", "openssl-3.0", V1_2, "any", Stage::ServerVerify)
            .alert = Some("decrypt_error".into());
        fixture
    }

    #[test]
    fn a_certificate_of_another_key_explains_the_refusals() {
        let fixture = with(Pairing::WrongKey);
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cells, [0]);
        assert!(
            found[0].cause.contains("key `k1` and certificate `CN=k1`."),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn it_is_told_without_a_single_handshake() {
        let fixture = Fixture::new().key(Key {
            pairing: Pairing::WrongKey,
            ..rsa("k1", 2048)
        });
        assert_eq!(find(&fixture.facts()).len(), 1);
    }

    #[test]
    fn a_pair_that_belongs_together_is_not_blamed() {
        assert!(find(&with(Pairing::IdAndKey).facts()).is_empty());
        assert!(find(&with(Pairing::IdOnly).facts()).is_empty());
    }
}
