//! What the `on` lines do to calls.

use std::fmt::{self, Display, Formatter};
use std::hint::black_box;
use std::io::{self, Write};
use std::{mem, process, ptr, thread, time::Duration};

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_ULONG, CKR_DEVICE_REMOVED,
};

use crate::card;
use crate::rules::{Action, Ending, Mangling, On, Rules};

/// A call, as far as rules and log are concerned.
pub(crate) struct Call {
    function: &'static str,
    /// `None`: it needs no token.
    pub(crate) place: Option<Place>,
    mechanism: Option<CK_MECHANISM_TYPE>,
    data: Option<CK_ULONG>,
    detail: String,
}

/// Where a call needs a token.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Slot(CK_SLOT_ID),
    Session(CK_SESSION_HANDLE),
}

impl Call {
    pub(crate) fn of(function: &'static str) -> Self {
        Self {
            function,
            place: None,
            mechanism: None,
            data: None,
            detail: String::new(),
        }
    }

    /// A call that needs the token in this slot.
    pub(crate) fn in_slot(self, slot: CK_SLOT_ID) -> Self {
        let place = Some(Place::Slot(slot));
        Self { place, ..self }
    }

    pub(crate) fn in_session(self, session: CK_SESSION_HANDLE) -> Self {
        let place = Some(Place::Session(session));
        Self { place, ..self }
    }

    pub(crate) fn mechanism(self, mechanism: Option<CK_MECHANISM_TYPE>) -> Self {
        Self { mechanism, ..self }
    }

    /// Bytes to be signed.
    pub(crate) fn data(self, len: CK_ULONG) -> Self {
        Self {
            data: Some(len),
            ..self
        }
    }

    /// Something more for the log.
    pub(crate) fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }

    pub(crate) fn is(&self, function: &str) -> bool {
        self.function == function
    }

    pub(crate) fn session(&self) -> Option<CK_SESSION_HANDLE> {
        match self.place? {
            Place::Session(session) => Some(session),
            Place::Slot(_) => None,
        }
    }

    fn lines<'a>(&self, rules: &'a Rules) -> impl Iterator<Item = &'a On> {
        rules
            .on
            .iter()
            .filter(|on| on.is_about(self.function, self.mechanism, self.data))
    }

    /// Logs the call and what it comes to, with one write: other processes may log as well.
    pub(crate) fn log(&self, rules: &Rules, end: impl Display) {
        if let Some(mut log) = rules.log.as_ref() {
            let written = log.write_all(format!("{self} {end}\n").as_bytes());
            written.unwrap_or_else(|error| eprintln!("faulty_pkcs11: log: {error}"));
        }
    }

    pub(crate) fn log_rv(&self, rules: &Rules, rv: CK_RV) {
        self.log(rules, format_args!("rv={rv:#010x}"));
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.function)?;
        if let Some(mechanism) = self.mechanism {
            write!(f, " mech={mechanism:#04x}")?;
        }
        if !self.detail.is_empty() {
            write!(f, " {}", self.detail)?;
        }
        Ok(())
    }
}

/// What the rules leave to be done to a call itself.
pub(crate) enum Verdict {
    Return { rv: CK_RV, leave_active: bool },
    Forward(Vec<Mangling>),
}

/// Does a call that is no signature: what the rules say, or else `forward`.
pub(crate) fn call(call: Call, forward: impl FnOnce(&Rules) -> CK_RV) -> CK_RV {
    let rules = crate::rules();
    let rv = match strike(&rules, &call) {
        Verdict::Return { rv, .. } => rv,
        Verdict::Forward(_) => forward(&rules),
    };
    call.log_rv(&rules, rv);
    rv
}

/// Counts a call and does the actions of all lines that strike, up to the first `ckr`. What reaches the card is refused
/// if it was pulled.
pub(crate) fn strike(rules: &Rules, call: &Call) -> Verdict {
    let striking: Vec<_> = call.lines(rules).filter(|on| on.strikes()).collect();
    let pulled = rules.pull.as_ref().is_some_and(|pull| pull.strikes(call));
    let mut manglings = Vec::new();
    for action in striking.iter().flat_map(|on| &on.actions) {
        match action {
            Action::Delay(delay) => thread::sleep(*delay),
            Action::Grow { megabytes } => mem::forget(black_box(vec![1_u8; megabytes << 20])),
            Action::Stdout(text) => print(io::stdout().lock(), text),
            Action::Stderr(text) => print(io::stderr().lock(), text),
            Action::Flood { megabytes } => flood(*megabytes),
            Action::Logout => call.session().into_iter().for_each(card::log_out),
            Action::CloseSessions => call
                .session()
                .into_iter()
                .for_each(card::close_sessions_beside),
            Action::Mangle(mangling) => manglings.push(*mangling),
            &Action::Return { rv, leave_active } => return Verdict::Return { rv, leave_active },
            Action::Never(ending) => {
                call.log(rules, ending);
                end(*ending);
            }
        }
    }
    let refusal = match pulled {
        true => Some(CKR_DEVICE_REMOVED),
        false => rules.pull.as_ref().and_then(|pull| pull.refusal(call)),
    };
    match refusal {
        Some(rv) => Verdict::Return {
            rv,
            leave_active: false,
        },
        None => Verdict::Forward(manglings),
    }
}

/// How much longer than the real ones the signatures of such calls may get.
pub(crate) fn growth(rules: &Rules, call: &Call) -> usize {
    let growth = |action: &Action| match action {
        Action::Mangle(Mangling::Length(difference)) => usize::try_from(*difference).unwrap_or(0),
        Action::Mangle(Mangling::Der) => 16, // three headers and two leading zeros, at most
        _ => 0,
    };
    call.lines(rules)
        .flat_map(|on| &on.actions)
        .map(growth)
        .sum()
}

pub(crate) fn mangle(mut signature: Vec<u8>, mangling: Mangling) -> Vec<u8> {
    match mangling {
        Mangling::Corrupt => {
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
        }
        Mangling::Length(difference) => {
            let len = signature.len().saturating_add_signed(difference);
            signature.resize(len, 0);
        }
        Mangling::Der => {
            let (r, s) = signature.split_at(signature.len() / 2);
            signature = der(0x30, [der_integer(r), der_integer(s)].concat());
        }
    }
    signature
}

fn der_integer(number: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = number
        .iter()
        .copied()
        .skip_while(|&digit| digit == 0)
        .collect();
    if digits.first().is_none_or(|&digit| digit >= 0x80) {
        digits.insert(0, 0);
    }
    der(0x02, digits)
}

/// A DER value of up to 255 bytes: two numbers of P-521 have 138.
fn der(tag: u8, content: Vec<u8>) -> Vec<u8> {
    let len = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let header = if len < 0x80 {
        vec![tag, len]
    } else {
        vec![tag, 0x81, len]
    };
    [header, content].concat()
}

fn print(mut stream: impl Write, text: &str) {
    // A test may well have closed it.
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}

fn flood(megabytes: usize) {
    let kilobyte = format!("{:.<1023}\n", "noise ");
    let megabyte = kilobyte.repeat(1 << 10);
    (0..megabytes).for_each(|_| print(io::stdout().lock(), &megabyte));
}

fn end(ending: Ending) -> ! {
    match ending {
        Ending::Hang => {}
        // SAFETY: none. Nothing is mapped there, which is the point.
        Ending::Segfault => unsafe { ptr::without_provenance_mut::<u8>(8).write_volatile(1) },
        Ending::Abort => process::abort(),
        Ending::Exit(status) => process::exit(status),
        Ending::StackOverflow => overflow_stack(&[0; 4096]),
    }
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

#[allow(unconditional_recursion)]
fn overflow_stack(caller: &[u8; 4096]) {
    let frame = *black_box(caller);
    overflow_stack(&frame);
    black_box(&frame);
}

impl Display for Ending {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hang => f.write_str("hang"),
            Self::Segfault => f.write_str("segfault"),
            Self::Abort => f.write_str("abort"),
            Self::Exit(status) => write!(f, "exit {status}"),
            Self::StackOverflow => f.write_str("stack-overflow"),
        }
    }
}
