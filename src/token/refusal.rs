//! PKCS#11 functions that refuse, in PKCS#11's own names.
#![forbid(unsafe_code)]

use cryptoki::context::Function;
use cryptoki::error::{Error, Rv, RvError};

use crate::model::ckr::Ckr;

/// A PKCS#11 function that refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function}: {what}")]
pub struct Refusal {
    /// `C_Login`.
    pub function: String,
    /// The return value; `None` if the call could not even be made.
    pub ckr: Option<Ckr>,
    /// The return value's name, or what else went wrong.
    pub what: String,
}

/// What `cryptoki` says, in PKCS#11's own names.
pub(super) fn refusal(error: Error) -> Refusal {
    match error {
        Error::Pkcs11(rv, function) => {
            let ckr = ckr_of(rv);
            Refusal {
                function: function_name(function),
                ckr,
                what: ckr.map_or_else(|| rv.to_string(), |ckr| ckr.to_string()),
            }
        }
        other => Refusal {
            function: "the module".into(),
            ckr: None,
            what: other.to_string(),
        },
    }
}

fn function_name(function: Function) -> String {
    format!("C_{function:?}")
}

/// `cryptoki` turns numbers into names but not back: look for the number that it turns into this name.
fn ckr_of(rv: RvError) -> Option<Ckr> {
    Ckr::all().find(|ckr| Rv::from(ckr.0) == Rv::Error(rv))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cryptoki_s_errors_get_their_standard_names_back() {
        let wrong = refusal(Error::Pkcs11(RvError::PinIncorrect, Function::Login));
        assert_eq!(wrong.to_string(), "C_Login: CKR_PIN_INCORRECT");
        assert_eq!(wrong.ckr, Some(Ckr::PIN_INCORRECT));
    }
}
