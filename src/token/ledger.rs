//! What became of a token's PIN in this run, also over restarts of its host: a PIN of which it isn't certain that it is right
//! is never sent a second time.
#![forbid(unsafe_code)]

use super::protocol::{Description, Login};
use super::refusal::Refusal;
use crate::model::function::Function;
use crate::model::token::PinState;

#[derive(Default)]
pub(super) struct Ledger {
    login: Option<Login>,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    /// It was not sent yet.
    #[default]
    Unknown,
    /// The token took it.
    Good,
    /// The token called it wrong.
    Wrong,
    /// It was sent, and the module never came back: a try may be spent.
    Unanswered,
    /// It is no longer known here.
    Forgotten,
}

impl Ledger {
    /// The first login of a run.
    pub(super) fn begin(&mut self, login: Login) {
        self.login = Some(login);
        self.standing = Standing::Unknown;
    }

    /// The token took the PIN.
    pub(super) fn was_right(&mut self) {
        self.standing = Standing::Good;
    }

    /// The token refused it, as user's or as one operation's.
    pub(super) fn was_wrong(&mut self) {
        self.standing = Standing::Wrong;
    }

    /// The module was lost over it.
    pub(super) fn was_not_answered(&mut self) {
        self.standing = Standing::Unanswered;
    }

    /// From now on no new host can be logged in; the present one keeps the PIN.
    pub(super) fn forget(&mut self) {
        if self
            .login
            .take_if(|login| matches!(login, Login::Pin(_)))
            .is_some()
        {
            self.standing = Standing::Forgotten;
        }
    }

    /// Is it typed at the reader?
    pub(super) fn is_typed(&self) -> bool {
        matches!(self.login, Some(Login::Pad))
    }

    /// Why no login can be made again, whatever became of the token meanwhile.
    pub(super) fn in_vain(&self) -> Option<&'static str> {
        match (&self.login, self.standing) {
            (_, Standing::Forgotten) => {
                Some("the PIN was forgotten before a server was talked to; run again")
            }
            (None, _) | (Some(Login::Pin(_)), Standing::Good) => None,
            (_, Standing::Wrong) => Some("the token did not take this PIN; it is not sent again"),
            (_, Standing::Unanswered) => {
                Some("the module was lost over the PIN; it is not sent again")
            }
            (_, Standing::Unknown) => Some("the PIN was not tried yet"),
            (Some(Login::Pad), Standing::Good) => {
                Some("the PIN would have to be typed at the reader again")
            }
        }
    }

    /// What a new host is to log in with: `None` if the run goes without a login.
    ///
    /// # Errors
    /// That would spend a risk, or ask the user unawares.
    pub(super) fn again(&self, token: &Description) -> Result<Option<Login>, Refusal> {
        let not_sent = |why| Err(Refusal::not_made(Function::Login, why));
        match (&self.login, self.in_vain(), token.token.pin) {
            (_, Some(why), _) => not_sent(why),
            (Some(_), None, PinState::FinalTry | PinState::Locked) => {
                not_sent("somebody gave wrong PINs meanwhile; it is not sent again")
            }
            (login, None, _) => Ok(login.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::token::Token;
    use crate::token::protocol::Pin;

    fn token(pin: PinState) -> Description {
        Description {
            token: Token {
                pin,
                ..Token::default()
            },
            initialized: true,
            login_required: true,
            pin_min: 4,
            pin_max: 8,
        }
    }

    fn with_pin() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.begin(Login::Pin(Pin::new("1234".into())));
        ledger
    }

    fn goes_again(ledger: &Ledger, pin: PinState) -> bool {
        matches!(ledger.again(&token(pin)), Ok(Some(_)))
    }

    #[test]
    fn only_a_pin_that_was_right_goes_to_a_new_host() {
        let mut ledger = with_pin();
        assert!(!goes_again(&ledger, PinState::Ok), "never tried");
        ledger.was_right();
        assert!(goes_again(&ledger, PinState::Ok));
        assert!(!goes_again(&ledger, PinState::FinalTry));
        assert!(!goes_again(&ledger, PinState::Locked));
        ledger.was_wrong();
        assert!(!goes_again(&ledger, PinState::Ok), "wrong for an operation");
        let mut lost = with_pin();
        lost.was_not_answered();
        assert!(!goes_again(&lost, PinState::Ok));
    }

    #[test]
    fn a_pin_that_was_forgotten_can_t_be_sent_again() {
        let mut ledger = with_pin();
        ledger.was_right();
        ledger.forget();
        assert!(ledger.login.is_none());
        assert!(ledger.again(&token(PinState::Ok)).is_err());
        let mut without = Ledger::default();
        without.forget();
        assert!(matches!(without.again(&token(PinState::Ok)), Ok(None)));
    }

    #[test]
    fn nobody_is_asked_unawares_to_type_at_a_pad() {
        let mut ledger = Ledger::default();
        ledger.begin(Login::Pad);
        ledger.was_right();
        assert!(ledger.again(&token(PinState::Ok)).is_err());
    }

    #[test]
    fn a_token_without_a_login_needs_none_again() {
        assert!(matches!(
            Ledger::default().again(&token(PinState::Ok)),
            Ok(None)
        ));
    }
}
