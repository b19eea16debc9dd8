//! LDAP: the StartTLS extended operation (RFC 4511 §4.14).

use x509_parser::asn1_rs::{Any, Class, FromBer, Tag};

use super::super::socket::ReadUntil;
use super::{StarttlsError, refused, send, silent};
use crate::tls::wire::Wire;

const NAME: &str = "ldap";
const MOST: usize = 16 * 1024;

/// LDAPMessage { 1, [APPLICATION 23] ExtendedRequest { [0] 1.3.6.1.4.1.1466.20037 } }
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

pub(super) fn ask(socket: &mut dyn Wire, _domain: &str) -> Result<(), StarttlsError> {
    send(socket, REQUEST);
    let answer = socket.read_until(MOST, |heard| Any::from_ber(heard).is_ok());
    let answer = answer.map_err(|heard| silent(NAME, "an ExtendedResponse", &heard))?;
    match result_code(&answer) {
        Some(0) => Ok(()),
        Some(code) => Err(refused(NAME, format!("resultCode {code}").as_bytes())),
        None => Err(refused(NAME, &answer)),
    }
}

/// resultCode of an ExtendedResponse, [APPLICATION 24]. BER: Active Directory writes its lengths longer than DER has them.
fn result_code(message: &[u8]) -> Option<u8> {
    let (_, message) = Any::from_ber(message).ok()?;
    let (rest, _id) = Any::from_ber(message.data).ok()?;
    let (_, response) = Any::from_ber(rest).ok()?;
    if response.class() != Class::Application || response.tag() != Tag(24) {
        return None;
    }
    let (_, code) = Any::from_ber(response.data).ok()?;
    match (code.tag(), code.data) {
        (Tag::Enumerated, [code]) => Some(*code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn success_is_read_in_short_and_in_long_lengths() {
        let short = hex::decode("300c02010178070a010004000400").unwrap();
        assert_eq!(result_code(&short), Some(0));
        // as Active Directory writes it
        let long = hex::decode("30840000001002010178840000000 70a010004000400".replace(' ', ""));
        assert_eq!(result_code(&long.unwrap()), Some(0));
    }

    #[test]
    fn another_operation_is_no_answer() {
        let bind_response = hex::decode("300c02010161070a010004000400").unwrap();
        assert_eq!(result_code(&bind_response), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = result_code(&bytes);
            let _ = result_code(&[&[0x30, bytes.len() as u8, 2, 1, 1, 0x78], bytes.as_slice()].concat());
        }
    }
}
