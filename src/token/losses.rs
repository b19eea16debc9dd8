//! How often the module was lost over a call, and when to stop asking.
//!
//! A hang costs its whole deadline, so what keeps hanging is not asked for ever; but one that came once says nothing of the
//! next call.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use crate::model::lost::Lost;
use crate::model::mechanism::Mechanism;
use crate::model::sign::{SignError, SignStep};

/// The same key is asked for the same mechanism until it was lost over it so often.
const SAME_CALL: usize = 2;

/// The token is given up when the module was lost so often with no answer in between.
const IN_A_ROW: usize = 8;

/// The same when it is lost before it can be asked anything.
const AT_START: usize = 2;

/// A key's place in the inventory, and the mechanism.
pub(super) type Call = (usize, Mechanism);

#[derive(Default)]
pub(super) struct Losses {
    calls: HashMap<Call, (usize, Lost)>,
    in_a_row: usize,
    at_start: usize,
    given_up: Option<String>,
}

impl Losses {
    /// # Errors
    /// The call is not to be asked any more.
    pub(super) fn may_ask(&self, call: Call) -> Result<(), SignError> {
        if let Some((SAME_CALL.., lost)) = self.calls.get(&call) {
            return Err(SignError {
                step: SignStep::NotTried,
                ..SignError::lost(lost.clone())
            });
        }
        self.may_go_on()
    }

    /// # Errors
    /// The token was given up.
    pub(super) fn may_go_on(&self) -> Result<(), SignError> {
        match &self.given_up {
            Some(why) => Err(SignError::other(SignStep::NotTried, why)),
            None => Ok(()),
        }
    }

    /// The module answered, whatever it said.
    pub(super) fn answered(&mut self) {
        self.in_a_row = 0;
        self.at_start = 0;
    }

    /// The module was lost over this call.
    pub(super) fn lost(&mut self, call: Call, lost: &Lost) {
        let (times, last) = self.calls.entry(call).or_insert((0, lost.clone()));
        *times += 1;
        last.clone_from(lost);
        self.in_a_row += 1;
        if self.in_a_row >= IN_A_ROW {
            self.give_up(format!(
                "the module was lost {IN_A_ROW} times in a row, the last time so: {lost}"
            ));
        }
    }

    /// The module was lost before it could be asked.
    pub(super) fn lost_at_start(&mut self, lost: &Lost) {
        self.at_start += 1;
        if self.at_start >= AT_START {
            let next_step = match lost.hung() {
                true => "; pull the card, put it back and run again",
                false => "",
            };
            self.give_up(format!(
                "the module could not be started again: {lost}{next_step}"
            ));
        }
    }

    /// Why nothing more is asked of this token, if so.
    pub(super) fn given_up(&self) -> Option<&str> {
        self.given_up.as_deref()
    }

    /// Nothing more is asked of this token.
    pub(super) fn give_up(&mut self, why: String) {
        self.given_up.get_or_insert(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::function::Function;
    use crate::model::lost::How;

    const PSS: Call = (0, Mechanism::RSA_PKCS_PSS);
    const PKCS1: Call = (0, Mechanism::RSA_PKCS);

    fn crash() -> Lost {
        Lost {
            during: Some(Function::Sign),
            how: How::Signal("SIGSEGV".into()),
            last_words: None,
        }
    }

    #[test]
    fn a_call_that_was_lost_once_is_asked_again_and_then_no_more() {
        let mut losses = Losses::default();
        losses.lost(PSS, &crash());
        assert_eq!(losses.may_ask(PSS), Ok(()));
        losses.lost(PSS, &crash());
        let error = losses.may_ask(PSS).unwrap_err();
        assert_eq!(error.step, SignStep::NotTried);
        assert_eq!(error.lost.as_deref(), Some(&crash()));
        assert_eq!(losses.may_ask(PKCS1), Ok(()), "others are asked");
    }

    #[test]
    fn a_module_that_never_answers_is_given_up() {
        let mut losses = Losses::default();
        for key in 0..IN_A_ROW {
            assert_eq!(losses.may_ask((key, Mechanism::ECDSA)), Ok(()));
            losses.lost((key, Mechanism::ECDSA), &crash());
        }
        let error = losses.may_ask((99, Mechanism::ECDSA)).unwrap_err();
        assert!(error.to_string().contains("8 times in a row"), "{error}");
        assert_eq!(error.lost, None);
    }

    #[test]
    fn an_answer_in_between_gives_it_more_time() {
        let mut losses = Losses::default();
        for key in 0..3 * IN_A_ROW {
            losses.lost((key, Mechanism::ECDSA), &crash());
            losses.answered();
        }
        assert_eq!(losses.may_ask((99, Mechanism::ECDSA)), Ok(()));
    }

    #[test]
    fn a_module_that_does_not_start_again_is_given_up() {
        let mut losses = Losses::default();
        losses.lost_at_start(&crash());
        assert_eq!(losses.may_ask(PSS), Ok(()));
        losses.lost_at_start(&crash());
        assert!(losses.may_ask(PSS).is_err());
    }
}
