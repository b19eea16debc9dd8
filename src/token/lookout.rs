//! Looking out for cards: which tokens come and go, whatever becomes of the module, the reader or its service meanwhile.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::absence::{self, Absence, LATE};
use super::host::Host;
use super::launch::Launch;
use super::module::{Module, ModuleError};
use super::protocol::Description;
use super::readers;
use super::refusal::Refusal;
use crate::model::obstacle::{self, Obstacle};
use crate::model::token::Module as ModuleFacts;

/// A module that shows no token is loaded anew that often: one whose reader service was restarted stays deaf.
const ANEW: Duration = Duration::from_secs(5);

/// The same for one that has lost sight of a token.
const ANEW_FOR_A_LOST_ONE: Duration = Duration::from_secs(1);

/// Watches the slots of a module.
pub struct Lookout {
    launch: Launch,
    /// `None`: it could not be loaded the last time.
    module: Option<Module>,
    loaded: Instant,
    /// Another process answers from now on: it may number the slots otherwise.
    renumbered: bool,
    /// The module's slots are pcscd's readers.
    uses_pcsc: bool,
    seen: Vec<Seen>,
    events: VecDeque<Event>,
    /// What was told last of a module that can't be asked.
    trouble: Option<String>,
    /// What was in the way at the readers the last time.
    obstacles: Vec<Obstacle>,
    /// What of it was told.
    told: Vec<Obstacle>,
}

/// A slot with a token in it.
struct Seen {
    /// `None`: another process doesn't see it any more.
    slot: Option<u64>,
    since: Instant,
    /// `None`: it has not said yet what it is.
    token: Option<Description>,
    /// The slot's description, which is the reader's name.
    reader: String,
    /// Since when no process shows it.
    missed: Option<Instant>,
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
    /// Why no token can come; looked at on.
    Obstacle(Obstacle),
    /// The module can't be asked; tried on.
    Trouble(String),
}

impl Seen {
    fn new(slot: u64) -> Seen {
        Seen {
            slot: Some(slot),
            since: Instant::now(),
            token: None,
            reader: String::new(),
            missed: None,
            told: false,
        }
    }

    fn is_in(&self, slots: &[u64]) -> bool {
        self.slot.is_some_and(|slot| slots.contains(&slot))
    }

    fn missed_for(&mut self) -> Duration {
        self.missed.get_or_insert_with(Instant::now).elapsed()
    }

    fn is(&self, other: &Description) -> bool {
        let known = self.token.as_ref();
        known.is_some_and(|known| known.token.is_same(&other.token))
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
            uses_pcsc: false,
            seen: Vec::new(),
            events: VecDeque::new(),
            trouble: None,
            obstacles: Vec::new(),
            told: Vec::new(),
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

    /// What keeps the module from cards that are in the readers, or the readers from it.
    pub fn obstacles(&self) -> Vec<Obstacle> {
        let known = self.seen.iter().filter(|seen| seen.token.is_some());
        let known: Vec<String> = known.map(|seen| seen.reader.clone()).collect();
        match self.uses_pcsc {
            true => obstacle::at_the_readers(&readers::ask(), &known),
            false => Vec::new(),
        }
    }

    /// Looks once, which takes as long as the module does.
    pub fn look(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            self.look_now();
        }
        self.events.pop_front()
    }

    /// Has another process find the tokens again, if a host took the one that saw them: before somebody is asked to take
    /// a card out, since OpenSC hangs over a card that is pulled while it reads it.
    pub fn get_ready(&mut self) {
        if self.renumbered {
            self.look_now();
        }
    }

    fn look_now(&mut self) {
        match self.look_at_slots() {
            Ok(()) => self.trouble = None,
            Err(error) => self.tell_once(error.to_string()),
        }
    }

    fn look_at_slots(&mut self) -> Result<(), ModuleError> {
        if self.seen.is_empty() && self.loaded.elapsed() > ANEW {
            self.load()?;
            self.look_at_readers();
        }
        let mut slots = self.slots()?;
        if self.is_worth_loading_anew(&slots) {
            // not believed before another process says so: a module may only have lost its reader's service
            self.load()?;
            slots = self.slots()?;
        }
        let silent = match std::mem::take(&mut self.renumbered) || self.has_lost_one() {
            true => self.find_again(&slots),
            false => false,
        };
        self.take_leave(&slots, silent);
        self.welcome(&slots);
        Ok(())
    }

    fn is_worth_loading_anew(&self, slots: &[u64]) -> bool {
        let mut missing = self.seen.iter().filter(|seen| !seen.is_in(slots));
        let long_enough = self.loaded.elapsed() > ANEW_FOR_A_LOST_ONE;
        !self.renumbered && missing.any(|seen| seen.missed.is_none() || long_enough)
    }

    fn has_lost_one(&self) -> bool {
        self.seen.iter().any(|seen| seen.missed.is_some())
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
        self.uses_pcsc |= slots.uses_pcsc;
        Ok(slots.with_token)
    }

    fn describe(&mut self, slot: u64) -> Option<Result<Description, Refusal>> {
        self.module.as_mut().map(|module| module.describe(slot))
    }

    /// Why nothing comes, told once. A card that is just being put in is no obstacle yet: it is one when it still is by the
    /// next time.
    fn look_at_readers(&mut self) {
        let now = self.obstacles();
        let before = std::mem::replace(&mut self.obstacles, now);
        let is_sure = |now: &&Obstacle| !now.is_about_a_card() || before.contains(now);
        let sure: Vec<Obstacle> = self.obstacles.iter().filter(is_sure).cloned().collect();
        self.tell_of(sure);
    }

    /// An empty reader is what is waited for, and nothing to tell.
    fn tell_of(&mut self, obstacles: Vec<Obstacle>) {
        let is_new = |obstacle: &&Obstacle| !self.told.contains(obstacle);
        let worth_telling = obstacles.iter().filter(|obstacle| obstacle.id != "no-card");
        let new = worth_telling.filter(is_new).cloned();
        self.events.extend(new.map(Event::Obstacle));
        self.told = obstacles;
    }

    /// Finds the tokens that were seen in the slots that another process has. Is there one that doesn't say what it is?
    fn find_again(&mut self, slots: &[u64]) -> bool {
        let answers: Vec<_> = slots
            .iter()
            .filter_map(|slot| self.describe(*slot))
            .collect();
        let silent = answers.iter().any(Result::is_err);
        let found: Vec<Description> = answers.into_iter().flatten().collect();
        for seen in self.seen.iter_mut().filter(|seen| seen.token.is_some()) {
            let same = found.iter().find(|found| seen.is(found));
            seen.slot = same.map(|found| found.token.slot);
            if let Some(found) = same {
                seen.missed = None;
                seen.token = Some(found.clone());
            }
        }
        silent
    }

    /// A token whose slot is empty has left, if the readers don't say otherwise. One that was exchanged between two looks
    /// would not be noticed, but no hand is that quick, and asking each token each time would disturb whoever works with it.
    fn take_leave(&mut self, slots: &[u64], silent: bool) {
        let is_in = |seen: &Seen| seen.is_in(slots);
        if self.seen.iter().all(is_in) {
            return;
        }
        let service = self.uses_pcsc.then(readers::ask);
        if let Some(service) = service.as_ref().filter(|service| !service.is_running()) {
            self.tell_of(obstacle::at_the_readers(service, &[]));
        }
        let seen = std::mem::take(&mut self.seen).into_iter();
        let (still_there, gone): (Vec<_>, Vec<_>) = seen.partition(|seen| seen.is_in(slots));
        self.seen = still_there;
        for mut seen in gone.into_iter().filter(|seen| seen.token.is_some()) {
            let missed = seen.missed_for();
            match absence::of(service.as_ref(), &seen.reader, missed, silent) {
                Absence::InDoubt => self.seen.push(Seen { slot: None, ..seen }),
                Absence::Left => self.say_goodbye(seen),
            }
        }
    }

    fn say_goodbye(&mut self, seen: Seen) {
        let left = seen.token.map(|token| Event::Left(Box::new(token)));
        self.events.extend(left);
    }

    fn welcome(&mut self, slots: &[u64]) {
        for slot in slots {
            if !self.seen.iter().any(|seen| seen.slot == Some(*slot)) {
                self.seen.push(Seen::new(*slot));
            }
        }
        let unknown = self.seen.iter().filter(|seen| seen.token.is_none());
        let unknown: Vec<u64> = unknown.filter_map(|seen| seen.slot).collect();
        for slot in unknown {
            self.get_to_know(slot);
        }
    }

    fn get_to_know(&mut self, slot: u64) {
        let answer = self.describe(slot);
        let of_slot = |seen: &&mut Seen| seen.slot == Some(slot);
        match answer {
            Some(Ok(token)) => self.has_come(slot, token),
            Some(Err(refusal)) => {
                let seen = self.seen.iter_mut().find(of_slot);
                if let Some(seen) = seen.filter(|seen| seen.since.elapsed() > LATE && !seen.told) {
                    seen.told = true;
                    self.events.push_back(Event::Silent(refusal));
                }
            }
            None => {}
        }
    }

    /// A token has said what it is: a new one, or one that was lost sight of.
    fn has_come(&mut self, slot: u64, token: Description) {
        let description = self
            .module
            .as_mut()
            .map(|module| module.slot_description(slot));
        let reader = description.and_then(Result::ok).unwrap_or_default();
        self.seen.retain(|seen| seen.slot != Some(slot));
        let lost = self
            .seen
            .iter()
            .position(|seen| seen.slot.is_none() && seen.is(&token));
        if let Some(lost) = lost {
            self.seen.remove(lost);
        } else {
            self.events.push_back(Event::Came(Box::new(token.clone())));
        }
        self.seen.push(Seen {
            token: Some(token),
            reader,
            ..Seen::new(slot)
        });
    }

    fn tell_once(&mut self, trouble: String) {
        if self.trouble.as_ref() != Some(&trouble) {
            self.events.push_back(Event::Trouble(trouble.clone()));
            self.trouble = Some(trouble);
        }
    }
}
