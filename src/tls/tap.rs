//! The tap: every message of a connection in clear, both ways, whatever `rustls` makes of it.
//!
//! What a resolver is told is filtered: TLS 1.2 loses SHA-224, rsa_pss_pss and unknown schemes, TLS 1.3 loses PKCS1. So the
//! CertificateRequest is read off the wire: before encryption starts from the byte stream, after it from a wrapper round
//! the AEAD, which sees each record in clear. Cipher suites are `'static`, so the wrapper can't know its connection; it
//! writes to the thread's own buffer. A connection that is pumped on one thread clears it first; one that shares its thread
//! with others lends its own for as long as it is worked on.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::Instant;

use rustls::crypto::CipherSuiteCommon;
use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, OutboundOpaqueMessage, OutboundPlainMessage, Tls12AeadAlgorithm,
    Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{
    CipherSuite, ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite,
    Tls12CipherSuite, Tls13CipherSuite,
};
use tls_parser::{TlsRecordType, parse_tls_raw_record};

use crate::model::trace::Side;

/// ServerHello.random that makes it a HelloRetryRequest (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Header and ciphertext of the longest record.
const LONGEST_RECORD: usize = 5 + (1 << 14) + 2048;

/// No handshake needs more of one side; of what comes after that only the length is kept.
const MOST: usize = 1024 * 1024;

thread_local! {
    static HEARD: RefCell<Heard> = const { RefCell::new(Heard(Vec::new())) };
}

/// Records of a connection, in the order in which they went by.
#[derive(Debug, Default)]
pub(super) struct Heard(Vec<Record>);

/// A record in clear.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// When it was seen.
    pub(super) at: Instant,
    pub(super) from: Side,
    /// It was encrypted on the wire.
    pub(super) encrypted: bool,
    pub(super) content: TlsRecordType,
    /// Application data is not kept.
    pub(super) payload: Vec<u8>,
    pub(super) bytes: usize,
}

impl Heard {
    /// The handshake messages of one side, one after the other.
    pub(super) fn messages(&self, from: Side) -> Vec<u8> {
        let payloads = self.by(from, TlsRecordType::Handshake);
        payloads.flatten().copied().collect()
    }

    /// The first alert of one side, close_notify left out (RFC 8446 §6: level and description).
    pub(super) fn alert(&self, from: Side) -> Option<u8> {
        let mut alerts = self.by(from, TlsRecordType::Alert);
        alerts.find_map(|alert| match alert {
            [_, 0] => None,
            [_, description] => Some(*description),
            // encrypted
            _ => None,
        })
    }

    fn by(&self, from: Side, content: TlsRecordType) -> impl Iterator<Item = &[u8]> {
        let records = self.0.iter();
        let wanted = records.filter(move |record| record.from == from && record.content == content);
        wanted.map(|record| record.payload.as_slice())
    }
}

/// Forgets what an earlier connection of this thread said.
pub(super) fn clear() {
    HEARD.set(Heard::default());
}

/// The server's handshake messages heard so far on this thread, one after the other.
pub(super) fn heard() -> Vec<u8> {
    with_heard(|heard| heard.messages(Side::Server))
}

/// Looks at what was heard so far on this thread.
pub(super) fn with_heard<T>(look: impl FnOnce(&Heard) -> T) -> T {
    HEARD.with_borrow(look)
}

/// Does the work with this buffer in the place of the thread's own.
pub(super) fn lend<T>(buffer: &mut Heard, work: impl FnOnce() -> T) -> T {
    HEARD.with_borrow_mut(|own| std::mem::swap(own, buffer));
    let done = work();
    HEARD.with_borrow_mut(|own| std::mem::swap(own, buffer));
    done
}

/// All that was heard on this thread since [`clear`].
pub(super) fn transcript() -> Vec<Record> {
    HEARD.take().0
}

/// Listens to records before they are encrypted.
#[derive(Default)]
pub(super) struct StreamTap {
    client: Direction,
    server: Direction,
    /// The server's last hello asked for another one: a ChangeCipherSpec changes nothing then (RFC 8446 appendix D.4).
    retry: bool,
}

#[derive(Default)]
struct Direction {
    pending: Vec<u8>,
    /// The rest is not for this tap.
    encrypted: bool,
}

impl StreamTap {
    /// Takes the next bytes of one side, in whatever pieces they come.
    pub(super) fn listen(&mut self, from: Side, bytes: &[u8]) {
        let direction = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        if direction.encrypted {
            return;
        }
        direction.pending.extend_from_slice(bytes);
        let mut rest = direction.pending.as_slice();
        while let Ok((after, record)) = parse_tls_raw_record(rest) {
            let content = record.hdr.record_type;
            match content {
                TlsRecordType::Handshake if from == Side::Server && is_hello(record.data) => {
                    self.retry = is_retry(record.data);
                }
                TlsRecordType::ChangeCipherSpec => direction.encrypted = !self.retry,
                TlsRecordType::Handshake | TlsRecordType::Alert => {}
                _ => direction.encrypted = true,
            }
            if content != TlsRecordType::ApplicationData {
                keep(from, content, record.data, false);
            }
            if direction.encrypted {
                break;
            }
            rest = after;
        }
        direction.pending = rest.to_vec();
        // a record is 2^14 bytes and some at most (RFC 8446 §5.2)
        direction.encrypted |= direction.pending.len() > LONGEST_RECORD;
    }
}

impl StreamTap {
    /// Is what this side says no TLS? A header of five bytes tells (RFC 8446 §5.1).
    pub(super) fn is_lost(&self, from: Side) -> bool {
        let direction = match from {
            Side::Client => &self.client,
            Side::Server => &self.server,
        };
        match direction.pending.as_slice() {
            [content, major, ..] => !(20..=24).contains(content) || *major != 3,
            _ => false,
        }
    }
}

fn is_hello(payload: &[u8]) -> bool {
    payload.first() == Some(&2)
}

fn is_retry(hello: &[u8]) -> bool {
    hello.get(6..38) == Some(&RETRY)
}

fn keep(from: Side, content: TlsRecordType, payload: &[u8], encrypted: bool) {
    let kept = match content {
        TlsRecordType::ApplicationData => &[],
        _ => payload,
    };
    let mut record = Record {
        at: Instant::now(),
        from,
        encrypted,
        content,
        payload: kept.to_vec(),
        bytes: payload.len(),
    };
    HEARD.with_borrow_mut(|Heard(records)| {
        let so_far = records.iter().filter(|known| known.from == from);
        if so_far.map(|known| known.bytes + BOOKKEEPING).sum::<usize>() < MOST {
            let place = place(records, &record);
            if let Some(overtaken) = records.get(place) {
                record.at = record.at.min(overtaken.at);
            }
            records.insert(place, record);
        }
    });
}

/// What a record costs besides its payload, roughly: a flood of empty ones is a flood.
const BOOKKEEPING: usize = 64;

/// At the end; but what a client sends in clear is heard only when its flight goes out, after what it encrypted for the same
/// flight, and stands in front of that.
fn place(heard: &[Record], record: &Record) -> usize {
    let overtaken = |before: &Record| {
        let same = before.from == Side::Client && before.encrypted;
        same && before.content != TlsRecordType::ApplicationData
    };
    match record.from == Side::Client && !record.encrypted {
        true => heard
            .iter()
            .rposition(|before| !overtaken(before))
            .map_or(0, |last| last + 1),
        false => heard.len(),
    }
}

/// These of them, as far as this `rustls` has them.
pub(super) fn tapped_only(wanted: &[CipherSuite]) -> Vec<SupportedCipherSuite> {
    let all = tapped_suites().iter().copied();
    all.filter(|suite| wanted.contains(&suite.suite()))
        .collect()
}

/// Every suite that `rustls` has, with a client's tap inside.
pub(super) fn tapped_suites() -> &'static [SupportedCipherSuite] {
    static SUITES: LazyLock<Vec<SupportedCipherSuite>> = LazyLock::new(|| ours(Side::Client));
    &SUITES
}

/// The same for a server.
pub(super) fn servers_suites() -> Vec<SupportedCipherSuite> {
    static SUITES: LazyLock<Vec<SupportedCipherSuite>> = LazyLock::new(|| ours(Side::Server));
    SUITES.clone()
}

fn ours(side: Side) -> Vec<SupportedCipherSuite> {
    let suites = ALL_CIPHER_SUITES.iter();
    suites.map(|suite| tapped(suite, side)).collect()
}

/// What lives as long as the program does: made once for each suite.
fn tapped(suite: &SupportedCipherSuite, ours: Side) -> SupportedCipherSuite {
    match suite {
        SupportedCipherSuite::Tls12(suite) => {
            SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                common: common(&suite.common),
                prf_provider: suite.prf_provider,
                kx: suite.kx,
                sign: suite.sign,
                aead_alg: Box::leak(Box::new(Tapped(suite.aead_alg, ours))),
            })))
        }
        SupportedCipherSuite::Tls13(suite) => {
            SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                common: common(&suite.common),
                hkdf_provider: suite.hkdf_provider,
                aead_alg: Box::leak(Box::new(Tapped(suite.aead_alg, ours))),
                quic: None,
            })))
        }
    }
}

fn common(common: &CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite: common.suite,
        hash_provider: common.hash_provider,
        confidentiality_limit: common.confidentiality_limit,
    }
}

/// The thing itself, and whose records go through it: of an algorithm, the side that is ours.
struct Tapped<T>(T, Side);

impl Tls13AeadAlgorithm for Tapped<&'static dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Tapped(self.0.encrypter(key, iv), self.1))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Tapped(self.0.decrypter(key, iv), other(self.1)))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }
}

impl Tls12AeadAlgorithm for Tapped<&'static dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Tapped(self.0.encrypter(key, iv, extra), self.1))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Tapped(self.0.decrypter(key, iv), other(self.1)))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }
}

impl MessageDecrypter for Tapped<Box<dyn MessageDecrypter>> {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let plain = self.0.decrypt(message, sequence)?;
        keep(self.1, content(plain.typ), plain.payload, true);
        Ok(plain)
    }
}

impl MessageEncrypter for Tapped<Box<dyn MessageEncrypter>> {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        sequence: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let payload = message.payload.to_vec();
        keep(self.1, content(message.typ), &payload, true);
        self.0.encrypt(message, sequence)
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.0.encrypted_payload_len(payload_len)
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}

fn content(content: ContentType) -> TlsRecordType {
    TlsRecordType(u8::from(content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records_are_heard_in_whatever_pieces_they_come_until_encryption_starts() {
        let wire = [
            [22, 3, 3, 0, 2, 1, 2].as_slice(),
            &[22, 3, 3, 0, 1, 3],
            &[20, 3, 3, 0, 1, 1],
            &[22, 3, 3, 0, 1, 9],
        ]
        .concat();
        for piece in 1..wire.len() {
            clear();
            let mut tap = StreamTap::default();
            wire.chunks(piece)
                .for_each(|bytes| tap.listen(Side::Server, bytes));
            assert_eq!(heard(), [1, 2, 3], "in pieces of {piece}");
        }
    }

    #[test]
    fn a_hello_that_asks_for_another_one_encrypts_nothing() {
        let hello =
            |random: [u8; 32]| [&[22, 3, 3, 0, 38, 2, 0, 0, 34, 3, 3], &random[..]].concat();
        let wire = [hello(RETRY), vec![20, 3, 3, 0, 1, 1], hello([7; 32])].concat();
        clear();
        StreamTap::default().listen(Side::Server, &wire);
        assert_eq!(heard().len(), 2 * 38);
    }

    #[test]
    fn what_stands_in_front_of_its_flight_is_not_later_than_that() {
        clear();
        keep(Side::Client, TlsRecordType::Handshake, &[11], true);
        std::thread::sleep(std::time::Duration::from_millis(2));
        StreamTap::default().listen(Side::Client, &[20, 3, 3, 0, 1, 1]);
        let records = transcript();
        let contents: Vec<_> = records.iter().map(|record| record.content).collect();
        assert_eq!(
            contents,
            [TlsRecordType::ChangeCipherSpec, TlsRecordType::Handshake]
        );
        assert!(records[0].at <= records[1].at, "{records:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_tap_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            StreamTap::default().listen(Side::Server, &bytes);
        }
    }
}
