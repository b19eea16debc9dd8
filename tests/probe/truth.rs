//! What a server was told to ask for, and what `probe` says of it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::Value;

use crate::started::Started;
use crate::support::{self, Cardcheck, Ran};

/// A server that runs; it ends with this value.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    program: Started,
}

impl Peer {
    /// Starts the program that `command` makes for an address, and waits until it listens there.
    pub(crate) fn start(log: &Path, command: impl Fn(SocketAddr) -> Command) -> Peer {
        Peer::start_at(free_address(), log, command)
    }

    /// The same for an address that the test chose.
    pub(crate) fn start_at(
        address: SocketAddr,
        log: &Path,
        command: impl Fn(SocketAddr) -> Command,
    ) -> Peer {
        let mut server = command(address);
        let path = std::env::var("PATH").unwrap_or_default();
        server
            .env("PATH", format!("{path}:/usr/sbin"))
            .stdin(Stdio::null());
        let mut program = Started::start(server, log);
        program.wait_for(|_| TcpStream::connect(address).ok());
        Peer { address, program }
    }

    /// What the server said itself, for a test that fails.
    pub(crate) fn said(&self) -> String {
        self.program.said()
    }
}

/// On a loopback host that no other test has: on 127.0.0.1 another program may take a port between the look for a free one
/// and the server's start.
pub(crate) fn free_address() -> SocketAddr {
    static HOSTS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let last = HOSTS.fetch_add(1, Ordering::Relaxed);
    let host = Ipv4Addr::new(127, high | 1, low | 1, last);
    TcpListener::bind((host, 0)).unwrap().local_addr().unwrap()
}

/// `cardcheck probe` of that address, patient on a busy machine.
pub(crate) fn probe(address: SocketAddr) -> Cardcheck {
    support::cardcheck()
        .arg("probe")
        .arg(address.to_string())
        .args("--timeout 25s --server-name localhost")
}

/// The facts of a version in a report.
#[track_caller]
pub(crate) fn version<'a>(report: &'a Value, version: &str) -> &'a Value {
    let versions = report["tls"].as_array().unwrap();
    let found = versions.iter().find(|facts| facts["version"] == version);
    found.unwrap_or_else(|| panic!("no TLS {version} in {report:#}"))
}

/// What is to be said of one version: `none`, `optional`, `required`, `unknown`; `-`: it isn't spoken.
pub(crate) struct Truth {
    pub(crate) server: &'static str,
    pub(crate) tls13: &'static str,
    pub(crate) tls12: &'static str,
    /// When it asks, if not in the handshake.
    pub(crate) during: &'static str,
    /// CA names.
    pub(crate) names: usize,
}

/// Reads a report, and holds it against the truth. The row that it prints is the evidence.
#[track_caller]
pub(crate) fn holds(truth: &Truth, ran: &Ran, peer: &Peer) -> Value {
    let report = ran.report().0;
    for (name, wanted) in [("1.3", truth.tls13), ("1.2", truth.tls12)] {
        let facts = version(&report, name);
        let said = match facts["negotiated"].as_bool() {
            Some(true) => facts["asks"].as_str().unwrap(),
            _ => "-",
        };
        let names = facts["ca_names"].as_array().map_or(0, Vec::len);
        let during = facts["asked_during"].as_str().unwrap_or("-");
        let list = facts["schemes"].as_array().map_or(0, Vec::len);
        println!(
            "{:<34} {name}  asks {said:<9} (set {wanted:<9}) during {during:<14} {names:>3} CA names {list:>2} schemes",
            truth.server
        );
        let shown = || {
            format!(
                "{}\nthe server: {}",
                serde_json::to_string_pretty(&report).unwrap(),
                peer.said()
            )
        };
        assert_eq!(
            said,
            wanted,
            "{} over TLS {name}: {}",
            truth.server,
            shown()
        );
        if matches!(wanted, "optional" | "required") && truth.during == "handshake" {
            assert_eq!(
                names,
                truth.names,
                "{} over TLS {name}: {}",
                truth.server,
                shown()
            );
            assert!(list > 3, "{} over TLS {name}: {}", truth.server, shown());
        }
        if !matches!(wanted, "none" | "-") {
            assert_eq!(
                during,
                truth.during,
                "{} over TLS {name}: {}",
                truth.server,
                shown()
            );
        }
    }
    report
}
