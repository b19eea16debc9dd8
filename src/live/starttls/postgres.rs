//! PostgreSQL: SSLRequest, then TLS; whether a certificate is required it says only to who wants to log in (protocol 3.0).

use super::super::socket::ReadUntil;
use super::{StarttlsError, quoted, refused as not_started, send, silent};
use crate::tls::wire::Wire;

const NAME: &str = "postgres";
/// Length 8, code 80877103.
const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];
/// StartupMessage: length, version 3.0, and a user who is nobody.
pub(super) const STARTUP: &[u8] = b"\0\0\0\x2a\0\x03\0\0user\0cardcheck\0database\0postgres\0\0";

pub(super) fn ask(socket: &mut dyn Wire, _domain: &str) -> Result<(), StarttlsError> {
    send(socket, SSL_REQUEST);
    let answer = socket.read_until(1, |heard| !heard.is_empty());
    let answer = answer.map_err(|heard| silent(NAME, "`S` or `N`", &heard))?;
    match answer.as_slice() {
        b"S" => Ok(()),
        other => Err(not_started(NAME, other)),
    }
}

/// The message of an ErrorResponse that speaks of client certificates.
pub(super) fn refused(answer: &[u8]) -> Option<String> {
    let fields = answer.strip_prefix(b"E")?.get(4..)?;
    let mut fields = fields.split(|byte| *byte == 0);
    let message = fields.find_map(|field| field.strip_prefix(b"M"))?;
    let message = quoted(message);
    message.contains("client certificate").then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_refusal_that_speaks_of_certificates_is_one() {
        let error = |message: &str| [b"E\0\0\0\x20SFATAL\0M", message.as_bytes(), b"\0\0"].concat();
        let required = "connection requires a valid client certificate";
        assert_eq!(refused(&error(required)).as_deref(), Some(required));
        assert_eq!(refused(&error("role \"cardcheck\" does not exist")), None);
        assert_eq!(refused(b"R\0\0\0\x08"), None);
    }

    #[test]
    fn the_startup_message_says_its_own_length() {
        assert_eq!(STARTUP[..4], (STARTUP.len() as u32).to_be_bytes());
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = refused(&[b"E", bytes.as_slice()].concat());
        }
    }
}
