//! A client's answer to a CertificateRequest, read from handshake messages as they were on the wire.

use super::handshake::{find, vector};
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

const CERTIFICATE: u8 = 11;
const CERTIFICATE_VERIFY: u8 = 15;
/// Longer chains are cut: nobody needs them.
const MOST_CERTIFICATES: usize = 16;

/// The certificates of the Certificate message, the client's own first; `None` if there is no such message yet.
pub(super) fn certificates(messages: &[u8], version: TlsVersion) -> Option<Vec<Vec<u8>>> {
    let body = find(messages, CERTIFICATE)?;
    let list = match version {
        // RFC 5246 §7.4.2
        TlsVersion::V1_2 => body,
        // RFC 8446 §4.4.2: a context first
        TlsVersion::V1_3 => vector::<1>(body)?.1,
    };
    let (mut list, _) = vector::<3>(list)?;
    let mut found = Vec::new();
    while !list.is_empty() && found.len() < MOST_CERTIFICATES {
        let (der, rest) = vector::<3>(list)?;
        found.push(der.to_vec());
        list = match version {
            TlsVersion::V1_2 => rest,
            // the certificate's own extensions
            TlsVersion::V1_3 => vector::<2>(rest)?.1,
        };
    }
    Some(found)
}

/// The scheme of the CertificateVerify (RFC 8446 §4.4.3, RFC 5246 §7.4.8); `None` if there is no such message yet.
pub(super) fn signed_with(messages: &[u8]) -> Option<Scheme> {
    let body = find(messages, CERTIFICATE_VERIFY)?;
    let (code, _) = body.split_first_chunk::<2>()?;
    Some(Scheme(u16::from_be_bytes(*code)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_certificate_message_is_an_answer_and_none_is_not() {
        let empty = [11, 0, 0, 3, 0, 0, 0];
        assert_eq!(certificates(&empty, TlsVersion::V1_2), Some(Vec::new()));
        let empty = [11, 0, 0, 4, 0, 0, 0, 0];
        assert_eq!(certificates(&empty, TlsVersion::V1_3), Some(Vec::new()));
        assert_eq!(certificates(&[], TlsVersion::V1_3), None);
    }

    #[test]
    fn a_chain_comes_in_its_order() {
        let chain = Some(vec![vec![7], vec![8, 9]]);
        let tls12 = hex::decode("0b00000c 000009 00000107 0000020809".replace(' ', "")).unwrap();
        assert_eq!(certificates(&tls12, TlsVersion::V1_2), chain);
        let tls13 = "0b000011 00 00000d 000001070000 00000208090000".replace(' ', "");
        let tls13 = hex::decode(tls13).unwrap();
        assert_eq!(certificates(&tls13, TlsVersion::V1_3), chain);
    }

    #[test]
    fn the_scheme_is_the_one_on_the_wire() {
        let verify = [15, 0, 0, 4, 8, 4, 0, 0];
        assert_eq!(signed_with(&verify), Some(Scheme(0x0804)));
        assert_eq!(signed_with(&verify[..6]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 4..200), kind in 11u8..16) {
            let length = bytes.len() - 4;
            bytes[..4].copy_from_slice(&[kind, 0, 0, length as u8]);
            let _ = certificates(&bytes, TlsVersion::V1_2);
            let _ = certificates(&bytes, TlsVersion::V1_3);
            let _ = signed_with(&bytes);
        }
    }
}
