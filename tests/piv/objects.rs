//! What a card holds: its keys and certificates, and the data objects that tell of them (SP 800-73-4 part 1, appendix A).

use std::collections::BTreeMap;

use super::key::PrivateKey;
use super::tlv::tlv;

/// A key reference (SP 800-73-4 part 1, table 4b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u8);

impl Slot {
    /// PIV Authentication: the PIN once.
    pub const AUTHENTICATION: Slot = Slot(0x9a);
    /// Digital Signature: the PIN before each signature.
    pub const SIGNATURE: Slot = Slot(0x9c);
    /// Key Management: the PIN once.
    pub const KEY_MANAGEMENT: Slot = Slot(0x9d);
    /// Card Authentication: no PIN.
    pub const CARD_AUTHENTICATION: Slot = Slot(0x9e);

    /// The data object that holds its certificate.
    fn certificate_tag(self) -> Option<u32> {
        match self.0 {
            0x9a => Some(0x5f_c105),
            0x9c => Some(0x5f_c10a),
            0x9d => Some(0x5f_c10b),
            0x9e => Some(0x5f_c101),
            0x82..=0x95 => Some(0x5f_c10d + u32::from(self.0 - 0x82)),
            _ => None,
        }
    }

    fn is_retired(self) -> bool {
        matches!(self.0, 0x82..=0x95)
    }
}

/// A key, with its certificate in DER if the card has one.
#[derive(Clone)]
pub struct Credential {
    pub key: PrivateKey,
    pub certificate: Option<Vec<u8>>,
}

/// How a card is made.
#[derive(Clone)]
pub struct Setup {
    pub credentials: BTreeMap<Slot, Credential>,
    /// Six to eight digits.
    pub pin: String,
    /// How many wrong PINs it takes.
    pub tries: u8,
    /// The card's GUID, by which programs know it again.
    pub guid: [u8; 16],
    /// Behaves as a YubiKey of this serial number.
    pub yubikey: Option<u32>,
}

impl Setup {
    /// A card without keys, PIN 123456, three tries.
    pub fn empty() -> Setup {
        Setup {
            credentials: BTreeMap::new(),
            pin: "123456".into(),
            tries: 3,
            guid: *b"cardcheck's card",
            yubikey: None,
        }
    }

    /// The answer to reset, with its check byte.
    pub fn atr(&self) -> Vec<u8> {
        if self.yubikey.is_some() {
            // a YubiKey 5, as OpenSC and ykcs11 know it
            return hex::decode("3bfd1300008131fe158073c021c057597562694b657940").expect("hex");
        }
        // the historical bytes are PIV's AID, without which OpenSC takes it for another card and lists no ECDSA
        let mut atr = hex::decode("3b8b800180f9a00000030800001000").expect("hex");
        let check = atr[1..].iter().fold(0, |check, byte| check ^ byte);
        atr.push(check);
        atr
    }

    /// The data object of this tag.
    pub fn object(&self, tag: u32) -> Option<Vec<u8>> {
        match tag {
            0x7e => Some(discovery()),
            0x5f_c102 => Some(self.chuid()),
            0x5f_c107 => Some(capability_container()),
            0x5f_c10c => self.key_history(),
            _ => self.certificate(tag),
        }
    }

    fn certificate(&self, tag: u32) -> Option<Vec<u8>> {
        let mut slots = self.credentials.iter();
        let (_, credential) = slots.find(|(slot, _)| slot.certificate_tag() == Some(tag))?;
        let certificate = credential.certificate.as_ref()?;
        let parts = [tlv(0x70, certificate), tlv(0x71, &[0]), tlv(0xfe, &[])];
        Some(tlv(0x53, &parts.concat()))
    }

    /// Card Holder Unique Identifier.
    fn chuid(&self) -> Vec<u8> {
        // FASC-N of SP 800-73-4's example, with credential series and person made up
        let fasc_n =
            hex::decode("d4e739da739ced39ce739d836858210842108421c84210c3eb").expect("hex");
        let parts = [
            tlv(0x30, &fasc_n),
            tlv(0x34, &self.guid),
            tlv(0x35, b"20491231"),
            tlv(0x3e, &[]),
            tlv(0xfe, &[]),
        ];
        tlv(0x53, &parts.concat())
    }

    fn key_history(&self) -> Option<Vec<u8>> {
        let retired = self.credentials.keys().filter(|slot| slot.is_retired());
        let count = u8::try_from(retired.count())
            .ok()
            .filter(|count| *count > 0)?;
        let parts = [
            tlv(0xc1, &[count]),
            tlv(0xc2, &[0]),
            tlv(0xf3, &[]),
            tlv(0xfe, &[]),
        ];
        Some(tlv(0x53, &parts.concat()))
    }
}

/// The application's identifier; a card is asked for it with or without its version.
pub const AID: [u8; 11] = [0xa0, 0, 0, 3, 8, 0, 0, 0x10, 0, 1, 0];

/// Says that the PIN is the card's own one, and that there is no other.
fn discovery() -> Vec<u8> {
    let parts = [tlv(0x4f, &AID), tlv(0x5f2f, &[0x40, 0])];
    tlv(0x7e, &parts.concat())
}

/// Card Capability Container, of a card that has no other application.
fn capability_container() -> Vec<u8> {
    let identifier = hex::decode("a000000116ff022a2a2a2a2a2a2a2a2a2a2a2a2a2a").expect("hex");
    let mut parts = vec![
        tlv(0xf0, &identifier),
        tlv(0xf1, &[0x21]),
        tlv(0xf2, &[0x21]),
        tlv(0xf3, &[]),
        tlv(0xf4, &[0]),
        tlv(0xf5, &[0x10]),
    ];
    parts.extend([0xf6, 0xf7, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe].map(|tag| tlv(tag, &[])));
    tlv(0x53, &parts.concat())
}
