//! What a token's host is asked and answers: plain data, sent over a pipe.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::refusal::Refusal;
use crate::model::certificate::Certificate;
use crate::model::function::Function;
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::{SignError, Signed};
use crate::model::token::{MechanismFacts, Module, Token};

/// A PIN, of which a process holds one copy, whoever in it may need it.
pub type Pin = Arc<SecretString>;

/// How the PIN reaches the token.
#[derive(Clone, Serialize, Deserialize)]
pub enum Login {
    /// This PIN. The host keeps it until it ends, for keys that want it for every signature.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    Pin(Pin),
    /// The reader's own pad (CKF_PROTECTED_AUTHENTICATION_PATH): the user types it there.
    Pad,
}

/// What a token says of itself before any login.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inventory {
    /// Private keys with their certificates; their `id` and `token` are not given yet.
    pub keys: Vec<Key>,
    /// The mechanisms, unknown ones included.
    pub mechanisms: Vec<MechanismFacts>,
    /// See [`Token::orphan_certificates`].
    pub orphan_certificates: Vec<Certificate>,
    /// Certificates of CAs.
    pub issuers: Vec<Certificate>,
    /// See [`Token::unreadable_certificates`].
    pub unreadable_certificates: Vec<String>,
}

/// The slots of a module.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Slots {
    /// CK_SLOT_IDs of those with a token in them, an uninitialised one included.
    pub with_token: Vec<u64>,
    /// CK_SLOT_IDs of all, with or without a token.
    pub all: Vec<u64>,
    /// The module has libpcsclite loaded: its slots are readers, and pcscd knows more of them.
    pub uses_pcsc: bool,
}

/// Why a file can't be used as a module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum LoadFailure {
    /// The loader refused it; its own words.
    NotALibrary(String),
    /// It has no C_GetFunctionList, or one that gives nothing.
    NotPkcs11,
    /// It is one, and said no.
    Refused(Refusal),
}

#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    /// Load the module and initialise it: the first request, and made once.
    Load {
        module: PathBuf,
        /// Where every call is written to.
        trace: Option<PathBuf>,
    },
    Slots,
    /// C_GetSlotInfo's slotDescription.
    SlotDescription(u64),
    /// C_GetTokenInfo: no session, no login.
    Describe(u64),
    /// Log in to this token, in the slot that it was described in: to no other that may be there by now.
    Login(Box<Token>, Login),
    /// Read the token in this slot.
    Inventory(u64),
    MechanismInfo(u64, Mechanism),
    Sign {
        /// The key's place in the inventory.
        key: usize,
        scheme: Scheme,
        route: Route,
        message: Vec<u8>,
    },
    /// Close the session, finalise the module and end.
    Close,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Reply {
    /// No reply yet: this function is being called now.
    Calling(Function),
    /// No reply yet: C_Login came back, and didn't say that the PIN is right.
    PinInDoubt,
    Loaded(Result<Module, LoadFailure>),
    Slots(Result<Slots, Refusal>),
    SlotDescription(Result<String, Refusal>),
    Description(Result<Description, Refusal>),
    Login(Result<(), Refusal>),
    Inventory(Result<Inventory, Refusal>),
    MechanismInfo(MechanismFacts),
    Signed(Result<Signed, SignError>),
    Closed,
}

/// The PIN's one way out of its secret: onto the pipe, by a buffer that is zeroed (see `wire`).
fn expose<S: Serializer>(pin: &Pin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(pin.expose_secret())
}

fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pin, D::Error> {
    // of exactly its length, so that making it a boxed str moves it and leaves no copy behind
    let pin = String::deserialize(deserializer)?;
    Ok(Arc::new(SecretString::from(pin)))
}
