//! Smartcard readers, as the PC/SC service shows them: what a module's slots are made of.

/// What the PC/SC service, pcscd, said of itself and its readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// It runs and has these readers.
    Running(Vec<Reader>),
    /// Nobody listens at its socket, whose path this is.
    NotRunning(String),
    /// The socket's permissions keep this user out.
    Forbidden(String),
    /// It took the connection and ended it without an answer: polkit does not allow the user, or it could not start.
    HungUp(String),
    /// What it said could not be understood, or came too late; why.
    Unclear(String),
}

/// A reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The PC/SC name, `Gemalto PC Twin Reader 00 00`.
    pub name: String,
    /// What is in it.
    pub holds: Holds,
    /// A program has connected to the card with SCARD_SHARE_EXCLUSIVE: no other one can use it.
    pub exclusive: bool,
    /// Programs that may be the one that holds it exclusively; empty where it isn't held, or where nothing can be told.
    pub holders: Vec<Program>,
}

/// What is in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// No card.
    Nothing,
    /// A card that gave this answer to reset (ISO 7816-3).
    Card(Vec<u8>),
    /// A card that did not answer to reset.
    MuteCard,
    /// The reader's driver can't tell.
    Unknown,
}

/// A running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its process id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl Service {
    /// Does it answer?
    pub fn is_running(&self) -> bool {
        matches!(self, Service::Running(_))
    }

    /// The readers, as far as there are any.
    pub fn readers(&self) -> &[Reader] {
        match self {
            Service::Running(readers) => readers,
            _ => &[],
        }
    }
}

impl Reader {
    /// Is there a card in it, of whatever kind?
    pub fn has_card(&self) -> bool {
        matches!(self.holds, Holds::Card(_) | Holds::MuteCard)
    }

    /// Is it the reader that a module's slot describes? slotDescription has room for 64 bytes of the name.
    pub fn is_in_slot(&self, description: &str) -> bool {
        const ROOM: usize = 64;
        let cut = self.name.len() > description.len() && description.len() + 4 > ROOM;
        self.name == description || (cut && self.name.starts_with(description))
    }
}

/// An answer to reset as it is written: `3b:df:18`.
pub fn atr_for_people(atr: &[u8]) -> String {
    let bytes: Vec<String> = atr.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_s_description_is_the_reader_s_name_or_its_beginning() {
        let reader = Reader {
            name: format!("{} 00 00", "x".repeat(70)),
            holds: Holds::Nothing,
            exclusive: false,
            holders: Vec::new(),
        };
        assert!(reader.is_in_slot(&reader.name));
        assert!(reader.is_in_slot(&"x".repeat(64)));
        assert!(!reader.is_in_slot("x"));
        assert!(!reader.is_in_slot(""));
    }
}
