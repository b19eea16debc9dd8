//! The fuzzer's door to what reads pcscd's answers, the pipe, and a card's attributes; see [`tls::fuzz`](crate::tls::fuzz).
#![forbid(unsafe_code)]

use super::attributes::EcParameters;
use super::protocol::{Reply, Request};
use super::wire::{self, Frames};
use super::{architecture, p11kit, readers};

/// What pcscd says of its readers.
pub fn pcscd(bytes: &[u8]) {
    let _ = readers::read(bytes);
}

/// What comes over the pipe, to either end; the first byte says in which pieces.
pub fn pipe(bytes: &[u8]) {
    let Some((&piece, bytes)) = bytes.split_first() else {
        return;
    };
    let _ = wire::read::<Request>(&mut &*bytes);
    let mut pipe = bytes;
    let mut read = 0;
    while let Ok(Some(_)) = wire::read::<Reply>(&mut pipe) {
        read += 1;
    }
    let mut frames = Frames::default();
    let mut came = 0;
    for some in bytes.chunks(usize::from(piece).max(1)) {
        frames.push(some);
        while let Ok(Some(_)) = frames.next::<Reply>() {
            came += 1;
        }
    }
    assert_eq!(read, came);
}

/// What a card says of its elliptic curves.
pub fn curves(bytes: &[u8]) {
    let (parameters, point) = bytes.split_at(bytes.len().min(10));
    if let Some(parameters) = EcParameters::from_der(parameters) {
        let _ = parameters.public_key(point);
    }
}

/// Files of the system: p11-kit's, and a module's own header.
pub fn files(bytes: &[u8]) {
    let _ = p11kit::fields(&String::from_utf8_lossy(bytes));
    let _ = architecture::named(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(
            piece in 1u8..9, mut bytes in proptest::collection::vec(any::<u8>(), 4..200),
        ) {
            pcscd(&bytes);
            curves(&bytes);
            files(&bytes);
            // of a length that fits
            let length = u32::try_from(bytes.len() - 4).unwrap();
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            pipe(&[&[piece], bytes.as_slice()].concat());
        }
    }
}
