//! Frames on the pipe between cardcheck and a token's host: a length of four bytes, little-endian, then postcard.
//!
//! A frame may hold the PIN, so all buffers are zeroed when they are dropped.
#![forbid(unsafe_code)]

use std::io::{self, Error, ErrorKind, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// No frame is longer: a token's whole inventory fits many times.
const LONGEST: usize = 64 << 20;
const HEADER: usize = 4;

/// Writes `value` as one frame, with one write.
///
/// # Errors
/// The pipe's.
pub(super) fn write(pipe: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    // of the right size from the start: one that has to grow leaves an unzeroed copy behind
    let size = postcard::experimental::serialized_size(value).map_err(Error::other)?;
    let length = u32::try_from(size).map_err(Error::other)?;
    let mut frame = Vec::with_capacity(HEADER + size);
    frame.extend(length.to_le_bytes());
    let frame = postcard::to_extend(value, frame).map_err(Error::other)?;
    let frame = Zeroizing::new(frame);
    pipe.write_all(&frame)?;
    pipe.flush()
}

/// Reads one frame, waiting for it; `None` at the pipe's end.
///
/// # Errors
/// The pipe's, or what came is no frame of this kind.
pub(super) fn read<T: DeserializeOwned>(pipe: &mut impl Read) -> io::Result<Option<T>> {
    let mut header = [0; HEADER];
    match pipe.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = usize::try_from(u32::from_le_bytes(header)).map_err(Error::other)?;
    if length > LONGEST {
        return Err(Error::other("a frame of impossible length"));
    }
    let mut body = Zeroizing::new(vec![0; length]);
    pipe.read_exact(&mut body)?;
    postcard::from_bytes(&body).map(Some).map_err(Error::other)
}

/// Frames out of bytes that come in pieces.
#[derive(Default)]
pub(super) struct Frames(Vec<u8>);

impl Frames {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole frame, if there is one.
    ///
    /// # Errors
    /// What came is no frame of this kind.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some((header, rest)) = self.0.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_le_bytes(*header)).map_err(Error::other)?;
        if length > LONGEST {
            return Err(Error::other("a frame of impossible length"));
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let value = postcard::from_bytes(body).map_err(Error::other)?;
        self.0.drain(..HEADER + length);
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(texts in proptest::collection::vec(".{0,40}", 0..8)) {
            let mut pipe = Vec::new();
            for text in &texts {
                write(&mut pipe, text).unwrap();
            }
            let mut reader = pipe.as_slice();
            for text in &texts {
                let read = read::<String>(&mut reader).unwrap();
                prop_assert_eq!(read.as_ref(), Some(text));
            }
            prop_assert_eq!(read::<String>(&mut reader).unwrap(), None);
        }

        #[test]
        fn frames_come_out_whole_however_the_bytes_come_in(
            texts in proptest::collection::vec(".{0,40}", 0..8),
            piece in 1usize..9,
        ) {
            let mut pipe = Vec::new();
            for text in &texts {
                write(&mut pipe, text).unwrap();
            }
            let mut frames = Frames::default();
            let mut read = Vec::new();
            for bytes in pipe.chunks(piece) {
                frames.push(bytes);
                while let Some(text) = frames.next::<String>().unwrap() {
                    read.push(text);
                }
            }
            prop_assert_eq!(read, texts);
        }

        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = read::<super::super::protocol::Reply>(&mut bytes.as_slice());
            let mut frames = Frames::default();
            frames.push(&bytes);
            let _ = frames.next::<super::super::protocol::Reply>();
        }
    }
}
