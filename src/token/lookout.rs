//! Looking out for cards: which tokens come and go, whatever becomes of the module, the reader or its service meanwhile.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::host::Host;
use super::launch::Launch;
use super::module::{Module, ModuleError};
use super::protocol::Description;
use super::refusal::Refusal;
use crate::model::token::Module as ModuleFacts;

/// A token may take that long to say what it is: cards answer late.
const LATE: Duration = Duration::from_secs(10);

/// A module that shows no token is loaded anew that often: one whose reader service was restarted stays deaf.
const ANEW: Duration = Duration::from_secs(5);

/// Watches the slots of a module.
pub struct Lookout {
    launch: Launch,
    /// `None`: it could not be loaded the last time.
    module: Option<Module>,
    loaded: Instant,
    /// Another process answers from now on: it may number the slots otherwise.
    renumbered: bool,
    seen: Vec<Seen>,
    events: VecDeque<Event>,
    /// What was told last of a module that can't be asked.
    trouble: Option<String>,
}

/// A slot with a token in it.
struct Seen {
    /// `None`: another process doesn't see it any more.
    slot: Option<u64>,
    since: Instant,
    /// `None`: it has not said yet what it is.
    token: Option<Description>,
    told: bool,
}

/// What was seen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A token that was not there before.
    Came(Box<Description>),
    /// A token that is no longer there.
    Left(Box<Description>),
    /// A token that doesn't say what it is; asked for ten seconds, and asked on.
    Silent(Refusal),
    /// The module can't be asked; tried on.
    Trouble(String),
}

impl Seen {
    fn is_in(&self, slots: &[u64]) -> bool {
        self.slot.is_some_and(|slot| slots.contains(&slot))
    }
}

impl Lookout {
    /// Has a host load the module. Nothing was seen yet.
    ///
    /// # Errors
    /// Why the module can't be used.
    pub fn start(launch: Launch) -> Result<Lookout, ModuleError> {
        Ok(Lookout {
            module: Some(Module::load(launch.clone())?),
            launch,
            loaded: Instant::now(),
            renumbered: false,
            seen: Vec::new(),
            events: VecDeque::new(),
            trouble: None,
        })
    }

    /// What C_GetInfo said.
    pub fn facts(&self) -> ModuleFacts {
        let facts = self.module.as_ref().map(Module::facts);
        facts.cloned().unwrap_or_default()
    }

    /// A host of this token's own; `None` while the module can't be loaded.
    pub fn host(&mut self, token: Description) -> Option<Host> {
        // it takes the process that answered so far
        self.renumbered = true;
        self.module.as_mut().map(|module| module.host(token))
    }

    /// Looks once, which takes as long as the module does.
    pub fn look(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            match self.look_at_slots() {
                Ok(()) => self.trouble = None,
                Err(error) => self.tell_once(error.to_string()),
            }
        }
        self.events.pop_front()
    }

    fn look_at_slots(&mut self) -> Result<(), ModuleError> {
        if self.seen.is_empty() && self.loaded.elapsed() > ANEW {
            self.load()?;
        }
        let mut slots = self.slots()?;
        let missing = |seen: &Seen| !seen.is_in(&slots);
        if self.seen.iter().any(missing) && !self.renumbered {
            // not believed before another process says so: a module may only have lost its reader's service
            self.load()?;
            slots = self.slots()?;
        }
        if std::mem::take(&mut self.renumbered) {
            self.find_again(&slots);
        }
        self.take_leave(&slots);
        self.welcome(&slots);
        Ok(())
    }

    fn load(&mut self) -> Result<(), ModuleError> {
        // the old process ends first: some modules serve one at a time
        self.module = None;
        self.loaded = Instant::now();
        self.renumbered = true;
        self.module = Some(Module::load(self.launch.clone())?);
        Ok(())
    }

    fn slots(&mut self) -> Result<Vec<u64>, ModuleError> {
        if self.module.is_none() {
            self.load()?;
        }
        let slots = self.module.as_mut().map(Module::slots).transpose();
        let slots = slots.map_err(ModuleError::Refused)?.unwrap_or_default();
        Ok(slots.with_token)
    }

    fn describe(&mut self, slot: u64) -> Option<Result<Description, Refusal>> {
        self.module.as_mut().map(|module| module.describe(slot))
    }

    /// Finds the tokens that were seen in the slots that another process has.
    fn find_again(&mut self, slots: &[u64]) {
        let found: Vec<Description> = slots
            .iter()
            .filter_map(|slot| self.describe(*slot)?.ok())
            .collect();
        for seen in &mut self.seen {
            let Some(known) = &mut seen.token else {
                continue;
            };
            let same = |found: &&Description| known.token.is_same(&found.token);
            let found = found.iter().find(same);
            seen.slot = found.map(|found| found.token.slot);
            if let Some(found) = found {
                *known = found.clone();
            }
        }
    }

    /// A token whose slot is empty has left. One that was exchanged between two looks would not be noticed, but no hand is
    /// that quick, and asking each token each time would disturb whoever works with it.
    fn take_leave(&mut self, slots: &[u64]) {
        let seen = std::mem::take(&mut self.seen).into_iter();
        let (still_there, gone): (Vec<_>, Vec<_>) = seen.partition(|seen| seen.is_in(slots));
        self.seen = still_there;
        let left = gone.into_iter().filter_map(|seen| seen.token);
        self.events
            .extend(left.map(|token| Event::Left(Box::new(token))));
    }

    fn welcome(&mut self, slots: &[u64]) {
        for slot in slots {
            if !self.seen.iter().any(|seen| seen.slot == Some(*slot)) {
                self.seen.push(Seen {
                    slot: Some(*slot),
                    since: Instant::now(),
                    token: None,
                    told: false,
                });
            }
        }
        for at in 0..self.seen.len() {
            self.get_to_know(at);
        }
    }

    fn get_to_know(&mut self, at: usize) {
        let unknown = self.seen.get(at).filter(|seen| seen.token.is_none());
        let Some(slot) = unknown.and_then(|seen| seen.slot) else {
            return;
        };
        let answer = self.describe(slot);
        let Some(seen) = self.seen.get_mut(at) else {
            return;
        };
        match answer {
            Some(Ok(token)) => {
                seen.token = Some(token.clone());
                self.events.push_back(Event::Came(Box::new(token)));
            }
            Some(Err(refusal)) if seen.since.elapsed() > LATE && !seen.told => {
                seen.told = true;
                self.events.push_back(Event::Silent(refusal));
            }
            _ => {}
        }
    }

    fn tell_once(&mut self, trouble: String) {
        if self.trouble.as_ref() != Some(&trouble) {
            self.events.push_back(Event::Trouble(trouble.clone()));
            self.trouble = Some(trouble);
        }
    }
}
