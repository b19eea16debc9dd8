//! What a token's host is asked and answers: plain data, so that the host can move to where only a pipe leads.
#![forbid(unsafe_code)]

use secrecy::SecretString;

use super::refusal::Refusal;
use crate::model::certificate::Certificate;
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::{SignError, Signed};
use crate::model::token::{MechanismFacts, Token};

/// How the PIN reaches the token.
pub enum Login {
    /// This PIN. It is kept until the host ends, for keys that want it for every signature.
    Pin(SecretString),
    /// The reader's own pad (CKF_PROTECTED_AUTHENTICATION_PATH): the user types it there.
    Pad,
}

/// What a token says of itself before any login.
#[derive(Clone, Debug)]
pub struct Description {
    /// The token; its `id` is not given yet.
    pub token: Token,
    /// CKF_TOKEN_INITIALIZED.
    pub initialized: bool,
    /// CKF_LOGIN_REQUIRED.
    pub login_required: bool,
    /// ulMinPinLen, in bytes.
    pub pin_min: usize,
    /// ulMaxPinLen, in bytes.
    pub pin_max: usize,
}

/// The objects of a token.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// Private keys with their certificates; their `id` and `token` are not given yet.
    pub keys: Vec<Key>,
    /// The mechanisms, unknown ones included.
    pub mechanisms: Vec<MechanismFacts>,
    /// See [`Token::orphan_certificates`].
    pub orphan_certificates: Vec<Certificate>,
    /// See [`Token::unreadable_certificates`].
    pub unreadable_certificates: Vec<String>,
}

pub(super) enum Request {
    Describe,
    Login(Login),
    Inventory,
    MechanismInfo(Mechanism),
    Sign {
        /// The key's place in the inventory.
        key: usize,
        scheme: Scheme,
        route: Route,
        message: Vec<u8>,
    },
    /// Close the session and end, whoever still holds a line.
    Close,
}

pub(super) enum Reply {
    Description(Result<Description, Refusal>),
    Login(Result<(), Refusal>),
    Inventory(Result<Inventory, Refusal>),
    MechanismInfo(MechanismFacts),
    Signed(Result<Signed, SignError>),
}
