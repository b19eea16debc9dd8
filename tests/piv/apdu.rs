//! Commands out of APDUs: short and extended ones, chained ones put together; and long answers in pieces.

use iso7816::command::CommandView;

/// A status word of ISO 7816-4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

impl Status {
    pub const OK: Status = Status(0x9000);
    pub const WRONG_LENGTH: Status = Status(0x6700);
    pub const SECURITY_STATUS_NOT_SATISFIED: Status = Status(0x6982);
    pub const AUTHENTICATION_BLOCKED: Status = Status(0x6983);
    pub const WRONG_DATA: Status = Status(0x6a80);
    pub const NOT_FOUND: Status = Status(0x6a82);
    pub const REFERENCE_NOT_FOUND: Status = Status(0x6a88);
    pub const INSTRUCTION_NOT_SUPPORTED: Status = Status(0x6d00);
    pub const CLASS_NOT_SUPPORTED: Status = Status(0x6e00);

    /// So many tries are left.
    pub fn tries_left(tries: u8) -> Status {
        Status(0x63c0 | u16::from(tries.min(15)))
    }
}

/// A whole command.
#[derive(Clone, Debug)]
pub struct Command {
    pub instruction: u8,
    pub p1: u8,
    pub p2: u8,
    pub data: Vec<u8>,
    /// How many bytes of an answer the reader takes at once.
    expected: usize,
}

/// What to do about an APDU.
pub enum Next {
    /// Carry this out, and give the answer to [`Exchange::answer`].
    Carry(Command),
    /// Nothing: this is the answer.
    Answer(Vec<u8>),
}

/// More than any command or answer of a PIV card.
const LONGEST: usize = 1 << 16;

/// What is between two APDUs that belong together.
#[derive(Default)]
pub struct Exchange {
    chained: Vec<u8>,
    unsent: Vec<u8>,
}

impl Exchange {
    pub fn receive(&mut self, apdu: &[u8]) -> Next {
        let Ok(view) = CommandView::try_from(apdu) else {
            return Next::Answer(with_status(&[], Status::WRONG_LENGTH));
        };
        if !view.class().secure_messaging().none() {
            return Next::Answer(with_status(&[], Status::CLASS_NOT_SUPPORTED));
        }
        let instruction = apdu[1];
        if instruction == 0xc0 {
            return Next::Answer(self.go_on(expected(&view)));
        }
        self.unsent.clear();
        if self.chained.len() + view.data().len() > LONGEST {
            self.chained.clear();
            return Next::Answer(with_status(&[], Status::WRONG_LENGTH));
        }
        self.chained.extend(view.data());
        if view.class().chain().not_the_last() {
            return Next::Answer(with_status(&[], Status::OK));
        }
        Next::Carry(Command {
            instruction,
            p1: view.p1,
            p2: view.p2,
            data: std::mem::take(&mut self.chained),
            expected: expected(&view),
        })
    }

    /// The answer to a command, or as much of it as the reader takes at once.
    pub fn answer(&mut self, command: &Command, data: Vec<u8>, status: Status) -> Vec<u8> {
        if status != Status::OK {
            return with_status(&data, status);
        }
        self.unsent = data;
        self.send(command.expected)
    }

    /// Is part of an answer still to be fetched?
    pub fn has_more(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// GET RESPONSE.
    fn go_on(&mut self, expected: usize) -> Vec<u8> {
        match self.has_more() {
            true => self.send(expected),
            false => with_status(&[], Status::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn send(&mut self, expected: usize) -> Vec<u8> {
        let rest = self.unsent.split_off(expected.min(self.unsent.len()));
        let piece = std::mem::replace(&mut self.unsent, rest);
        let status = match self.unsent.len() {
            0 => Status::OK,
            // 61 00: 256 bytes or more
            left => Status(
                0x6100
                    | u16::try_from(left)
                        .ok()
                        .filter(|left| *left < 256)
                        .unwrap_or(0),
            ),
        };
        with_status(&piece, status)
    }
}

/// Many readers leave the length out of a command with data, and take the whole answer all the same.
fn expected(view: &CommandView<'_>) -> usize {
    match view.expected() {
        0 => 256,
        expected => expected,
    }
}

fn with_status(data: &[u8], status: Status) -> Vec<u8> {
    [data, &status.0.to_be_bytes()].concat()
}
