//! What a handshake is made of: a server that asks, and a client that decides and signs.

use std::sync::Arc;

use crate::model::choice::Choice;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::sign::Sign;
use crate::model::version::TlsVersion;

/// A client's rule: from what the server asked for to what it does.
pub type Rule = dyn Fn(&Request) -> Choice + Send + Sync;

/// What the server is to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// The one version it speaks.
    pub version: TlsVersion,
    /// The list of its CertificateRequest; see [`sendable`](super::sendable).
    pub schemes: Vec<Scheme>,
    /// certificate_authorities, each the DER of a Name.
    pub ca_names: Vec<Vec<u8>>,
    /// The smallest RSA key that it takes, in bits.
    pub min_rsa_bits: u32,
}

/// What the client brings.
pub struct Client {
    /// The certificate, then its chain, DER.
    pub chain: Vec<Vec<u8>>,
    /// How it decides.
    pub rule: Arc<Rule>,
    /// How it signs.
    pub sign: Arc<dyn Sign>,
}
