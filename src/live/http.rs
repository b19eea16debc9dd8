//! What HTTP says about certificates: servers that complete the handshake and refuse afterwards, each in its own words.

use crate::model::probe::{HttpAnswer, HttpMeaning};

/// Header fields that are read of an answer.
const MOST_HEADERS: usize = 100;

/// A status, a phrase of the page, and what they mean. The first row that fits counts.
const MEANINGS: &[(u16, &str, HttpMeaning)] = &[
    // nginx, ssl_verify_client
    (
        400,
        "No required SSL certificate was sent",
        HttpMeaning::Required,
    ),
    (400, "The SSL certificate error", HttpMeaning::Refused),
    (496, "", HttpMeaning::Required),
    (495, "", HttpMeaning::Refused),
    // IIS, by its substatus
    (403, "403.7", HttpMeaning::Required),
    (403, "403.13", HttpMeaning::Refused),
    (403, "403.16", HttpMeaning::Refused),
    (403, "403.17", HttpMeaning::Refused),
    // Apache, AH10158
    (
        403,
        "Cannot perform Post-Handshake Authentication",
        HttpMeaning::PostHandshake,
    ),
    // Tomcat, CLIENT-CERT
    (
        401,
        "No client certificate chain in this request",
        HttpMeaning::Required,
    ),
    (
        400,
        "No client certificate chain in this request",
        HttpMeaning::Required,
    ),
];

/// A GET for this path, after which the server closes.
pub(super) fn request(path: &str, host: &str) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: cardcheck/{version}\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    )
    .into_bytes()
}

/// Can it stand in a request as it is?
pub fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The status of an answer; `None`: it is no HTTP, or not the whole head of it.
pub(super) fn status(answer: &[u8]) -> Option<u16> {
    read(answer, "").map(|answer| answer.status)
}

/// What a server answered to a GET for `path`; `None`: it is no HTTP, or not the whole head of it.
pub(super) fn read(answer: &[u8], path: &str) -> Option<HttpAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let head = match parsed.parse(answer).ok()? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return None,
    };
    let status = parsed.code?;
    let page = String::from_utf8_lossy(answer.get(head..).unwrap_or_default());
    let location = parsed
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("location"))
        .map(|header| String::from_utf8_lossy(header.value).into_owned());
    let meaning = MEANINGS
        .iter()
        .find(|(code, phrase, _)| *code == status && page.contains(phrase))
        .map(|(.., meaning)| *meaning);
    Some(HttpAnswer {
        path: path.to_owned(),
        status,
        location: location.filter(|_| (300..400).contains(&status)),
        meaning,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn meaning(status: &str, page: &str) -> Option<HttpMeaning> {
        let answer = format!("HTTP/1.1 {status}\r\nServer: x\r\n\r\n{page}");
        read(answer.as_bytes(), "/").unwrap().meaning
    }

    #[test]
    fn each_server_s_own_words_are_known() {
        let nginx = "<center>No required SSL certificate was sent</center>";
        assert_eq!(
            meaning("400 Bad Request", nginx),
            Some(HttpMeaning::Required)
        );
        assert_eq!(meaning("496 x", ""), Some(HttpMeaning::Required));
        let iis = "<h2>HTTP Error 403.7 - Forbidden</h2>";
        assert_eq!(meaning("403 Forbidden", iis), Some(HttpMeaning::Required));
        let apache = "Reason: Cannot perform Post-Handshake Authentication.<br />";
        assert_eq!(
            meaning("403 Forbidden", apache),
            Some(HttpMeaning::PostHandshake)
        );
        assert_eq!(meaning("403 Forbidden", "no"), None);
        assert_eq!(meaning("200 OK", nginx), None);
    }

    #[test]
    fn a_redirect_tells_where_to() {
        let answer = b"HTTP/1.1 302 Found\r\nLocation: https://help.example/card\r\n\r\n";
        let read = read(answer, "/").unwrap();
        assert_eq!(read.location.as_deref(), Some("https://help.example/card"));
    }

    #[test]
    fn a_path_can_t_bring_a_header_with_it() {
        assert!(is_path("/login?a=b"));
        for bad in ["", "login", "/a b", "/a\r\nX: y", "/ä"] {
            assert!(!is_path(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, "/");
            let _ = read(&[b"HTTP/1.1 200 OK\r\n", bytes.as_slice()].concat(), "/");
        }
    }
}
