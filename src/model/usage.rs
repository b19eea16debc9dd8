//! What a certificate says it is for: keyUsage and extendedKeyUsage (RFC 5280 §4.2.1.3, §4.2.1.12).

use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::Certificate;

/// The names of the bits of keyUsage, as RFC 5280 has them; `None`: no keyUsage, or one that can't be read.
pub fn key_usage(certificate: &Certificate) -> Option<Vec<&'static str>> {
    let (_, parsed) = X509Certificate::from_der(&certificate.der).ok()?;
    let usage = parsed.key_usage().ok()??.value;
    let bits = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    Some(set(&bits))
}

/// The purposes of extendedKeyUsage by name, those without one by OID; `None`: no extendedKeyUsage, or one that can't be read.
pub fn extended_key_usage(certificate: &Certificate) -> Option<Vec<String>> {
    let (_, parsed) = X509Certificate::from_der(&certificate.der).ok()?;
    let usage = parsed.extended_key_usage().ok()??.value;
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = set(&known).into_iter().map(str::to_owned);
    let other = usage.other.iter().map(|oid| named(&oid.to_id_string()));
    Some(known.chain(other).collect())
}

fn set(bits: &[(bool, &'static str)]) -> Vec<&'static str> {
    let set = bits.iter().filter(|(is_set, _)| *is_set);
    set.map(|(_, name)| *name).collect()
}

/// Purposes that cards have beside RFC 5280's.
const PURPOSES: &[(&str, &str)] = &[
    ("1.3.6.1.4.1.311.20.2.2", "smartcardLogon"),
    ("1.3.6.1.5.2.3.4", "pkinitKPClientAuth"),
    ("2.16.840.1.101.3.6.8", "PIV cardAuth"),
];

fn named(oid: &str) -> String {
    let known = PURPOSES.iter().find(|(known, _)| *known == oid);
    known.map_or(oid, |(_, name)| *name).to_owned()
}
