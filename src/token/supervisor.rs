//! One token's host, kept going: started again when the module hung or crashed, logged in again where that spends no risk,
//! its keys found again.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use super::identity;
use super::launch::Launch;
use super::ledger::Ledger;
use super::losses::Losses;
use super::process::Process;
use super::protocol::{Description, Inventory, LoadFailure, Login, Reply, Request, Slots};
use super::refusal::Refusal;
use crate::model::ckr::Ckr;
use crate::model::function::Function;
use crate::model::key::Key;
use crate::model::lost::{How, Lost, seconds};
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::{SignError, SignStep, Signed};
use crate::model::token::{MechanismFacts, Module, Token};

/// How often a reader is looked at for a card that was pulled.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Starts a host and has it load the module.
///
/// # Errors
/// The module was lost over it, or can't be used: both as the caller's error.
pub(super) fn start<E: From<Lost>>(
    launch: &Launch,
    logins: &Arc<AtomicUsize>,
    unusable: impl Fn(LoadFailure) -> E,
) -> Result<(Process, Module), E> {
    let mut process = Process::start(launch, Arc::clone(logins))?;
    let request = Request::Load {
        module: launch.module.clone(),
        trace: launch.trace.clone(),
    };
    match process.ask(&request, false)? {
        Reply::Loaded(Ok(module)) => Ok((process, module)),
        Reply::Loaded(Err(failure)) => Err(unusable(failure)),
        _ => Err(out_of_turn().into()),
    }
}

/// Keeps one token's host going.
pub(super) struct Supervisor {
    launch: Launch,
    /// The token that this is about, as it was described first.
    token: Description,
    /// What it is called in what is told: ``token `card` ``.
    name: String,
    /// Where it is now.
    slot: u64,
    process: Option<Process>,
    logins: Arc<AtomicUsize>,
    ledger: Ledger,
    /// The inventory that the caller's numbers are of.
    keys: Vec<Key>,
    /// Where those keys are in the present host's inventory.
    places: Vec<Option<usize>>,
    losses: Losses,
    /// The present host is logged in and has read the token.
    ready: bool,
    /// The card was pulled: the next request needs a new host.
    removed: bool,
}

impl Supervisor {
    /// For this token; `process` may have loaded the module already.
    pub(super) fn new(
        launch: Launch,
        token: Description,
        process: Option<Process>,
        logins: Arc<AtomicUsize>,
    ) -> Supervisor {
        Supervisor {
            name: match launch.discreet {
                true => "a token".into(),
                false => named(&token.token.label),
            },
            launch,
            slot: token.token.slot,
            token,
            process,
            logins,
            ledger: Ledger::default(),
            keys: Vec::new(),
            places: Vec::new(),
            losses: Losses::default(),
            ready: false,
            removed: false,
        }
    }

    /// Calls the token so from now on.
    pub(super) fn rename(&mut self, label: &str) {
        self.name = named(label);
    }

    /// The present host alone keeps the PIN from now on; it is not followed by another that needs one.
    pub(super) fn forget_pin(&mut self) {
        self.ledger.forget();
    }

    /// The first login of the run.
    pub(super) fn login(&mut self, login: Login) -> Result<(), Refusal> {
        self.ledger.begin(login.clone());
        let token = self.token.token.clone();
        self.send_login(token, login)
    }

    /// The first inventory of the run.
    pub(super) fn inventory(&mut self) -> Result<Inventory, Refusal> {
        let inventory = self.read()?;
        self.places = (0..inventory.keys.len()).map(Some).collect();
        self.keys.clone_from(&inventory.keys);
        self.ready = true;
        Ok(inventory)
    }

    pub(super) fn mechanism_info(&mut self, mechanism: Mechanism) -> MechanismFacts {
        let unknown = MechanismFacts::unknown(mechanism);
        if self.losses.may_go_on().is_err() || self.make_ready().is_err() {
            return unknown;
        }
        match self.ask(&Request::MechanismInfo(self.slot, mechanism)) {
            Ok(Reply::MechanismInfo(facts)) => facts,
            _ => unknown,
        }
    }

    /// Signs with the key at this place of the first inventory.
    pub(super) fn sign(
        &mut self,
        key: usize,
        scheme: Scheme,
        route: Route,
        message: &[u8],
    ) -> Result<Signed, SignError> {
        let call = (key, route.mechanism(scheme));
        self.losses.may_ask(call)?;
        if self.launch.is_cancelled() {
            return Err(interrupted());
        }
        let mut reply = self.ask_signature(key, scheme, route, message)?;
        if matches!(&reply, Err(lost) if lost.during.is_none()) {
            // a host that died between two requests says nothing of this one
            reply = self.ask_signature(key, scheme, route, message)?;
        }
        match reply {
            Ok(Reply::Signed(signed)) => {
                self.losses.answered();
                signed.map_err(|error| self.refused(error))
            }
            Ok(_) => Err(SignError::lost(out_of_turn())),
            Err(lost) => {
                self.losses.lost(call, &lost);
                Err(SignError::lost(lost))
            }
        }
    }

    /// Why the token was given up, if it was.
    pub(super) fn given_up(&self) -> Option<String> {
        self.losses.given_up().map(str::to_owned)
    }

    /// Closes the session, finalises the module, ends the process.
    pub(super) fn close(&mut self) -> Result<(), Lost> {
        self.process.take().map_or(Ok(()), Process::close)
    }

    fn ask_signature(
        &mut self,
        key: usize,
        scheme: Scheme,
        route: Route,
        message: &[u8],
    ) -> Result<Result<Reply, Lost>, SignError> {
        self.make_ready()?;
        let request = Request::Sign {
            key: self.place(key)?,
            scheme,
            route,
            message: message.to_vec(),
        };
        Ok(self.ask(&request))
    }

    /// What refused: the token, or what was to be there before it could be asked?
    fn refused(&mut self, error: SignError) -> SignError {
        let removed = error.ckr.is_some_and(Ckr::is_about_removal);
        self.removed |= removed;
        match (error.step, self.ledger.in_vain(), error.ckr) {
            // the login was lost, and can't be made again
            (SignStep::Session, Some(why), _) if !removed => self.given_up_for(why),
            // nor was it made now
            (SignStep::Session, None, None) => SignError {
                step: SignStep::NotTried,
                ..error
            },
            _ => error,
        }
    }

    fn place(&self, key: usize) -> Result<usize, SignError> {
        let place = self.places.get(key).copied().flatten();
        place.ok_or_else(|| SignError::other(SignStep::Session, "the key is gone from the token"))
    }

    /// Has a host that is logged in and knows the keys.
    fn make_ready(&mut self) -> Result<(), SignError> {
        if std::mem::take(&mut self.removed) {
            self.end();
        }
        if self.ready {
            return Ok(());
        }
        self.begin_again().map_err(|error| {
            if let Some(lost) = &error.lost {
                self.losses.lost_at_start(lost);
            }
            self.end();
            match (error.step, &error.lost) {
                (SignStep::Session, None) => self.refused(error),
                _ => error,
            }
        })
    }

    fn begin_again(&mut self) -> Result<(), SignError> {
        self.running().map_err(SignError::lost)?;
        let now = self.await_token()?;
        let login = self.ledger.again(&now);
        let login = login.map_err(|refusal| self.given_up_for(&refusal.to_string()))?;
        if let Some(login) = login {
            self.send_login(now.token, login).map_err(SignError::from)?;
        }
        let inventory = self.read().map_err(SignError::from)?;
        self.places = identity::places(&self.keys, &inventory.keys);
        self.ready = true;
        Ok(())
    }

    /// Looks for the token in all slots until it is there, or has been waited for long enough.
    fn await_token(&mut self) -> Result<Description, SignError> {
        let began = Instant::now();
        let name = self.name.clone();
        let mut asked_for = false;
        loop {
            if let Some(found) = self.look_for_token().map_err(SignError::lost)? {
                self.slot = found.token.slot;
                return Ok(found);
            }
            if self.launch.is_cancelled() {
                return Err(interrupted());
            }
            if began.elapsed() >= self.launch.timeout {
                let waited = seconds(self.launch.timeout);
                let why = format!("the token was removed and not put back in {waited}");
                return Err(self.given_up_for(&why));
            }
            if let Some(why) = self.ledger.in_vain() {
                return Err(self.given_up_for(&format!("the token was removed, and {why}")));
            }
            if !std::mem::replace(&mut asked_for, true) {
                let patience = seconds(self.launch.timeout);
                self.launch.trouble(&format!(
                    "{name} is gone: put it back within {patience} to go on"
                ));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Nothing more is asked of the token in this run.
    fn given_up_for(&mut self, why: &str) -> SignError {
        self.losses.give_up(why.to_owned());
        SignError::other(SignStep::NotTried, why)
    }

    fn look_for_token(&mut self) -> Result<Option<Description>, Lost> {
        let slots = match self.ask(&Request::Slots)? {
            Reply::Slots(slots) => slots.unwrap_or_else(|_| Slots::default()),
            _ => return Err(out_of_turn()),
        };
        for slot in slots.with_token {
            if let Reply::Description(Ok(found)) = self.ask(&Request::Describe(slot))?
                && self.token.token.is_same(&found.token)
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn send_login(&mut self, token: Token, login: Login) -> Result<(), Refusal> {
        match self.ask(&Request::Login(Box::new(token), login))? {
            Reply::Login(Ok(())) => {
                self.ledger.was_right();
                Ok(())
            }
            Reply::Login(Err(refusal)) => {
                // whatever it said: it didn't say that the PIN is right
                self.ledger.was_wrong();
                Err(refusal)
            }
            _ => Err(out_of_turn().into()),
        }
    }

    fn read(&mut self) -> Result<Inventory, Refusal> {
        match self.ask(&Request::Inventory(self.slot))? {
            Reply::Inventory(inventory) => inventory,
            _ => Err(out_of_turn().into()),
        }
    }

    /// Asks the host; when the module is lost over it, the host is gone, and the PIN's standing known.
    fn ask(&mut self, request: &Request) -> Result<Reply, Lost> {
        let typing = self.ledger.is_typed();
        let process = self.running()?;
        let reply = process.ask(request, typing);
        let in_doubt = process.is_pin_in_doubt();
        let unanswered = reply.is_err() && process.was_logging_in();
        if in_doubt {
            self.ledger.was_wrong();
        }
        if unanswered {
            self.ledger.was_not_answered();
        }
        if let Err(lost) = &reply {
            self.process = None;
            self.ready = false;
            self.launch.trouble(&format!("{}: {lost}", self.name));
        }
        reply
    }

    fn running(&mut self) -> Result<&mut Process, Lost> {
        let process = match self.process.take() {
            Some(process) => process,
            None => start(&self.launch, &self.logins, not_again)?.0,
        };
        Ok(self.process.insert(process))
    }

    /// Ends the host in order, as far as the module lets it.
    fn end(&mut self) {
        self.ready = false;
        if let Err(lost) = self.close() {
            self.launch.trouble(&lost.to_string());
        }
    }
}

fn named(label: &str) -> String {
    format!("token `{label}`")
}

/// A module that loaded before, and doesn't now.
fn not_again(failure: LoadFailure) -> Lost {
    let why = match failure {
        LoadFailure::NotALibrary(detail) => detail,
        LoadFailure::NotPkcs11 => "it gives no function list any more".into(),
        LoadFailure::Refused(refusal) => refusal.to_string(),
    };
    Lost {
        during: Some(Function::Load),
        how: How::Unusable(format!("the module can't be used any more ({why})")),
        last_words: None,
    }
}

fn interrupted() -> SignError {
    SignError::other(SignStep::NotTried, "interrupted")
}

fn out_of_turn() -> Lost {
    Lost {
        during: None,
        how: How::Unusable("the token's host answered something else".into()),
        last_words: None,
    }
}
