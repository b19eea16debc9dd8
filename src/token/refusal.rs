//! PKCS#11 functions that refuse, in PKCS#11's own names.
#![forbid(unsafe_code)]

use crate::model::ckr::Ckr;

/// A PKCS#11 function that refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function}: {what}")]
pub struct Refusal {
    /// `C_Login`.
    pub function: &'static str,
    /// The return value; `None` if the call was not even made.
    pub ckr: Option<Ckr>,
    /// The return value's name, or why the call was not made.
    pub what: String,
}

impl Refusal {
    /// For `map_err`: this function, and the CKR that it returned.
    pub(super) fn of(function: &'static str) -> impl Fn(Ckr) -> Refusal {
        move |ckr| Refusal {
            function,
            ckr: Some(ckr),
            what: ckr.to_string(),
        }
    }

    /// A call that was not made.
    pub(super) fn not_made(function: &'static str, why: &str) -> Refusal {
        Refusal {
            function,
            ckr: None,
            what: why.to_owned(),
        }
    }
}
