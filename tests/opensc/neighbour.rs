//! Another program at the card: it talks to pcscd by its socket, as libpcsclite does (winscard_msg.h of pcsc-lite, protocol 4).

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::reader::Readers;

const VERSION: u32 = 0x11;
const ESTABLISH_CONTEXT: u32 = 0x01;
const CONNECT: u32 = 0x04;
const DISCONNECT: u32 = 0x06;
const BEGIN_TRANSACTION: u32 = 0x07;

const SCOPE_SYSTEM: u32 = 2;
const EXCLUSIVE: u32 = 1;
const SHARED: u32 = 2;
const ANY_PROTOCOL: u32 = 3;
const RESET_CARD: u32 = 1;
/// SCARD_E_SHARING_VIOLATION.
const SHARING_VIOLATION: u32 = 0x8010_000b;

/// MAX_READERNAME.
const NAME_LENGTH: usize = 128;

/// Connected to the card; when it is dropped it lets go of it, and pcscd resets the card if it had it alone.
pub(crate) struct Neighbour {
    stream: UnixStream,
    card: u32,
}

impl Neighbour {
    /// Nobody else gets at the card.
    pub(crate) fn alone(readers: &Readers) -> Neighbour {
        Neighbour::connect(readers, EXCLUSIVE)
    }

    /// Others wait until it is done.
    pub(crate) fn in_a_transaction(readers: &Readers) -> Neighbour {
        let mut neighbour = Neighbour::connect(readers, SHARED);
        let card = neighbour.card;
        ask(&mut neighbour.stream, BEGIN_TRANSACTION, &[card, 0], &[]);
        neighbour
    }

    /// Connected like cardcheck is, and doing nothing yet.
    pub(crate) fn beside(readers: &Readers) -> Neighbour {
        Neighbour::connect(readers, SHARED)
    }

    /// Resets the card as soon as nobody is in the middle of something, and goes.
    pub(crate) fn reset(mut self) {
        let message = [self.card, RESET_CARD, 0];
        // pcscd has no queue: it says that the card is busy, and the moment in which it isn't is short
        while *send(&mut self.stream, DISCONNECT, &bytes(&message))
            .last()
            .unwrap()
            == SHARING_VIOLATION
        {}
    }

    fn connect(readers: &Readers, mode: u32) -> Neighbour {
        let mut stream = UnixStream::connect(readers.pcscd().socket()).unwrap();
        ask(&mut stream, VERSION, &[4, 4, 0], &[]);
        let context = ask(&mut stream, ESTABLISH_CONTEXT, &[SCOPE_SYSTEM, 0, 0], &[])[1];
        let mut name = format!("{} 00 00", crate::reader::NAME).into_bytes();
        name.resize(NAME_LENGTH, 0);
        let rest = [mode, ANY_PROTOCOL, 0, 0, 0];
        let answer = ask(
            &mut stream,
            CONNECT,
            &[context],
            &[name, bytes(&rest)].concat(),
        );
        // after the name: mode, protocols, the card's handle
        let card = answer[1 + NAME_LENGTH / 4 + 2];
        Neighbour { stream, card }
    }
}

/// As [`send`], of what pcscd does not refuse.
fn ask(stream: &mut UnixStream, command: u32, numbers: &[u32], more: &[u8]) -> Vec<u32> {
    let answer = send(stream, command, &[bytes(numbers), more.to_vec()].concat());
    assert_eq!(answer.last(), Some(&0), "command {command:#x}");
    answer
}

/// Sends a command and its fields, and gives the answer's: the same, of which the last is what SCard... returns.
fn send(stream: &mut UnixStream, command: u32, fields: &[u8]) -> Vec<u32> {
    let head = bytes(&[u32::try_from(fields.len()).unwrap(), command]);
    stream.write_all(&[&head, fields].concat()).unwrap();
    let mut answer = vec![0; fields.len()];
    stream.read_exact(&mut answer).unwrap();
    let numbers = answer.chunks_exact(4);
    numbers
        .map(|four| u32::from_ne_bytes(four.try_into().unwrap()))
        .collect()
}

fn bytes(numbers: &[u32]) -> Vec<u8> {
    let numbers = numbers.iter();
    numbers.flat_map(|number| number.to_ne_bytes()).collect()
}
