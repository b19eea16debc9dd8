//! A server that exists as a place where handshakes are made.

use crate::live::Door;
use crate::matrix::venue::{InProcess, Venue, curve_not_offered};
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;
use crate::tls::{Attempt, Client, Server};

/// That server for what it asks for; for anything else, such as a remedy's changed list, one inside.
pub(super) struct There<'a> {
    pub(super) door: &'a Door<'a>,
    /// What it asks for.
    pub(super) asks: &'a Profile,
    /// What it is called.
    pub(super) name: &'a str,
    pub(super) inside: InProcess<'a>,
}

impl There<'_> {
    fn is_it(&self, server: &Server) -> bool {
        self.asks.schemes(server.version) == Some(server.schemes.as_slice())
    }
}

impl Venue for There<'_> {
    /// It sends what it sent before.
    fn sent(&self, server: &Server) -> Result<Vec<Scheme>, String> {
        match self.is_it(server) {
            true => Ok(server.schemes.clone()),
            false => self.inside.sent(server),
        }
    }

    fn attempt(&self, server: &Server, client: Client) -> Attempt {
        match self.is_it(server) {
            true => self.door.knock(server.version, client),
            false => self.inside.attempt(server, client),
        }
    }

    fn objection(&self, key: &Key, server: &Server) -> Option<String> {
        curve_not_offered(key, server)
            .filter(|_| self.is_it(server))
            .map(|why| format!("{why}, and servers on OpenSSL refuse it then"))
    }

    /// A server may close on the second of two connections that wait for one token, or take the first for dead meanwhile.
    fn one_at_a_time(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        self.name
    }
}
