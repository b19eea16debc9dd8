//! The CertificateRequest, as a client sees it.

use super::scheme::Scheme;
use super::version::TlsVersion;

/// What a server asked for: read off the wire, or what a profile would ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The version that was negotiated.
    pub version: TlsVersion,
    /// signature_algorithms, in the server's order, unknown ones included.
    pub schemes: Vec<Scheme>,
    /// certificate_authorities, each the DER of a Name; empty: none sent.
    pub ca_names: Vec<Vec<u8>>,
}
