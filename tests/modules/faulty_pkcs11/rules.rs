//! The rules file; its language is described at the top of the crate.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;
use std::vec;

use cryptoki_sys::{CK_FLAGS, CK_MECHANISM_TYPE, CK_RV, CK_SLOT_ID, CK_ULONG};

use crate::FUNCTIONS;
use crate::card::Pull;
use crate::count::Count;

/// Functions for which `mech` means something.
const WITH_MECHANISM: &[&str] = &[
    "C_GetMechanismInfo",
    "C_SignInit",
    "C_Sign",
    "C_SignUpdate",
    "C_SignFinal",
];
/// Functions which use an active signing operation.
const SIGNING: &[&str] = &["C_Sign", "C_SignUpdate", "C_SignFinal"];
/// Functions which are not called in a session.
const WITHOUT_SESSION: &[&str] = &[
    "C_Initialize",
    "C_Finalize",
    "C_GetInfo",
    "C_GetSlotList",
    "C_GetSlotInfo",
    "C_GetTokenInfo",
    "C_GetMechanismList",
    "C_GetMechanismInfo",
    "C_InitToken",
    "C_OpenSession",
    "C_CloseAllSessions",
    "C_WaitForSlotEvent",
];
/// Functions which return a signature.
const SIGNATURE: &[&str] = &["C_Sign", "C_SignFinal"];

/// A rules file.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) text: String,
    pub(crate) module: PathBuf,
    pub(crate) log: Option<File>,
    counts: Option<PathBuf>,
    pub(crate) hide: Vec<CK_MECHANISM_TYPE>,
    pub(crate) hide_info: Vec<CK_MECHANISM_TYPE>,
    pub(crate) list: Vec<CK_MECHANISM_TYPE>,
    pub(crate) flags_set: CK_FLAGS,
    pub(crate) flags_clear: CK_FLAGS,
    pub(crate) pin_len: Option<(CK_ULONG, CK_ULONG)>,
    pub(crate) no_slots: bool,
    pub(crate) no_token: bool,
    pub(crate) absent: Option<PathBuf>,
    pub(crate) invisible_after_login: bool,
    pub(crate) serial: bool,
    pub(crate) salt: Option<CK_ULONG>,
    pub(crate) bare_hash: bool,
    pub(crate) fill: usize,
    pub(crate) pad: Option<String>,
    pub(crate) logged_in: Option<String>,
    pub(crate) always_authenticate: bool,
    pub(crate) pin: Option<String>,
    pub(crate) endless_objects: bool,
    pub(crate) pull: Option<Pull>,
    pub(crate) on: Vec<On>,
}

/// An `on` line.
pub(crate) struct On {
    function: String,
    mechanisms: Vec<CK_MECHANISM_TYPE>,
    data: Vec<CK_ULONG>,
    after: u64,
    times: u64,
    pub(crate) actions: Vec<Action>,
    calls: Count,
}

/// What an `on` line does.
pub(crate) enum Action {
    Delay(Duration),
    Grow { megabytes: usize },
    Stdout(String),
    Stderr(String),
    Flood { megabytes: usize },
    Logout,
    CloseSessions,
    Return { rv: CK_RV, leave_active: bool },
    Mangle(Mangling),
    Never(Ending),
}

/// What can be done to a signature.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mangling {
    Corrupt,
    Length(isize),
    Der,
}

/// The ways not to return.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    Hang,
    Segfault,
    Abort,
    Exit(i32),
    StackOverflow,
}

impl Rules {
    pub(crate) fn parse(text: String) -> Result<Self, String> {
        let mut rules = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            Words::split(line)
                .and_then(|mut words| rules.add(&mut words))
                .map_err(|error| format!("line {number}: {error}"))?;
        }
        if rules.module.as_os_str().is_empty() {
            return Err("no `module` line".into());
        }
        if rules.always_authenticate && rules.pin.is_none() {
            return Err("`always-authenticate` needs a `pin` line".into());
        }
        rules.share_counts();
        Ok(Self { text, ..rules })
    }

    fn add(&mut self, words: &mut Words) -> Result<(), String> {
        let Some(rule) = words.0.next() else {
            return Ok(());
        };
        match rule {
            "module" => self.module = words.word("path")?.into(),
            "log" => self.log = Some(open_log(words.word("path")?)?),
            "counts" => self.counts = Some(make_dir(words.word("path")?)?),
            "hide" => self.hide.extend(words.numbers()?),
            "hide-info" => self.hide_info.extend(words.numbers()?),
            "list" => self.list.extend(words.numbers()?),
            "token-flags" => match words.word("`set` or `clear`")? {
                "set" => self.flags_set |= words.number::<CK_FLAGS>("bits")?,
                "clear" => self.flags_clear |= words.number::<CK_FLAGS>("bits")?,
                other => return Err(format!("`set` or `clear`, not `{other}`")),
            },
            "token-pin-len" => {
                self.pin_len = Some((words.number("minimum")?, words.number("maximum")?));
            }
            "slots" => self.no_slots = words.keyword("none")?,
            "token" => self.no_token = words.keyword("none")?,
            "absent" => self.absent = Some(words.word("path")?.into()),
            "invisible-after-login" => self.invisible_after_login = true,
            "endless-objects" => self.endless_objects = true,
            "serial" => self.serial = true,
            "salt" => self.salt = Some(words.number("bytes")?),
            "bare-hash" => self.bare_hash = true,
            "fill" => self.fill = words.number("bytes")?,
            "pad" => self.pad = Some(words.word("PIN")?.into()),
            "logged-in" => self.logged_in = Some(words.word("PIN")?.into()),
            "always-authenticate" => self.always_authenticate = true,
            "pin" => self.pin = Some(words.word("PIN")?.into()),
            "pull" if self.pull.is_some() => return Err("the card can be pulled only once".into()),
            "pull" => self.pull = Some(Pull::parse(words)?),
            "on" => self.on.push(On::parse(words)?),
            other => return Err(format!("unknown rule `{other}`")),
        }
        words
            .0
            .next()
            .map_or(Ok(()), |word| Err(format!("`{word}` is too much")))
    }

    /// Are the readers empty now?
    pub(crate) fn has_no_token(&self) -> bool {
        self.no_token || self.absent.as_ref().is_some_and(|file| file.exists())
    }

    /// The slot out of which the card was pulled.
    pub(crate) fn empty_slot(&self) -> Option<CK_SLOT_ID> {
        self.pull.as_ref().and_then(Pull::empty_slot)
    }

    /// Lets processes share what is counted, if a `counts` line says so: it may stand anywhere.
    fn share_counts(&mut self) {
        let Some(dir) = &self.counts else {
            return;
        };
        for (number, on) in (1..).zip(&mut self.on) {
            on.calls = Count::Shared(dir.join(format!("on-{number}")));
        }
        if let Some(pull) = &mut self.pull {
            pull.share(dir);
        }
    }
}

impl On {
    fn parse(words: &mut Words) -> Result<Self, String> {
        let function = words.word("function")?;
        if !FUNCTIONS.contains(&function) {
            return Err(format!("unknown function `{function}`"));
        }
        let mut on = Self {
            function: function.into(),
            mechanisms: Vec::new(),
            data: Vec::new(),
            after: 0,
            times: u64::MAX,
            actions: Vec::new(),
            calls: Count::default(),
        };
        while let Some(word) = words.0.next() {
            match word {
                "mech" => on.mechanisms = several(words.word("mechanism")?)?,
                "data" => on.data = several(words.word("bytes")?)?,
                "after" => on.after = words.number("count")?,
                "times" => on.times = words.number("count")?,
                action => on.actions.push(Action::parse(action, words)?),
            }
        }
        on.check().map(|()| on)
    }

    /// Refuses lines which could never do what they say.
    fn check(&self) -> Result<(), String> {
        let only = |allowed: &[&str], what: &str| {
            if allowed.contains(&self.function.as_str()) {
                return Ok(());
            }
            Err(format!("`{what}` is for {} only", allowed.join(", ")))
        };
        let in_session = |what: &str| {
            if !WITHOUT_SESSION.contains(&self.function.as_str()) {
                return Ok(());
            }
            Err(format!(
                "`{what}` needs a session, and {} has none",
                self.function
            ))
        };
        if self.actions.is_empty() {
            return Err("no action".into());
        }
        if !self.mechanisms.is_empty() {
            only(WITH_MECHANISM, "mech")?;
        }
        if !self.data.is_empty() {
            only(&["C_Sign"], "data")?;
        }
        self.actions.iter().try_for_each(|action| match action {
            Action::Return {
                leave_active: true, ..
            } => only(SIGNING, "leave-active"),
            Action::Mangle(_) => only(SIGNATURE, "corrupt`, `length`, `der"),
            Action::Logout => in_session("logout"),
            Action::CloseSessions => in_session("close-sessions"),
            _ => Ok(()),
        })
    }

    /// Whether the line is about such calls at all.
    pub(crate) fn is_about(
        &self,
        function: &str,
        mechanism: Option<CK_MECHANISM_TYPE>,
        data: Option<CK_ULONG>,
    ) -> bool {
        self.function == function && among(&self.mechanisms, mechanism) && among(&self.data, data)
    }

    /// Counts a call; whether `after` and `times` let the line strike.
    pub(crate) fn strikes(&self) -> bool {
        let before = self.calls.next();
        before
            .and_then(|before| before.checked_sub(self.after))
            .is_some_and(|struck| struck < self.times)
    }
}

impl Action {
    fn parse(word: &str, words: &mut Words) -> Result<Self, String> {
        Ok(match word {
            "delay" => Self::Delay(Duration::from_millis(words.number("milliseconds")?)),
            "grow" => Self::Grow {
                megabytes: words.number("megabytes")?,
            },
            "stdout" => Self::Stdout(words.word("text")?.into()),
            "stderr" => Self::Stderr(words.word("text")?.into()),
            "flood" => Self::Flood {
                megabytes: words.number("megabytes")?,
            },
            "logout" => Self::Logout,
            "close-sessions" => Self::CloseSessions,
            "ckr" => Self::Return {
                rv: words.number("CKR")?,
                leave_active: false,
            },
            "leave-active" => {
                words.keyword("ckr")?;
                Self::Return {
                    rv: words.number("CKR")?,
                    leave_active: true,
                }
            }
            "corrupt" => Self::Mangle(Mangling::Corrupt),
            "length" => {
                let word = words.word("difference")?;
                let difference = word
                    .parse()
                    .map_err(|_| format!("`{word}` is no difference"))?;
                Self::Mangle(Mangling::Length(difference))
            }
            "der" => Self::Mangle(Mangling::Der),
            "hang" => Self::Never(Ending::Hang),
            "segfault" => Self::Never(Ending::Segfault),
            "abort" => Self::Never(Ending::Abort),
            "exit" => Self::Never(Ending::Exit(words.number("status")?)),
            "stack-overflow" => Self::Never(Ending::StackOverflow),
            other => return Err(format!("unknown action `{other}`")),
        })
    }
}

/// The words of a line.
pub(crate) struct Words<'a>(vec::IntoIter<&'a str>);

impl<'a> Words<'a> {
    fn split(line: &'a str) -> Result<Self, String> {
        let mut words = Vec::new();
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, tail) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or("closing quote missing")?,
                None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
            };
            words.push(word);
            rest = tail.trim_start();
        }
        Ok(Self(words.into_iter()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    pub(crate) fn word(&mut self, what: &str) -> Result<&'a str, String> {
        self.0.next().ok_or_else(|| format!("{what} missing"))
    }

    pub(crate) fn keyword(&mut self, expected: &str) -> Result<bool, String> {
        match self.word(expected)? {
            word if word == expected => Ok(true),
            word => Err(format!("`{expected}` expected, not `{word}`")),
        }
    }

    pub(crate) fn number<T: TryFrom<u64>>(&mut self, what: &str) -> Result<T, String> {
        number(self.word(what)?)
    }

    fn numbers(&mut self) -> Result<Vec<CK_MECHANISM_TYPE>, String> {
        self.0.by_ref().map(number).collect()
    }
}

/// No condition at all is met by everything.
fn among(wanted: &[u64], found: Option<u64>) -> bool {
    wanted.is_empty() || found.is_some_and(|found| wanted.contains(&found))
}

fn several(word: &str) -> Result<Vec<u64>, String> {
    word.split(',').map(number).collect()
}

pub(crate) fn number<T: TryFrom<u64>>(word: &str) -> Result<T, String> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed
        .ok()
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("`{word}` is not a number that fits here"))
}

fn open_log(path: &str) -> Result<File, String> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|error| format!("{path}: {error}"))
}

fn make_dir(path: &str) -> Result<PathBuf, String> {
    let made = fs::create_dir_all(path).map(|()| path.into());
    made.map_err(|error| format!("{path}: {error}"))
}
