//! Keys and certificates for a card, made on the spot: a root, an intermediate, and a user's certificate for each key.

use std::sync::OnceLock;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, RsaKeySize, SignatureAlgorithm,
};

use super::key::PrivateKey;
use super::objects::{Credential, Setup, Slot};

/// Who issues.
struct Authority {
    root: String,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Setup {
    /// A card with the four keys of PIV's own: 9A and 9C RSA-2048, 9D P-256, 9E P-384. Within a process they are made once:
    /// all such cards have the same keys.
    pub fn four_keys() -> Setup {
        static MADE: OnceLock<Setup> = OnceLock::new();
        let make = || {
            let rsa = || KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048);
            let ec = |algorithm: &'static SignatureAlgorithm| KeyPair::generate_for(algorithm);
            Setup::empty()
                .with(Slot::AUTHENTICATION, &rsa().expect("a key"))
                .with(Slot::SIGNATURE, &rsa().expect("a key"))
                .with(
                    Slot::KEY_MANAGEMENT,
                    &ec(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key"),
                )
                .with(
                    Slot::CARD_AUTHENTICATION,
                    &ec(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key"),
                )
        };
        MADE.get_or_init(make).clone()
    }

    /// With a key in this slot, and a certificate for it.
    pub fn with(self, slot: Slot, key: &KeyPair) -> Setup {
        self.put(slot, key, KeyUsagePurpose::DigitalSignature)
    }

    /// The same, for encryption only: its certificate says so.
    pub fn with_for_encryption(self, slot: Slot, key: &KeyPair) -> Setup {
        self.put(slot, key, KeyUsagePurpose::KeyEncipherment)
    }

    fn put(mut self, slot: Slot, key: &KeyPair, usage: KeyUsagePurpose) -> Setup {
        let name = format!("Card User {:02X}", slot.0);
        let certificate = authority().issue(&name, key, usage);
        let key = PrivateKey::from_pkcs8(key.serialized_der()).expect("RSA, P-256 or P-384");
        self.credentials.insert(
            slot,
            Credential {
                key,
                certificate: Some(certificate),
            },
        );
        self
    }

    /// With the key of this slot only.
    pub fn only(mut self, slot: Slot) -> Setup {
        self.credentials.retain(|of, _| *of == slot);
        self
    }

    /// Another card: programs tell it by its GUID.
    pub fn numbered(mut self, number: u8) -> Setup {
        self.guid[15] = number;
        self
    }
}

/// PEM of the root, and of the CA below it that issued the users' certificates.
pub fn issuers() -> [String; 2] {
    let authority = authority();
    [authority.root.clone(), authority.intermediate.pem()]
}

fn authority() -> &'static Authority {
    static MADE: OnceLock<Authority> = OnceLock::new();
    MADE.get_or_init(Authority::make)
}

impl Authority {
    fn make() -> Authority {
        let new_key = || KeyPair::generate().expect("a key");
        let root = CertifiedIssuer::self_signed(named_ca("Test Root CA"), new_key());
        let root = root.expect("a certificate");
        let intermediate =
            CertifiedIssuer::signed_by(named_ca("Test Issuing CA"), new_key(), &root);
        Authority {
            root: root.pem(),
            intermediate: intermediate.expect("a certificate"),
        }
    }

    fn issue(&self, name: &str, key: &KeyPair, usage: KeyUsagePurpose) -> Vec<u8> {
        let mut params = named(name);
        params.key_usages = vec![usage];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(key, &self.intermediate)
            .expect("a certificate");
        certificate.der().to_vec()
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    params
}

fn named_ca(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}
