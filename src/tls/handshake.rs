//! The CertificateRequest, read from handshake messages as they were on the wire.
//!
//! Read here and not by `tls-parser`, which leaves out what it can't read: a list that is cut in the middle of an item is
//! what somebody wants to know.

use crate::model::certificate_request::{CaName, CertificateRequest, CertificateType, Defect};
use crate::model::protocol::Protocol;
use crate::model::scheme::Scheme;

/// HelloRequest (RFC 5246 §7.4.1.1).
pub(super) const HELLO_REQUEST: u8 = 0;
/// NewSessionTicket (RFC 8446 §4.6.1).
pub(super) const NEW_SESSION_TICKET: u8 = 4;
const CERTIFICATE_REQUEST: u8 = 13;
/// signature_algorithms (RFC 8446 §4.2.3).
const SIGNATURE_ALGORITHMS: usize = 13;
/// certificate_authorities (RFC 8446 §4.2.4).
const CERTIFICATE_AUTHORITIES: usize = 47;
/// signature_algorithms_cert (RFC 8446 §4.2.3).
const SIGNATURE_ALGORITHMS_CERT: usize = 50;

/// The CertificateRequest among `messages`; `None` if there is none yet.
pub(super) fn certificate_request(
    messages: &[u8],
    version: Protocol,
) -> Option<CertificateRequest> {
    let body = find(messages, CERTIFICATE_REQUEST)?;
    let mut request = CertificateRequest::default();
    let whole = match version {
        Protocol::V1_3 => tls13(body, &mut request),
        older => tls12(body, older == Protocol::V1_2, &mut request),
    };
    if whole.is_none() {
        request.defect = request.defect.or(Some(Defect::MessageCut));
    }
    Some(request)
}

/// The same where nothing more will come: one that is cut is read as far as it goes.
pub(super) fn request_or_part(messages: &[u8], version: Protocol) -> Option<CertificateRequest> {
    let read: usize = split(messages).map(|message| message.whole.len()).sum();
    let part = messages.get(read..).unwrap_or_default();
    certificate_request(messages, version).or_else(|| {
        let body = part
            .get(4..)
            .filter(|_| part.first() == Some(&CERTIFICATE_REQUEST))?;
        let length = u32::try_from(body.len()).ok()?.to_be_bytes();
        let whole = [&[CERTIFICATE_REQUEST], length.get(1..)?, body].concat();
        let request = certificate_request(&whole, version)?;
        let defect = request.defect.or(Some(Defect::MessageCut));
        Some(CertificateRequest { defect, ..request })
    })
}

/// The body of the first whole message of this type.
pub(super) fn find(messages: &[u8], kind: u8) -> Option<&[u8]> {
    split(messages)
        .find(|message| message.kind == kind)
        .map(|message| message.body)
}

/// A handshake message.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
    /// Its header included.
    pub(super) whole: &'a [u8],
}

/// The whole messages, in order (RFC 8446 §4).
pub(super) fn split(mut messages: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let (header, _) = messages.split_first_chunk::<4>()?;
        let [kind, a, b, c] = *header;
        let length = 4 + u32::from_be_bytes([0, a, b, c]) as usize;
        let (whole, rest) = messages.split_at_checked(length)?;
        messages = rest;
        Some(Message {
            kind,
            body: whole.get(4..)?,
            whole,
        })
    })
}

/// RFC 5246 §7.4.4; before TLS 1.2 without a list of schemes (RFC 4346 §7.4.4). `None`: it ended too early.
fn tls12(body: &[u8], with_schemes: bool, request: &mut CertificateRequest) -> Option<()> {
    let (types, mut rest) = vector::<1>(body)?;
    request.certificate_types = types.iter().copied().map(CertificateType).collect();
    if with_schemes {
        let (codes, after) = vector::<2>(rest)?;
        request.schemes = Some(schemes(codes, request));
        rest = after;
    }
    let (names, _) = vector::<2>(rest)?;
    authorities(names, request);
    Some(())
}

/// RFC 8446 §4.3.2: a context, then extensions. `None`: it ended too early.
fn tls13(body: &[u8], request: &mut CertificateRequest) -> Option<()> {
    let (_, after_context) = vector::<1>(body)?;
    let (mut extensions, _) = vector::<2>(after_context)?;
    while !extensions.is_empty() {
        let (kind, rest) = extensions.split_first_chunk::<2>()?;
        let (content, rest) = vector::<2>(rest)?;
        extensions = rest;
        match number(kind) {
            SIGNATURE_ALGORITHMS => {
                request.schemes = Some(schemes(vector::<2>(content)?.0, request));
            }
            SIGNATURE_ALGORITHMS_CERT => {
                request.schemes_cert = Some(schemes(vector::<2>(content)?.0, request));
            }
            CERTIFICATE_AUTHORITIES => authorities(vector::<2>(content)?.0, request),
            _ => {}
        }
    }
    Some(())
}

fn authorities(mut names: &[u8], request: &mut CertificateRequest) {
    request.ca_names_bytes += names.len();
    while !names.is_empty() {
        let Some((name, rest)) = vector::<2>(names) else {
            request.defect = Some(Defect::NamesCut);
            return;
        };
        request.ca_names.push(CaName::new(name.to_vec()));
        names = rest;
    }
}

fn schemes(codes: &[u8], request: &mut CertificateRequest) -> Vec<Scheme> {
    let pairs = codes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        request.defect = Some(Defect::SchemesCut);
    }
    pairs
        .filter_map(|pair| Some(Scheme(u16::from_be_bytes(pair.try_into().ok()?))))
        .collect()
}

/// A vector with a length of `N` bytes in front (RFC 8446 §3.4), and what follows it.
pub(super) fn vector<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<N>()?;
    rest.split_at_checked(number(length))
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(body: &str) -> Vec<u8> {
        let body = hex::decode(body.replace(' ', "")).unwrap();
        [&[13, 0, 0, body.len() as u8], body.as_slice()].concat()
    }

    fn ders(request: &CertificateRequest) -> Vec<String> {
        let names = request.ca_names.iter();
        names.map(|name| hex::encode(&name.der)).collect()
    }

    #[test]
    fn a_tls12_request_is_read_with_schemes_that_rustls_would_drop() {
        // an unrelated message, then: two certificate types, schemes 0x0403 0x0402 0xfe01, one CA name
        let wire = message("02 0140 0006 0403 0402 fe01 0006 0004 30020101");
        let wire = [&[14, 0, 0, 0], wire.as_slice()].concat();
        let request = certificate_request(&wire, Protocol::V1_2).unwrap();
        let codes = [0x0403, 0x0402, 0xfe01].map(Scheme).to_vec();
        assert_eq!(request.schemes, Some(codes));
        assert_eq!(request.certificate_types, [1, 64].map(CertificateType));
        assert_eq!(ders(&request), ["30020101"]);
        assert_eq!((request.ca_names_bytes, request.defect), (6, None));
    }

    #[test]
    fn a_request_before_tls12_has_no_list_of_schemes() {
        let request = certificate_request(&message("01 01 0000"), Protocol::V1_0).unwrap();
        assert_eq!((request.schemes, request.defect), (None, None));
    }

    #[test]
    fn a_tls13_request_is_read_with_its_authorities() {
        let wire = message(
            "00 001e 000d0006 0004 0401 0804 002f0008 0006 0004 30020101 00320004 0002 0403",
        );
        let request = certificate_request(&wire, Protocol::V1_3).unwrap();
        assert_eq!(request.schemes, Some([0x0401, 0x0804].map(Scheme).to_vec()));
        assert_eq!(request.schemes_cert, Some(vec![Scheme(0x0403)]));
        assert_eq!(ders(&request), ["30020101"]);
    }

    #[test]
    fn authorities_that_come_twice_count_twice() {
        let once = "002f0008 0006 0004 30020101";
        let wire = message(&format!("00 0018 {once} {once}"));
        let request = certificate_request(&wire, Protocol::V1_3).unwrap();
        assert_eq!((request.ca_names.len(), request.ca_names_bytes), (2, 12));
    }

    #[test]
    fn a_list_that_is_cut_is_shown_as_far_as_it_goes() {
        let wire = message("01 01 0002 0403 0009 0004 30020101 0008 30");
        let request = certificate_request(&wire, Protocol::V1_2).unwrap();
        assert_eq!(ders(&request), ["30020101"]);
        assert_eq!(request.defect, Some(Defect::NamesCut));
        let request = certificate_request(&message("01 01 0003 0403 04 0000"), Protocol::V1_2);
        assert_eq!(request.unwrap().defect, Some(Defect::SchemesCut));
        let request = certificate_request(&message("01 01 0009 0403"), Protocol::V1_2);
        assert_eq!(request.unwrap().defect, Some(Defect::MessageCut));
    }

    #[test]
    fn half_a_message_is_none_yet() {
        assert_eq!(
            certificate_request(&[13, 0, 0, 9, 0, 0], Protocol::V1_3),
            None
        );
        assert_eq!(certificate_request(&[], Protocol::V1_2), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 4..200)) {
            let length = bytes.len() - 4;
            bytes[..4].copy_from_slice(&[13, 0, 0, length as u8]);
            for version in Protocol::ALL {
                let _ = certificate_request(&bytes, version);
            }
        }
    }
}
