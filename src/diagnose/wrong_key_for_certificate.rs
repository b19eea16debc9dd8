//! `wrong-key-for-certificate`: CKA_ID pairs a key with a certificate that holds another public key.

use super::prose::{self, number};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::{Finding, Severity};
use crate::model::key::{Key, Pairing};
use crate::model::key_type::KeyType;
use crate::model::public_key::PublicKey;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "wrong-key-for-certificate",
    title: "the certificate belongs to another key",
    explanation: "\
Programs find the private key of a certificate by CKA_ID. Here the two have the same CKA_ID, but the certificate holds \
another public key than the one that belongs to the private key. The card signs without complaint, and every server refuses \
the signature, mostly with decrypt_error, for it doesn't check against the certificate. The usual reason: the key was made \
anew and the old certificate was left, or the new certificate was written under the wrong id.

It may also be the module that errs: CACKey takes every key for RSA, one on a curve too, and can't sign with that one.

How it is told: the token gives the key's own public key, and it is not the certificate's; or it gives none, and the key's \
CKA_KEY_TYPE is another type than the certificate's.

What helps: the certificate of this key, written under its CKA_ID, or a new one for it. Where the types differ, another module for \
the card, to see which of the two is right.",
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
    let named = prose::keys(keys);
    let pairs: Vec<String> = keys.iter().copied().filter_map(pair).collect();
    let types: Vec<String> = keys.iter().copied().filter_map(types).collect();
    let token = prose::token(Some(token));
    let why = match types.is_empty() {
        true => "But the certificate holds another public key. Servers refuse the signature, since it does not check against the \
                 certificate."
            .to_owned(),
        false => format!(
            "But {}. Either the certificate is another key's, or the module is wrong about the key.",
            prose::and(&types)
        ),
    };
    let mut remedies = vec![card(format!(
        "Write the right {} for {named} to the card, or have the key certified anew",
        number(keys.len(), "certificate", "certificates")
    ))];
    if !types.is_empty() {
        remedies.insert(0, card("Try another module for this card, such as OpenSC"));
    }
    Finding {
        id: RULE.id,
        severity: Severity::Error,
        title: format!("The certificate of {named} on {token} belongs to another key"),
        cause: format!(
            "By CKA_ID these belong together on {token}: {}. {why}",
            pairs.join("; ")
        ),
        cells: explained(facts, keys),
        remedies,
    }
}

/// What servers refused; all that failed of a key that is not of its certificate's type, with which nothing can work.
fn explained(facts: &Facts<'_>, keys: &[&Key]) -> Vec<usize> {
    let is_explained = |cell: &Cell| {
        let key = keys.iter().find(|key| key.id == cell.key);
        key.is_some_and(|key| cell.stage == Some(Stage::ServerVerify) || types(key).is_some())
    };
    let failed = facts.open(Outcome::Fail);
    let theirs = failed.filter(|(_, cell)| is_explained(cell));
    theirs.map(|(at, _)| at).collect()
}

/// ``the module says that key `auth` is RSA, and the certificate is for EC P-256``, where the two differ.
fn types(key: &Key) -> Option<String> {
    let public_key = &key.certificate.as_ref()?.public_key;
    let certified = public_key.key_type();
    (key.key_type != certified && certified != KeyType::Other).then(|| {
        format!(
            "the module says that {} is {}, and the certificate is for {}",
            prose::keys(&[key]),
            key.type_for_people(),
            type_of(public_key)
        )
    })
}

fn type_of(public_key: &PublicKey) -> String {
    let curve = match public_key {
        PublicKey::Ec { curve, .. } => Some(*curve),
        _ => None,
    };
    let key = Key {
        key_type: public_key.key_type(),
        bits: public_key.bits(),
        curve,
        ..Key::default()
    };
    key.type_for_people()
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
    fn a_key_of_another_type_than_its_certificate_s_explains_all_that_fails() {
        let mut key = Key {
            pairing: Pairing::WrongKey,
            ..rsa("k1", 2048)
        };
        key.certificate.as_mut().unwrap().public_key = PublicKey::Ed25519(vec![1]);
        let mut fixture = Fixture::new().key(key);
        fixture.fails("k1", "openssl-3.0", V1_2, "any", Stage::Sign);
        let found = find(&fixture.facts());
        assert_eq!(found[0].cells, [0]);
        assert!(
            found[0].cause.contains(
                "But the module says that key `k1` is RSA-2048, and the certificate is for Ed25519. Either"
            ),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn a_pair_that_belongs_together_is_not_blamed() {
        assert!(find(&with(Pairing::IdAndKey).facts()).is_empty());
        assert!(find(&with(Pairing::IdOnly).facts()).is_empty());
    }
}
