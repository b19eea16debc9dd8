//! The card itself: a `pull` line takes it out for a while, and other actions end what sessions it holds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use cryptoki_sys::*;

use crate::count::Count;
use crate::faults::{Call, Place};
use crate::real;
use crate::rules::{Words, number};

/// Room for a serial number.
const SERIAL_LEN: usize = 16;

/// A `pull` line.
pub(crate) struct Pull {
    after: u64,
    /// `None`: for ever.
    gone_for: Option<Duration>,
    back_as: Option<String>,
    signatures: Count,
    /// Where other processes see that the card was pulled.
    file: Option<PathBuf>,
    pulled: OnceLock<Pulled>,
    /// Closes what sessions this process had.
    close: Once,
    /// Whether a call in one of these was told that the card is gone.
    told: AtomicBool,
}

/// What is known of a card that was pulled.
struct Pulled {
    slot: CK_SLOT_ID,
    at: SystemTime,
}

impl Pull {
    pub(crate) fn parse(words: &mut Words) -> Result<Self, String> {
        words.keyword("after")?;
        let after = words.number("count")?;
        words.keyword("for")?;
        let gone_for = match words.word("milliseconds or `ever`")? {
            "ever" => None,
            word => Some(Duration::from_millis(number(word)?)),
        };
        Ok(Self {
            after,
            gone_for,
            back_as: back_as(words, gone_for)?,
            signatures: Count::default(),
            file: None,
            pulled: OnceLock::new(),
            close: Once::new(),
            told: AtomicBool::new(false),
        })
    }

    /// Lets all processes that share this directory see the same card.
    pub(crate) fn share(&mut self, dir: &Path) {
        self.signatures = Count::Shared(dir.join("pull"));
        self.file = Some(dir.join("pulled"));
    }

    /// The slot that is empty now.
    pub(crate) fn empty_slot(&self) -> Option<CK_SLOT_ID> {
        let pulled = self.pulled()?;
        self.is_gone(pulled).then_some(pulled.slot)
    }

    /// The serial number of the card that came back into this slot, if it is another one.
    pub(crate) fn new_serial(&self, slot: CK_SLOT_ID) -> Option<[CK_UTF8CHAR; SERIAL_LEN]> {
        let back = self.pulled().filter(|pulled| pulled.slot == slot);
        let serial = self.back_as.as_ref().filter(|_| back.is_some())?;
        let mut padded = [b' '; SERIAL_LEN];
        padded
            .get_mut(..serial.len())?
            .copy_from_slice(serial.as_bytes());
        Some(padded)
    }

    /// Counts a C_Sign; whether it is the one during which the card is pulled.
    pub(crate) fn strikes(&self, call: &Call) -> bool {
        if !call.is("C_Sign") || self.signatures.next() != Some(self.after) {
            return false;
        }
        // a session that isn't there has no card
        let Some(slot) = call.session().and_then(slot_of) else {
            return false;
        };
        let pulled = self.pulled.get_or_init(|| Pulled {
            slot,
            at: SystemTime::now(),
        });
        self.tell(pulled)
            .unwrap_or_else(|error| eprintln!("faulty_pkcs11: pull: {error}"));
        self.close.call_once(|| close_sessions(slot));
        true
    }

    /// What a call comes to if the card is not there. `None`: it goes on, and the real module knows no session of before.
    pub(crate) fn refusal(&self, call: &Call) -> Option<CK_RV> {
        let pulled = self.pulled()?;
        self.close.call_once(|| close_sessions(pulled.slot));
        if !self.is_gone(pulled) {
            return None;
        }
        match call.place? {
            Place::Slot(slot) => (slot == pulled.slot).then_some(CKR_TOKEN_NOT_PRESENT),
            Place::Session(session) => {
                let first = slot_of(session).is_none() && !self.told.swap(true, Ordering::Relaxed);
                first.then_some(CKR_DEVICE_REMOVED)
            }
        }
    }

    fn is_gone(&self, pulled: &Pulled) -> bool {
        let since = pulled.at.elapsed().unwrap_or_default();
        self.gone_for.is_none_or(|gone_for| since < gone_for)
    }

    /// The pull, once it has happened, here or in another process.
    fn pulled(&self) -> Option<&Pulled> {
        self.pulled.get().or_else(|| {
            let pulled = read(self.file.as_ref()?)?;
            Some(self.pulled.get_or_init(|| pulled))
        })
    }

    /// Tells the other processes. The file has its name only when it is whole.
    fn tell(&self, pulled: &Pulled) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let at = pulled.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let draft = file.with_extension("draft");
        fs::write(&draft, format!("{} {}", pulled.slot, at.as_micros()))?;
        fs::rename(draft, file)
    }
}

fn back_as(words: &mut Words, gone_for: Option<Duration>) -> Result<Option<String>, String> {
    if words.is_empty() {
        return Ok(None);
    }
    words.keyword("back-as")?;
    let serial = words.word("serial number")?;
    if gone_for.is_none() {
        return Err("`back-as` is for a card that comes back, not `for ever`".into());
    }
    if serial.len() > SERIAL_LEN {
        return Err(format!("`{serial}` has more than {SERIAL_LEN} bytes"));
    }
    Ok(Some(serial.into()))
}

fn read(file: &Path) -> Option<Pulled> {
    let text = fs::read_to_string(file).ok()?;
    let (slot, micros) = text.split_once(' ')?;
    Some(Pulled {
        slot: slot.parse().ok()?,
        at: UNIX_EPOCH + Duration::from_micros(micros.parse().ok()?),
    })
}

/// Logs the user out behind the caller's back.
pub(crate) fn log_out(session: CK_SESSION_HANDLE) {
    real!(C_Logout(session));
}

/// Closes a session and all others of its slot.
pub(crate) fn close_sessions_beside(session: CK_SESSION_HANDLE) {
    if let Some(slot) = slot_of(session) {
        close_sessions(slot);
    }
}

fn close_sessions(slot: CK_SLOT_ID) {
    real!(C_CloseAllSessions(slot));
}

/// The slot of a session that the real module knows.
fn slot_of(session: CK_SESSION_HANDLE) -> Option<CK_SLOT_ID> {
    let mut info = CK_SESSION_INFO::default();
    let rv = real!(C_GetSessionInfo(session, &raw mut info));
    (rv == CKR_OK).then_some(info.slotID)
}
