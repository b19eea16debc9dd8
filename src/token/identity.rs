//! The same token and the same keys in another process: slots and handles change, serial numbers and public keys don't.
#![forbid(unsafe_code)]

use crate::model::key::Key;

/// Where each of the `known` keys is among those `found` now.
pub(super) fn places(known: &[Key], found: &[Key]) -> Vec<Option<usize>> {
    let place = |(at, key): (usize, &Key)| {
        // keys that nothing tells apart keep their order
        let before = known.iter().take(at).filter(|other| same_key(key, other));
        let alike = found
            .iter()
            .enumerate()
            .filter(|(_, other)| same_key(key, other));
        alike.map(|(place, _)| place).nth(before.count())
    };
    known.iter().enumerate().map(place).collect()
}

/// By CKA_ID and public key; a public key that the token doesn't show proves nothing.
fn same_key(one: &Key, other: &Key) -> bool {
    let same_public = match (&one.public_key, &other.public_key) {
        (Some(one), Some(other)) => one.same_key(other),
        _ => true,
    };
    (&one.cka_id, &one.label, one.key_type) == (&other.cka_id, &other.label, other.key_type)
        && same_public
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::public_key::PublicKey;

    fn key(id: u8, public: Option<u8>) -> Key {
        Key {
            cka_id: vec![id],
            public_key: public.map(|n| PublicKey::rsa(&[0xc0, n], &[3], false)),
            ..Key::default()
        }
    }

    #[test]
    fn keys_are_found_whatever_their_order() {
        let known = [key(1, Some(1)), key(2, Some(2)), key(3, None)];
        let found = [key(3, None), key(1, Some(1)), key(9, Some(9))];
        assert_eq!(places(&known, &found), [Some(1), None, Some(0)]);
    }

    #[test]
    fn another_key_under_the_same_id_is_not_the_key() {
        assert_eq!(places(&[key(1, Some(1))], &[key(1, Some(2))]), [None]);
        assert_eq!(places(&[key(1, Some(1))], &[key(1, None)]), [Some(0)]);
    }

    #[test]
    fn keys_that_are_alike_keep_their_order() {
        let twins = [key(1, None), key(1, None)];
        assert_eq!(places(&twins, &twins), [Some(0), Some(1)]);
        assert_eq!(places(&twins, &twins[..1]), [Some(0), None]);
    }
}
