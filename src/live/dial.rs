//! The way to a server: its addresses, a proxy, the change to TLS.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::http;
use super::socket::{ReadUntil, Socket};
use super::starttls::{StarttlsError, how_it_ended};
use super::target::{Target, authority};
use crate::tls::wire::Wire;

/// Addresses of one name that are looked at.
const MOST_ADDRESSES: usize = 16;

/// Bytes of a proxy's answer.
const MOST_OF_PROXY: usize = 16 * 1024;

/// Why there is no connection on which TLS could begin.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No such name.
    #[error("no address for {host}: {why}")]
    Resolve {
        /// The name.
        host: String,
        /// The system's words.
        why: String,
    },
    /// Nobody answers there.
    #[error("no connection to {to}: {why}")]
    Connect {
        /// Host and port.
        to: String,
        /// The system's words.
        why: String,
    },
    /// The proxy doesn't let one through.
    #[error("the proxy {proxy} does not connect to {to}: {why}")]
    Proxy {
        /// Host and port of the proxy.
        proxy: String,
        /// Host and port that was wanted.
        to: String,
        /// Its answer.
        why: String,
    },
    /// The server doesn't go over to TLS.
    #[error(transparent)]
    Starttls(#[from] StarttlsError),
}

/// How to get there, and how long that may take.
#[derive(Debug)]
pub(super) struct Dialler<'a> {
    pub(super) target: &'a Target,
    pub(super) patience: Duration,
    pub(super) cancelled: &'a Arc<AtomicBool>,
}

impl Dialler<'_> {
    /// The addresses to connect to, in the system's order: the server's, or the proxy's.
    pub(super) fn addresses(&self) -> Result<Vec<SocketAddr>, DialError> {
        let (host, port) = match &self.target.proxy {
            Some((host, port)) => (host, *port),
            None => (&self.target.host, self.target.port),
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let resolved = (host.as_str(), port).to_socket_addrs();
        let failed = |why: String| DialError::Resolve {
            host: host.clone(),
            why,
        };
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in resolved.map_err(|error| failed(error.to_string()))? {
            if !addresses.contains(&address) && addresses.len() < MOST_ADDRESSES {
                addresses.push(address);
            }
        }
        match addresses.is_empty() {
            true => Err(failed("the name has none".into())),
            false => Ok(addresses),
        }
    }

    /// A connection on which TLS can begin.
    pub(super) fn dial(&self, address: SocketAddr) -> Result<Socket, DialError> {
        let connected = Socket::connect(address, self.patience, self.cancelled);
        let mut socket = connected.map_err(|error| DialError::Connect {
            to: address.to_string(),
            why: plainly(&error),
        })?;
        if let Some((host, port)) = &self.target.proxy {
            self.tunnel(&mut socket, &authority(host, *port))?;
        }
        if let Some(starttls) = self.target.starttls {
            socket.wait_until(Instant::now() + self.patience);
            starttls.ask(&mut socket, self.target.name())?;
        }
        Ok(socket)
    }

    /// HTTP CONNECT (RFC 9110 §9.3.6).
    fn tunnel(&self, socket: &mut Socket, proxy: &str) -> Result<(), DialError> {
        let to = self.target.authority();
        let failed = |why: String| DialError::Proxy {
            proxy: proxy.to_owned(),
            to: to.clone(),
            why,
        };
        let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n");
        // if the proxy is gone, reading tells how
        let _ = socket.write_all(request.as_bytes());
        socket.wait_until(Instant::now() + self.patience);
        let answer = socket.read_until(MOST_OF_PROXY, |heard| heard.ends_with(b"\r\n\r\n"));
        let answer = answer.map_err(|unsatisfied| failed(how_it_ended(&unsatisfied.why)))?;
        match http::status(&answer) {
            Some(200..=299) => Ok(()),
            Some(407) => Err(failed(
                "it wants a password (407), which cardcheck can't give".into(),
            )),
            Some(status) => Err(failed(format!("it answers {status}"))),
            None => Err(failed("its answer is no HTTP".into())),
        }
    }
}

/// The system's words without its numbers.
fn plainly(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => "nothing listens there (connection refused)".into(),
        Kind::TimedOut | Kind::WouldBlock => "no answer".into(),
        Kind::NetworkUnreachable | Kind::HostUnreachable => {
            "no way leads there (unreachable)".into()
        }
        _ => error.to_string(),
    }
}
