//! Servers that `rustls` can't talk to: TLS 1.0 and 1.1, RSA key exchange, CBC. Up to ServerHelloDone all is in clear, so a
//! hello of our own is enough to read what they ask for, without any cryptography.
//!
//! Whether they insist can be told as well, by most: after an empty Certificate one that does sends its alert at once, and one
//! that doesn't waits for the key exchange that never comes.

use std::time::Instant;

use tls_parser::{TlsRecordType, parse_tls_handshake_server_hello};

use super::handshake;
use super::peer::Shown;
use super::tap::{self, Record, StreamTap};
use super::timeline;
use super::wire::{Patience, Wire};
use crate::model::alert::Alert;
use crate::model::certificate_request::CertificateRequest;
use crate::model::probe::{Negotiated, Reaction};
use crate::model::protocol::Protocol;
use crate::model::trace::{Message, Side};

/// Every suite of TLS 1.2 and below that servers of the last twenty years may want: ECDHE, DHE, then RSA key exchange.
const SUITES: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc023, 0xc027, 0xc024, 0xc028, 0xc009, 0xc013,
    0xc00a, 0xc014, 0x009e, 0x009f, 0xccaa, 0x0067, 0x006b, 0x0033, 0x0039, 0x009c, 0x009d, 0x003c,
    0x003d, 0x002f, 0x0035, 0xc0ac, 0xc0ad, 0xc09e, 0xc09f, 0xc09c, 0xc09d, 0x0041, 0x0084, 0x0045,
    0x0088, 0xc012, 0xc008, 0x0016, 0x000a, 0x0005, 0x0004,
    // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3)
    0x00ff,
];

/// x25519, secp256r1, secp384r1, secp521r1, x448, brainpool, ffdhe2048, ffdhe3072.
const GROUPS: &[u16] = &[
    0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x001a, 0x001b, 0x001c, 0x0100, 0x0101,
];

/// What the server may sign with.
const SCHEMES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0807, 0x0808, 0x0203,
    0x0201, 0x0402, 0x0202,
];

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;

/// What a server says in clear.
#[derive(Clone, Debug)]
pub struct PlainFlight {
    /// What it chose; `None`: it refused the hello.
    pub negotiated: Option<Negotiated>,
    /// What it asks for.
    pub request: Option<CertificateRequest>,
    /// Its certificate; that it has the key is not proven.
    pub shown: Shown,
    /// It came to the end of its flight.
    pub done: bool,
    /// What it did once it was told that there is no certificate, or about the hello.
    pub reaction: Reaction,
    /// Every message, both ways.
    pub messages: Vec<Message>,
}

/// Says hello in this version, reads the server's flight, and answers a CertificateRequest with no certificate.
pub fn read_flight(
    wire: &mut dyn Wire,
    version: Protocol,
    server_name: &str,
    patience: Patience,
) -> PlainFlight {
    tap::clear();
    let started = Instant::now();
    let mut tap = StreamTap::default();
    // a first record of this version is what every server takes (RFC 5246 appendix E.1)
    let hello = record(Protocol::V1_0, &client_hello(version, server_name));
    send(wire, &mut tap, &hello);
    wire.wait_until(started + patience.handshake);
    let mut ended = listen(wire, &mut tap, is_done);
    let heard = tap::heard();
    let done = is_done(&heard);
    let chosen = chosen(&heard);
    let spoken = chosen.as_ref().map(|chosen| chosen.version);
    let request = handshake::request_or_part(&heard, spoken.unwrap_or(version));
    if let (true, Some(spoken), Some(_)) = (done, spoken, &request) {
        let none = record(spoken, &[CERTIFICATE, 0, 0, 3, 0, 0, 0]);
        send(wire, &mut tap, &none);
        wire.wait_until(Instant::now() + patience.verdict);
        ended = listen(wire, &mut tap, |_| false);
    }
    let records = tap::transcript();
    PlainFlight {
        request,
        shown: Shown {
            chain: certificates(&heard),
            proof: None,
        },
        done,
        reaction: react(&records, ended),
        messages: timeline::messages(&records, spoken, started),
        negotiated: chosen,
    }
}

/// How listening ended, if not by what one waited for.
enum Ended {
    Record,
    Closed,
    Late,
    Broken(String),
}

fn send(wire: &mut dyn Wire, tap: &mut StreamTap, bytes: &[u8]) {
    tap.listen(Side::Client, bytes);
    // if the server is gone, reading tells how
    let _ = wire.write_all(bytes).and_then(|()| wire.flush());
}

fn listen(wire: &mut dyn Wire, tap: &mut StreamTap, enough: impl Fn(&[u8]) -> bool) -> Ended {
    let mut bytes = [0; 16 * 1024];
    while !enough(&tap::heard()) {
        let count = match wire.read(&mut bytes) {
            Ok(0) => return Ended::Closed,
            Ok(count) => count,
            Err(error) => return of_error(&error),
        };
        tap.listen(Side::Server, bytes.get(..count).unwrap_or_default());
        if tap.is_lost(Side::Server) {
            return Ended::Broken("it does not answer with TLS".into());
        }
    }
    Ended::Record
}

fn of_error(error: &std::io::Error) -> Ended {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::TimedOut | Kind::WouldBlock => Ended::Late,
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Ended::Closed,
        _ => Ended::Broken(error.to_string()),
    }
}

fn react(records: &[Record], ended: Ended) -> Reaction {
    let of_server =
        |record: &&Record| record.from == Side::Server && record.content == TlsRecordType::Alert;
    let fatal =
        records
            .iter()
            .filter(of_server)
            .find_map(|record| match record.payload.as_slice() {
                // a warning such as unrecognized_name ends nothing
                [2, description] => Some(Alert(*description)),
                _ => None,
            });
    match (fatal, ended) {
        (Some(alert), _) => Reaction::Alert(alert),
        (None, Ended::Closed) => Reaction::Closed,
        (None, Ended::Late) => Reaction::Silent,
        (None, Ended::Record) => Reaction::Accepted,
        (None, Ended::Broken(why)) => Reaction::Unknown(why),
    }
}

fn is_done(heard: &[u8]) -> bool {
    handshake::find(heard, SERVER_HELLO_DONE).is_some()
}

fn chosen(heard: &[u8]) -> Option<Negotiated> {
    let (_, hello) = parse_tls_handshake_server_hello(handshake::find(heard, 2)?).ok()?;
    Some(Negotiated {
        version: timeline::version_said(heard)?,
        suite: timeline::suite_name(hello.cipher.0),
        group: None,
        alpn: None,
    })
}

/// RFC 5246 §7.4.2.
fn certificates(heard: &[u8]) -> Vec<Vec<u8>> {
    let list = handshake::find(heard, CERTIFICATE).and_then(handshake::vector::<3>);
    let mut list = list.map(|(list, _)| list).unwrap_or_default();
    let mut certificates = Vec::new();
    while let Some((certificate, rest)) = handshake::vector::<3>(list) {
        certificates.push(certificate.to_vec());
        list = rest;
    }
    certificates
}

/// RFC 5246 §7.4.1.2, with the extensions without which servers are shy.
fn client_hello(version: Protocol, server_name: &str) -> Vec<u8> {
    let mut body = version.code().to_be_bytes().to_vec();
    let mut random = [0; 32];
    // a server has no use for this one being random, but may refuse one that is all zeros
    if getrandom::fill(&mut random).is_err() {
        random = [0x5a; 32];
    }
    body.extend(random);
    body.push(0); // no session to resume
    body.extend(list(&codes(SUITES)));
    body.extend([1, 0]); // no compression
    let mut extensions = Vec::new();
    if server_name.parse::<std::net::IpAddr>().is_err() {
        let name = [&[0], list(server_name.as_bytes()).as_slice()].concat();
        extensions.extend(extension(0, &list(&name)));
    }
    extensions.extend(extension(10, &list(&codes(GROUPS))));
    extensions.extend(extension(11, &[1, 0]));
    if version == Protocol::V1_2 {
        extensions.extend(extension(13, &list(&codes(SCHEMES))));
    }
    body.extend(list(&extensions));
    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    [&[CLIENT_HELLO], length.get(1..).unwrap_or_default(), &body].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes(), list(content).as_slice()].concat()
}

fn codes(codes: &[u16]) -> Vec<u8> {
    codes.iter().flat_map(|code| code.to_be_bytes()).collect()
}

/// With its length in two bytes in front.
fn list(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or_default();
    [&length.to_be_bytes(), content].concat()
}

/// A handshake message as one record of this version.
fn record(version: Protocol, message: &[u8]) -> Vec<u8> {
    let [major, minor] = version.code().to_be_bytes();
    [&[HANDSHAKE, major, minor], list(message).as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_parser::{TlsExtension, parse_tls_client_hello_extensions, parse_tls_plaintext};

    #[test]
    fn our_hello_is_one_that_others_can_read() {
        let hello = record(
            Protocol::V1_0,
            &client_hello(Protocol::V1_2, "portal.example"),
        );
        let (rest, read) = parse_tls_plaintext(&hello).unwrap();
        assert_eq!((rest.len(), read.msg.len()), (0, 1));
        let message = client_hello(Protocol::V1_2, "portal.example");
        let (_, parsed) = tls_parser::parse_tls_handshake_client_hello(&message[4..]).unwrap();
        assert_eq!(parsed.ciphers.len(), SUITES.len());
        let (_, extensions) = parse_tls_client_hello_extensions(parsed.ext.unwrap()).unwrap();
        let name = extensions.iter().find_map(|extension| match extension {
            TlsExtension::SNI(names) => names.first().map(|(_, name)| *name),
            _ => None,
        });
        assert_eq!(name, Some(&b"portal.example"[..]));
    }

    #[test]
    fn an_address_is_sent_as_no_name() {
        let named = client_hello(Protocol::V1_0, "a.example").len();
        let address = client_hello(Protocol::V1_0, "192.0.2.1").len();
        assert_eq!(named - address, 2 + 2 + 2 + 1 + 2 + "a.example".len());
    }
}
