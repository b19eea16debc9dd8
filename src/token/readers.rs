//! The readers, asked of pcscd itself: over its socket, in pcsc-lite's own protocol (`winscard_msg.h`, `eventhandler.h`), of
//! which two requests are enough. No library is loaded for it, no card is powered or touched.
//!
//! What comes back is a version (three numbers of four bytes) and an array of READER_STATE, without lengths: how many there
//! are differs, since distributions raise the limit of 16. So both requests go out at once, the sending side is closed, and
//! what comes until pcscd closes its own is the answer.
#![forbid(unsafe_code)]

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::holders::{self, SOCKET, SOCKET_VARIABLE};
use crate::model::reader::{Holds, Reader, Service};

/// pcscd may take that long: systemd may have to start it, and it waits until its readers are ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// CMD_VERSION.
const VERSION: u32 = 0x11;
/// CMD_GET_READERS_STATE.
const READERS_STATE: u32 = 0x12;

/// PROTOCOL_VERSION_MAJOR.
const MAJOR: i32 = 4;
/// The values of PROTOCOL_VERSION_MINOR whose READER_STATE is the one below: pcsc-lite 1.8.24 to 2.2 speaks the first, 2.3
/// the second, later ones both.
const MINORS: &[i32] = &[4, 5];

/// A version_struct: major, minor, rv.
const VERSION_SIZE: usize = 12;

/// READER_STATE: readerName, eventCounter, readerState, readerSharing, cardAtr, cardAtrLength, cardProtocol.
const RECORD: usize = 184;
const NAME: usize = 128;
const STATE: usize = 132;
const SHARING: usize = 136;
const ATR: usize = 140;
const ATR_ROOM: usize = 33;
const ATR_LENGTH: usize = 176;

/// The flags of readerState.
const UNKNOWN: u32 = 0x01;
const PRESENT: u32 = 0x04;
const SWALLOWED: u32 = 0x08;

/// readerSharing, while one program has the card for itself.
const EXCLUSIVE: i32 = -1;

/// Nobody has more readers.
const MOST_READERS: usize = 512;

/// Asks pcscd for its readers, and who may hold one that is held.
pub fn ask() -> Service {
    let socket = socket();
    let mut service = ask_at(&socket);
    if let Service::Running(readers) = &mut service
        && readers.iter().any(|reader| reader.exclusive)
    {
        let programs = holders::of(&socket);
        for reader in readers.iter_mut().filter(|reader| reader.exclusive) {
            reader.holders.clone_from(&programs);
        }
    }
    service
}

fn socket() -> PathBuf {
    std::env::var_os(SOCKET_VARIABLE).map_or_else(|| SOCKET.into(), PathBuf::from)
}

fn ask_at(socket: &Path) -> Service {
    let until = Instant::now() + PATIENCE;
    let mut answer = Answer::Other("no version of its protocol is known".into());
    for minor in MINORS {
        answer = match converse(socket, *minor, until) {
            Ok(bytes) => read(&bytes),
            Err(error) => return unanswered(socket, &error),
        };
        if !matches!(answer, Answer::OtherVersion(..)) {
            break;
        }
    }
    match answer {
        Answer::Readers(readers) => Service::Running(readers),
        Answer::Nothing => Service::HungUp(socket.display().to_string()),
        Answer::OtherVersion(major, minor) => Service::Unclear(format!(
            "pcscd speaks version {major}.{minor} of its protocol, which cardcheck does not know"
        )),
        Answer::Other(why) => Service::Unclear(why),
    }
}

fn unanswered(socket: &Path, error: &io::Error) -> Service {
    let shown = socket.display().to_string();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Service::NotRunning(shown),
        ErrorKind::PermissionDenied => Service::Forbidden(shown),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Service::HungUp(shown),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Service::Unclear(format!("pcscd did not answer in {} s", PATIENCE.as_secs()))
        }
        _ => Service::Unclear(format!("pcscd's socket {shown}: {error}")),
    }
}

/// Sends both requests, and gives whatever comes back.
fn converse(socket: &Path, minor: i32, until: Instant) -> io::Result<Vec<u8>> {
    let mut stream = open(socket)?;
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(&requests(minor))?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    let mut some = [0; 4096];
    while answer.len() <= VERSION_SIZE + MOST_READERS * RECORD {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut some) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(some.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // it answered, and did not read to our end
            Err(error) if error.kind() == ErrorKind::ConnectionReset && !answer.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

/// Without waiting, where std would: a pcscd that takes no more connections is an answer, too.
fn open(socket: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let descriptor = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&descriptor, &SocketAddrUnix::new(socket)?) {
        Err(Errno::AGAIN) => return Err(ErrorKind::TimedOut.into()),
        connected => connected?,
    }
    let stream = UnixStream::from(descriptor);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    match left.is_zero() {
        false => Ok(left),
        true => Err(ErrorKind::TimedOut.into()),
    }
}

/// CMD_VERSION with its version_struct, then CMD_GET_READERS_STATE, which has no body. Each has an rxHeader: size, command.
fn requests(minor: i32) -> Vec<u8> {
    let size = u32::try_from(VERSION_SIZE).unwrap_or_default();
    let mut bytes = Vec::new();
    bytes.extend([size, VERSION].map(u32::to_ne_bytes).concat());
    bytes.extend([MAJOR, minor, 0].map(i32::to_ne_bytes).concat());
    bytes.extend([0, READERS_STATE].map(u32::to_ne_bytes).concat());
    bytes
}

/// What pcscd's bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Readers(Vec<Reader>),
    /// It hung up.
    Nothing,
    /// It wants another version: this one.
    OtherVersion(i32, i32),
    Other(String),
}

pub(super) fn read(bytes: &[u8]) -> Answer {
    let Some((version, records)) = bytes.split_at_checked(VERSION_SIZE) else {
        return match bytes {
            [] => Answer::Nothing,
            _ => Answer::Other("pcscd's answer breaks off".into()),
        };
    };
    let [major, minor, rv] = [0, 4, 8].map(|at| number(version, at).cast_signed());
    if major != MAJOR || rv != 0 {
        return Answer::OtherVersion(major, minor);
    }
    if records.is_empty() || records.len() % RECORD != 0 || records.len() > MOST_READERS * RECORD {
        return Answer::Other("pcscd's list of readers has another form".into());
    }
    Answer::Readers(records.chunks(RECORD).filter_map(reader).collect())
}

/// `None`: a record that is not in use.
fn reader(record: &[u8]) -> Option<Reader> {
    let name = record.get(..NAME)?.split(|byte| *byte == 0).next()?;
    if name.is_empty() {
        return None;
    }
    Some(Reader {
        name: String::from_utf8_lossy(name).into_owned(),
        holds: holds(record),
        exclusive: number(record, SHARING).cast_signed() == EXCLUSIVE,
        holders: Vec::new(),
    })
}

fn holds(record: &[u8]) -> Holds {
    let state = number(record, STATE);
    let length = usize::try_from(number(record, ATR_LENGTH)).unwrap_or(usize::MAX);
    let atr = record.get(ATR..ATR + length.min(ATR_ROOM));
    match state {
        state if state & PRESENT == 0 && state & UNKNOWN != 0 => Holds::Unknown,
        state if state & PRESENT == 0 => Holds::Nothing,
        state if state & SWALLOWED != 0 => Holds::MuteCard,
        _ => match atr {
            Some(atr) if !atr.is_empty() => Holds::Card(atr.to_vec()),
            _ => Holds::MuteCard,
        },
    }
}

/// Four bytes of a record that is long enough.
fn number(record: &[u8], at: usize) -> u32 {
    let bytes = record.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(minor: i32, rv: i32) -> Vec<u8> {
        [MAJOR, minor, rv].map(i32::to_ne_bytes).concat()
    }

    fn record(name: &str, state: u32, sharing: i32, atr: &[u8]) -> Vec<u8> {
        let mut record = vec![0; RECORD];
        record[..name.len()].copy_from_slice(name.as_bytes());
        record[STATE..STATE + 4].copy_from_slice(&state.to_ne_bytes());
        record[SHARING..SHARING + 4].copy_from_slice(&sharing.to_ne_bytes());
        record[ATR..ATR + atr.len()].copy_from_slice(atr);
        record[ATR_LENGTH..ATR_LENGTH + 4].copy_from_slice(&(atr.len() as u32).to_ne_bytes());
        record
    }

    #[test]
    fn readers_are_read_whatever_their_number() {
        let used = [
            record("a 00 00", 0x34, 1, &[0x3b, 0x80]),
            record("b 00 00", 0x02, 0, &[]),
            record("c 00 00", 0x0c, 0, &[]),
            record("d 00 00", 0x34, -1, &[0x3b]),
        ];
        let bytes = [version(4, 0), used.concat(), vec![0; 44 * RECORD]].concat();
        let Answer::Readers(readers) = read(&bytes) else {
            panic!("{:?}", read(&bytes));
        };
        let told: Vec<_> = readers.iter().map(|r| (&r.holds, r.exclusive)).collect();
        assert_eq!(
            told,
            [
                (&Holds::Card(vec![0x3b, 0x80]), false),
                (&Holds::Nothing, false),
                (&Holds::MuteCard, false),
                (&Holds::Card(vec![0x3b]), true),
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        assert_eq!(read(&[]), Answer::Nothing);
        assert_eq!(read(&version(7, 0x1e)), Answer::OtherVersion(4, 7));
        let short = [version(4, 0), vec![0; RECORD - 1]].concat();
        assert!(matches!(read(&short), Answer::Other(_)));
        assert!(matches!(read(&[1]), Answer::Other(_)));
    }

    #[test]
    fn how_the_socket_fails_says_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("pcscd.comm");
        let shown = socket.display().to_string();
        assert_eq!(ask_at(&socket), Service::NotRunning(shown.clone()));
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let soon = Instant::now() + Duration::from_millis(50);
        let silent = converse(&socket, 4, soon).unwrap_err();
        assert!(matches!(unanswered(&socket, &silent), Service::Unclear(_)));
        drop(listener);
        // its file stays behind
        assert_eq!(ask_at(&socket), Service::NotRunning(shown.clone()));
        // root is never refused, so this can't be had from the system in every test
        let refused = ErrorKind::PermissionDenied.into();
        assert_eq!(unanswered(&socket, &refused), Service::Forbidden(shown));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..3 * RECORD)) {
            let _ = read(&bytes);
            let _ = read(&[version(4, 0), bytes.clone()].concat());
            // records of the right size, whatever is in them
            let whole = bytes.len() - bytes.len() % RECORD;
            if let Answer::Readers(readers) = read(&[version(4, 0), bytes[..whole].to_vec()].concat()) {
                prop_assert!(readers.len() <= whole / RECORD);
            }
        }
    }
}
