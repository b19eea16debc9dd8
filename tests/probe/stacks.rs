//! Other stacks than OpenSSL, and other servers on it: GnuTLS, NSS, stunnel, HAProxy.

use crate::pki::Pki;
use crate::programs::{gnutls_serv, haproxy, nss_database, selfserv, stunnel};
use crate::support::need;
use crate::truth::{Peer, Truth, holds, probe};

fn told(server: &'static str, asks: &'static str, names: usize, peer: &Peer) {
    let truth = Truth {
        server,
        tls13: asks,
        tls12: asks,
        during: "handshake",
        names,
    };
    let ran = probe(peer.address).args("--format json").run().exits(0);
    holds(&truth, &ran, peer);
}

#[test]
fn gnutls_serv_is_told() {
    if need(&["gnutls-serv"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    for (how, args, asks) in [
        (
            "gnutls-serv --disable-client-cert",
            "--disable-client-cert",
            "none",
        ),
        ("gnutls-serv", "", "optional"),
        (
            "gnutls-serv --require-client-cert",
            "--require-client-cert --verify-client-cert",
            "required",
        ),
    ] {
        let peer = gnutls_serv(&pki, args);
        told(how, asks, 2, &peer);
    }
}

#[test]
fn nss_selfserv_is_told() {
    if need(&["selfserv", "pk12util", "certutil", "openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    nss_database(&pki);
    for (how, args, asks) in [
        ("selfserv", "", "none"),
        ("selfserv -r", "-r", "optional"),
        ("selfserv -r -r", "-r -r", "required"),
    ] {
        let peer = selfserv(&pki, args);
        told(how, asks, 1, &peer);
    }
}

#[test]
fn stunnel_is_told() {
    if need(&["stunnel4"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    for (how, lines, asks) in [
        ("stunnel", "", "none"),
        (
            "stunnel requireCert=no",
            "verifyChain = yes\nrequireCert = no",
            "optional",
        ),
        (
            "stunnel requireCert=yes",
            "verifyChain = yes\nrequireCert = yes",
            "required",
        ),
    ] {
        let peer = stunnel(&pki, lines);
        told(how, asks, 1, &peer);
    }
}

#[test]
fn haproxy_is_told() {
    if need(&["haproxy"]).is_none() {
        return;
    }
    let pki = Pki::new(4);
    for (how, verify, asks) in [
        ("haproxy", "", "none"),
        ("haproxy verify optional", "verify optional", "optional"),
        ("haproxy verify required", "verify required", "required"),
    ] {
        let peer = haproxy(&pki, verify);
        told(how, asks, 4, &peer);
    }
}
