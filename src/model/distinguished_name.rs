//! Names as RFC 4514 text.

use der::Decode;
use x509_cert::name::Name;

/// The text of a DER Name, the most specific part first; `None`: the bytes are no Name.
///
/// Values whose string type has no text form come out as RFC 4514 §2.4 has them, `2.5.4.3=#1e02...`.
pub fn text(der: &[u8]) -> Option<String> {
    Some(Name::from_der(der).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use der::Encode;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_comes_back_as_it_was_written() {
        let der = Name::from_str("CN=Root,O=Acme\\, Inc,C=DE")
            .unwrap()
            .to_der();
        assert_eq!(text(&der.unwrap()).unwrap(), "CN=Root,O=Acme\\, Inc,C=DE");
    }

    #[test]
    fn what_is_no_name_has_no_text() {
        assert_eq!(text(b"Root"), None);
        assert_eq!(text(&[]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = text(&bytes);
        }

        #[test]
        fn no_value_of_an_attribute_makes_it_panic(tag in 0u8..31, value in proptest::collection::vec(any::<u8>(), 0..40)) {
            let attribute = [&[6, 3, 0x55, 4, 3, tag, value.len() as u8], value.as_slice()].concat();
            let sequence = [&[0x30, attribute.len() as u8], attribute.as_slice()].concat();
            let set = [&[0x31, sequence.len() as u8], sequence.as_slice()].concat();
            let name = [&[0x30, set.len() as u8], set.as_slice()].concat();
            let _ = text(&name);
        }
    }
}
