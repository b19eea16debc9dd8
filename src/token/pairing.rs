//! Which certificate belongs to which key. CKA_ID says one thing, the public key another, and either may lie.
#![forbid(unsafe_code)]

use crate::model::certificate::{Certificate, chain_of};
use crate::model::key::{Key, Pairing};
use crate::model::key_type::KeyType;
use crate::model::spki;

/// A certificate object as read.
#[derive(Clone, Debug)]
pub(super) struct CertificateObject {
    pub(super) cka_id: Vec<u8>,
    pub(super) label: String,
    /// `None`: its CKA_VALUE is no certificate.
    pub(super) certificate: Option<Certificate>,
}

/// Keys with their certificates, and what was left over.
pub(super) struct Paired {
    pub(super) keys: Vec<Key>,
    /// Certificates of no CA that belong to no key.
    pub(super) orphans: Vec<Certificate>,
    /// Certificates of CAs.
    pub(super) issuers: Vec<Certificate>,
    /// Objects that hold no certificate, by label or CKA_ID.
    pub(super) unreadable: Vec<String>,
}

/// Pairs by public key first, since that is what a server verifies with; by CKA_ID where the public key can't tell.
pub(super) fn pair(mut keys: Vec<Key>, objects: Vec<CertificateObject>) -> Paired {
    let (readable, broken) = split(objects);
    for key in &mut keys {
        let (pairing, certificate) = certificate_for(key, &readable, &broken);
        key.chain_on_token = certificate
            .as_ref()
            .map_or_else(Vec::new, |leaf| chain_of(leaf, &readable));
        key.bits = key.bits.or_else(|| bits_of(key, certificate.as_ref()?));
        key.pairing = pairing;
        key.certificate = certificate;
        key.public_key_sha256 = key.verifying_key().and_then(spki::sha256);
    }
    let used = |candidate: &Certificate| {
        let mut certificates = keys.iter().filter_map(|key| key.certificate.as_ref());
        certificates.any(|certificate| certificate.der == candidate.der)
            || keys.iter().any(|key| owns(key, candidate))
    };
    let orphans = readable
        .iter()
        .filter(|candidate| !candidate.is_ca && !used(candidate))
        .cloned()
        .collect();
    let issuers = readable.iter().filter(|candidate| candidate.is_ca);
    Paired {
        issuers: issuers.cloned().collect(),
        orphans,
        unreadable: broken.iter().map(name).collect(),
        keys,
    }
}

fn split(objects: Vec<CertificateObject>) -> (Vec<Certificate>, Vec<CertificateObject>) {
    let mut readable = Vec::new();
    let mut broken = Vec::new();
    for object in objects {
        match object.certificate {
            Some(certificate) => readable.push(Certificate {
                cka_id: object.cka_id,
                label: object.label,
                ..certificate
            }),
            None => broken.push(object),
        }
    }
    (readable, broken)
}

fn certificate_for(
    key: &Key,
    certificates: &[Certificate],
    broken: &[CertificateObject],
) -> (Pairing, Option<Certificate>) {
    let same_id = |id: &[u8]| !key.cka_id.is_empty() && id == key.cka_id;
    let pick =
        |wanted: &dyn Fn(&Certificate) -> bool| newest(certificates.iter().filter(|c| wanted(c)));
    if let Some(both) = pick(&|c| owns(key, c) && same_id(&c.cka_id)) {
        return (Pairing::IdAndKey, Some(both));
    }
    if let Some(by_key) = pick(&|c| owns(key, c)) {
        return (Pairing::KeyOnly, Some(by_key));
    }
    if let Some(by_id) = pick(&|c| same_id(&c.cka_id)) {
        let pairing = match key.public_key.is_some() || contradict(key, &by_id) {
            true => Pairing::WrongKey,
            false => Pairing::IdOnly,
        };
        return (pairing, Some(by_id));
    }
    if broken.iter().any(|object| same_id(&object.cka_id)) {
        return (Pairing::Unreadable, None);
    }
    (Pairing::None, None)
}

fn owns(key: &Key, certificate: &Certificate) -> bool {
    let public_key = key.public_key.as_ref();
    public_key.is_some_and(|public_key| public_key.same_key(&certificate.public_key))
}

/// Are both of a known type, and not of the same? Then one of the two is not what it says it is (CACKey 0.7 takes every key for RSA).
fn contradict(key: &Key, certificate: &Certificate) -> bool {
    let types = [key.key_type, certificate.public_key.key_type()];
    !types.contains(&KeyType::Other) && types[0] != types[1]
}

fn bits_of(key: &Key, certificate: &Certificate) -> Option<u32> {
    let bits = certificate.public_key.bits();
    bits.filter(|_| !contradict(key, certificate))
}

/// Of several (a renewed certificate beside the old one), the one that is valid longest.
fn newest<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> Option<Certificate> {
    certificates
        .max_by_key(|certificate| certificate.not_after)
        .cloned()
}

fn name(object: &CertificateObject) -> String {
    if object.label.is_empty() {
        format!("id {}", hex::encode(&object.cka_id))
    } else {
        object.label.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::key_type::Curve;
    use crate::model::public_key::PublicKey;

    fn public(n: u8) -> PublicKey {
        PublicKey::rsa(&[0xc0, n], &[3], false)
    }

    fn key(id: u8, public_key: Option<u8>) -> Key {
        Key {
            cka_id: vec![id],
            key_type: KeyType::Rsa,
            can_sign: true,
            public_key: public_key.map(public),
            ..Key::default()
        }
    }

    fn certificate(id: u8, key: u8, not_after: i64) -> CertificateObject {
        CertificateObject {
            cka_id: vec![id],
            label: format!("cert {id:02x}"),
            certificate: Some(Certificate {
                der: vec![id, key, u8::try_from(not_after).unwrap()],
                subject_der: vec![key],
                issuer_der: vec![0xca],
                not_after,
                public_key: public(key),
                ..Certificate::default()
            }),
        }
    }

    fn pairing_of(key: Key, certificates: Vec<CertificateObject>) -> (Pairing, Option<i64>, usize) {
        let paired = pair(vec![key], certificates);
        let key = &paired.keys[0];
        let end = key.certificate.as_ref().map(|c| c.not_after);
        (key.pairing, end, paired.orphans.len())
    }

    #[test]
    fn same_id_and_same_key_belong_together() {
        let found = pairing_of(
            key(1, Some(7)),
            vec![certificate(1, 7, 9), certificate(2, 8, 9)],
        );
        assert_eq!(found, (Pairing::IdAndKey, Some(9), 1));
    }

    #[test]
    fn the_public_key_wins_over_the_id() {
        let found = pairing_of(
            key(1, Some(7)),
            vec![certificate(1, 8, 5), certificate(2, 7, 9)],
        );
        assert_eq!(found, (Pairing::KeyOnly, Some(9), 1));
    }

    #[test]
    fn a_certificate_of_another_key_under_the_same_id_is_told() {
        let found = pairing_of(key(1, Some(7)), vec![certificate(1, 8, 5)]);
        assert_eq!(found, (Pairing::WrongKey, Some(5), 0));
    }

    #[test]
    fn without_a_public_key_the_id_is_believed() {
        let found = pairing_of(key(1, None), vec![certificate(1, 8, 5)]);
        assert_eq!(found, (Pairing::IdOnly, Some(5), 0));
    }

    #[test]
    fn a_certificate_of_another_type_is_another_key_s_and_says_nothing_of_the_size() {
        let mut ec = certificate(1, 8, 5);
        ec.certificate.as_mut().unwrap().public_key = PublicKey::Ec {
            curve: Curve::P256,
            point: vec![4],
        };
        let paired = pair(vec![key(1, None)], vec![ec]);
        assert_eq!(paired.keys[0].pairing, Pairing::WrongKey);
        assert_eq!(paired.keys[0].bits, None);
    }

    #[test]
    fn of_an_old_and_a_renewed_certificate_the_renewed_one_is_taken_and_neither_is_an_orphan() {
        let found = pairing_of(
            key(1, Some(7)),
            vec![certificate(1, 7, 5), certificate(1, 7, 9)],
        );
        assert_eq!(found, (Pairing::IdAndKey, Some(9), 0));
    }

    #[test]
    fn an_object_that_is_no_certificate_is_named_and_not_taken() {
        let broken = CertificateObject {
            certificate: None,
            ..certificate(1, 7, 5)
        };
        let paired = pair(vec![key(1, Some(7))], vec![broken]);
        assert_eq!(paired.keys[0].pairing, Pairing::Unreadable);
        assert_eq!(paired.unreadable, ["cert 01"]);
    }
}
