//! The matrix floor: which cells there are, the handshakes they need, and what came of them.
//!
//! [`plan`] is pure: cells, and the fewest handshakes that answer them. [`run`] makes the handshakes and emits events.
//! [`judge`] turns attempts into cells, [`prove`] runs failing cells again under a finding's remedy.
#![forbid(unsafe_code)]

pub mod judge;
pub mod plan;
pub mod profiles;
pub mod prove;
pub mod run;

use crate::clients::{Card, Client};
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::token::Token;

/// What a matrix is made of.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    /// The tokens.
    pub tokens: &'a [Token],
    /// The keys, capabilities filled in.
    pub keys: &'a [Key],
    /// The servers.
    pub profiles: &'a [Profile],
    /// The clients.
    pub clients: &'a [&'static dyn Client],
}

impl<'a> Table<'a> {
    /// The key at this index with its token, as a client's rule looks at them.
    pub fn card(&self, key: usize) -> Option<Card<'a>> {
        let key = self.keys.get(key)?;
        let token = self.tokens.iter().find(|token| token.id == key.token)?;
        Some(Card { key, token })
    }
}
