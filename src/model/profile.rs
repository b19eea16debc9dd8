//! Profiles: what a server asks of its clients.

use super::scheme::Scheme;
use super::version::TlsVersion;

/// What a server asks for in its CertificateRequest, for each version it speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// `openssl-1.1.1`.
    pub name: String,
    /// A line for people.
    pub about: String,
    /// Where the lists were learnt.
    pub source: String,
    /// The list in TLS 1.2, in the server's order; `None`: it doesn't speak TLS 1.2.
    pub tls12: Option<Vec<Scheme>>,
    /// The list in TLS 1.3, in the server's order; `None`: it doesn't speak TLS 1.3.
    pub tls13: Option<Vec<Scheme>>,
    /// certificate_authorities, each the DER of a Name; empty: none are sent.
    pub ca_names: Vec<Vec<u8>>,
    /// The smallest RSA key that the server's policy takes, in bits; 0: any.
    pub min_rsa_bits: u32,
    /// What is negotiated with a client that speaks both versions.
    pub negotiates: Option<TlsVersion>,
}

impl Profile {
    /// The list in this version; `None`: the server doesn't speak it.
    pub fn schemes(&self, version: TlsVersion) -> Option<&[Scheme]> {
        match version {
            TlsVersion::V1_2 => self.tls12.as_deref(),
            TlsVersion::V1_3 => self.tls13.as_deref(),
        }
    }
}
