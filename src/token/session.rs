//! A token's session: opened, logged in, and replaced when a call fails.
//!
//! After an error the session is thrown away: its handles may be stale, and an operation may have stayed active that
//! would hide the next cause. The new session is opened before the old one is closed, because the login belongs to the
//! token and is lost with its last session (PKCS#11 3.1 §5.6.1); so a good PIN is not spent again.
#![forbid(unsafe_code)]

use std::rc::Rc;

use cryptoki_sys as sys;
use secrecy::ExposeSecret;

use super::protocol::Login;
use super::raw::{Raw, SessionHandle, Slot, User};
use super::refusal::Refusal;
use crate::model::ckr::Ckr;
use crate::model::function::Function;

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
    /// The serial number of the token that took the PIN.
    serial: Option<String>,
    /// The token called this PIN wrong: it is not sent again.
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
            serial: None,
            burnt: false,
            logged_in: false,
        }
    }

    /// The open session; opened, and logged in again where that spends no risk, if it was lost.
    pub(super) fn get(&mut self) -> Result<SessionHandle, Refusal> {
        if self.session.is_none() {
            self.session = Some(self.open()?);
            self.log_in_again()?;
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

    /// C_Login as user, the first one of a run.
    pub(super) fn login(&mut self, login: Login) -> Result<(), Refusal> {
        let session = self.open()?;
        self.session = Some(session);
        self.login = Some(login);
        self.send_login(User::User)?;
        self.logged_in = true;
        self.serial = self.raw.token_info(self.slot).ok().map(|info| info.serial);
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
        self.may_log_in_again()?;
        self.send_login(User::User)
    }

    /// Another card may lie in the reader by now, or somebody may have spent this one's tries.
    fn may_log_in_again(&self) -> Result<(), Refusal> {
        let info = self.raw.token_info(self.slot);
        let info = info.map_err(Refusal::of(Function::GetTokenInfo))?;
        if self.serial.as_ref() != Some(&info.serial) {
            return Err(no_login("another token is in the reader"));
        }
        let spent = sys::CKF_USER_PIN_FINAL_TRY | sys::CKF_USER_PIN_LOCKED;
        match info.flags & spent {
            0 => Ok(()),
            _ => Err(no_login(
                "somebody gave wrong PINs meanwhile; it is not sent again",
            )),
        }
    }

    /// The only place from which a PIN goes to a token.
    fn send_login(&mut self, user: User) -> Result<(), Refusal> {
        if self.burnt {
            return Err(no_login(
                "the token called this PIN wrong; it is not sent again",
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
                self.burnt |= ckr.refuses_pin();
                Err(Refusal::of(Function::Login)(ckr))
            }
            Ok(()) => Ok(()),
        }
    }
}

fn no_login(what: &str) -> Refusal {
    Refusal::not_made(Function::Login, what)
}
