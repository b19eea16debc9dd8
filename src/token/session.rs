//! A token's session: opened, logged in, and replaced when a call fails.
//!
//! After an error the session is thrown away: its handles may be stale, and an operation may have stayed active that
//! would hide the next cause. The new session is opened before the old one is closed, because the login belongs to the
//! token and is lost with its last session (PKCS#11 3.1 §5.6.1); so a good PIN is not spent again.
#![forbid(unsafe_code)]

use std::rc::Rc;

use secrecy::ExposeSecret;

use super::description::describe;
use super::protocol::Login;
use super::raw::{Raw, SessionHandle, Slot, User};
use super::refusal::Refusal;
use crate::model::ckr::Ckr;
use crate::model::function::Function;
use crate::model::token::{PinState, Token};

/// An open session; closed when it is dropped.
pub(super) struct Session {
    raw: Rc<Raw>,
    pub(super) handle: SessionHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        // a session that the module closed already can't be closed again
        let _ = self.raw.close_session(self.handle);
    }
}

/// The session with one token, and what may be used to log it in.
pub(super) struct TokenSession {
    raw: Rc<Raw>,
    slot: Slot,
    session: Option<Session>,
    login: Option<Login>,
    /// The token that the PIN is for, as it was described.
    token: Option<Token>,
    /// The token didn't take this PIN: it is not sent again.
    burnt: bool,
    logged_in: bool,
}

impl TokenSession {
    pub(super) fn new(raw: Rc<Raw>, slot: Slot) -> Self {
        TokenSession {
            raw,
            slot,
            session: None,
            login: None,
            token: None,
            burnt: false,
            logged_in: false,
        }
    }

    /// The open session; opened, and logged in again where that spends no risk, if it was lost.
    pub(super) fn get(&mut self) -> Result<SessionHandle, Refusal> {
        if self.session.is_none() {
            self.session = Some(self.open()?);
            self.log_in_again().inspect_err(|_| self.session = None)?;
        }
        let session = self.session.as_ref();
        session
            .map(|session| session.handle)
            .ok_or_else(|| no_login("no session"))
    }

    /// Throws the session away for a new one. An error here shows at the next [`get`](Self::get).
    pub(super) fn renew(&mut self) {
        let fresh = self.open();
        self.session = None;
        // a token may allow one session only: then the old one has to go first, and the login goes with it
        self.session = fresh.or_else(|_| self.open()).ok();
        if self.session.is_some() && self.log_in_again().is_err() {
            self.session = None;
        }
    }

    /// C_Login as user, the first one of this host.
    pub(super) fn login(&mut self, token: Token, login: Login) -> Result<(), Refusal> {
        let session = self.open()?;
        self.session = Some(session);
        self.login = Some(login);
        self.token = Some(token);
        self.is_the_same_token()?;
        self.send_login(User::User)?;
        self.logged_in = true;
        Ok(())
    }

    /// C_Login(CKU_CONTEXT_SPECIFIC), between C_SignInit and C_Sign of an always-authenticate key.
    pub(super) fn context_login(&mut self) -> Result<(), Refusal> {
        self.send_login(User::ContextSpecific)
    }

    fn open(&self) -> Result<Session, Refusal> {
        let handle = self.raw.open_session(self.slot);
        Ok(Session {
            raw: Rc::clone(&self.raw),
            handle: handle.map_err(Refusal::of(Function::OpenSession))?,
        })
    }

    /// Logs in with the PIN that was right before. Never at a pad: that would ask the user unawares.
    fn log_in_again(&mut self) -> Result<(), Refusal> {
        let is_user = |session: &Session| self.raw.is_user_session(session.handle);
        let already = self.session.as_ref().is_some_and(is_user);
        if !self.logged_in || already {
            return Ok(());
        }
        if matches!(self.login, Some(Login::Pad)) {
            return Err(no_login(
                "logged out; the PIN would have to be typed at the reader again",
            ));
        }
        self.is_the_same_token()?;
        self.send_login(User::User)
    }

    /// Is the token in the slot still the one that the PIN is for, and has nobody else spent its tries? To be asked with
    /// the session open, which ends when the token is changed after that.
    fn is_the_same_token(&self) -> Result<(), Refusal> {
        let now = describe(&self.raw, self.slot)?.token;
        let Some(token) = &self.token else {
            return Err(no_login("not logged in"));
        };
        if !token.is_same(&now) {
            return Err(no_login(
                "another token is in the reader; the PIN is not sent to it",
            ));
        }
        let nearly_spent = matches!(now.pin, PinState::FinalTry | PinState::Locked);
        if nearly_spent && now.pin != token.pin {
            return Err(no_login(
                "somebody gave wrong PINs meanwhile; it is not sent again",
            ));
        }
        Ok(())
    }

    /// The only place from which a PIN goes to a token.
    fn send_login(&mut self, user: User) -> Result<(), Refusal> {
        if self.burnt {
            return Err(no_login(
                "the token did not take this PIN; it is not sent again",
            ));
        }
        let (Some(session), Some(login)) = (&self.session, &self.login) else {
            return Err(no_login("not logged in"));
        };
        let pin = match login {
            Login::Pin(pin) => Some(pin.expose_secret().as_bytes()),
            Login::Pad => None,
        };
        match self.raw.login(session.handle, user, pin) {
            Err(Ckr::USER_ALREADY_LOGGED_IN) => Ok(()),
            Err(ckr) => {
                self.burnt |= ckr.leaves_pin_in_doubt();
                Err(Refusal::of(Function::Login)(ckr))
            }
            Ok(()) => Ok(()),
        }
    }
}

fn no_login(what: &str) -> Refusal {
    Refusal::not_made(Function::Login, what)
}
