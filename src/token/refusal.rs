//! PKCS#11 functions that refuse, in PKCS#11's own names.
#![forbid(unsafe_code)]

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::ckr::Ckr;
use crate::model::function::Function;
use crate::model::lost::Lost;
use crate::model::sign::{SignError, SignStep};

/// A PKCS#11 function that gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub struct Refusal {
    /// C_Login.
    pub function: Function,
    /// Why.
    pub cause: Cause,
}

/// Why a function gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// It answered with this.
    Ckr(Ckr),
    /// It was not called; why.
    NotMade(String),
    /// It never came back. Only the process that asked can tell, so this never crosses the pipe.
    #[serde(skip)]
    Lost(Lost),
}

impl Refusal {
    /// For `map_err`: this function, and the CKR that it returned.
    pub(super) fn of(function: Function) -> impl Fn(Ckr) -> Refusal {
        move |ckr| Refusal {
            function,
            cause: Cause::Ckr(ckr),
        }
    }

    /// A call that was not made.
    pub(super) fn not_made(function: Function, why: impl Into<String>) -> Refusal {
        Refusal {
            function,
            cause: Cause::NotMade(why.into()),
        }
    }

    /// The return value, if the function came back.
    pub fn ckr(&self) -> Option<Ckr> {
        match self.cause {
            Cause::Ckr(ckr) => Some(ckr),
            _ => None,
        }
    }

    /// How the module was lost, if it was.
    pub fn lost(&self) -> Option<&Lost> {
        match &self.cause {
            Cause::Lost(lost) => Some(lost),
            _ => None,
        }
    }
}

/// Asked for this, the module was lost.
impl From<Lost> for Refusal {
    fn from(lost: Lost) -> Refusal {
        Refusal {
            function: lost.during.unwrap_or(Function::Load),
            cause: Cause::Lost(lost),
        }
    }
}

/// Without this function's result there is no session to sign in.
impl From<Refusal> for SignError {
    fn from(refusal: Refusal) -> SignError {
        match refusal.cause {
            Cause::Lost(lost) => SignError::lost(lost),
            Cause::Ckr(ckr) => SignError {
                ckr: Some(ckr),
                ..SignError::other(SignStep::Session, refusal.function.name())
            },
            Cause::NotMade(_) => SignError::other(SignStep::Session, refusal.to_string()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Ckr(ckr) => write!(f, "{}: {ckr}", self.function),
            Cause::NotMade(why) => write!(f, "{}: {why}", self.function),
            Cause::Lost(lost) => write!(f, "{lost}"),
        }
    }
}
