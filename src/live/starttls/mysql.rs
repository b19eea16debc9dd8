//! MySQL and MariaDB: the server greets with what it can do, the client answers with SSLRequest (protocol 4.1).

use super::super::socket::ReadUntil;
use super::{StarttlsError, refused, send, silent};
use crate::tls::wire::Wire;

const NAME: &str = "mysql";
const MOST: usize = 4096;

/// Capabilities (CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION), largest packet, utf8, padding.
const SSL_REQUEST: [u8; 36] = {
    let mut packet = [0; 36];
    packet[0] = 32; // length
    packet[3] = 1; // the second packet
    packet[5] = 0x8a; // 0x8a00
    packet[11] = 1; // 16 MiB
    packet[12] = 33;
    packet
};

/// CLIENT_SSL, in the second byte of the lower capabilities.
const CLIENT_SSL: u8 = 0x08;

pub(super) fn ask(socket: &mut dyn Wire, _domain: &str) -> Result<(), StarttlsError> {
    let greeting = socket.read_until(MOST, |heard| packet(heard).is_some());
    let greeting = greeting.map_err(|heard| silent(NAME, "its greeting", &heard))?;
    if !packet(&greeting).and_then(offers_tls).unwrap_or(false) {
        return Err(refused(NAME, packet(&greeting).unwrap_or_default()));
    }
    send(socket, &SSL_REQUEST);
    Ok(())
}

/// The payload of a whole packet: three bytes of length, little endian, and a number.
fn packet(heard: &[u8]) -> Option<&[u8]> {
    let ([a, b, c, _], rest) = heard.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
    rest.get(..length)
}

/// Protocol 10: version as a C string, connection id, eight bytes and a zero, then the lower capabilities.
fn offers_tls(payload: &[u8]) -> Option<bool> {
    let rest = payload.strip_prefix(&[10])?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let capabilities = rest.get(end + 1 + 4 + 8 + 1..)?;
    Some(capabilities.get(1)? & CLIENT_SSL != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn greeting(capabilities: u16) -> Vec<u8> {
        let [low, high] = capabilities.to_le_bytes();
        let payload = [b"\x0a8.0.1\0".as_slice(), &[7; 4], &[1; 8], &[0, low, high]].concat();
        [&[payload.len() as u8, 0, 0, 0], payload.as_slice()].concat()
    }

    #[test]
    fn a_greeting_says_whether_tls_is_offered() {
        let offered = |greeting: &[u8]| packet(greeting).and_then(offers_tls);
        assert_eq!(offered(&greeting(0x0800)), Some(true));
        assert_eq!(offered(&greeting(0xf7ff)), Some(false));
        assert_eq!(offered(b"\x05\0\0\0\xff\x10\x04no"), None);
    }

    proptest! {
        #[test]
        fn no_greeting_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = packet(&bytes).and_then(offers_tls);
            let _ = offers_tls(&[&[10], bytes.as_slice()].concat());
        }
    }
}
