//! The CertificateRequest, read from handshake messages as they were on the wire; and how such messages are found.

use tls_parser::{
    TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_extension, parse_tls_message_handshake,
};

use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

const CERTIFICATE_REQUEST: u8 = 13;
/// certificate_authorities (RFC 8446 §4.2.4), which `tls-parser` leaves unparsed.
const CERTIFICATE_AUTHORITIES: u16 = 47;

/// The CertificateRequest among `messages`; `None` if there is none yet, or none that can be read.
pub(super) fn certificate_request(messages: &[u8], version: TlsVersion) -> Option<Request> {
    let message = find(messages, CERTIFICATE_REQUEST)?;
    match version {
        TlsVersion::V1_2 => tls12(message),
        TlsVersion::V1_3 => tls13(message.get(4..)?),
    }
}

/// The first whole message of this type, its four bytes of header included.
pub(super) fn find(mut messages: &[u8], kind: u8) -> Option<&[u8]> {
    loop {
        let (header, _) = messages.split_first_chunk::<4>()?;
        let [message_kind, a, b, c] = *header;
        let length = 4 + u32::from_be_bytes([0, a, b, c]) as usize;
        let (message, rest) = messages.split_at_checked(length)?;
        if message_kind == kind {
            return Some(message);
        }
        messages = rest;
    }
}

/// RFC 5246 §7.4.4.
fn tls12(message: &[u8]) -> Option<Request> {
    let (_, parsed) = parse_tls_message_handshake(message).ok()?;
    let TlsMessage::Handshake(TlsMessageHandshake::CertificateRequest(request)) = parsed else {
        return None;
    };
    Some(Request {
        version: TlsVersion::V1_2,
        schemes: schemes(&request.sig_hash_algs?),
        ca_names: request
            .unparsed_ca
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect(),
    })
}

/// RFC 8446 §4.3.2: a context, then extensions.
fn tls13(body: &[u8]) -> Option<Request> {
    let (_, after_context) = vector::<1>(body)?;
    let (mut extensions, _) = vector::<2>(after_context)?;
    let mut request = Request {
        version: TlsVersion::V1_3,
        schemes: Vec::new(),
        ca_names: Vec::new(),
    };
    while !extensions.is_empty() {
        let (rest, extension) = parse_tls_extension(extensions).ok()?;
        match extension {
            TlsExtension::SignatureAlgorithms(codes) => request.schemes = schemes(&codes),
            TlsExtension::Unknown(kind, names) if kind.0 == CERTIFICATE_AUTHORITIES => {
                request.ca_names = authorities(names)?;
            }
            _ => {}
        }
        extensions = rest;
    }
    Some(request)
}

fn authorities(names: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut names, _) = vector::<2>(names)?;
    let mut found = Vec::new();
    while !names.is_empty() {
        let (name, rest) = vector::<2>(names)?;
        found.push(name.to_vec());
        names = rest;
    }
    Some(found)
}

/// A vector with a length of `N` bytes in front (RFC 8446 §3.4), and what follows it.
pub(super) fn vector<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<N>()?;
    let length = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

pub(super) fn schemes(codes: &[u16]) -> Vec<Scheme> {
    codes.iter().copied().map(Scheme).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tls12_request_is_read_with_schemes_that_rustls_would_drop() {
        // an unrelated message, then: two certificate types, schemes 0x0403 0x0402 0xfe01, one CA name
        let body =
            hex::decode("02014000060403 0402fe01 0006 0004 30020101".replace(' ', "")).unwrap();
        let wire = [&[14, 0, 0, 0, 13, 0, 0, body.len() as u8], body.as_slice()].concat();
        let request = certificate_request(&wire, TlsVersion::V1_2).unwrap();
        assert_eq!(request.schemes, [0x0403, 0x0402, 0xfe01].map(Scheme));
        assert_eq!(request.ca_names, [hex::decode("30020101").unwrap()]);
    }

    #[test]
    fn a_tls13_request_is_read_with_its_authorities() {
        let extensions = "000d0006 0004 0401 0804 002f0008 0006 0004 30020101".replace(' ', "");
        let extensions = hex::decode(extensions).unwrap();
        let body = [&[0, 0, extensions.len() as u8], extensions.as_slice()].concat();
        let wire = [&[13, 0, 0, body.len() as u8], body.as_slice()].concat();
        let request = certificate_request(&wire, TlsVersion::V1_3).unwrap();
        assert_eq!(request.schemes, [0x0401, 0x0804].map(Scheme));
        assert_eq!(request.ca_names.len(), 1);
    }

    #[test]
    fn half_a_message_is_none_yet() {
        assert_eq!(
            certificate_request(&[13, 0, 0, 9, 0, 0], TlsVersion::V1_3),
            None
        );
        assert_eq!(certificate_request(&[], TlsVersion::V1_2), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 4..200)) {
            let length = bytes.len() - 4;
            bytes[..4].copy_from_slice(&[13, 0, 0, length as u8]);
            let _ = certificate_request(&bytes, TlsVersion::V1_2);
            let _ = certificate_request(&bytes, TlsVersion::V1_3);
        }
    }
}
