//! A token's host, for the floors above: typed requests, answered one after the other.
//!
//! A card does one thing at a time, so its host does too. The module itself is loaded in another process, which
//! [`serve`](super::serve) runs; a thread here keeps that process going and stands between it and whoever asks.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use super::protocol::{Inventory, Login};
use super::refusal::Refusal;
use super::supervisor::Supervisor;
use crate::model::function::Function;
use crate::model::lost::Lost;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::{Sign, SignError, SignStep, Signed};
use crate::model::token::MechanismFacts;

/// A token's host. Dropping it closes the session and ends the process.
pub struct Host {
    line: Line,
    logins: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Result<(), Lost>>>,
}

/// Something for the supervisor to do.
type Errand = Box<dyn FnOnce(&mut Supervisor) + Send>;

/// A way to ask the host: cheap to clone, one for each key. `None` ends the thread, whoever still holds a line.
#[derive(Clone)]
struct Line(Sender<Option<Errand>>);

impl Host {
    pub(super) fn start(supervisor: Supervisor, logins: Arc<AtomicUsize>) -> Host {
        let (sender, errands) = mpsc::channel();
        Host {
            line: Line(sender),
            logins,
            thread: Some(std::thread::spawn(move || run(supervisor, &errands))),
        }
    }

    /// Has the token called by this label in what is told from now on.
    pub fn rename(&self, label: &str) {
        let label = label.to_owned();
        // fails only if the host has ended, which whoever asks next is told
        let _ = self.line.ask(move |supervisor| supervisor.rename(&label));
    }

    /// Forgets the PIN in this process. The token's own keeps it, and if that is lost, no other is logged in.
    pub fn forget_pin(&self) {
        // fails only if the host has ended, and then there is no PIN
        let _ = self.line.ask(Supervisor::forget_pin);
    }

    /// C_Login as user. A PIN that the token called wrong, or over which the module was lost, is not sent again.
    ///
    /// # Errors
    /// The call that the token refused, CKR_PIN_INCORRECT and CKR_PIN_LOCKED among them.
    pub fn login(&self, login: Login) -> Result<(), Refusal> {
        let asked = self.line.ask(|supervisor| supervisor.login(login));
        asked.unwrap_or_else(|| Err(gone()))
    }

    /// Reads keys, certificates and mechanisms, and pairs them.
    ///
    /// # Errors
    /// The call that the token refused.
    pub fn inventory(&self) -> Result<Inventory, Refusal> {
        let asked = self.line.ask(Supervisor::inventory);
        asked.unwrap_or_else(|| Err(gone()))
    }

    /// C_GetMechanismInfo of a mechanism, listed or not; `None` if the host is gone.
    pub fn mechanism_info(&self, mechanism: Mechanism) -> Option<MechanismFacts> {
        self.line
            .ask(move |supervisor| supervisor.mechanism_info(mechanism))
    }

    /// A signer for the key at this place in the inventory.
    pub fn signer(&self, key: usize) -> KeySigner {
        KeySigner {
            line: self.line.clone(),
            key,
        }
    }

    /// C_Login calls so far, those for one operation included.
    pub fn verifications(&self) -> usize {
        self.logins.load(Ordering::Relaxed)
    }

    /// Why the token was given up, if it was: it was not put back, or the module was lost again and again.
    pub fn given_up(&self) -> Option<String> {
        self.line.ask(|supervisor| supervisor.given_up()).flatten()
    }

    /// Closes the session, finalises the module and ends the process.
    ///
    /// # Errors
    /// The module hung or crashed over it. What it was asked before is not touched by that.
    pub fn close(mut self) -> Result<(), Lost> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Lost> {
        // fails only if the thread has ended already
        let _ = self.line.0.send(None);
        let ended = self.thread.take().map(JoinHandle::join);
        ended.and_then(Result::ok).unwrap_or(Ok(()))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // whoever wants to know how it ended calls `close`
        let _ = self.end();
    }
}

/// A key on a token, as the floors above see it.
pub struct KeySigner {
    line: Line,
    key: usize,
}

impl Sign for KeySigner {
    fn sign(&self, scheme: Scheme, route: Route, message: &[u8]) -> Result<Signed, SignError> {
        let (key, message) = (self.key, message.to_vec());
        let asked = self
            .line
            .ask(move |supervisor| supervisor.sign(key, scheme, route, &message));
        let gone = || SignError::other(SignStep::Session, "the token's host has ended");
        asked.unwrap_or_else(|| Err(gone()))
    }
}

impl Line {
    /// Waits for the answer; `None` if the host has ended.
    fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Supervisor) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = mpsc::channel();
        let errand: Errand = Box::new(move |supervisor| {
            // whoever asked may have given up waiting
            let _ = sender.send(errand(supervisor));
        });
        self.0.send(Some(errand)).ok()?;
        answer.recv().ok()
    }
}

fn run(mut supervisor: Supervisor, errands: &Receiver<Option<Errand>>) -> Result<(), Lost> {
    while let Ok(Some(errand)) = errands.recv() {
        errand(&mut supervisor);
    }
    supervisor.close()
}

fn gone() -> Refusal {
    Refusal::not_made(Function::Load, "the token's host has ended")
}
