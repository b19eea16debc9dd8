//! The token host: one thread that owns a token's session, and the typed requests it answers.
//!
//! A card does one thing at a time, so its host does too. Requests and replies are plain data: to move the host into a
//! process of its own is to send the same requests over a pipe.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use super::owner::Owner;
use super::protocol::{Description, Inventory, Login, Reply, Request};
use super::raw::{Raw, Slot};
use super::refusal::Refusal;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::{Sign, SignError, SignStep, Signed};
use crate::model::token::MechanismFacts;

/// A token's host. Dropping it closes the session and ends the thread.
pub struct Host {
    line: Line,
    thread: Option<JoinHandle<()>>,
}

/// A way to ask the host: cheap to clone, one for each key.
#[derive(Clone)]
struct Line(Sender<(Request, Sender<Reply>)>);

impl Host {
    pub(super) fn start(raw: Arc<Raw>, slot: Slot) -> Host {
        let (sender, requests) = mpsc::channel();
        let thread = std::thread::spawn(move || serve(Owner::new(raw, slot), &requests));
        Host {
            line: Line(sender),
            thread: Some(thread),
        }
    }

    /// C_GetTokenInfo: no session, no login.
    ///
    /// # Errors
    /// The call that the token refused.
    pub fn describe(&self) -> Result<Description, Refusal> {
        match self.line.ask(Request::Describe) {
            Some(Reply::Description(reply)) => reply,
            _ => Err(gone()),
        }
    }

    /// C_Login as user. A PIN that the token called wrong is not sent again by this host.
    ///
    /// # Errors
    /// The call that the token refused, CKR_PIN_INCORRECT and CKR_PIN_LOCKED among them.
    pub fn login(&self, login: Login) -> Result<(), Refusal> {
        match self.line.ask(Request::Login(login)) {
            Some(Reply::Login(reply)) => reply,
            _ => Err(gone()),
        }
    }

    /// Reads keys, certificates and mechanisms, and pairs them.
    ///
    /// # Errors
    /// The call that the token refused.
    pub fn inventory(&self) -> Result<Inventory, Refusal> {
        match self.line.ask(Request::Inventory) {
            Some(Reply::Inventory(reply)) => reply,
            _ => Err(gone()),
        }
    }

    /// C_GetMechanismInfo of a mechanism, listed or not; `None` if the host is gone.
    pub fn mechanism_info(&self, mechanism: Mechanism) -> Option<MechanismFacts> {
        match self.line.ask(Request::MechanismInfo(mechanism)) {
            Some(Reply::MechanismInfo(facts)) => Some(facts),
            _ => None,
        }
    }

    /// A signer for the key at this place in the inventory.
    pub fn signer(&self, key: usize) -> KeySigner {
        KeySigner {
            line: self.line.clone(),
            key,
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // either may fail only because the thread has ended already
        let (sender, _) = mpsc::channel();
        let _ = self.line.0.send((Request::Close, sender));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A key on a token, as the floors above see it.
pub struct KeySigner {
    line: Line,
    key: usize,
}

impl Sign for KeySigner {
    fn sign(&self, scheme: Scheme, route: Route, message: &[u8]) -> Result<Signed, SignError> {
        let request = Request::Sign {
            key: self.key,
            scheme,
            route,
            message: message.to_vec(),
        };
        match self.line.ask(request) {
            Some(Reply::Signed(reply)) => reply,
            _ => Err(SignError::other(
                SignStep::Session,
                "the token's host has ended",
            )),
        }
    }
}

impl Line {
    /// Waits for the reply; `None` if the host has ended.
    fn ask(&self, request: Request) -> Option<Reply> {
        let (sender, reply) = mpsc::channel();
        self.0.send((request, sender)).ok()?;
        reply.recv().ok()
    }
}

fn serve(mut owner: Owner, requests: &Receiver<(Request, Sender<Reply>)>) {
    while let Ok((request, sender)) = requests.recv() {
        let reply = match request {
            Request::Describe => Reply::Description(owner.describe()),
            Request::Login(login) => Reply::Login(owner.login(login)),
            Request::Inventory => Reply::Inventory(owner.inventory()),
            Request::MechanismInfo(mechanism) => {
                Reply::MechanismInfo(owner.mechanism_info(mechanism))
            }
            Request::Sign {
                key,
                scheme,
                route,
                message,
            } => Reply::Signed(owner.sign(key, scheme, route, &message)),
            Request::Close => return,
        };
        // whoever asked may have given up waiting
        let _ = sender.send(reply);
    }
}

fn gone() -> Refusal {
    Refusal::not_made("the token's host", "has ended")
}
