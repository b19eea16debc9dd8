//! What is replaced, what stays, and what the stand-ins can be compared by.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};

use super::*;
use crate::model::spki;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn certificate(&self) -> Certificate {
        Certificate::from_der(self.0.der()).unwrap()
    }

    fn issue(&self, name: &str) -> Certificate {
        let mut params = named(name);
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let issued = params.signed_by(&key, &self.0).unwrap();
        Certificate::from_der(issued.der()).unwrap()
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn self_signed(name: &str) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let made = named(name).self_signed(&key).unwrap();
    Certificate::from_der(made.der()).unwrap()
}

/// A card of Jane's with this certificate.
fn card_with(leaf: Certificate, chain: &[Certificate]) -> (Token, Vec<Key>) {
    let token = Token {
        id: "t1".into(),
        slot: 1_808_264_225,
        label: "Jane's card".into(),
        serial: "6bc7ec21".into(),
        model: "PKCS#15".into(),
        unreadable_certificates: vec!["Jane's old one".into()],
        ..Token::default()
    };
    let key = Key {
        id: "k1".into(),
        token: "t1".into(),
        label: "Jane".into(),
        cka_id: b"jane".to_vec(),
        uri: "pkcs11:object=Jane".into(),
        bits: Some(256),
        public_key_sha256: spki::sha256(&leaf.public_key),
        certificate: Some(Certificate {
            label: "Jane's login".into(),
            cka_id: b"jane".to_vec(),
            ..leaf
        }),
        chain_on_token: chain.to_vec(),
        ..Key::default()
    };
    (token, vec![key])
}

fn redacted(leaf: Certificate, chain: &[Certificate]) -> (Token, Key) {
    let (mut token, mut keys) = card_with(leaf, chain);
    let secret = Secret::of_card(&keys, &token.orphan_certificates);
    card(&mut token, &mut keys, &secret);
    (token, keys.pop().unwrap())
}

fn certificate(key: &Key) -> &Certificate {
    key.certificate.as_ref().unwrap()
}

#[test]
fn nothing_that_a_report_shows_names_anybody() {
    let authority = Authority::new("Jane's company");
    let leaf = authority.issue("Jane Doe");
    let (serial, sha256) = (leaf.serial.clone(), leaf.sha256.clone());
    let (token, key) = redacted(leaf, &[authority.certificate()]);
    let mut shown = vec![token.label, token.serial, token.slot.to_string()];
    shown.extend(token.unreadable_certificates);
    shown.extend([key.label.clone(), key.uri.clone(), hex::encode(&key.cka_id)]);
    shown.extend(key.public_key_sha256.clone());
    for one in key.certificate.iter().chain(&key.chain_on_token) {
        shown.extend([one.subject.clone(), one.issuer.clone(), one.label.clone()]);
        shown.extend([
            one.serial.clone(),
            one.sha256.clone(),
            hex::encode(&one.cka_id),
        ]);
    }
    let shown = shown.join("\n");
    let public_key = spki::sha256(&certificate(&key).public_key).unwrap();
    let slot = "1808264225";
    let id = hex::encode("jane");
    for name in ["jane", "6bc7ec21", slot, &id, &serial, &sha256, &public_key] {
        assert!(!shown.to_lowercase().contains(name), "{name} in\n{shown}");
    }
}

#[test]
fn what_a_diagnosis_needs_stays() {
    let authority = Authority::new("CA");
    let leaf = authority.issue("Jane Doe");
    let (token, key) = redacted(leaf.clone(), &[]);
    assert_eq!(token.model, "PKCS#15");
    assert_eq!(key.bits, Some(256));
    let shown = certificate(&key);
    assert_eq!(shown.not_after, leaf.not_after);
    assert_eq!(shown.client_auth, Some(true));
    // a handshake is still to be made with it
    assert_eq!(shown.der, leaf.der);
    assert_eq!(shown.issuer_der, leaf.issuer_der);
}

#[test]
fn a_short_id_and_a_small_slot_number_count_and_stay() {
    let (mut token, mut keys) = card_with(self_signed("Jane Doe"), &[]);
    token.slot = 4;
    keys[0].cka_id = vec![2];
    let secret = Secret::of_card(&keys, []);
    card(&mut token, &mut keys, &secret);
    assert_eq!((token.slot, keys[0].cka_id.as_slice()), (4, &[2][..]));
}

#[test]
fn a_key_and_its_certificate_are_still_seen_to_have_the_same_id() {
    let (_, key) = redacted(self_signed("Jane Doe"), &[]);
    assert_eq!(key.cka_id, certificate(&key).cka_id);
    assert_ne!(key.cka_id, b"jane");
}

#[test]
fn the_same_card_has_the_same_stand_ins_in_another_slot_and_another_does_not() {
    let leaf = self_signed("Jane Doe");
    let (token, key) = redacted(leaf.clone(), &[]);
    let (again, same) = redacted(leaf, &[]);
    assert_eq!((&token.label, &token.serial), (&again.label, &again.serial));
    assert_eq!((&key.label, &key.uri), (&same.label, &same.uri));
    let (other, _) = redacted(self_signed("Jane Doe"), &[]);
    assert_ne!((token.label, token.serial), (other.label, other.serial));
}

#[test]
fn cards_of_one_issuer_can_be_told_and_the_issuer_s_own_certificate_with_them() {
    let authority = Authority::new("CA");
    let (_, one) = redacted(authority.issue("Jane Doe"), &[authority.certificate()]);
    let (_, other) = redacted(authority.issue("John Doe"), &[]);
    let issuer = &certificate(&one).issuer;
    assert!(issuer.starts_with("ca-"), "{issuer}");
    assert_eq!(issuer, &certificate(&other).issuer);
    assert_eq!(issuer, &one.chain_on_token[0].subject);
    assert_ne!(certificate(&one).subject, certificate(&other).subject);
    // another authority that calls itself the same
    let namesake = Authority::new("CA").issue("Jane Doe");
    assert_ne!(issuer, &certificate(&redacted(namesake, &[]).1).issuer);
}

#[test]
fn who_signs_for_himself_is_no_issuer_to_be_compared() {
    let (_, key) = redacted(self_signed("Jane Doe"), &[]);
    let shown = certificate(&key);
    assert_eq!(shown.subject, shown.issuer);
    assert!(shown.issuer.starts_with("subject-"), "{}", shown.issuer);
}
