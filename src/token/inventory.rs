//! What lies on a token: private keys, certificates, public keys.
#![forbid(unsafe_code)]

use cryptoki_sys as sys;

use super::attributes::{Attributes, EcParameters};
use super::pairing::{self, CertificateObject};
use super::protocol::Inventory;
use super::raw::{ObjectHandle, Raw, SessionHandle, TokenInfo};
use super::refusal::Refusal;
use crate::model::certificate::Certificate;
use crate::model::function::Function;
use crate::model::key::Key;
use crate::model::key_type::{Curve, KeyType};
use crate::model::public_key::PublicKey;
use crate::model::uri;

/// A private key's handle, and what it is found by again.
pub(super) struct FoundKey {
    pub(super) handle: ObjectHandle,
    pub(super) cka_id: Vec<u8>,
    pub(super) label: String,
}

/// A modulus that a token claims to be larger is not believed: paddings are made of its size.
const MOST_BITS: u32 = 16384;

/// Reads the token; the mechanisms are the caller's to fill in.
///
/// # Errors
/// C_FindObjects or the read of a key's type was refused.
pub(super) fn read(
    raw: &Raw,
    session: SessionHandle,
    token: &TokenInfo,
) -> Result<Inventory, Refusal> {
    let objects = Objects { raw, session };
    let public_keys = objects.public_keys()?;
    let mut keys = Vec::new();
    for found in private_keys(raw, session)? {
        keys.push(objects.key(&found, &public_keys, token)?);
    }
    let paired = pairing::pair(keys, objects.certificates()?);
    Ok(Inventory {
        keys: paired.keys,
        mechanisms: Vec::new(),
        orphan_certificates: paired.orphans,
        issuers: paired.issuers,
        unreadable_certificates: paired.unreadable,
    })
}

/// All private keys that the session sees, in the module's order.
///
/// # Errors
/// C_FindObjects was refused.
pub(super) fn private_keys(raw: &Raw, session: SessionHandle) -> Result<Vec<FoundKey>, Refusal> {
    let objects = Objects { raw, session };
    let found = objects.find(sys::CKO_PRIVATE_KEY)?;
    let found_key = |handle| {
        let attributes = objects.attributes(handle);
        Ok(FoundKey {
            handle,
            cka_id: attributes.id()?,
            label: attributes.label()?,
        })
    };
    found.into_iter().map(found_key).collect()
}

/// The public key that a private key object shows of itself.
pub(super) fn public_key(
    raw: &Raw,
    session: SessionHandle,
    key: ObjectHandle,
) -> Option<PublicKey> {
    let attributes = Objects { raw, session }.attributes(key);
    attributes.public_key(attributes.number(sys::CKA_KEY_TYPE)?)
}

struct Objects<'a> {
    raw: &'a Raw,
    session: SessionHandle,
}

impl<'a> Objects<'a> {
    fn find(&self, class: sys::CK_OBJECT_CLASS) -> Result<Vec<ObjectHandle>, Refusal> {
        let found = self.raw.find(self.session, class);
        found.map_err(Refusal::of(Function::FindObjects))
    }

    fn attributes(&self, object: ObjectHandle) -> Attributes<'a> {
        Attributes {
            raw: self.raw,
            session: self.session,
            object,
        }
    }

    fn public_keys(&self) -> Result<Vec<(Vec<u8>, PublicKey)>, Refusal> {
        let found = self.find(sys::CKO_PUBLIC_KEY)?;
        let read = |object| {
            let attributes = self.attributes(object);
            let key = attributes.number(sys::CKA_KEY_TYPE);
            let key = key.and_then(|key_type| attributes.public_key(key_type))?;
            Some(attributes.id().map(|id| (id, key)))
        };
        found.into_iter().filter_map(read).collect()
    }

    fn certificates(&self) -> Result<Vec<CertificateObject>, Refusal> {
        let found = self.find(sys::CKO_CERTIFICATE)?;
        let x509 = |object: &ObjectHandle| {
            let kind = self.attributes(*object).number(sys::CKA_CERTIFICATE_TYPE);
            kind.is_none_or(|kind| kind == sys::CKC_X_509)
        };
        let read = |object| {
            let attributes = self.attributes(object);
            Ok(CertificateObject {
                cka_id: attributes.id()?,
                label: attributes.label()?,
                certificate: Certificate::from_der(&attributes.required(sys::CKA_VALUE)?).ok(),
            })
        };
        found.into_iter().filter(x509).map(read).collect()
    }

    fn key(
        &self,
        found: &FoundKey,
        public_keys: &[(Vec<u8>, PublicKey)],
        token: &TokenInfo,
    ) -> Result<Key, Refusal> {
        let attributes = self.attributes(found.handle);
        let ck_type = attributes
            .required_number(sys::CKA_KEY_TYPE)?
            .unwrap_or(u64::MAX);
        let (key_type, curve) = key_type(ck_type, attributes.ec_parameters());
        let beside = || public_key_beside(&found.cka_id, key_type, public_keys);
        let public_key = attributes.public_key(ck_type).or_else(beside);
        let size = || {
            attributes
                .number(sys::CKA_MODULUS_BITS)
                .and_then(|bits| u32::try_from(bits).ok())
                .filter(|bits| *bits <= MOST_BITS)
        };
        Ok(Key {
            uri: uri::of_key(&token.label, &token.serial, &found.cka_id, &found.label),
            label: found.label.clone(),
            cka_id: found.cka_id.clone(),
            key_type,
            type_name: ck_type_name(ck_type),
            bits: public_key.as_ref().and_then(PublicKey::bits).or_else(size),
            curve,
            can_sign: attributes.flag(sys::CKA_SIGN).unwrap_or(true),
            always_authenticate: attributes
                .flag(sys::CKA_ALWAYS_AUTHENTICATE)
                .unwrap_or(false),
            allowed_mechanisms: attributes.allowed_mechanisms(),
            public_key,
            ..Key::default()
        })
    }
}

/// The public key object of the same CKA_ID and type: the only place where many modules keep an EC key's point.
fn public_key_beside(
    cka_id: &[u8],
    key_type: KeyType,
    public_keys: &[(Vec<u8>, PublicKey)],
) -> Option<PublicKey> {
    public_keys
        .iter()
        .find(|(id, key)| !cka_id.is_empty() && id == cka_id && key.key_type() == key_type)
        .map(|(_, key)| key.clone())
}

fn key_type(ck_type: u64, parameters: Option<EcParameters>) -> (KeyType, Option<Curve>) {
    match (ck_type, parameters) {
        (sys::CKK_RSA, _) => (KeyType::Rsa, None),
        (sys::CKK_EC | sys::CKK_EC_EDWARDS, Some(EcParameters::Edwards(key_type))) => {
            (key_type, None)
        }
        (sys::CKK_EC, Some(EcParameters::Curve(curve))) => (KeyType::Ec, Some(curve)),
        (sys::CKK_EC, _) => (KeyType::Ec, None),
        (sys::CKK_ML_DSA, _) => (KeyType::MlDsa, None),
        _ => (KeyType::Other, None),
    }
}

fn ck_type_name(ck_type: u64) -> String {
    let known = match ck_type {
        sys::CKK_RSA => "CKK_RSA",
        sys::CKK_DSA => "CKK_DSA",
        sys::CKK_DH => "CKK_DH",
        sys::CKK_EC => "CKK_EC",
        sys::CKK_X9_42_DH => "CKK_X9_42_DH",
        sys::CKK_GOSTR3410 => "CKK_GOSTR3410",
        sys::CKK_EC_EDWARDS => "CKK_EC_EDWARDS",
        sys::CKK_EC_MONTGOMERY => "CKK_EC_MONTGOMERY",
        sys::CKK_ML_DSA => "CKK_ML_DSA",
        other => return format!("CKK 0x{other:08x}"),
    };
    known.to_owned()
}
