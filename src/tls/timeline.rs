//! A connection's records as a timeline of messages that a person can read.

use std::time::Instant;

use tls_parser::{
    TlsCipherSuite, TlsExtension, TlsRecordType, parse_tls_client_hello_extensions,
    parse_tls_handshake_client_hello, parse_tls_handshake_server_hello,
    parse_tls_server_hello_extensions,
};

use super::handshake::{self, vector};
use super::tap::Record;
use crate::model::alert::Alert;
use crate::model::certificate::Certificate;
use crate::model::certificate_request::CertificateRequest;
use crate::model::protocol::Protocol;
use crate::model::scheme::Scheme;
use crate::model::trace::{Message, Side};

type Fields = Vec<(&'static str, String)>;

/// IANA "TLS HandshakeType".
const NAMES: &[(u8, &str)] = &[
    (0, "HelloRequest"),
    (1, "ClientHello"),
    (2, "ServerHello"),
    (4, "NewSessionTicket"),
    (5, "EndOfEarlyData"),
    (8, "EncryptedExtensions"),
    (11, "Certificate"),
    (12, "ServerKeyExchange"),
    (13, "CertificateRequest"),
    (14, "ServerHelloDone"),
    (15, "CertificateVerify"),
    (16, "ClientKeyExchange"),
    (20, "Finished"),
    (22, "CertificateStatus"),
    (24, "KeyUpdate"),
    (25, "CompressedCertificate"),
];

/// The server's handshake messages among these records, one after the other.
pub(super) fn server_handshake(records: &[Record]) -> Vec<u8> {
    let of_server = records
        .iter()
        .filter(|record| record.from == Side::Server && record.content == TlsRecordType::Handshake);
    of_server
        .flat_map(|record| record.payload.iter().copied())
        .collect()
}

/// The version that the server's hello says.
pub(super) fn version_said(messages: &[u8]) -> Option<Protocol> {
    let hello = handshake::find(messages, 2)?;
    let (_, parsed) = parse_tls_handshake_server_hello(hello).ok()?;
    let extensions = parsed.ext.unwrap_or_default();
    let (_, extensions) = parse_tls_server_hello_extensions(extensions).ok()?;
    let said = extensions.iter().find_map(|extension| match extension {
        TlsExtension::SupportedVersions(versions) => versions.first().copied(),
        _ => None,
    });
    Protocol::from_code(said.unwrap_or(parsed.version).0)
}

/// The IANA name, or the number as `0x1301`.
pub(super) fn suite_name(code: u16) -> String {
    let known = TlsCipherSuite::from_id(code);
    known.map_or_else(|| format!("0x{code:04x}"), |suite| suite.name.to_owned())
}

/// The messages in the order in which they were complete.
pub(super) fn messages(
    records: &[Record],
    version: Option<Protocol>,
    started: Instant,
) -> Vec<Message> {
    messages_with(records, started, |found| fields(found, version))
}

/// The same with what is in few of them: in ServerHello, in CertificateVerify and in alerts. Of the others it is known, or names
/// the certificate's holder.
pub(super) fn outline(records: &[Record], started: Instant) -> Vec<Message> {
    messages_with(records, started, |found| match found.kind {
        2 | 15 => fields(found, None),
        _ => Vec::new(),
    })
}

fn messages_with(
    records: &[Record],
    started: Instant,
    fields: impl Fn(handshake::Message<'_>) -> Fields,
) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut unfinished = [Vec::new(), Vec::new()];
    for record in records {
        let message = |name: String, bytes, fields| Message {
            at_ms: record.at.saturating_duration_since(started).as_secs_f64() * 1000.0,
            from: record.from,
            encrypted: record.encrypted,
            name,
            bytes,
            fields,
        };
        if record.content != TlsRecordType::Handshake {
            messages.push(message(
                content(record.content),
                record.bytes,
                alert(record),
            ));
            continue;
        }
        let [client, server] = &mut unfinished;
        let pending = match record.from {
            Side::Client => client,
            Side::Server => server,
        };
        pending.extend_from_slice(&record.payload);
        let mut read = 0;
        for found in handshake::split(pending) {
            read += found.whole.len();
            let (name, bytes) = (name(found.kind), found.whole.len());
            messages.push(message(name, bytes, fields(found)));
        }
        pending.drain(..read);
    }
    messages
}

fn name(kind: u8) -> String {
    match NAMES.iter().find(|(code, _)| *code == kind) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("handshake message {kind}"),
    }
}

fn content(content: TlsRecordType) -> String {
    match content {
        TlsRecordType::ChangeCipherSpec => "ChangeCipherSpec".to_owned(),
        TlsRecordType::Alert => "Alert".to_owned(),
        TlsRecordType::ApplicationData => "ApplicationData".to_owned(),
        TlsRecordType(other) => format!("record of type {other}"),
    }
}

fn alert(record: &Record) -> Fields {
    match (record.content, record.payload.as_slice()) {
        (TlsRecordType::Alert, [level, description]) => {
            let level = if *level == 1 { "warning" } else { "fatal" };
            let said = format!("{} ({description})", Alert(*description));
            vec![("level", level.to_owned()), ("description", said)]
        }
        _ => Vec::new(),
    }
}

fn fields(message: handshake::Message<'_>, version: Option<Protocol>) -> Fields {
    let modern = version == Some(Protocol::V1_3);
    match message.kind {
        1 => client_hello(message.body),
        2 => server_hello(message.body),
        8 => encrypted_extensions(message.body),
        11 => certificate(message.body, modern),
        13 => {
            let version = version.unwrap_or(Protocol::V1_2);
            let request = handshake::certificate_request(message.whole, version);
            request
                .as_ref()
                .map(certificate_request)
                .unwrap_or_default()
        }
        15 => certificate_verify(message.body),
        _ => Vec::new(),
    }
}

fn client_hello(body: &[u8]) -> Fields {
    let Ok((_, hello)) = parse_tls_handshake_client_hello(body) else {
        return Vec::new();
    };
    let suites = hello.ciphers.iter().map(|suite| suite_name(suite.0));
    let mut fields = vec![("cipher_suites", suites.collect::<Vec<_>>().join(" "))];
    let extensions = parse_tls_client_hello_extensions(hello.ext.unwrap_or_default());
    let extensions = extensions.map(|(_, read)| read).unwrap_or_default();
    fields.extend(extensions.iter().filter_map(extension));
    fields
}

fn server_hello(body: &[u8]) -> Fields {
    let Ok((_, hello)) = parse_tls_handshake_server_hello(body) else {
        return Vec::new();
    };
    let mut fields = vec![("cipher_suite", suite_name(hello.cipher.0))];
    let extensions = parse_tls_server_hello_extensions(hello.ext.unwrap_or_default());
    let extensions = extensions.map(|(_, read)| read).unwrap_or_default();
    let selected: Fields = extensions.iter().filter_map(extension).collect();
    if !selected
        .iter()
        .any(|(name, _)| *name == "supported_versions")
    {
        fields.push(("version", version_name(hello.version.0)));
    }
    fields.extend(selected);
    fields
}

fn encrypted_extensions(body: &[u8]) -> Fields {
    let Some((extensions, _)) = vector::<2>(body) else {
        return Vec::new();
    };
    let read = parse_tls_server_hello_extensions(extensions);
    let read = read.map(|(_, read)| read).unwrap_or_default();
    read.iter().filter_map(extension).collect()
}

fn extension(extension: &TlsExtension<'_>) -> Option<(&'static str, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(match extension {
        // a server sends it empty (RFC 6066 §3)
        TlsExtension::SNI(names) if names.is_empty() => ("server_name", "acknowledged".to_owned()),
        TlsExtension::SNI(names) => {
            let names = names.iter().map(|(_, name)| text(name));
            ("server_name", names.collect::<Vec<_>>().join(" "))
        }
        TlsExtension::SupportedVersions(versions) => {
            let versions = versions.iter().map(|version| version_name(version.0));
            ("supported_versions", versions.collect::<Vec<_>>().join(" "))
        }
        TlsExtension::SignatureAlgorithms(codes) => {
            let codes = codes.iter().copied().map(Scheme);
            ("signature_algorithms", listed(codes))
        }
        TlsExtension::EllipticCurves(groups) => {
            let groups = groups
                .iter()
                .map(|group| format!("{:?}", rustls::NamedGroup::from(group.0)));
            ("supported_groups", groups.collect::<Vec<_>>().join(" "))
        }
        TlsExtension::ALPN(names) => {
            let names = names.iter().map(|name| text(name));
            ("alpn", names.collect::<Vec<_>>().join(" "))
        }
        _ => return None,
    })
}

fn version_name(code: u16) -> String {
    match Protocol::from_code(code) {
        Some(version) => version.to_string(),
        None => format!("0x{code:04x}"),
    }
}

/// RFC 5246 §7.4.2, RFC 8446 §4.4.2: in 1.3 a context stands before the list.
fn certificate(body: &[u8], modern: bool) -> Fields {
    let list = match modern {
        true => vector::<1>(body).map(|(_, rest)| rest),
        false => Some(body),
    };
    let Some((list, _)) = list.and_then(vector::<3>) else {
        return Vec::new();
    };
    match vector::<3>(list) {
        None => vec![("certificates", "none".to_owned())],
        Some((leaf, _)) => {
            let read = Certificate::from_der(leaf).ok();
            let subject = read.map_or("not readable".to_owned(), |read| read.subject);
            vec![("subject", subject)]
        }
    }
}

fn certificate_request(request: &CertificateRequest) -> Fields {
    let mut fields = Vec::new();
    if let Some(schemes) = &request.schemes {
        fields.push(("signature_algorithms", listed(schemes.iter().copied())));
    }
    if let Some(schemes) = &request.schemes_cert {
        fields.push(("signature_algorithms_cert", listed(schemes.iter().copied())));
    }
    if !request.certificate_types.is_empty() {
        let types = request.certificate_types.iter().copied();
        fields.push(("certificate_types", listed(types)));
    }
    let names = match request.ca_names.len() {
        0 => "none".to_owned(),
        count => format!("{count} in {} bytes", request.ca_names_bytes),
    };
    fields.push(("certificate_authorities", names));
    fields
}

fn certificate_verify(body: &[u8]) -> Fields {
    let code = body.first_chunk::<2>().copied().map(u16::from_be_bytes);
    let scheme = code.map(|code| ("algorithm", Scheme(code).to_string()));
    scheme.into_iter().collect()
}

fn listed(items: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    items.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(from: Side, content: TlsRecordType, payload: &[u8]) -> Record {
        Record {
            at: Instant::now(),
            from,
            encrypted: false,
            content,
            payload: payload.to_vec(),
            bytes: payload.len(),
        }
    }

    #[test]
    fn a_message_over_two_records_is_one_and_an_alert_is_named() {
        let records = [
            record(
                Side::Server,
                TlsRecordType::Handshake,
                &[14, 0, 0, 0, 15, 0, 0, 2, 4],
            ),
            record(Side::Client, TlsRecordType::Handshake, &[20, 0, 0, 1, 9]),
            record(Side::Server, TlsRecordType::Handshake, &[3]),
            record(Side::Server, TlsRecordType::Alert, &[2, 40]),
        ];
        let read = messages(&records, Some(Protocol::V1_2), Instant::now());
        let names: Vec<_> = read.iter().map(|message| message.name.as_str()).collect();
        assert_eq!(
            names,
            ["ServerHelloDone", "Finished", "CertificateVerify", "Alert"]
        );
        assert_eq!(
            read[2].fields,
            [("algorithm", "ecdsa_secp256r1_sha256".into())]
        );
        assert_eq!(read[3].fields[1].1, "handshake_failure (40)");
    }

    #[test]
    fn a_server_s_word_on_the_name_is_no_empty_one() {
        // one extension of type 0 and no length
        let message = [8, 0, 0, 6, 0, 4, 0, 0, 0, 0];
        let record = record(Side::Server, TlsRecordType::Handshake, &message);
        let read = messages(&[record], Some(Protocol::V1_3), Instant::now());
        assert_eq!(read[0].fields, [("server_name", "acknowledged".into())]);
    }

    proptest! {
        #[test]
        fn no_message_makes_the_reader_panic(kind in 0u8..26, mut body in proptest::collection::vec(any::<u8>(), 4..300), modern: bool) {
            let length = body.len() - 4;
            body[..4].copy_from_slice(&[kind, 0, (length >> 8) as u8, length as u8]);
            let version = if modern { Protocol::V1_3 } else { Protocol::V1_2 };
            let _ = messages(&[record(Side::Server, TlsRecordType::Handshake, &body)], Some(version), Instant::now());
            let _ = version_said(&body);
        }
    }
}
