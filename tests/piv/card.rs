//! A card as a person handles it: put in and pulled, told to misbehave, asked what happened to it.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::apdu::{Command, Exchange, Next, Status};
use super::application::{Application, MANAGEMENT_KEY};
use super::fault::{Deed, Fault};
use super::objects::Setup;

/// A card; its clones are the same card. It is in a reader from the start.
#[derive(Clone)]
pub struct Card(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// It was pulled or put in.
    moved: Condvar,
}

struct State {
    application: Application,
    exchange: Exchange,
    present: bool,
    /// To be pulled once its answer has been fetched to the end.
    leaving: bool,
    faults: Vec<Fault>,
    apdus: u32,
    requests: u32,
    resets: u32,
}

/// What happened to a card since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// APDUs of any kind.
    pub apdus: u32,
    /// GENERAL AUTHENTICATE commands for one of its keys.
    pub requests: u32,
    /// Those that came to a signature.
    pub signatures: u32,
    /// PINs that were right.
    pub verified: u32,
    /// PINs that were wrong, each of which cost a try.
    pub refused: u32,
    pub tries_left: u8,
    /// Resets, not counting those when it was put in.
    pub resets: u32,
    pub present: bool,
}

impl Card {
    pub fn new(setup: Setup) -> Card {
        let state = State {
            application: Application::new(setup),
            exchange: Exchange::default(),
            present: true,
            leaving: false,
            faults: Vec::new(),
            apdus: 0,
            requests: 0,
            resets: 0,
        };
        Card(Arc::new(Shared {
            state: Mutex::new(state),
            moved: Condvar::new(),
        }))
    }

    pub fn pull(&self) {
        let mut state = self.state();
        state.present = false;
        state.lose_power();
        self.0.moved.notify_all();
    }

    pub fn insert(&self) {
        self.state().present = true;
        self.0.moved.notify_all();
    }

    pub fn fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    pub fn set_tries_left(&self, tries: u8) {
        self.state().application.tries_left = tries;
    }

    pub fn stats(&self) -> Stats {
        let state = self.state();
        let application = &state.application;
        Stats {
            apdus: state.apdus,
            requests: state.requests,
            signatures: application.signatures,
            verified: application.verifications.good,
            refused: application.verifications.bad,
            tries_left: application.tries_left,
            resets: state.resets,
            present: state.present,
        }
    }

    pub fn pin(&self) -> String {
        self.state().application.setup.pin.clone()
    }

    /// The answer to reset; `None`: it is not in.
    pub(super) fn atr(&self) -> Option<Vec<u8>> {
        let state = self.state();
        state.present.then(|| state.application.setup.atr())
    }

    /// Power on or off.
    pub(super) fn power(&self) {
        self.state().lose_power();
    }

    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.resets += 1;
        state.lose_power();
    }

    /// Answers an APDU, whatever is in it. `None`: it is not in, or was pulled over it.
    pub fn answer(&self, apdu: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.state();
        if !state.present {
            return None;
        }
        state.apdus += 1;
        let answer = match state.exchange.receive(apdu) {
            Next::Answer(answer) => answer,
            Next::Carry(command) => {
                let deed = state.deed(&command);
                state = self.misbehave(state, deed.as_ref())?;
                state.carry_out(&command, deed.as_ref())
            }
        };
        if state.leaving && !state.exchange.has_more() {
            drop(state);
            self.pull();
        }
        Some(answer)
    }

    /// What happens before the command is carried out.
    fn misbehave<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        deed: Option<&Deed>,
    ) -> Option<MutexGuard<'a, State>> {
        let moved = &self.0.moved;
        let is_in = |state: &mut State| state.present;
        let state = match deed {
            Some(Deed::Delay(time) | Deed::LateStatus(time, _)) => {
                let waited = moved.wait_timeout_while(state, *time, is_in);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            Some(Deed::Hang) => moved
                .wait_while(state, is_in)
                .unwrap_or_else(PoisonError::into_inner),
            Some(Deed::Pull) => {
                drop(state);
                self.pull();
                return None;
            }
            _ => state,
        };
        state.present.then_some(state)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // what a panicking thread left is as good as any
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lose_power(&mut self) {
        self.leaving = false;
        self.exchange = Exchange::default();
        self.application.reset();
    }

    fn deed(&mut self, command: &Command) -> Option<Deed> {
        if command.instruction == 0x87 && command.p2 != MANAGEMENT_KEY {
            self.requests += 1;
        }
        // of two that are due the second waits its turn
        let mut faults = self.faults.iter_mut();
        faults.find_map(|fault| {
            fault
                .strikes(command.instruction)
                .then(|| fault.deed.clone())
        })
    }

    fn carry_out(&mut self, command: &Command, deed: Option<&Deed>) -> Vec<u8> {
        let answer = match deed {
            Some(Deed::Status(word) | Deed::LateStatus(_, word)) => Err(Status(*word)),
            _ => self.application.carry_out(command),
        };
        self.leaving |= deed == Some(&Deed::PullAfter);
        let (mut data, status) = match answer {
            Ok(data) => (data, Status::OK),
            Err(status) => (Vec::new(), status),
        };
        if deed == Some(&Deed::Corrupt)
            && let Some(last) = data.last_mut()
        {
            *last ^= 1;
        }
        self.exchange.answer(command, data, status)
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "apdus={} requests={} signatures={} verified={} refused={} tries-left={} resets={} present={}",
            self.apdus,
            self.requests,
            self.signatures,
            self.verified,
            self.refused,
            self.tries_left,
            self.resets,
            self.present
        )
    }
}
