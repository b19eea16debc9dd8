//! `one-way-tls`: nobody asks for a certificate.

use super::{Found, ServerRule};
use crate::model::finding::Severity;
use crate::model::probe::{Asks, Probe};

pub(super) static RULE: ServerRule = ServerRule {
    id: "one-way-tls",
    title: "the server asks for no certificate",
    explanation: "\
In none of the versions that the server speaks a CertificateRequest came, and where it is a server of the Web its page was not refused for want \
of a certificate: this is TLS in which only the server has one. If a login with a card is expected here, it is on another host, port or path.

How it is told: by the handshakes, and by the answer to a GET for `/` or for `--path`.

What helps: the right `--path`, `--server-name` or port, if one knows of a login here.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let mut spoken = probe.spoken().peekable();
    spoken.peek()?;
    if !spoken.all(|facts| facts.asks == Asks::None) {
        return None;
    }
    let answer = probe.spoken().find_map(|facts| facts.http.as_ref());
    let page = match answer {
        None => "what is said inside was not tried (see --path)".to_owned(),
        Some(http) => match &http.location {
            Some(location) => format!(
                "`{}` answers {} and leads to {location}",
                http.path, http.status
            ),
            None => format!("`{}` answers {}", http.path, http.status),
        },
    };
    Some(Found {
        severity: Severity::Note,
        title: "The server asks for no certificate".into(),
        cause: format!(
            "This is one-way TLS: no CertificateRequest came in any version, and {page}."
        ),
        remedies: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, cause};
    use super::*;
    use crate::model::probe::{HttpAnswer, VersionFacts};

    fn one_way(status: u16, location: Option<&str>) -> VersionFacts {
        VersionFacts {
            asks: Asks::None,
            http: Some(HttpAnswer {
                path: "/".into(),
                status,
                location: location.map(str::to_owned),
                meaning: None,
            }),
            ..asks(Asks::None, &[])
        }
    }

    #[test]
    fn the_page_is_told_and_where_it_leads() {
        assert!(
            cause(&RULE, one_way(200, None))
                .unwrap()
                .ends_with("`/` answers 200.")
        );
        let help = cause(&RULE, one_way(302, Some("https://help.example")));
        assert!(help.unwrap().contains("leads to https://help.example"));
    }

    #[test]
    fn who_asks_in_one_version_is_not_one_way() {
        assert_eq!(cause(&RULE, asks(Asks::Optional, &[])), None);
    }
}
