//! The tap: every handshake message and alert of either side, in clear, whatever `rustls` makes of it.
//!
//! What a resolver is told is filtered: TLS 1.2 loses SHA-224, rsa_pss_pss and unknown schemes, TLS 1.3 loses PKCS1. So the
//! CertificateRequest is read off the wire: before encryption starts from the byte stream, after it from a wrapper round
//! the AEAD, which sees each record once it is decrypted. Cipher suites are `'static`, so the wrapper can't know its
//! connection; it writes to the thread's own buffers. A connection that is pumped on one thread clears them first; one that
//! shares its thread with others lends its own for as long as it is worked on.

use std::cell::RefCell;
use std::sync::LazyLock;

use rustls::crypto::CipherSuiteCommon;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    OutboundOpaqueMessage, OutboundPlainMessage, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{
    ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite, Tls13CipherSuite,
};
use tls_parser::{TlsRecordType, parse_tls_raw_record};

thread_local! {
    static HEARD: RefCell<Heard> = const { RefCell::new(Heard::nothing()) };
}

/// No handshake needs more of one side; what comes after that is not kept.
const MOST: usize = 256 * 1024;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    Client,
    Server,
}

/// What was said on a connection so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) client: Said,
    pub(super) server: Said,
}

/// What one side said.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Handshake messages, one after the other.
    pub(super) messages: Vec<u8>,
    /// The first alert, close_notify left out.
    pub(super) alert: Option<u8>,
    /// It said that it closes.
    pub(super) closed: bool,
}

impl Heard {
    const fn nothing() -> Heard {
        Heard {
            client: Said::nothing(),
            server: Said::nothing(),
        }
    }

    fn by(&mut self, speaker: Speaker) -> &mut Said {
        match speaker {
            Speaker::Client => &mut self.client,
            Speaker::Server => &mut self.server,
        }
    }
}

impl Said {
    const fn nothing() -> Said {
        Said {
            messages: Vec::new(),
            alert: None,
            closed: false,
        }
    }

    fn message(&mut self, bytes: &[u8]) {
        let room = MOST.saturating_sub(self.messages.len());
        let bytes = bytes.get(..room).unwrap_or(bytes);
        self.messages.extend_from_slice(bytes);
    }

    /// Level and description (RFC 8446 §6).
    fn alert(&mut self, bytes: &[u8]) {
        match bytes {
            [_, 0] => self.closed = true,
            [_, description] => self.alert = self.alert.or(Some(*description)),
            // encrypted
            _ => {}
        }
    }
}

/// Forgets what an earlier connection of this thread said.
pub(super) fn clear() {
    HEARD.set(Heard::default());
}

/// The server's handshake messages heard so far on this thread.
pub(super) fn heard() -> Vec<u8> {
    HEARD.with_borrow(|heard| heard.server.messages.clone())
}

/// Looks at what was heard so far on this thread.
pub(super) fn with_heard<T>(look: impl FnOnce(&Heard) -> T) -> T {
    HEARD.with_borrow(look)
}

/// Does the work with these buffers in the place of the thread's own.
pub(super) fn lend<T>(buffers: &mut Heard, work: impl FnOnce() -> T) -> T {
    HEARD.with_borrow_mut(|own| std::mem::swap(own, buffers));
    let done = work();
    HEARD.with_borrow_mut(|own| std::mem::swap(own, buffers));
    done
}

/// Listens to one side's records before they are encrypted.
pub(super) struct StreamTap {
    speaker: Speaker,
    pending: Vec<u8>,
    /// A ChangeCipherSpec came, or something that is no TLS: the rest is not for this tap.
    done: bool,
}

impl StreamTap {
    pub(super) fn on(speaker: Speaker) -> StreamTap {
        StreamTap {
            speaker,
            pending: Vec::new(),
            done: false,
        }
    }

    /// Takes the next bytes from that side, in whatever pieces they come.
    pub(super) fn listen(&mut self, bytes: &[u8]) {
        if self.done {
            return;
        }
        self.pending.extend_from_slice(bytes);
        let mut rest = self.pending.as_slice();
        while let Ok((after, record)) = parse_tls_raw_record(rest) {
            match record.hdr.record_type {
                TlsRecordType::Handshake => keep(self.speaker, |said| said.message(record.data)),
                TlsRecordType::Alert => keep(self.speaker, |said| said.alert(record.data)),
                _ => self.done = true,
            }
            if self.done {
                break;
            }
            rest = after;
        }
        self.pending = rest.to_vec();
        // a record is 2^14 bytes and some at most
        self.done |= self.pending.len() > MOST;
    }
}

fn keep(speaker: Speaker, write: impl FnOnce(&mut Said)) {
    HEARD.with_borrow_mut(|heard| write(heard.by(speaker)));
}

fn keep_content(speaker: Speaker, typ: ContentType, payload: &[u8]) {
    match typ {
        ContentType::Handshake => keep(speaker, |said| said.message(payload)),
        ContentType::Alert => keep(speaker, |said| said.alert(payload)),
        _ => {}
    }
}

/// TLS_AES_128_GCM_SHA256 with a client's tap inside; `None` if this `rustls` has it no more.
pub(super) fn tapped_suite() -> Option<SupportedCipherSuite> {
    static SUITE: LazyLock<Option<SupportedCipherSuite>> =
        LazyLock::new(|| tapped(cipher_suite::TLS13_AES_128_GCM_SHA256, Speaker::Client));
    *SUITE
}

/// Every suite that a server can speak, the tap in those of TLS 1.3; in TLS 1.2 all that matters is said
/// before encryption starts. To be called once: see [`tapped`].
pub(super) fn servers_suites() -> Vec<SupportedCipherSuite> {
    let tap = |suite: &SupportedCipherSuite| tapped(*suite, Speaker::Server).unwrap_or(*suite);
    aws_lc_rs::DEFAULT_CIPHER_SUITES.iter().map(tap).collect()
}

/// The suite with the tap inside, for the side that is `ours`; `None` for those of TLS 1.2. Suites are `'static`: this
/// leaks, and is to be called once for each.
fn tapped(suite: SupportedCipherSuite, ours: Speaker) -> Option<SupportedCipherSuite> {
    let suite = suite.tls13()?;
    let aead = suite.aead_alg;
    Some(SupportedCipherSuite::Tls13(Box::leak(Box::new(
        Tls13CipherSuite {
            common: CipherSuiteCommon {
                suite: suite.common.suite,
                hash_provider: suite.common.hash_provider,
                confidentiality_limit: suite.common.confidentiality_limit,
            },
            hkdf_provider: suite.hkdf_provider,
            aead_alg: Box::leak(Box::new(TappedAead { aead, ours })),
            quic: None,
        },
    ))))
}

struct TappedAead {
    aead: &'static dyn Tls13AeadAlgorithm,
    ours: Speaker,
}

impl Tls13AeadAlgorithm for TappedAead {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(TappedEncrypter {
            encrypter: self.aead.encrypter(key, iv),
            speaker: self.ours,
        })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(TappedDecrypter {
            decrypter: self.aead.decrypter(key, iv),
            speaker: match self.ours {
                Speaker::Client => Speaker::Server,
                Speaker::Server => Speaker::Client,
            },
        })
    }

    fn key_len(&self) -> usize {
        self.aead.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.aead.extract_keys(key, iv)
    }
}

struct TappedEncrypter {
    encrypter: Box<dyn MessageEncrypter>,
    speaker: Speaker,
}

impl MessageEncrypter for TappedEncrypter {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        sequence: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        if message.typ != ContentType::ApplicationData {
            keep_content(self.speaker, message.typ, &message.payload.to_vec());
        }
        self.encrypter.encrypt(message, sequence)
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.encrypter.encrypted_payload_len(payload_len)
    }
}

struct TappedDecrypter {
    decrypter: Box<dyn MessageDecrypter>,
    speaker: Speaker,
}

impl MessageDecrypter for TappedDecrypter {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let plain = self.decrypter.decrypt(message, sequence)?;
        keep_content(self.speaker, plain.typ, plain.payload);
        Ok(plain)
    }
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
            let mut tap = StreamTap::on(Speaker::Server);
            wire.chunks(piece).for_each(|bytes| tap.listen(bytes));
            assert_eq!(heard(), [1, 2, 3], "in pieces of {piece}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_tap_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            StreamTap::on(Speaker::Client).listen(&bytes);
        }
    }
}
