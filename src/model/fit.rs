//! Does a certificate fit what a server asks for? By what the protocols say, whatever the server does in the end.

use super::version::TlsVersion;

/// A certificate, held against what a server asks for in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The key's `k1`; `None`: no key on the token belongs to the certificate.
    pub key: Option<String>,
    /// The token's `t1`.
    pub token: String,
    /// The certificate's subject, RFC 4514-like text; `None`: the key has no certificate.
    pub subject: Option<String>,
    /// SHA-256 over the certificate's DER, hex.
    pub sha256: Option<String>,
    /// The version.
    pub version: TlsVersion,
    /// The rules that exclude it, the first one first; none: it fits.
    pub exclusions: Vec<Exclusion>,
    /// The certificate that has to be sent with it, since only its issuer is named.
    pub bridge: Option<Bridge>,
}

impl Fit {
    /// Does nothing exclude it?
    pub fn fits(&self) -> bool {
        self.exclusions.is_empty()
    }

    /// Is it of this key's certificate, in this version?
    pub fn is_of(&self, key: &str, version: TlsVersion) -> bool {
        self.key.as_deref() == Some(key) && self.version == version
    }

    /// Is it excluded by this rule?
    pub fn is_excluded_by(&self, rule: FitRule) -> bool {
        self.exclusions
            .iter()
            .any(|exclusion| exclusion.rule == rule)
    }
}

/// Why a certificate doesn't fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The rule.
    pub rule: FitRule,
    /// A sentence.
    pub reason: String,
}

/// An intermediate certificate between a leaf and a CA that the server named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Its subject, RFC 4514-like text.
    pub subject: String,
    /// Where it lies.
    pub place: Place,
}

/// Where a certificate was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the token.
    Token,
    /// In a file that the user named.
    File,
}

/// The rules, in the order in which they are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitRule {
    /// Neither the issuer nor one above it is among the names of CAs (RFC 5246 §7.4.4, RFC 8446 §4.2.4).
    IssuerNotInCaNames,
    /// The issuer is among them to the eye only: the strings are of another ASN.1 type.
    IssuerOfOtherStringType,
    /// certificate_types leaves the key's type out (RFC 5246 §7.4.4, RFC 8422 §5.5).
    KeyTypeNotInCertificateTypes,
    /// signature_algorithms has nothing that such a key signs with in this version (RFC 8446 §4.2.3).
    NoCommonScheme,
    /// signature_algorithms_cert leaves out what the certificate, or one above it, is signed with (RFC 8446 §4.2.3).
    SignedOtherwise,
    /// extendedKeyUsage without clientAuth (RFC 5280 §4.2.1.12).
    EkuLacksClientAuth,
    /// keyUsage without digitalSignature (RFC 5280 §4.2.1.3).
    KuLacksDigitalSignature,
    /// notAfter is past (RFC 5280 §4.1.2.5).
    Expired,
    /// notBefore is to come.
    NotYetValid,
    /// The token has no key that belongs to it, or the key no certificate.
    NoKey,
}

impl FitRule {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            FitRule::IssuerNotInCaNames => "issuer_not_in_ca_names",
            FitRule::IssuerOfOtherStringType => "issuer_of_other_string_type",
            FitRule::KeyTypeNotInCertificateTypes => "key_type_not_in_certificate_types",
            FitRule::NoCommonScheme => "no_common_scheme",
            FitRule::SignedOtherwise => "signature_not_in_signature_algorithms_cert",
            FitRule::EkuLacksClientAuth => "eku_lacks_client_auth",
            FitRule::KuLacksDigitalSignature => "ku_lacks_digital_signature",
            FitRule::Expired => "expired",
            FitRule::NotYetValid => "not_yet_valid",
            FitRule::NoKey => "no_key",
        }
    }
}
