//! Rules at the card: whether a PIN may be sent at all.
#![forbid(unsafe_code)]

use super::protocol::Description;
use crate::model::token::PinState;

/// Why a PIN is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinRefusal {
    /// CKF_USER_PIN_LOCKED: no tries are left.
    #[error("the PIN is locked (CKF_USER_PIN_LOCKED)")]
    Locked,
    /// CKF_USER_PIN_FINAL_TRY: a wrong PIN would lock it.
    #[error("one try is left (CKF_USER_PIN_FINAL_TRY): a wrong PIN would lock the token")]
    FinalTry,
    /// It can't be the PIN; the token was not asked.
    #[error(
        "the PIN is {given} bytes long, and this token's PINs have {min} to {max}; it was not sent"
    )]
    Length {
        /// Bytes given.
        given: usize,
        /// ulMinPinLen.
        min: usize,
        /// ulMaxPinLen.
        max: usize,
    },
}

/// May the user be asked for a PIN, by the token's flags?
///
/// # Errors
/// Why not.
pub fn may_log_in(state: PinState, allow_final_try: bool) -> Result<(), PinRefusal> {
    match state {
        PinState::Locked => Err(PinRefusal::Locked),
        PinState::FinalTry if !allow_final_try => Err(PinRefusal::FinalTry),
        _ => Ok(()),
    }
}

/// Could a PIN of this length be the token's? Some tokens report limits that are none: 0 to 0, or 8 to 0 (kryoptic 1.5, which takes
/// PINs of four). Then any may.
///
/// # Errors
/// [`PinRefusal::Length`].
pub fn length_fits(given: usize, token: &Description) -> Result<(), PinRefusal> {
    fits(given, token.pin_min, token.pin_max)
}

fn fits(given: usize, min: usize, max: usize) -> Result<(), PinRefusal> {
    let limits = min..=max;
    match max == 0 || limits.is_empty() || limits.contains(&given) {
        true => Ok(()),
        false => Err(PinRefusal::Length { given, min, max }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_try_is_spent_only_when_the_user_says_so() {
        assert_eq!(may_log_in(PinState::Ok, false), Ok(()));
        assert_eq!(may_log_in(PinState::Low, false), Ok(()));
        assert_eq!(
            may_log_in(PinState::FinalTry, false),
            Err(PinRefusal::FinalTry)
        );
        assert_eq!(may_log_in(PinState::FinalTry, true), Ok(()));
        assert_eq!(may_log_in(PinState::Locked, true), Err(PinRefusal::Locked));
    }

    #[test]
    fn limits_that_contradict_each_other_are_none() {
        assert_eq!(fits(4, 4, 8), Ok(()));
        assert_eq!(fits(8, 4, 8), Ok(()));
        for given in [3, 9] {
            let (min, max) = (4, 8);
            assert_eq!(
                fits(given, min, max),
                Err(PinRefusal::Length { given, min, max })
            );
        }
        assert_eq!(fits(4, 0, 0), Ok(()));
        assert_eq!(fits(4, 8, 0), Ok(()));
        assert_eq!(fits(4, 8, 6), Ok(()));
    }
}
