//! A certificate taken apart: what of it people look at when a server refuses it.

use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OidEntry, OidRegistry};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::certificate::{Certificate, NotACertificate};
use super::usage;

/// Everything in a certificate that bears on a login, beyond what [`Certificate`] holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// The subject's attributes, in the certificate's order.
    pub subject: Vec<Attribute>,
    /// The issuer's attributes, in the certificate's order.
    pub issuer: Vec<Attribute>,
    /// keyUsage by the names of RFC 5280 §4.2.1.3; `None`: no such extension.
    pub key_usage: Option<Vec<String>>,
    /// extendedKeyUsage by name, else by OID (RFC 5280 §4.2.1.12); `None`: no such extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// certificatePolicies by OID (RFC 5280 §4.2.1.4).
    pub policies: Vec<String>,
    /// subjectAltName, each with its kind in front: `email:jo@example.test`.
    pub alternative_names: Vec<String>,
    /// Where the issuer's certificate can be had, caIssuers (RFC 5280 §4.2.2.1).
    pub ca_issuers: Vec<String>,
    /// OCSP responders.
    pub ocsp: Vec<String>,
    /// Where revocation lists lie (RFC 5280 §4.2.1.13).
    pub crls: Vec<String>,
    /// Critical extensions that nobody here can read, by OID: a server has to refuse those that it doesn't know.
    pub unknown_critical: Vec<String>,
}

/// An attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// `CN`, else the OID.
    pub name: String,
    /// Its text, or `#` and hex where it is none.
    pub value: String,
    /// `UTF8String`, `PrintableString`, ...: two names that differ in this alone look alike and are not the same.
    pub string_type: String,
}

impl Anatomy {
    /// Takes a certificate apart. An extension that can't be read is left out.
    ///
    /// # Errors
    /// Its DER is no certificate.
    pub fn of(certificate: &Certificate) -> Result<Anatomy, NotACertificate> {
        let (_, parsed) = X509Certificate::from_der(&certificate.der)?;
        let key_usage = usage::key_usage(certificate);
        let mut anatomy = Anatomy {
            key_usage: key_usage.map(|names| names.into_iter().map(str::to_owned).collect()),
            extended_key_usage: usage::extended_key_usage(certificate),
            subject: attributes(parsed.subject()),
            issuer: attributes(parsed.issuer()),
            ..Anatomy::default()
        };
        for extension in parsed.extensions() {
            anatomy.read(extension.parsed_extension(), extension.critical);
        }
        Ok(anatomy)
    }

    fn read(&mut self, extension: &ParsedExtension<'_>, critical: bool) {
        match extension {
            ParsedExtension::CertificatePolicies(policies) => {
                let oids = policies
                    .iter()
                    .map(|policy| policy.policy_id.to_id_string());
                self.policies = oids.collect();
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                self.alternative_names = names.general_names.iter().map(general_name).collect();
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                for place in &access.accessdescs {
                    let name = location(&place.access_location);
                    match place.access_method.to_id_string().as_str() {
                        CA_ISSUERS => self.ca_issuers.push(name),
                        OCSP => self.ocsp.push(name),
                        _ => {}
                    }
                }
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                let names = points
                    .iter()
                    .filter_map(|point| point.distribution_point.as_ref());
                for name in names {
                    if let DistributionPointName::FullName(names) = name {
                        self.crls.extend(names.iter().map(location));
                    }
                }
            }
            ParsedExtension::UnsupportedExtension { oid } if critical => {
                self.unknown_critical.push(oid.to_id_string());
            }
            _ => {}
        }
    }
}

const OCSP: &str = "1.3.6.1.5.5.7.48.1";
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// The attributes of a DER Name, in its order; none if it is no Name.
pub fn attributes_of(der: &[u8]) -> Vec<Attribute> {
    let read = X509Name::from_der(der);
    read.map_or_else(|_| Vec::new(), |(_, name)| attributes(&name))
}

fn attributes(name: &X509Name<'_>) -> Vec<Attribute> {
    let registry = OidRegistry::default().with_x509();
    let attributes = name.iter_attributes();
    attributes
        .map(|attribute| {
            let oid = attribute.attr_type();
            let short = registry.get(oid).map(OidEntry::sn);
            let text = attribute.as_str();
            let value = attribute.attr_value();
            Attribute {
                name: short.map_or(oid.to_id_string(), abbreviation),
                value: text.map_or_else(|_| other_text(value.tag(), value.data), str::to_owned),
                string_type: string_type(value.tag()),
            }
        })
        .collect()
}

/// RFC 4514 §3 has letters for the commonest.
fn abbreviation(name: &str) -> String {
    let known = ABBREVIATIONS.iter().find(|(long, _)| *long == name);
    known.map_or(name, |(_, short)| short).to_owned()
}

const ABBREVIATIONS: &[(&str, &str)] = &[
    ("commonName", "CN"),
    ("organizationName", "O"),
    ("organizationalUnitName", "OU"),
    ("countryName", "C"),
    ("localityName", "L"),
    ("stateOrProvinceName", "ST"),
    ("streetAddress", "STREET"),
    ("domainComponent", "DC"),
    ("userId", "UID"),
];

/// BMPString is UTF-16, big-endian; what CAs call TeletexString is Latin 1; of all else the bytes are shown.
fn other_text(tag: Tag, bytes: &[u8]) -> String {
    match tag {
        Tag::T61String => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Tag::BmpString => {
            let units = bytes.chunks_exact(2);
            let units = units.filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => format!("#{}", hex::encode(bytes)),
    }
}

fn string_type(tag: Tag) -> String {
    match tag {
        Tag::Utf8String => "UTF8String".into(),
        Tag::PrintableString => "PrintableString".into(),
        Tag::Ia5String => "IA5String".into(),
        Tag::T61String => "TeletexString".into(),
        Tag::BmpString => "BMPString".into(),
        Tag::UniversalString => "UniversalString".into(),
        Tag::NumericString => "NumericString".into(),
        other => format!("tag {}", other.0),
    }
}

/// A name with its kind in front.
fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::RFC822Name(email) => format!("email:{email}"),
        GeneralName::DNSName(host) => format!("DNS:{host}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        GeneralName::DirectoryName(name) => format!("directory:{name}"),
        GeneralName::IPAddress(bytes) => format!("IP:{}", hex::encode(bytes)),
        GeneralName::OtherName(oid, value) => other_name(&oid.to_id_string(), value),
        GeneralName::RegisteredID(oid) => format!("OID:{}", oid.to_id_string()),
        _ => "of another kind".into(),
    }
}

/// Windows maps a card to its user by the UPN.
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";

fn other_name(oid: &str, value: &[u8]) -> String {
    let kind = if oid == UPN { "UPN" } else { oid };
    // [0] EXPLICIT and the string's own header
    let text = value
        .get(4..)
        .and_then(|text| std::str::from_utf8(text).ok());
    match text.filter(|_| oid == UPN) {
        Some(text) => format!("{kind}:{text}"),
        None => format!("{kind}:#{}", hex::encode(value)),
    }
}

fn location(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::URI(uri) => (*uri).to_owned(),
        other => general_name(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn certificate() -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["jo.example.test".into()]).unwrap();
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn usages_and_names_are_read() {
        let anatomy = Anatomy::of(&Certificate::from_der(&certificate()).unwrap()).unwrap();
        assert_eq!(anatomy.key_usage, Some(vec!["digitalSignature".into()]));
        assert_eq!(anatomy.extended_key_usage, Some(vec!["clientAuth".into()]));
        assert_eq!(anatomy.alternative_names, ["DNS:jo.example.test"]);
        assert_eq!(anatomy.subject[0].name, "CN");
        assert_eq!(anatomy.subject[0].string_type, "UTF8String");
    }

    #[test]
    fn a_upn_is_read_out_of_its_wrapping() {
        assert_eq!(other_name(UPN, b"\xa0\x06\x0c\x04jo@x"), "UPN:jo@x");
        assert_eq!(other_name(UPN, b""), "UPN:#");
    }

    #[test]
    fn a_bmp_string_is_text() {
        assert_eq!(other_text(Tag::BmpString, b"\0J\0o"), "Jo");
        assert_eq!(other_text(Tag::T61String, b"Z\xfcrich"), "Zürich");
        assert_eq!(other_text(Tag::OctetString, b"\xff"), "#ff");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0_usize..300, byte in any::<u8>()) {
            let mut der = certificate();
            if let Some(place) = der.get_mut(at) {
                *place = byte;
            }
            let changed = Certificate { der, ..Certificate::default() };
            let _ = Anatomy::of(&changed);
        }
    }
}
