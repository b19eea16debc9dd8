//! The fuzzer's door to what reads a server's words before and beside TLS; see [`tls::fuzz`](crate::tls::fuzz).

use super::{Target, http, starttls};
use crate::tls::fuzz::Says;

/// An answer to HTTP, a page's or a proxy's.
pub fn http(bytes: &[u8]) {
    let status = http::status(bytes);
    let answer = http::read(bytes, "/");
    assert_eq!(status, answer.as_ref().map(|answer| answer.status));
    let led = answer.filter(|answer| answer.location.is_some());
    assert!(led.is_none_or(|answer| (300..400).contains(&answer.status)));
}

/// A server that is asked to go over to TLS; the first byte says in which protocol.
pub fn starttls(bytes: &[u8]) {
    let Some((protocol, bytes)) = bytes.split_first() else {
        return;
    };
    let protocol = &starttls::ALL[usize::from(*protocol) % starttls::ALL.len()];
    if let Err(error) = protocol.ask(&mut Says::new(bytes), "localhost") {
        assert!(error.to_string().contains(protocol.name), "{error}");
    }
    if let Some(inside) = protocol.inside() {
        let _ = (inside.refused)(bytes);
    }
}

/// A server's name as somebody types or pastes it.
pub fn target(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(target) = Target::parse(&text, None) {
        let again = Target::parse(&target.authority(), None);
        let again = again.map(|again| (again.host, again.port));
        assert_eq!(again, Ok((target.host, target.port)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_words_make_a_reader_panic(
            protocol: u8, begin in "(220 |250 |\\+OK|\\* OK|a OK|OK|670|382)?", bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let said = [&[protocol], begin.as_bytes(), &bytes, b"\r\n"].concat();
            starttls(&said);
            http(&bytes);
            http(&[b"HTTP/1.1 302 x\r\nLocation: ".as_slice(), &bytes, b"\r\n\r\n"].concat());
        }

        #[test]
        fn a_target_is_read_again_from_its_own_name(text in "[a-z0-9.:\\[\\]/%-]{0,24}|.{0,24}") {
            target(text.as_bytes());
        }
    }
}
