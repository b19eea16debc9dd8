//! `curl`: libssl with libp11's engine, as `openssl` is, and with texts of its own.

use super::{Card, Client, Evidence, Failure, libssl, openssl};
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::request::Request;

pub(super) struct Curl;

impl Client for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn about(&self) -> &'static str {
        "curl on OpenSSL with libp11's engine: signs as `openssl` does"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Observed
    }

    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice {
        openssl::choose(card, request)
    }

    /// It sends what `--cert` names: one certificate of the token, or a file's first.
    fn intermediates<'a>(&self, _card: &Card<'a>, _ca_names: &[Vec<u8>]) -> &'a [Certificate] {
        &[]
    }

    fn user_sees(&self, failure: &Failure<'_>) -> Option<String> {
        libssl::user_sees(failure).map(|text| format!("SSL routines::{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, failure, rsa, token};
    use super::super::openssl::OpenSsl;
    use super::*;
    use crate::model::cell::Stage;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    #[test]
    fn it_signs_as_openssl_does() {
        for version in [V1_2, V1_3] {
            let both: [&dyn Client; 2] = [&Curl, &OpenSsl];
            let [curl, openssl] =
                both.map(|c| asked(c, &rsa(3072), &token(&[]), version, &[0x0601, 0x0805]));
            assert_eq!(curl, openssl);
        }
    }

    #[test]
    fn it_says_what_libssl_says() {
        let alert = failure(Stage::Select, V1_3, None, Some(116));
        assert_eq!(
            Curl.user_sees(&alert).as_deref(),
            Some("SSL routines::tlsv13 alert certificate required")
        );
        let local = failure(Stage::Select, V1_3, None, None);
        assert_eq!(
            Curl.user_sees(&local).as_deref(),
            Some("SSL routines::ee key too small")
        );
    }
}
