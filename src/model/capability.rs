//! Capability facts: what a token says of a mechanism, and what it really does. Cards fail between the two.

use serde::{Deserialize, Serialize};

use super::autopsy::Flaw;
use super::ckr::Ckr;
use super::route::Route;
use super::scheme::Scheme;

/// What came of a call on the token, or that it was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// CKR_OK.
    Ok,
    /// Any other return value.
    Ckr(Ckr),
    /// It never came back: its process was ended.
    NoAnswer,
    /// It took its process with it.
    Crashed,
    /// The call was not made.
    NotTried,
}

impl Answer {
    /// The return value, where it was another than CKR_OK.
    pub fn ckr(self) -> Option<Ckr> {
        match self {
            Answer::Ckr(ckr) => Some(ckr),
            _ => None,
        }
    }

    /// `ok`, the CKR's name, `no_answer`, `crashed` or `not_tried`.
    pub fn name(self) -> String {
        match self {
            Answer::Ok => "ok".into(),
            Answer::Ckr(ckr) => ckr.to_string(),
            Answer::NoAnswer => "no_answer".into(),
            Answer::Crashed => "crashed".into(),
            Answer::NotTried => "not_tried".into(),
        }
    }

    /// The answer of this [`name`](Answer::name); `None` if it is none.
    pub fn by_name(name: &str) -> Option<Answer> {
        match name {
            "ok" => Some(Answer::Ok),
            "no_answer" => Some(Answer::NoAnswer),
            "crashed" => Some(Answer::Crashed),
            "not_tried" => Some(Answer::NotTried),
            ckr => Ckr::by_name(ckr).map(Answer::Ckr),
        }
    }
}

/// One key x scheme x route: five facts that real clients look at apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capability {
    /// The scheme.
    pub scheme: Scheme,
    /// The route.
    pub route: Route,
    /// C_GetMechanismList holds the route's mechanism.
    pub listed: bool,
    /// What C_GetMechanismInfo answers for it, CKF_SIGN or not.
    pub info: Answer,
    /// CKA_SIGN and CKA_ALLOWED_MECHANISMS permit it.
    pub allowed: bool,
    /// The real C_SignInit.
    pub sign_init: Answer,
    /// The real C_Sign.
    pub sign: Answer,
    /// The signature checks against the certificate's public key; `None`: there was none, or nothing to check it with.
    pub verified: Option<bool>,
    /// What is wrong with a signature that doesn't check, where it could be told.
    pub flaw: Option<Flaw>,
    /// Milliseconds from C_SignInit to the signature, context-specific login included.
    pub sign_ms: Option<f64>,
}
