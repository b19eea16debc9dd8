//! Where handshakes are made: the servers that cells are tried against.

use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;
use crate::tls::{Attempt, Authority, Client, OFFERED_CURVES, Server, attempt, sendable};

/// Servers of one make, any number of them.
pub trait Venue: Sync {
    /// What of its list such a server puts on the wire, in its order. No token is asked.
    ///
    /// # Errors
    /// There can be no such server, and why.
    fn sent(&self, server: &Server) -> Result<Vec<Scheme>, String>;

    /// One handshake with it. Blocks for as long as the token takes to sign.
    fn attempt(&self, server: &Server, client: Client) -> Attempt;

    /// Why the outcome with this key would say nothing, if so.
    fn objection(&self, key: &Key, server: &Server) -> Option<String> {
        let _ = (key, server);
        None
    }

    /// Whether one handshake has to be over before the next may begin, in their order, whichever token signs.
    fn one_at_a_time(&self) -> bool {
        false
    }

    /// For sentences such as `rustls can't offer it`.
    fn name(&self) -> &str;
}

/// The server inside this process, by `rustls`: no socket, any list that `rustls` can send.
pub struct InProcess<'a>(pub &'a Authority);

impl Venue for InProcess<'_> {
    fn sent(&self, server: &Server) -> Result<Vec<Scheme>, String> {
        Ok(sendable(&server.schemes, server.version))
    }

    fn attempt(&self, server: &Server, client: Client) -> Attempt {
        attempt(self.0, server, client)
    }

    fn name(&self) -> &str {
        Run::IN_PROCESS
    }
}

/// Why the outcome with this key would say nothing: up to TLS 1.2, OpenSSL takes a certificate only if the client's supported_groups name its curve (RFC 8422 §5.1.1).
pub fn curve_not_offered(key: &Key, server: &Server) -> Option<String> {
    let curve = key.curve.filter(|_| server.version == TlsVersion::V1_2)?;
    let offered = OFFERED_CURVES.contains(&curve);
    (!offered).then(|| format!("rustls, whose client this is, can't offer the key's curve {curve}"))
}
