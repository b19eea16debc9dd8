//! Private keys as found on a token.

use serde::{Deserialize, Serialize};

use super::capability::Capability;
use super::certificate::Certificate;
use super::key_type::{Curve, KeyType};
use super::mechanism::Mechanism;
use super::public_key::PublicKey;
use super::scheme::KeyShape;

/// How a key and its certificate were brought together. CKA_ID and the public key may each lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pairing {
    /// Same CKA_ID, same public key.
    IdAndKey,
    /// Same public key, another CKA_ID: programs that pair by CKA_ID find no key for the certificate.
    KeyOnly,
    /// Same CKA_ID; the key's own public key could not be read.
    IdOnly,
    /// Same CKA_ID, but the certificate holds another public key.
    WrongKey,
    /// Same CKA_ID, but the object's CKA_VALUE is no certificate.
    Unreadable,
    /// No certificate.
    #[default]
    None,
}

/// A private key, its certificate and what it can do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Key {
    /// `k1`, `k2`, ...: its name in the report.
    pub id: String,
    /// The token's `t1`, `t2`, ...
    pub token: String,
    /// CKA_LABEL.
    pub label: String,
    /// CKA_ID.
    pub cka_id: Vec<u8>,
    /// RFC 7512 URI that names the key.
    pub uri: String,
    /// The type.
    pub key_type: KeyType,
    /// The name of CKA_KEY_TYPE where the type is [`KeyType::Other`].
    pub type_name: String,
    /// Modulus bits of RSA, field bits of EC, parameter set of ML-DSA; `None` if the token doesn't tell.
    pub bits: Option<u32>,
    /// The curve of an EC key, if it is one of ours.
    pub curve: Option<Curve>,
    /// CKA_SIGN.
    pub can_sign: bool,
    /// CKA_ALWAYS_AUTHENTICATE: the PIN is verified for every signature.
    pub always_authenticate: bool,
    /// CKA_ALLOWED_MECHANISMS; `None` or empty: no restriction.
    pub allowed_mechanisms: Option<Vec<Mechanism>>,
    /// The public key that the token itself gives, if any.
    pub public_key: Option<PublicKey>,
    /// SHA-256 over the SubjectPublicKeyInfo of the key that a server verifies with, hex; `None`: no public key is known.
    pub public_key_sha256: Option<String>,
    /// The certificate, if there is one.
    pub certificate: Option<Certificate>,
    /// How the two were paired.
    pub pairing: Pairing,
    /// Certificates on the token that chain to the leaf, issuer of the leaf first.
    pub chain_on_token: Vec<Certificate>,
    /// What each scheme over each route gave.
    pub capabilities: Vec<Capability>,
}

impl Key {
    /// What decides which schemes fit.
    pub fn shape(&self) -> KeyShape {
        let pss_only = self
            .certificate
            .as_ref()
            .is_some_and(|certificate| certificate.public_key.is_pss_only());
        KeyShape {
            key_type: self.key_type,
            bits: self.bits,
            curve: self.curve,
            pss_only,
        }
    }

    /// The key that a server will verify with: the certificate's, else the token's own.
    pub fn verifying_key(&self) -> Option<&PublicKey> {
        self.certificate
            .as_ref()
            .map(|certificate| &certificate.public_key)
            .or(self.public_key.as_ref())
    }

    /// May the key be used with the mechanism, by its own attributes? An empty list restricts nothing.
    pub fn allows(&self, mechanism: Mechanism) -> bool {
        let listed = match &self.allowed_mechanisms {
            Some(allowed) if !allowed.is_empty() => allowed.contains(&mechanism),
            _ => true,
        };
        self.can_sign && listed
    }

    /// Type and size for a person: `RSA-2048`, `EC P-384`, `Ed25519`.
    pub fn type_for_people(&self) -> String {
        match (self.key_type, self.bits, self.curve) {
            (KeyType::Rsa, Some(bits), _) => format!("RSA-{bits}"),
            (KeyType::Rsa, None, _) => "RSA".into(),
            (KeyType::Ec, _, Some(curve)) => format!("EC {curve}"),
            (KeyType::Ec, ..) => "EC, unknown curve".into(),
            (KeyType::Ed25519, ..) => "Ed25519".into(),
            (KeyType::Ed448, ..) => "Ed448".into(),
            (KeyType::MlDsa, Some(set), _) => format!("ML-DSA-{set}"),
            (KeyType::MlDsa, None, _) => "ML-DSA".into(),
            (KeyType::Other, ..) => self.type_name.clone(),
        }
    }

    /// What a person calls the key: its label, else its CKA_ID, else its name in the report.
    pub fn name_for_people(&self) -> String {
        match (self.label.is_empty(), self.cka_id.is_empty()) {
            (false, _) => self.label.clone(),
            (true, false) => hex::encode(&self.cka_id),
            (true, true) => self.id.clone(),
        }
    }
}
