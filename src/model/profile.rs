//! Profiles: what a server asks of its clients.

use std::fmt;

use super::scheme::Scheme;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

impl TlsVersion {
    /// Both, older first.
    pub const ALL: [TlsVersion; 2] = [TlsVersion::V1_2, TlsVersion::V1_3];

    /// `1.2` or `1.3`.
    pub fn name(self) -> &'static str {
        match self {
            TlsVersion::V1_2 => "1.2",
            TlsVersion::V1_3 => "1.3",
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a server asks for in its CertificateRequest, for each version it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
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
