//! Protocols that begin in clear and go over to TLS when asked: how each is asked.

mod ldap;
mod lines;
mod mysql;
mod postgres;
mod xmpp;

use std::io::{Error, ErrorKind};

use self::lines::{Step, hear, say};
use super::socket::Unsatisfied;
use crate::tls::wire::Wire;

/// A protocol with STARTTLS.
#[derive(Debug)]
pub struct Starttls {
    /// `smtp`, as `openssl s_client -starttls` has it.
    pub name: &'static str,
    /// The port that it is found at.
    pub port: u16,
    talk: Talk,
    /// What is said first inside TLS, and what an answer to it says about certificates.
    inside: Option<Inside>,
}

/// How it is asked.
#[derive(Debug)]
enum Talk {
    /// In lines of text.
    Lines(&'static [Step]),
    /// In its own form; the domain is the name that the server is asked for.
    Own(fn(&mut dyn Wire, domain: &str) -> Result<(), StarttlsError>),
}

/// A greeting inside TLS, where it takes one to learn whether the server goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inside {
    pub(super) say: &'static [u8],
    /// The server's words, if it refuses for want of a certificate.
    pub(super) refused: fn(&[u8]) -> Option<String>,
}

/// Why it didn't come to TLS.
#[derive(Debug, thiserror::Error)]
pub enum StarttlsError {
    /// The server said no, or something else than the protocol has it say.
    #[error("the server does not go over to TLS in {protocol}: it said `{said}`")]
    Refused {
        /// The protocol's name.
        protocol: &'static str,
        /// What it said, cut to a line's length.
        said: String,
    },
    /// It kept silent, or closed.
    #[error("{why} where {protocol} has the server say {expected}{}", after(.heard))]
    Silent {
        /// The protocol's name.
        protocol: &'static str,
        /// What it was to say.
        expected: &'static str,
        /// What it said before.
        heard: String,
        /// How it ended.
        why: String,
    },
}

fn after(heard: &str) -> String {
    match heard.is_empty() {
        true => String::new(),
        false => format!(", after `{heard}`"),
    }
}

const fn lines(
    name: &'static str,
    port: u16,
    inside: &'static [u8],
    steps: &'static [Step],
) -> Starttls {
    Starttls {
        name,
        port,
        talk: Talk::Lines(steps),
        inside: Some(Inside {
            say: inside,
            refused: |_| None,
        }),
    }
}

/// RFC 959 and RFC 5321: 4xx and 5xx are refusals.
const NEGATIVE: &[&str] = &["4", "5"];

/// All protocols, by name in the order of their standing in `s_client`'s manual.
#[rustfmt::skip] // one row, one step
pub static ALL: &[Starttls] = &[
    // RFC 3207
    lines("smtp", 25, b"EHLO cardcheck.invalid\r\n", &[
        hear("220", &["220 "], NEGATIVE),
        say("EHLO cardcheck.invalid\r\n"),
        hear("250", &["250 "], NEGATIVE),
        say("STARTTLS\r\n"),
        hear("220", &["220"], NEGATIVE),
    ]),
    // RFC 2033, RFC 3207
    lines("lmtp", 24, b"LHLO cardcheck.invalid\r\n", &[
        hear("220", &["220 "], NEGATIVE),
        say("LHLO cardcheck.invalid\r\n"),
        hear("250", &["250 "], NEGATIVE),
        say("STARTTLS\r\n"),
        hear("220", &["220"], NEGATIVE),
    ]),
    // RFC 2595
    lines("pop3", 110, b"QUIT\r\n", &[
        hear("+OK", &["+OK"], &["-ERR"]),
        say("STLS\r\n"),
        hear("+OK", &["+OK"], &["-ERR"]),
    ]),
    // RFC 3501 §6.2.1
    lines("imap", 143, b"b LOGOUT\r\n", &[
        hear("* OK", &["* OK", "* PREAUTH"], &["* BYE"]),
        say("a STARTTLS\r\n"),
        hear("a OK", &["a OK"], &["a NO", "a BAD", "* BYE"]),
    ]),
    // RFC 4217
    lines("ftp", 21, b"QUIT\r\n", &[
        hear("220", &["220 "], NEGATIVE),
        say("AUTH TLS\r\n"),
        hear("234", &["234"], NEGATIVE),
    ]),
    // RFC 6120 §5.4
    Starttls { name: "xmpp", port: 5222, talk: Talk::Own(xmpp::to_server_as_client), inside: None },
    Starttls { name: "xmpp-server", port: 5269, talk: Talk::Own(xmpp::to_server_as_server), inside: None },
    // an IRCv3 extension, deprecated in favour of a port of its own
    lines("irc", 6667, b"QUIT\r\n", &[
        say("STARTTLS\r\n"),
        Step::HearWord { expected: "670", wanted: &["670"], refused: &["691", "421", "451", "ERROR"] },
    ]),
    // protocol 3.0, SSLRequest
    Starttls {
        name: "postgres",
        port: 5432,
        talk: Talk::Own(postgres::ask),
        inside: Some(Inside { say: postgres::STARTUP, refused: postgres::refused }),
    },
    Starttls { name: "mysql", port: 3306, talk: Talk::Own(mysql::ask), inside: None },
    // RFC 4642
    lines("nntp", 119, b"QUIT\r\n", &[
        hear("200 or 201", &["200", "201"], NEGATIVE),
        say("STARTTLS\r\n"),
        hear("382", &["382"], NEGATIVE),
    ]),
    // RFC 5804 §1.6
    lines("sieve", 4190, b"LOGOUT\r\n", &[
        hear("OK", &["OK"], &["NO", "BYE"]),
        say("STARTTLS\r\n"),
        hear("OK", &["OK"], &["NO", "BYE"]),
    ]),
    // RFC 4511 §4.14
    Starttls { name: "ldap", port: 389, talk: Talk::Own(ldap::ask), inside: None },
];

/// The protocol of this name.
pub fn by_name(name: &str) -> Option<&'static Starttls> {
    ALL.iter().find(|protocol| protocol.name == name)
}

impl Starttls {
    /// Asks the server to go over to TLS.
    ///
    /// # Errors
    /// It doesn't, or doesn't speak the protocol.
    pub(super) fn ask(&self, socket: &mut dyn Wire, domain: &str) -> Result<(), StarttlsError> {
        match self.talk {
            Talk::Lines(steps) => lines::talk(self.name, steps, socket),
            Talk::Own(ask) => ask(socket, domain),
        }
    }

    /// What is said inside.
    pub(super) fn inside(&self) -> Option<Inside> {
        self.inside
    }
}

/// What of the server's words fits a line.
fn quoted(heard: &[u8]) -> String {
    let text = String::from_utf8_lossy(heard);
    text.trim().chars().take(160).collect()
}

fn refused(protocol: &'static str, said: &[u8]) -> StarttlsError {
    StarttlsError::Refused {
        protocol,
        said: quoted(said),
    }
}

fn silent(
    protocol: &'static str,
    expected: &'static str,
    unsatisfied: &Unsatisfied,
) -> StarttlsError {
    StarttlsError::Silent {
        protocol,
        expected,
        heard: quoted(&unsatisfied.heard),
        why: how_it_ended(&unsatisfied.why),
    }
}

/// How a connection ended in the middle of something.
pub(super) fn how_it_ended(error: &Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "the server keeps silent".into(),
        ErrorKind::UnexpectedEof => "the server closes the connection".into(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "the server resets the connection".into()
        }
        _ => error.to_string(),
    }
}

/// Says it; that nobody listens shows when an answer is waited for.
fn send(socket: &mut dyn Wire, bytes: &[u8]) {
    let _ = socket.write_all(bytes).and_then(|()| socket.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_has_its_name_and_port_once() {
        let names: Vec<_> = ALL.iter().map(|protocol| protocol.name).collect();
        assert_eq!(
            names.join(" "),
            "smtp lmtp pop3 imap ftp xmpp xmpp-server irc postgres mysql nntp sieve ldap"
        );
        let mut ports: Vec<_> = ALL.iter().map(|protocol| protocol.port).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), ALL.len());
    }
}
