//! Attributes of objects, read leniently: modules differ in what they have and how they say that they don't.
#![forbid(unsafe_code)]

use cryptoki_sys as sys;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Tag, Tagged};

use super::raw::{ObjectHandle, Raw, SessionHandle};
use super::refusal::Refusal;
use crate::model::function::Function;
use crate::model::key_type::{Curve, KeyType};
use crate::model::mechanism::Mechanism;
use crate::model::public_key::PublicKey;

/// One object's attributes.
pub(super) struct Attributes<'a> {
    pub(super) raw: &'a Raw,
    pub(super) session: SessionHandle,
    pub(super) object: ObjectHandle,
}

impl Attributes<'_> {
    /// The bytes, none if the object lacks the attribute. What identifies an object is read so: one that could not be read
    /// for another reason must not pass for another object.
    ///
    /// # Errors
    /// What C_GetAttributeValue answered.
    pub(super) fn required(&self, kind: sys::CK_ATTRIBUTE_TYPE) -> Result<Vec<u8>, Refusal> {
        let read = self.raw.attribute(self.session, self.object, kind);
        read.map(Option::unwrap_or_default)
            .map_err(Refusal::of(Function::GetAttributeValue))
    }

    /// The bytes; `None` for any reason. A session that died shows in the next required read.
    pub(super) fn bytes(&self, kind: sys::CK_ATTRIBUTE_TYPE) -> Option<Vec<u8>> {
        let read = self.raw.attribute(self.session, self.object, kind);
        read.ok().flatten()
    }

    /// A CK_ULONG that every such object has.
    ///
    /// # Errors
    /// What C_GetAttributeValue answered.
    pub(super) fn required_number(
        &self,
        kind: sys::CK_ATTRIBUTE_TYPE,
    ) -> Result<Option<u64>, Refusal> {
        self.required(kind).map(|bytes| number(&bytes))
    }

    pub(super) fn number(&self, kind: sys::CK_ATTRIBUTE_TYPE) -> Option<u64> {
        self.bytes(kind).as_deref().and_then(number)
    }

    pub(super) fn flag(&self, kind: sys::CK_ATTRIBUTE_TYPE) -> Option<bool> {
        self.bytes(kind)?.first().map(|byte| *byte != sys::CK_FALSE)
    }

    pub(super) fn id(&self) -> Result<Vec<u8>, Refusal> {
        self.required(sys::CKA_ID)
    }

    pub(super) fn label(&self) -> Result<String, Refusal> {
        let label = self.required(sys::CKA_LABEL)?;
        let label = String::from_utf8_lossy(&label);
        Ok(label.trim_end_matches('\0').to_owned())
    }

    /// CKA_ALLOWED_MECHANISMS.
    pub(super) fn allowed_mechanisms(&self) -> Option<Vec<Mechanism>> {
        let bytes = self.bytes(sys::CKA_ALLOWED_MECHANISMS)?;
        let mechanisms = bytes.chunks_exact(size_of::<sys::CK_MECHANISM_TYPE>());
        Some(mechanisms.filter_map(number).map(Mechanism).collect())
    }

    /// CKA_EC_PARAMS.
    pub(super) fn ec_parameters(&self) -> Option<EcParameters> {
        EcParameters::from_der(&self.bytes(sys::CKA_EC_PARAMS)?)
    }

    /// The public key, from whichever attributes show it.
    pub(super) fn public_key(&self, key_type: u64) -> Option<PublicKey> {
        let info = self
            .bytes(sys::CKA_PUBLIC_KEY_INFO)
            .filter(|info| !info.is_empty());
        if let Some(key) = info.and_then(|info| PublicKey::from_spki(&info)) {
            return Some(key);
        }
        match key_type {
            sys::CKK_RSA => {
                let modulus = self.bytes(sys::CKA_MODULUS).filter(|n| !n.is_empty())?;
                let exponent = self
                    .bytes(sys::CKA_PUBLIC_EXPONENT)
                    .filter(|e| !e.is_empty())?;
                Some(PublicKey::rsa(&modulus, &exponent, false))
            }
            sys::CKK_EC | sys::CKK_EC_EDWARDS => {
                let point = self
                    .bytes(sys::CKA_EC_POINT)
                    .filter(|point| !point.is_empty())?;
                self.ec_parameters()?.public_key(&point)
            }
            _ => None,
        }
    }
}

/// What CKA_EC_PARAMS can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EcParameters {
    /// A Weierstrass curve of ours.
    Curve(Curve),
    /// A twisted Edwards curve (PKCS#11 3.1 §6.3.5).
    Edwards(KeyType),
    /// Anything else.
    Other,
}

impl EcParameters {
    /// Reads an OBJECT IDENTIFIER, or the PrintableString that PKCS#11 3.0 has for Edwards curves.
    pub(super) fn from_der(der: &[u8]) -> Option<EcParameters> {
        let any = AnyRef::from_der(der).ok()?;
        if any.tag() == Tag::PrintableString {
            return Some(Self::edwards_by_name(any.value()));
        }
        let oid = any.decode_as::<ObjectIdentifier>().ok()?.to_string();
        Some(match oid.as_str() {
            // RFC 8410's, and the ones of GnuPG that some cards keep
            "1.3.101.112" | "1.3.6.1.4.1.11591.15.1" => EcParameters::Edwards(KeyType::Ed25519),
            "1.3.101.113" => EcParameters::Edwards(KeyType::Ed448),
            oid => Curve::from_oid(oid).map_or(EcParameters::Other, EcParameters::Curve),
        })
    }

    fn edwards_by_name(name: &[u8]) -> EcParameters {
        match name {
            b"edwards25519" => EcParameters::Edwards(KeyType::Ed25519),
            b"edwards448" => EcParameters::Edwards(KeyType::Ed448),
            _ => EcParameters::Other,
        }
    }

    /// CKA_EC_POINT: a DER OCTET STRING, though some modules give its contents only.
    pub(super) fn public_key(self, point: &[u8]) -> Option<PublicKey> {
        let inner = <&OctetStringRef>::from_der(point).map_or(point, |octets| octets.as_bytes());
        match self {
            EcParameters::Curve(curve) => Some(PublicKey::Ec {
                curve,
                point: inner.to_vec(),
            }),
            EcParameters::Edwards(KeyType::Ed25519) => Some(PublicKey::Ed25519(inner.to_vec())),
            EcParameters::Edwards(_) => Some(PublicKey::Ed448(inner.to_vec())),
            EcParameters::Other => None,
        }
    }
}

/// A CK_ULONG in the machine's own order.
fn number(bytes: &[u8]) -> Option<u64> {
    let bytes: [u8; size_of::<sys::CK_ULONG>()] = bytes.try_into().ok()?;
    Some(sys::CK_ULONG::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn curves_come_as_an_oid_or_as_a_name() {
        let p256 = hex::decode("06082a8648ce3d030107").unwrap();
        assert_eq!(
            EcParameters::from_der(&p256),
            Some(EcParameters::Curve(Curve::P256))
        );
        let named = [b"\x13\x0c".as_slice(), b"edwards25519"].concat();
        assert_eq!(
            EcParameters::from_der(&named),
            Some(EcParameters::Edwards(KeyType::Ed25519))
        );
        let oid = hex::decode("06032b6570").unwrap();
        assert_eq!(
            EcParameters::from_der(&oid),
            Some(EcParameters::Edwards(KeyType::Ed25519))
        );
    }

    #[test]
    fn a_point_reads_the_same_wrapped_or_bare() {
        let bare = [4; 65];
        let wrapped = [&[0x04, 65], bare.as_slice()].concat();
        let curve = EcParameters::Curve(Curve::P256);
        assert_eq!(curve.public_key(&wrapped), curve.public_key(&bare));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = EcParameters::from_der(&bytes);
            let _ = EcParameters::Curve(Curve::P256).public_key(&bytes);
            let _ = number(&bytes);
        }
    }
}
