//! The fuzzer's door to what reads a peer's bytes in TLS: a function for each target of `tests/fuzz`, which gives it any bytes
//! and takes a panic for a find.
//!
//! The readers behind it are nobody else's business, so the door is there only where the fuzzer builds (`cfg(fuzzing)`) and in
//! the unit tests, which go through it too.

use std::io::{self, Cursor, Read, Write};
use std::time::{Duration, Instant};

use super::conversation::{Hello, Then, Visitor, converse};
use super::tap::{self, StreamTap};
use super::wire::{Patience, Wire};
use super::{answer, handshake, hello, plain, timeline};
use crate::model::protocol::Protocol;
use crate::model::trace::Side;
use crate::model::version::TlsVersion;

/// A peer that says these bytes, whatever it is told, and closes.
pub struct Says<'a>(Cursor<&'a [u8]>);

impl<'a> Says<'a> {
    /// Of a peer that says this.
    pub fn new(bytes: &'a [u8]) -> Says<'a> {
        Says(Cursor::new(bytes))
    }
}

impl Read for Says<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Says<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire for Says<'_> {
    fn wait_until(&mut self, _moment: Instant) {}

    fn see_through(&mut self) {}

    fn finish(&mut self) {}
}

const PATIENCE: Patience = Patience {
    handshake: Duration::from_secs(60),
    verdict: Duration::from_secs(60),
};

/// Handshake messages: requests, hellos, certificates and signatures among them.
pub fn handshake(bytes: &[u8]) {
    for version in Protocol::ALL {
        let whole = handshake::certificate_request(bytes, version);
        let part = handshake::request_or_part(bytes, version);
        assert!(whole.is_none() || whole == part, "{whole:?} {part:?}");
        let request = part.unwrap_or_default();
        let names = request.ca_names.iter().map(|name| name.der.len() + 2);
        assert!(names.sum::<usize>() <= request.ca_names_bytes);
    }
    for version in TlsVersion::ALL {
        let _ = answer::certificates(bytes, version);
    }
    let _ = answer::signed_with(bytes);
    let _ = hello::client_hello(bytes);
    let _ = timeline::version_said(bytes);
}

/// Records of both sides, in the pieces that the first byte says: the pieces make no difference.
pub fn records(bytes: &[u8]) {
    let Some((&piece, bytes)) = bytes.split_first() else {
        return;
    };
    let mut heard = Vec::new();
    for piece in [usize::from(piece).max(1), usize::MAX] {
        for from in [Side::Server, Side::Client] {
            tap::clear();
            let mut tap = StreamTap::default();
            bytes.chunks(piece).for_each(|some| tap.listen(from, some));
            let _ = tap.is_lost(from);
            let records = tap::transcript();
            for version in [None, Some(Protocol::V1_2), Some(Protocol::V1_3)] {
                let _ = timeline::messages(&records, version, Instant::now());
            }
            heard.push(records.into_iter().map(|record| record.payload));
        }
    }
    let heard: Vec<Vec<u8>> = heard.into_iter().flatten().collect();
    let (in_pieces, at_once) = heard.split_at(heard.len() / 2);
    assert_eq!(in_pieces, at_once);
}

/// All that a server says in clear; the first byte says to which version's hello.
pub fn flight(bytes: &[u8]) {
    let Some((version, bytes)) = bytes.split_first() else {
        return;
    };
    let version = Protocol::ALL[usize::from(*version) % Protocol::ALL.len()];
    let _ = plain::read_flight(&mut Says::new(bytes), version, "localhost", PATIENCE);
}

/// A conversation with such a server, as far as it comes.
pub fn conversation(bytes: &[u8]) {
    let hello = Hello {
        versions: &TlsVersion::ALL,
        server_name: "localhost",
        alpn: &["h2", "http/1.1"],
    };
    let say = Then::Stay {
        say: b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    };
    let talk = converse(
        &mut Says::new(bytes),
        &hello,
        Visitor::Stranger,
        PATIENCE,
        say,
    );
    assert!(!talk.done, "nobody has the keys of such a connection");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A handshake message in a record, of whatever is inside.
    fn wrapped(kind: u8, body: &[u8]) -> Vec<u8> {
        let [high, low] = (body.len() as u16).to_be_bytes();
        [&[kind, 0, high, low], body].concat()
    }

    fn recorded(message: &[u8]) -> Vec<u8> {
        let [high, low] = (message.len() as u16).to_be_bytes();
        [&[22, 3, 3, high, low], message].concat()
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(
            kind in 0u8..26, body in proptest::collection::vec(any::<u8>(), 0..200), first: u8,
        ) {
            let message = wrapped(kind, &body);
            handshake(&body);
            handshake(&message);
            for wire in [body, recorded(&message)] {
                let chosen = [&[first], wire.as_slice()].concat();
                records(&chosen);
                flight(&chosen);
                conversation(&wire);
            }
        }
    }
}
