//! Frames between a card and its reader's driver, as vsmartcard has them: a length in two bytes, big endian, and that many more.
//! One byte is for the reader's contacts, more are an APDU.

use std::io::{self, Read, Write};

pub(crate) const POWER_OFF: u8 = 0;
pub(crate) const POWER_ON: u8 = 1;
pub(crate) const RESET: u8 = 2;
pub(crate) const GIVE_ATR: u8 = 4;

pub(crate) fn read_frame(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut frame = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

pub(crate) fn write_frame(stream: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u16::try_from(frame.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], frame].concat())
}
