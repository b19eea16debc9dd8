//! The tap: every handshake message a server sends, in clear, whatever `rustls` makes of it.
//!
//! What a resolver is told is filtered: TLS 1.2 loses SHA-224, rsa_pss_pss and unknown schemes, TLS 1.3 loses PKCS1. So the
//! CertificateRequest is read off the wire: before encryption starts from the byte stream, after it from a wrapper round
//! the AEAD, which sees each record once it is decrypted. Cipher suites are `'static`, so the wrapper can't know its
//! connection; it writes to the thread's own buffer, and a connection is pumped on one thread.

use std::cell::RefCell;
use std::sync::LazyLock;

use rustls::crypto::CipherSuiteCommon;
use rustls::crypto::aws_lc_rs::cipher_suite;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{
    ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite, Tls13CipherSuite,
};
use tls_parser::{TlsRecordType, parse_tls_raw_record};

thread_local! {
    /// Handshake messages from the server, one after the other.
    static HEARD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Forgets what an earlier connection of this thread said.
pub(super) fn clear() {
    HEARD.with_borrow_mut(Vec::clear);
}

/// The handshake messages heard so far on this thread.
pub(super) fn heard() -> Vec<u8> {
    HEARD.with_borrow(Vec::clone)
}

/// Listens to a server's records before they are encrypted.
#[derive(Default)]
pub(super) struct StreamTap {
    pending: Vec<u8>,
    /// A ChangeCipherSpec came: the rest is not for this tap.
    encrypted: bool,
}

impl StreamTap {
    /// Takes the next bytes from the server, in whatever pieces they come.
    pub(super) fn listen(&mut self, bytes: &[u8]) {
        if self.encrypted {
            return;
        }
        self.pending.extend_from_slice(bytes);
        let mut rest = self.pending.as_slice();
        while let Ok((after, record)) = parse_tls_raw_record(rest) {
            match record.hdr.record_type {
                TlsRecordType::Handshake => keep(record.data),
                TlsRecordType::Alert => {}
                _ => self.encrypted = true,
            }
            if self.encrypted {
                break;
            }
            rest = after;
        }
        self.pending = rest.to_vec();
    }
}

fn keep(messages: &[u8]) {
    HEARD.with_borrow_mut(|heard| heard.extend_from_slice(messages));
}

/// TLS_AES_128_GCM_SHA256 with the tap inside; `None` if this `rustls` has it no more.
pub(super) fn tapped_suite() -> Option<SupportedCipherSuite> {
    static SUITE: LazyLock<Option<Tls13CipherSuite>> = LazyLock::new(|| {
        let suite = cipher_suite::TLS13_AES_128_GCM_SHA256.tls13()?;
        Some(Tls13CipherSuite {
            common: CipherSuiteCommon {
                suite: suite.common.suite,
                hash_provider: suite.common.hash_provider,
                confidentiality_limit: suite.common.confidentiality_limit,
            },
            hkdf_provider: suite.hkdf_provider,
            aead_alg: Box::leak(Box::new(TappedAead(suite.aead_alg))),
            quic: None,
        })
    });
    SUITE.as_ref().map(SupportedCipherSuite::Tls13)
}

struct TappedAead(&'static dyn Tls13AeadAlgorithm);

impl Tls13AeadAlgorithm for TappedAead {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(TappedDecrypter(self.0.decrypter(key, iv)))
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

struct TappedDecrypter(Box<dyn MessageDecrypter>);

impl MessageDecrypter for TappedDecrypter {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let plain = self.0.decrypt(message, sequence)?;
        if plain.typ == ContentType::Handshake {
            keep(plain.payload);
        }
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
            let mut tap = StreamTap::default();
            wire.chunks(piece).for_each(|bytes| tap.listen(bytes));
            assert_eq!(heard(), [1, 2, 3], "in pieces of {piece}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_tap_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            StreamTap::default().listen(&bytes);
        }
    }
}
