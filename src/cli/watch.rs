//! `cardcheck watch`: a technician's shift. Card in, verdict, card out, next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::args::Watch;
use super::check::{Check, Started};
use super::error::CliError;
use super::exit::Exit;
use super::host;
use super::interrupt;
use super::output;
use super::pin::PinKeeper;
use super::progress::Progress;
use super::saving::Saving;
use super::speak;
use super::tokens::{self, Selection};
use crate::model::run::Run;
use crate::report::style::{counted, printable};
use crate::report::{Screen, table};
use crate::token::lookout::{Event, Lookout};
use crate::token::protocol::Description;

/// How often the slots are looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// Checks card after card, until Ctrl-C or as many as were asked for.
pub(super) fn run(wanted: &Watch) -> Result<Exit, CliError> {
    let progress = Progress::new(wanted.manner.quiet).with_details(wanted.detail);
    let progress = Arc::new(progress);
    progress.end();
    let cancelled = interrupt::flag();
    let mut shift = Shift::new(wanted, &progress, &cancelled)?;
    let path = tokens::module_path(&wanted.token, &shift.selection)?;
    let launch = host::launch(
        path,
        &wanted.token,
        &wanted.pin,
        wanted.privacy,
        &progress,
        &cancelled,
    )?;
    let mut lookout = Lookout::start(launch)?;

    shift.say("waiting for a card; Ctrl-C ends");
    while !cancelled.load(Ordering::Relaxed) {
        match lookout.look() {
            Some(event) => shift.attend_to(event, &mut lookout)?,
            None => pause(&cancelled),
        }
        if shift.is_done() {
            return Ok(shift.tally.exit());
        }
    }
    shift.say(&shift.tally.in_words());
    Ok(Exit::Interrupted)
}

/// Until the next look, or until the user wants to end.
fn pause(cancelled: &AtomicBool) {
    let began = Instant::now();
    while began.elapsed() < LOOK_AGAIN && !cancelled.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A shift at the desk, and what was done in it so far.
struct Shift<'a> {
    wanted: &'a Watch,
    check: Check,
    selection: Selection,
    pins: PinKeeper,
    saving: Vec<Saving>,
    screen: Screen,
    progress: Arc<Progress>,
    cancelled: Arc<AtomicBool>,
    tally: Tally,
}

/// Cards, by how they did.
#[derive(Debug, Default)]
struct Tally {
    good: usize,
    bad: usize,
    /// Why, as an exit code.
    unchecked: Vec<Exit>,
    /// Reports that could not be saved.
    unsaved: usize,
}

impl<'a> Shift<'a> {
    fn new(
        wanted: &'a Watch,
        progress: &Arc<Progress>,
        cancelled: &Arc<AtomicBool>,
    ) -> Result<Shift<'a>, CliError> {
        let redact = wanted.privacy.redact;
        let mut check = Check::new(&wanted.servers, wanted.effort, redact, progress)?;
        let selection = Selection::new(&wanted.token)?;
        let pins = PinKeeper::new(&wanted.pin, selection.uri())?;
        let saving = wanted.save.iter().map(|pattern| Saving::new(pattern));
        let saving = saving.collect::<Result<_, _>>()?;
        check.prepare();
        Ok(Shift {
            wanted,
            check,
            selection,
            pins,
            saving,
            screen: output::screen(wanted.manner.color),
            progress: Arc::clone(progress),
            cancelled: Arc::clone(cancelled),
            tally: Tally::default(),
        })
    }

    fn attend_to(&mut self, event: Event, lookout: &mut Lookout) -> Result<(), CliError> {
        match event {
            Event::Came(token) if self.is_wanted(&token) => self.receive(&token, lookout),
            Event::Came(_) => Ok(()),
            Event::Left(token) if self.is_wanted(&token) => {
                self.say(&format!(
                    "{} is out; put the next card in",
                    tokens::name(&token)
                ));
                Ok(())
            }
            Event::Left(_) => Ok(()),
            Event::Silent(refusal) => {
                let why = lookout.obstacles().into_iter().next();
                speak::failure(&why.map_or_else(|| tokens::silent(&refusal), CliError::from));
                Ok(())
            }
            Event::Obstacle(obstacle) => {
                speak::failure(&obstacle.into());
                Ok(())
            }
            Event::Trouble(trouble) => {
                speak::warning(&format!("{trouble}; trying again"));
                Ok(())
            }
        }
    }

    /// One that was named, if any was; an uninitialised one holds nothing.
    fn is_wanted(&self, token: &Description) -> bool {
        token.initialized && self.selection.wants_token(&token.token)
    }

    /// A card is in: checks it, unless that fails for a reason of its own. The next card may do better.
    fn receive(&mut self, token: &Description, lookout: &mut Lookout) -> Result<(), CliError> {
        let name = tokens::name(token);
        self.say(&format!("card in: {name}, {}", token.token.model));
        match self.try_card(token, lookout) {
            Ok(Some(found)) => self.show(&found)?,
            Ok(None) => {
                self.say("no private key on it: nothing to try");
                return Ok(());
            }
            Err(error) if error.exit == Exit::Interrupted => return Err(error),
            Err(error) => self.tally.unchecked.push(speak::failure(&error)),
        }
        if !self.is_done() {
            lookout.get_ready();
            self.say("take the card out");
        }
        Ok(())
    }

    /// `None`: no key is on it.
    fn try_card(
        &mut self,
        token: &Description,
        lookout: &mut Lookout,
    ) -> Result<Option<Run>, CliError> {
        let Some(host) = lookout.host(token.clone()) else {
            return Err(CliError::environment("the module can't be loaded any more"));
        };
        let open = tokens::open_one(host, token, &self.selection, &mut self.pins)?;
        let open = tokens::numbered(vec![open]);
        if open.is_empty() {
            return Ok(None);
        }
        self.progress.begin();
        let module = lookout.facts();
        let started = Started::now();
        let found = self.check.run(&module, open, started, &self.cancelled)?;
        Ok(Some(found))
    }

    /// Verdict and findings; the whole report goes into a file.
    fn show(&mut self, found: &Run) -> Result<(), CliError> {
        self.tally.count(found);
        output::stdout(&table::brief(found, &self.screen))?;
        for saving in &self.saving {
            match saving.save(found) {
                Ok(path) => self.say(&format!("saved {}", path.display())),
                Err(error) => {
                    speak::failure(&error);
                    self.tally.unsaved += 1;
                }
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.wanted
            .cards
            .is_some_and(|most| self.tally.cards() >= most)
    }

    fn say(&self, text: &str) {
        if !self.wanted.manner.quiet {
            speak::say(&printable(text));
        }
    }
}

impl Tally {
    fn count(&mut self, found: &Run) {
        match Exit::of(found, None) {
            Exit::AsExpected => self.good += 1,
            Exit::Unexpected => self.bad += 1,
            other => self.unchecked.push(other),
        }
    }

    fn cards(&self) -> usize {
        self.good + self.bad + self.unchecked.len()
    }

    /// Bad news first.
    fn exit(&self) -> Exit {
        match (self.bad, self.unchecked.first()) {
            (1.., _) => Exit::Unexpected,
            (0, Some(why)) => *why,
            _ if self.unsaved > 0 => Exit::Environment,
            _ if self.good == 0 => Exit::NothingToTry,
            _ => Exit::AsExpected,
        }
    }

    fn in_words(&self) -> String {
        let cards = counted(self.cards(), "card");
        let unchecked = self.unchecked.len();
        format!(
            "{cards}: {} good, {} not, {unchecked} could not be checked",
            self.good, self.bad
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_news_decides_how_a_day_at_the_desk_ends() {
        let day = |good, bad, unchecked: &[Exit]| Tally {
            good,
            bad,
            unchecked: unchecked.to_vec(),
            unsaved: 0,
        };
        assert_eq!(day(0, 0, &[]).exit(), Exit::NothingToTry);
        assert_eq!(day(3, 0, &[]).exit(), Exit::AsExpected);
        assert_eq!(day(3, 0, &[Exit::Environment]).exit(), Exit::Environment);
        assert_eq!(day(3, 1, &[Exit::Environment]).exit(), Exit::Unexpected);
        assert_eq!(
            day(1, 0, &[]).in_words(),
            "1 card: 1 good, 0 not, 0 could not be checked"
        );
    }
}
