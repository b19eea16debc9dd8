//! The PIV card application: what each command does, and who may (SP 800-73-4 part 2).

use super::apdu::{Command, Status};
use super::objects::{AID, Setup, Slot};
use super::tlv::{find, tlv};

/// The reference of the card's PIN.
const PIN: u8 = 0x80;

/// The card management key, which nobody has here.
pub const MANAGEMENT_KEY: u8 = 0x9b;

/// What the card's own status comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verifications {
    pub good: u32,
    pub bad: u32,
}

pub struct Application {
    pub setup: Setup,
    pub tries_left: u8,
    pub verifications: Verifications,
    pub signatures: u32,
    selected: bool,
    verified: bool,
    /// The command before this one verified the PIN, which the signature key wants.
    fresh: bool,
}

type Answer = Result<Vec<u8>, Status>;

impl Application {
    pub fn new(setup: Setup) -> Application {
        Application {
            tries_left: setup.tries,
            setup,
            verifications: Verifications::default(),
            signatures: 0,
            selected: false,
            verified: false,
            fresh: false,
        }
    }

    /// Loses what it knows only while it has power.
    pub fn reset(&mut self) {
        self.selected = false;
        self.verified = false;
        self.fresh = false;
    }

    pub fn carry_out(&mut self, command: &Command) -> Answer {
        let reads = command.instruction == 0xcb;
        let fresh = self.fresh;
        // data may be read between the PIN and the signature
        self.fresh &= reads;
        match (command.instruction, self.selected) {
            (0xa4, _) => self.select(command),
            (_, false) => Err(Status::INSTRUCTION_NOT_SUPPORTED),
            (0xcb, _) => self.get_data(command),
            (0x20, _) => self.verify(command),
            (0x87, _) => self.general_authenticate(command, fresh),
            (0xfd, _) => self.yubikey_only(&[5, 4, 3]),
            (0xf8, _) => {
                let serial = self.setup.yubikey.unwrap_or_default();
                self.yubikey_only(&serial.to_be_bytes())
            }
            _ => Err(Status::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn select(&mut self, command: &Command) -> Answer {
        let is_ours = command.data.len() >= 5 && AID.starts_with(&command.data);
        if command.p1 != 0x04 || !is_ours {
            return Err(Status::NOT_FOUND);
        }
        self.selected = true;
        let parts = [
            // the identifier's tail, then the authority that gave its head
            tlv(0x4f, &AID[5..]),
            tlv(0x79, &tlv(0x4f, &AID[..5])),
            tlv(0x50, b"cardcheck's virtual PIV card"),
        ];
        Ok(tlv(0x61, &parts.concat()))
    }

    fn get_data(&self, command: &Command) -> Answer {
        if (command.p1, command.p2) != (0x3f, 0xff) {
            return Err(Status::NOT_FOUND);
        }
        let tag = find(&command.data, 0x5c).ok_or(Status::WRONG_DATA)?;
        if tag.len() > 3 {
            return Err(Status::NOT_FOUND);
        }
        let tag = tag
            .iter()
            .fold(0, |tag, byte| (tag << 8) | u32::from(*byte));
        self.setup.object(tag).ok_or(Status::NOT_FOUND)
    }

    fn verify(&mut self, command: &Command) -> Answer {
        match (command.p2, command.p1) {
            (PIN, 0x00) if command.data.is_empty() => self.pin_state(),
            (PIN, 0x00) => self.check_pin(&command.data),
            (PIN, 0xff) => {
                self.verified = false;
                Ok(Vec::new())
            }
            _ => Err(Status::REFERENCE_NOT_FOUND),
        }
    }

    fn pin_state(&self) -> Answer {
        match (self.verified, self.tries_left) {
            (true, _) => Ok(Vec::new()),
            (false, 0) => Err(Status::AUTHENTICATION_BLOCKED),
            (false, tries) => Err(Status::tries_left(tries)),
        }
    }

    fn check_pin(&mut self, pin: &[u8]) -> Answer {
        if self.tries_left == 0 {
            return Err(Status::AUTHENTICATION_BLOCKED);
        }
        if pin.len() != 8 {
            return Err(Status::WRONG_DATA);
        }
        let mut ours = self.setup.pin.clone().into_bytes();
        ours.resize(8, 0xff);
        self.verified = pin == ours;
        self.fresh = self.verified;
        if self.verified {
            self.verifications.good += 1;
            self.tries_left = self.setup.tries;
            return Ok(Vec::new());
        }
        self.verifications.bad += 1;
        self.tries_left -= 1;
        self.pin_state()
    }

    fn general_authenticate(&mut self, command: &Command, fresh: bool) -> Answer {
        if command.p2 == MANAGEMENT_KEY {
            return challenge_for_host();
        }
        let slot = Slot(command.p2);
        let credential = self
            .setup
            .credentials
            .get(&slot)
            .ok_or(Status::REFERENCE_NOT_FOUND)?;
        let may = match slot {
            Slot::CARD_AUTHENTICATION => true,
            Slot::SIGNATURE => self.verified && fresh,
            _ => self.verified,
        };
        if !may {
            return Err(Status::SECURITY_STATUS_NOT_SATISFIED);
        }
        let template = find(&command.data, 0x7c).ok_or(Status::WRONG_DATA)?;
        let challenge = find(template, 0x81).ok_or(Status::WRONG_DATA)?;
        if command.p1 != credential.key.algorithm() {
            return Err(Status::WRONG_DATA);
        }
        let signature = credential.key.sign(challenge).ok_or(Status::WRONG_DATA)?;
        self.signatures += 1;
        Ok(tlv(0x7c, &tlv(0x82, &signature)))
    }

    /// Yubico's own instructions: GET VERSION and GET SERIAL.
    fn yubikey_only(&self, answer: &[u8]) -> Answer {
        match self.setup.yubikey {
            Some(_) => Ok(answer.to_vec()),
            None => Err(Status::INSTRUCTION_NOT_SUPPORTED),
        }
    }
}

/// The first step of proving that one has the management key: OpenSC takes it for random bytes.
fn challenge_for_host() -> Answer {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Status::NOT_FOUND)?;
    Ok(tlv(0x7c, &tlv(0x81, &bytes)))
}
