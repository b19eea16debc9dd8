//! What is there: modules, readers, tokens and what lies on them, before anything is tried.

use super::key::Key;
use super::obstacle::Obstacle;
use super::reader::Service;
use super::token::{Module, Token};

/// Everything that was found.
#[derive(Clone, Debug)]
pub struct Listing {
    /// When, RFC 3339 in UTC.
    pub started: String,
    /// The same in seconds since 1970-01-01 UTC.
    pub now: i64,
    /// pcscd and its readers; `None`: no module that was loaded uses it.
    pub service: Option<Service>,
    /// The modules.
    pub modules: Vec<ListedModule>,
    /// The module that is taken where none is named.
    pub default_module: Option<String>,
}

/// A module that was found or named.
#[derive(Clone, Debug)]
pub struct ListedModule {
    /// Its file.
    pub path: String,
    /// Who knows of it: p11-kit's configuration files, the well-known paths, the user.
    pub found_by: Vec<String>,
    /// What came of it.
    pub contents: Contents,
}

/// What came of a module.
#[derive(Clone, Debug)]
pub enum Contents {
    /// It was loaded.
    Loaded(Box<Loaded>),
    /// It can't be used.
    Unusable(Obstacle),
    /// It was not loaded; why.
    NotLoaded(String),
}

/// A module that was loaded.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says of itself.
    pub facts: Module,
    /// Its slots.
    pub slots: Vec<ListedSlot>,
    /// What keeps it from its tokens.
    pub obstacles: Vec<Obstacle>,
}

/// A slot.
#[derive(Clone, Debug)]
pub struct ListedSlot {
    /// CK_SLOT_ID.
    pub id: u64,
    /// slotDescription: of a reader, its name.
    pub description: String,
    /// What is in it.
    pub holds: InSlot,
}

/// What a slot holds.
#[derive(Clone, Debug)]
pub enum InSlot {
    /// No token.
    Nothing,
    /// A token that doesn't say what it is: the call that was refused.
    Silent(String),
    /// A token.
    Token(Box<ListedToken>),
}

/// A token and what was seen on it.
#[derive(Clone, Debug)]
pub struct ListedToken {
    /// The token, with its mechanisms.
    pub token: Token,
    /// CKF_TOKEN_INITIALIZED.
    pub initialized: bool,
    /// The PIN's length in bytes, least and most.
    pub pin_length: (usize, usize),
    /// How much of it could be seen.
    pub access: Access,
    /// Its private keys, as far as they could be seen.
    pub keys: Vec<Key>,
    /// Why it could not be read, or not as wanted.
    pub obstacle: Option<Obstacle>,
}

/// How much of a token could be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// All: logged in.
    LoggedIn,
    /// All: the token wants no login.
    Open,
    /// What is public. A login would show the rest.
    Public,
}

impl Access {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Access::LoggedIn => "logged_in",
            Access::Open => "open",
            Access::Public => "public",
        }
    }
}

impl Listing {
    /// All tokens of all modules.
    pub fn tokens(&self) -> impl Iterator<Item = &ListedToken> {
        let loaded = self
            .modules
            .iter()
            .filter_map(|module| match &module.contents {
                Contents::Loaded(loaded) => Some(loaded),
                _ => None,
            });
        let slots = loaded.flat_map(|loaded| &loaded.slots);
        slots.filter_map(|slot| match &slot.holds {
            InSlot::Token(token) => Some(&**token),
            _ => None,
        })
    }
}
