//! A token, and a server that trusts the CA of its certificates.

use serde_json::Value;
use std::net::SocketAddr;

use crate::pki::Pki;
use crate::programs::s_server;
use crate::support::{self, Cardcheck, Lab, Ran, Report, softhsm};
use crate::truth::Peer;

/// `openssl s_server` wants a certificate, looks at it, and answers with a page.
pub(crate) const STRICT: &str = "-Verify 3 -verify_return_error -www";

/// Throw-away tokens, and what a server needs.
pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) pki: Pki,
}

impl Scene {
    /// `None`: a program is missing, which only CI takes for a failure.
    pub(crate) fn new(tokens: &[&str]) -> Option<Scene> {
        let lab = Lab::new(tokens)?;
        let pki = Pki::new(1);
        std::fs::copy(lab.path("keys/ca.cert.pem"), pki.path("clients.pem")).unwrap();
        Some(Scene { lab, pki })
    }

    /// `openssl s_server` with these options besides its certificate and the CA for clients.
    pub(crate) fn s_server(&self, args: &str) -> Peer {
        s_server(&self.pki, args)
    }

    /// The commonest: it wants a certificate and looks at it.
    pub(crate) fn strict(&self) -> Peer {
        self.s_server(STRICT)
    }

    /// `cardcheck connect` there with the keys of a token, its server's CA trusted.
    pub(crate) fn connect(&self, token: &str, address: SocketAddr) -> Cardcheck {
        self.trusting(self.connect_without_trust(token, address))
    }

    /// The same through the fault-injecting module, which also counts: one key, with these arguments.
    pub(crate) fn faulty(
        &self,
        token: &str,
        rules: &str,
        address: SocketAddr,
        args: &str,
    ) -> Cardcheck {
        self.trusting(self.faulty_without_trust(token, rules, address, args))
    }

    fn trusting(&self, connect: Cardcheck) -> Cardcheck {
        connect.arg("--ca").arg(self.pki.path("ca.pem"))
    }

    pub(crate) fn faulty_without_trust(
        &self,
        token: &str,
        rules: &str,
        address: SocketAddr,
        args: &str,
    ) -> Cardcheck {
        self.lab
            .faulty_by("connect", token, rules)
            .arg(address.to_string())
            .args("--server-name localhost --pin-file")
            .arg(self.lab.path("pin"))
            .args(args)
    }

    pub(crate) fn connect_without_trust(&self, token: &str, address: SocketAddr) -> Cardcheck {
        support::cardcheck()
            .env("SOFTHSM2_CONF", self.lab.path(token).join("softhsm2.conf"))
            .arg("connect")
            .arg(address.to_string())
            .args("--server-name localhost --server-timeout 25s")
            .arg("--module")
            .arg(softhsm())
            .arg("--pin-file")
            .arg(self.lab.path("pin"))
    }
}

/// Runs it for its report.
#[track_caller]
pub(crate) fn report(cardcheck: Cardcheck, code: i32) -> Report {
    cardcheck.args("--format json").run().exits(code).report()
}

/// The one login of this key, version and client.
#[track_caller]
pub(crate) fn login<'a>(report: &'a Report, key: &str, tls: &str, client: &str) -> &'a Value {
    let host = report.0["host"].as_str().unwrap();
    report.cell(key, host, tls, client)
}

/// What is said from this heading on, up to the next empty line.
#[track_caller]
pub(crate) fn part(ran: &Ran, heading: &str) -> String {
    let screen = ran.stdout();
    let (_, rest) = screen
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no `{heading}` in {screen}"));
    let part = rest.split("\n\n").next().unwrap_or_default();
    part.trim_end().to_owned()
}
