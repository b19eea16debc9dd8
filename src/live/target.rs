//! Which server is meant.

use std::net::Ipv6Addr;

use super::starttls::Starttls;
pub(super) use crate::model::probe::authority;

/// HTTPS.
const DEFAULT_PORT: u16 = 443;

/// A server, and the way to it.
#[derive(Clone, Debug)]
pub struct Target {
    /// A name or an address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The protocol in which TLS is started.
    pub starttls: Option<&'static Starttls>,
    /// Another name to ask for, in place of the host.
    pub server_name: Option<String>,
    /// The HTTP proxy to go through: host and port.
    pub proxy: Option<(String, u16)>,
    /// The path to ask for over HTTP, where the user named one.
    pub path: Option<String>,
}

/// Not `HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// No host before the port.
    #[error("`{0}` names no host")]
    NoHost(String),
    /// Not a port.
    #[error("`{0}` is no port; it is a number from 1 to 65535")]
    Port(String),
    /// Another scheme than https.
    #[error("`{0}` is no https address")]
    Scheme(String),
    /// A character that no host has.
    #[error("`{0}` is no name of a host and no address")]
    Host(String),
}

impl Target {
    /// Reads `HOST`, `HOST:PORT`, `ADDRESS`, `[ADDRESS]:PORT`, or an https URL as it stands in a browser.
    ///
    /// # Errors
    /// What is wrong in it.
    pub fn parse(text: &str, starttls: Option<&'static Starttls>) -> Result<Target, BadTarget> {
        let default = starttls.map_or(DEFAULT_PORT, |protocol| protocol.port);
        let (authority, path) = without_scheme(text)?;
        let (host, port) = host_and_port(authority)?;
        Ok(Target {
            host,
            port: port.unwrap_or(default),
            starttls,
            server_name: None,
            proxy: None,
            path,
        })
    }

    /// The name that the server is asked for and its certificate is held against.
    pub fn name(&self) -> &str {
        self.server_name.as_deref().unwrap_or(&self.host)
    }

    /// Host and port as they stand in a URL.
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }
}

fn without_scheme(text: &str) -> Result<(&str, Option<String>), BadTarget> {
    match text.split_once("://") {
        None => Ok((text, None)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            let path = path.split('#').next().unwrap_or_default();
            Ok((authority, path.starts_with('/').then(|| path.to_owned())))
        }
        Some(_) => Err(BadTarget::Scheme(text.to_owned())),
    }
}

/// Reads host and port, with or without the port.
///
/// # Errors
/// What is wrong in it.
pub fn host_and_port(text: &str) -> Result<(String, Option<u16>), BadTarget> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, rest)) => (address, Some(rest.strip_prefix(':').unwrap_or(rest))),
        // more than one colon: an IPv6 address by itself
        None if text.matches(':').count() > 1 => (text, None),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err(BadTarget::NoHost(text.to_owned()));
    }
    if !is_host(host) {
        return Err(BadTarget::Host(host.to_owned()));
    }
    let port = port.map(|port| match port.parse() {
        Ok(0) | Err(_) => Err(BadTarget::Port(port.to_owned())),
        Ok(port) => Ok(port),
    });
    Ok((host.to_owned(), port.transpose()?))
}

/// A name, or an address; one of IPv6 may have a zone (RFC 4007 §11).
fn is_host(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    let is_ipv6 = address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty();
    text.chars().all(fits) || (is_ipv6 && zone.chars().all(fits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::starttls::by_name;
    use super::*;

    fn read(text: &str) -> (String, u16, Option<String>) {
        let target = Target::parse(text, None).unwrap();
        (target.host, target.port, target.path)
    }

    #[test]
    fn a_target_is_written_as_people_write_it() {
        let plain = |host: &str, port| (host.to_owned(), port, None);
        assert_eq!(read("portal.example"), plain("portal.example", 443));
        assert_eq!(read("portal.example:8443"), plain("portal.example", 8443));
        assert_eq!(read("192.0.2.1:1"), plain("192.0.2.1", 1));
        assert_eq!(read("2001:db8::1"), plain("2001:db8::1", 443));
        assert_eq!(read("[2001:db8::1]"), plain("2001:db8::1", 443));
        assert_eq!(read("[2001:db8::1]:99"), plain("2001:db8::1", 99));
        assert_eq!(read("[fe80::1%eth0]:99"), plain("fe80::1%eth0", 99));
        let pasted = read("https://portal.example/login?next=1#top");
        let path = Some("/login?next=1".to_owned());
        assert_eq!(pasted, ("portal.example".to_owned(), 443, path));
        assert_eq!(read("https://portal.example"), plain("portal.example", 443));
    }

    #[test]
    fn a_protocol_brings_its_port() {
        let target = Target::parse("mail.example", by_name("smtp")).unwrap();
        assert_eq!(target.port, 25);
        assert_eq!(target.authority(), "mail.example:25");
        let target = Target::parse("fe80::1%eth0", by_name("smtp")).unwrap();
        assert_eq!(target.authority(), "[fe80::1%eth0]:25");
    }

    #[test]
    fn what_is_no_target_is_said() {
        for bad in [
            "",
            ":443",
            "a:",
            "a:0",
            "a:70000",
            "a:b",
            "http://a",
            "a b",
            "[::1]x",
            "a/b",
            "a:b:1",
            "[:1::2]:99",
            "a%b",
            "::1%",
        ] {
            assert!(Target::parse(bad, None).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Target::parse(&text, None);
        }
    }
}
