//! Stand-ins for what names a card, its holder or its desk, so that a report can be passed on.
//!
//! What is replaced: labels, serial numbers, subjects, issuers, CKA_IDs of more than one byte, URIs, hashes of certificates and
//! keys, slot numbers that are made from serial numbers, directories that may be somebody's. What stays is all that a
//! diagnosis needs: types, sizes, dates, usages, mechanisms, answers, versions, the module's name and its maker.
//!
//! A stand-in is an HMAC over the name, keyed with a public key of the same card: the same in every run and every file, and
//! not to be guessed by whoever has no certificate of that card. Names of certification authorities are keyed with the
//! authority's key identifier instead, so that cards of one issuer can be told to be of one: whoever has the authority's
//! certificate can tell, too, which one that is. A holder's self-signed certificate counts as the holder's.
//!
//! Names are replaced in the facts, before anything is made from them; a text made from them then needs no search for
//! names, in which `1` or `login` would be found everywhere.

mod authority;
mod path;
mod secret;

pub use secret::Secret;

use super::certificate::Certificate;
use super::key::Key;
use super::listing::{InSlot, ListedSlot, Listing};
use super::lost::How;
use super::obstacle::Obstacle;
use super::public_key::PublicKey;
use super::run::Run;
use super::token::Token;
use super::uri;

/// What a report says about itself when names are replaced in it.
const NOTE: &str = "names and serial numbers are replaced by stand-ins, which are the same in every such report of this card";

/// CKA_IDs of so many bytes count keys, and name nobody.
const SHORTEST_ID: usize = 1;

/// Slot numbers up to this count readers. SoftHSM2 makes its larger ones from the serial number.
const LARGEST_COUNTED_SLOT: u64 = 0xffff;

/// Replaces the names in what was read of a card. What a handshake needs stays: see [`run`] for that.
pub fn card<'a>(token: &mut Token, keys: impl IntoIterator<Item = &'a mut Key>, secret: &Secret) {
    let own = secret.at(&token.id);
    token.label = own.stand_in("token", token.label.as_bytes());
    token.serial = own.stand_in("serial", token.serial.as_bytes());
    token.slot = slot(token.slot, &own);
    for orphan in &mut token.orphan_certificates {
        certificate(orphan, secret);
    }
    for name in &mut token.unreadable_certificates {
        *name = own.stand_in("certificate", name.as_bytes());
    }
    for key in keys {
        self::key(key, token, secret);
    }
}

/// The same for everything that was found, once its tokens are done: paths, and what slots and obstacles say of a token.
pub fn listing(listing: &mut Listing) {
    for module in &mut listing.modules {
        module.path = path::shortened(&module.path);
        for finder in &mut module.found_by {
            *finder = path::shortened(finder);
        }
    }
    let default = listing.default_module.take();
    listing.default_module = default.map(|path| path::shortened(&path));
}

/// A slot is known by its token's serial number where the module makes the one from the other.
pub fn slot_of(slot: &mut ListedSlot) {
    let InSlot::Token(listed) = &slot.holds else {
        return;
    };
    if slot.id != listed.token.slot {
        slot.id = listed.token.slot;
        slot.description = "a slot of its own".into();
    }
}

/// What stands in the way of a token quotes its label and serial number.
pub fn obstacle(obstacle: &mut Obstacle, before: &Token, now: &Token) {
    for text in [&mut obstacle.what, &mut obstacle.next] {
        let quoted = |label: &str| format!("`{label}`");
        *text = text.replace(&quoted(&before.label), &quoted(&now.label));
        if !before.serial.is_empty() {
            *text = text.replace(&before.serial, &now.serial);
        }
        if before.slot != now.slot {
            *text = text.replace(&before.slot.to_string(), &now.slot.to_string());
        }
    }
}

/// Replaces what is left in a whole run, and forgets the certificates and public keys themselves: no report can show them.
pub fn run(run: &mut Run) {
    let path = std::mem::take(&mut run.module.path);
    run.module.path = path::shortened(&path);
    if run.module.path != path {
        texts(run, |text| {
            *text = text.replace(&path, &path::shortened(&path))
        });
    }
    for key in &mut run.keys {
        key.public_key = key.public_key.as_ref().map(forgotten);
        key.certificate.iter_mut().for_each(forget);
        key.chain_on_token.iter_mut().for_each(forget);
    }
    for token in &mut run.tokens {
        token.orphan_certificates.iter_mut().for_each(forget);
    }
    run.redacted = true;
    run.notes.push(NOTE.to_owned());
}

fn key(key: &mut Key, token: &Token, card: &Secret) {
    let own = card.of_key(key);
    key.label = own.stand_in("key", key.label.as_bytes());
    key.cka_id = id(&key.cka_id, &card.at(&key.id));
    key.uri = uri::of_key(&token.label, &token.serial, &key.cka_id, &key.label);
    let hash = key.public_key_sha256.take();
    key.public_key_sha256 = hash.map(|hash| hex::encode(own.whole("public key", hash.as_bytes())));
    key.certificate
        .iter_mut()
        .chain(&mut key.chain_on_token)
        .for_each(|one| certificate(one, card));
}

fn certificate(certificate: &mut Certificate, card: &Secret) {
    let own = card.of_certificate(certificate);
    let (subject, issuer) = authority::names(certificate, card);
    certificate.subject = subject;
    certificate.issuer = issuer;
    certificate.label = own.stand_in("certificate", certificate.label.as_bytes());
    certificate.serial = own.stand_in("serial", certificate.serial.as_bytes());
    certificate.cka_id = id(&certificate.cka_id, card);
    certificate.sha256 = hex::encode(own.whole("certificate", certificate.sha256.as_bytes()));
}

/// Equal ones of a card stay equal: what a key and its certificate are brought together by.
fn id(cka_id: &[u8], secret: &Secret) -> Vec<u8> {
    match cka_id.len() <= SHORTEST_ID {
        true => cka_id.to_vec(),
        false => secret.short("CKA_ID", cka_id).to_vec(),
    }
}

fn slot(slot: u64, secret: &Secret) -> u64 {
    if slot <= LARGEST_COUNTED_SLOT {
        return slot;
    }
    let bytes = secret.short("slot", &slot.to_be_bytes());
    let number = bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    LARGEST_COUNTED_SLOT + 1 + number % u64::from(u32::MAX >> 1)
}

/// Everything in a run that is prose, and may quote the module's path.
fn texts(run: &mut Run, mut change: impl FnMut(&mut String)) {
    run.notes.iter_mut().for_each(&mut change);
    for cell in &mut run.cells {
        cell.reason.iter_mut().for_each(&mut change);
        if let Some(How::Unusable(why)) = cell.lost.as_mut().map(|lost| &mut lost.how) {
            change(why);
        }
    }
    for finding in &mut run.findings {
        change(&mut finding.title);
        change(&mut finding.cause);
    }
}

fn forget(certificate: &mut Certificate) {
    certificate.der.clear();
    certificate.subject_der.clear();
    certificate.issuer_der.clear();
    certificate.public_key = forgotten(&certificate.public_key);
}

/// Of a public key only what kind it is.
fn forgotten(key: &PublicKey) -> PublicKey {
    match key {
        PublicKey::Rsa { pss_only, .. } => PublicKey::rsa(&[], &[], *pss_only),
        PublicKey::Ec { curve, .. } => PublicKey::Ec {
            curve: *curve,
            point: Vec::new(),
        },
        PublicKey::Ed25519(_) => PublicKey::Ed25519(Vec::new()),
        PublicKey::Ed448(_) => PublicKey::Ed448(Vec::new()),
        PublicKey::Other(_) => PublicKey::Other(Vec::new()),
    }
}

#[cfg(test)]
mod tests;
