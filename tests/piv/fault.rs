//! What a card can be told to do wrong.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A misdeed at a command, and when it happens. Without more said: at the next GENERAL AUTHENTICATE, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(super) deed: Deed,
    instruction: u8,
    after: u32,
    times: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Answers this, and does nothing.
    Status(u16),
    /// The same, after a while.
    LateStatus(Duration, u16),
    /// Flips a bit of the answer's last byte.
    Corrupt,
    Delay(Duration),
    /// Says nothing until it is pulled.
    Hang,
    /// Is pulled, and leaves the command unanswered.
    Pull,
    /// Answers, and is pulled then.
    PullAfter,
}

const GENERAL_AUTHENTICATE: u8 = 0x87;

impl Fault {
    /// Answers with this status word, and does nothing.
    pub fn status(word: u16) -> Fault {
        Fault::of(Deed::Status(word))
    }

    /// Takes its time, then answers with this status word, and does nothing.
    pub fn late_status(time: Duration, word: u16) -> Fault {
        Fault::of(Deed::LateStatus(time, word))
    }

    /// Signs, and gives a signature with one bit wrong.
    pub fn corrupt() -> Fault {
        Fault::of(Deed::Corrupt)
    }

    /// Takes its time.
    pub fn delay(time: Duration) -> Fault {
        Fault::of(Deed::Delay(time))
    }

    /// Never answers.
    pub fn hang() -> Fault {
        Fault::of(Deed::Hang)
    }

    /// Is pulled instead of answering.
    pub fn pull() -> Fault {
        Fault::of(Deed::Pull)
    }

    /// Is pulled when it has answered.
    pub fn pull_after() -> Fault {
        Fault::of(Deed::PullAfter)
    }

    fn of(deed: Deed) -> Fault {
        Fault {
            deed,
            instruction: GENERAL_AUTHENTICATE,
            after: 0,
            times: 1,
        }
    }

    /// At commands of this instruction: 0x20 is VERIFY, 0xCB is GET DATA.
    pub fn on(self, instruction: u8) -> Fault {
        Fault {
            instruction,
            ..self
        }
    }

    /// Lets this many pass first.
    pub fn after(self, after: u32) -> Fault {
        Fault { after, ..self }
    }

    pub fn times(self, times: u32) -> Fault {
        Fault { times, ..self }
    }

    /// Every time.
    pub fn always(self) -> Fault {
        self.times(u32::MAX)
    }

    /// Is it due at a command of this instruction? Counts it.
    pub(super) fn strikes(&mut self, instruction: u8) -> bool {
        if instruction != self.instruction || self.times == 0 {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// As the control socket and the command line take it: `status 6f00 times 2 after 3`, `delay 200`, `hang`, `corrupt`,
/// `pull on 20`, `pull-after`.
impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Fault, String> {
        let mut words = text.split_whitespace();
        let mut next = || words.next();
        let mut fault = match next().unwrap_or_default() {
            "status" => Fault::status(hexadecimal(next())?),
            "late-status" => {
                let time = Duration::from_millis(decimal(next())?.into());
                Fault::late_status(time, hexadecimal(next())?)
            }
            "corrupt" => Fault::corrupt(),
            "delay" => Fault::delay(Duration::from_millis(decimal(next())?.into())),
            "hang" => Fault::hang(),
            "pull" => Fault::pull(),
            "pull-after" => Fault::pull_after(),
            other => return Err(format!("no fault `{other}`")),
        };
        while let Some(word) = next() {
            fault = match word {
                "on" => fault.on(hexadecimal(next())?
                    .try_into()
                    .map_err(|_| "one byte wanted")?),
                "after" => fault.after(decimal(next())?),
                "times" => fault.times(decimal(next())?),
                "always" => fault.always(),
                other => return Err(format!("`{other}` means nothing here")),
            };
        }
        Ok(fault)
    }
}

fn hexadecimal(word: Option<&str>) -> Result<u16, String> {
    let word = word.unwrap_or_default();
    u16::from_str_radix(word, 16).map_err(|error| format!("`{word}`: {error}"))
}

fn decimal(word: Option<&str>) -> Result<u32, String> {
    let word = word.unwrap_or_default();
    word.parse()
        .map_err(|error: std::num::ParseIntError| format!("`{word}`: {error}"))
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} on {:02x}", self.deed, self.instruction)
    }
}
