//! The ClientHello, read from handshake messages as they were on the wire.

use tls_parser::{
    TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_extension, parse_tls_message_handshake,
};

use super::handshake::split;
use crate::model::scheme::Scheme;
use crate::model::visit::Hello;

const CLIENT_HELLO: u8 = 1;

/// The ClientHello among `messages`; `None` if there is none yet, or none that can be read.
pub(super) fn client_hello(messages: &[u8]) -> Option<Hello> {
    let message = split(messages).find(|message| message.kind == CLIENT_HELLO)?;
    let (_, parsed) = parse_tls_message_handshake(message.whole).ok()?;
    let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(parsed)) = parsed else {
        return None;
    };
    let mut hello = Hello {
        versions: vec![parsed.version.0],
        suites: parsed.ciphers.iter().map(|suite| suite.0).collect(),
        ..Hello::default()
    };
    let mut extensions = parsed.ext.unwrap_or_default();
    while let Ok((rest, extension)) = parse_tls_extension(extensions) {
        note(&mut hello, &extension);
        extensions = rest;
    }
    Some(hello)
}

fn note(hello: &mut Hello, extension: &TlsExtension<'_>) {
    match extension {
        TlsExtension::SupportedVersions(versions) => {
            hello.versions = versions.iter().map(|version| version.0).collect();
        }
        TlsExtension::SignatureAlgorithms(codes) => {
            hello.schemes = codes.iter().copied().map(Scheme).collect();
        }
        TlsExtension::EllipticCurves(groups) => {
            hello.groups = groups.iter().map(|group| group.0).collect();
        }
        TlsExtension::ALPN(names) => hello.alpn = names.iter().map(|name| text(name)).collect(),
        TlsExtension::SNI(names) => {
            hello.server_name = names.first().map(|(_, name)| text(name));
        }
        _ => {}
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hello_is_read_with_all_that_it_offers() {
        let extensions = [
            "0000000e000c0000096c6f63616c686f7374", // server_name
            "002b00050403040303",                   // supported_versions
            "000d0006000404030804",                 // signature_algorithms
            "000a00040002001d",                     // supported_groups
            "0010000b000908687474702f312e31",       // ALPN
        ];
        let extensions = hex::decode(extensions.concat()).unwrap();
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 0x01, 1, 0, 0, extensions.len() as u8]);
        body.extend(extensions);
        let wire = [&[1, 0, 0, body.len() as u8], body.as_slice()].concat();
        let expected = Hello {
            versions: vec![0x0304, 0x0303],
            suites: vec![0x1301],
            schemes: vec![Scheme(0x0403), Scheme(0x0804)],
            groups: vec![29],
            alpn: vec!["http/1.1".into()],
            server_name: Some("localhost".into()),
        };
        assert_eq!(client_hello(&wire), Some(expected));
        assert_eq!(client_hello(&wire[..wire.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 4..300)) {
            let length = bytes.len() - 4;
            bytes[..4].copy_from_slice(&[1, 0, (length >> 8) as u8, length as u8]);
            let _ = client_hello(&bytes);
        }
    }
}
