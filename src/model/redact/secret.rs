//! What stand-ins are keyed with, so that nobody can guess a name and see whether its stand-in comes out.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::super::certificate::Certificate;
use super::super::key::Key;
use super::super::public_key::PublicKey;
use super::super::spki;

/// Bytes of a stand-in that stands in text.
const SHORT: usize = 6;

/// Something that belongs to a card, is the same in every run, and that nobody guesses: a public key. Whoever has the card's
/// certificate has it too, and knows the card again; that can't be helped, and is not what is hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    /// A SubjectPublicKeyInfo, or a key identifier, which is a hash over one.
    Key(Vec<u8>),
    /// The card shows no public key. Where the name stands is all that its stand-in is made from.
    Place(String),
}

impl Secret {
    /// A card's own: the least of its public keys, so that it doesn't matter in which order the module shows them. To be asked
    /// with all of its keys, whichever were selected.
    pub fn of_card<'a>(
        keys: impl IntoIterator<Item = &'a Key>,
        orphans: impl IntoIterator<Item = &'a Certificate>,
    ) -> Secret {
        let keys = keys.into_iter().filter_map(Key::verifying_key);
        let orphans = orphans.into_iter().map(|orphan| &orphan.public_key);
        let least = keys.chain(orphans).filter_map(spki::of).min();
        Secret(least.map_or(Kind::Place(String::new()), Kind::Key))
    }

    /// A key's own; the card's where the key shows no public half.
    pub(super) fn of_key(&self, key: &Key) -> Secret {
        match &self.0 {
            Kind::Place(_) => self.at(&key.id),
            Kind::Key(_) => self.of_public_key(key.verifying_key()),
        }
    }

    /// A certificate's own.
    pub(super) fn of_certificate(&self, certificate: &Certificate) -> Secret {
        self.of_public_key(Some(&certificate.public_key))
    }

    /// A certification authority's, by the key identifier that it and its certificates carry (RFC 5280 §4.2.1.1): the same
    /// for all of its cards.
    pub(super) fn of_authority(&self, key_identifier: Option<&[u8]>) -> Secret {
        key_identifier.map_or_else(|| self.clone(), |id| Secret(Kind::Key(id.to_vec())))
    }

    /// For a card that shows no public key: `t1`.
    pub(super) fn at(&self, place: &str) -> Secret {
        match &self.0 {
            Kind::Key(_) => self.clone(),
            Kind::Place(_) => Secret(Kind::Place(place.to_owned())),
        }
    }

    fn of_public_key(&self, key: Option<&PublicKey>) -> Secret {
        let own = key.and_then(spki::of);
        own.map_or_else(|| self.clone(), |der| Secret(Kind::Key(der)))
    }

    /// `key-3f9a1c20b7d4` for a value of this kind; what is empty names nobody and stays.
    pub(super) fn stand_in(&self, kind: &str, value: &[u8]) -> String {
        match value.is_empty() {
            true => String::new(),
            false => format!("{kind}-{}", hex::encode(self.short(kind, value))),
        }
    }

    /// The same as bytes.
    pub(super) fn short(&self, kind: &str, value: &[u8]) -> [u8; SHORT] {
        let mut short = [0; SHORT];
        for (to, from) in short.iter_mut().zip(self.whole(kind, value)) {
            *to = from;
        }
        short
    }

    /// The same, too long to meet another by chance.
    pub(super) fn whole(&self, kind: &str, value: &[u8]) -> [u8; 32] {
        let (key, value) = match &self.0 {
            Kind::Key(key) => (key.as_slice(), value),
            Kind::Place(place) => (&[][..], place.as_bytes()),
        };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
            // HMAC takes keys of any length
            return [0; 32];
        };
        mac.update(b"cardcheck stand-in v1\0");
        mac.update(kind.as_bytes());
        mac.update(b"\0");
        mac.update(value);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Key {
        Key {
            id: format!("k{n}"),
            public_key: Some(PublicKey::rsa(&[0xc0, n], &[3], false)),
            ..Key::default()
        }
    }

    fn card(keys: &[Key]) -> Secret {
        Secret::of_card(keys, [])
    }

    #[test]
    fn the_order_of_the_keys_does_not_matter() {
        assert!(card(&[key(1), key(2)]) == card(&[key(2), key(1)]));
    }

    #[test]
    fn one_name_has_another_stand_in_on_another_card_and_in_another_place() {
        let (one, other) = (card(&[key(1)]), card(&[key(2)]));
        let name = one.stand_in("key", b"Jane Doe");
        assert_eq!(name, one.stand_in("key", b"Jane Doe"));
        assert_ne!(name, other.stand_in("key", b"Jane Doe"));
        assert_ne!(name[4..], one.stand_in("token", b"Jane Doe")[6..]);
        assert_eq!(one.stand_in("key", b""), "");
    }

    #[test]
    fn what_is_keyed_with_nothing_does_not_depend_on_the_name() {
        let bare = card(&[]);
        let (first, second) = (bare.at("k1"), bare.at("k2"));
        assert_eq!(first.stand_in("key", b"a"), first.stand_in("key", b"b"));
        assert_ne!(first.stand_in("key", b"a"), second.stand_in("key", b"a"));
    }
}
