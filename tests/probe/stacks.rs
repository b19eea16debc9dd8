//! Other stacks than OpenSSL, and other servers on it: GnuTLS, NSS, stunnel, HAProxy.

use std::process::Command;

use crate::pki::Pki;
use crate::running::Running;
use crate::support::need;
use crate::truth::{Peer, Truth, free_address, holds, probe};

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
        // it listens on every address there is
        let peer = Peer::start(&pki.path("gnutls.log"), |address| {
            let mut server = Command::new("gnutls-serv");
            server
                .args(["--http", "--port", &address.port().to_string()])
                .arg("--x509certfile")
                .arg(pki.path("server.crt"))
                .arg("--x509keyfile")
                .arg(pki.path("server.key"))
                .arg("--x509cafile")
                .arg(pki.path("clients.pem"))
                .args(args.split_whitespace());
            server
        });
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
        let peer = Peer::start(&pki.path("selfserv.log"), |address| {
            let mut server = Command::new("selfserv");
            server
                .args([
                    "-n",
                    "server",
                    "-p",
                    &address.port().to_string(),
                    "-V",
                    "tls1.2:tls1.3",
                ])
                .arg("-d")
                .arg(format!("sql:{}", pki.path("nss").display()))
                .args(args.split_whitespace());
            server
        });
        told(how, asks, 1, &peer);
    }
}

/// The server's key and the client CA, where NSS wants them.
fn nss_database(pki: &Pki) {
    std::fs::create_dir(pki.path("nss")).unwrap();
    let database = format!("sql:{}", pki.path("nss").display());
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(pki.dir());
        Running::start(command, &pki.path("nss.log")).succeed();
    };
    let new = ["-N", "--empty-password", "-d", &database];
    run("certutil", &new);
    let bundle = "pkcs12 -export -in server.crt -inkey server.key -name server -passout pass:x -out server.p12";
    run("openssl", &bundle.split(' ').collect::<Vec<_>>());
    run(
        "pk12util",
        &["-i", "server.p12", "-W", "x", "-d", &database],
    );
    run(
        "certutil",
        &[
            "-A",
            "-n",
            "clients",
            "-t",
            "T,,",
            "-i",
            "clients.pem",
            "-d",
            &database,
        ],
    );
}

#[test]
fn stunnel_is_told() {
    if need(&["stunnel4"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let inside = free_address();
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
        let peer = Peer::start(&pki.path("stunnel.log"), |address| {
            let config = format!(
                "foreground = yes\npid =\n[probe]\naccept = {address}\nconnect = {inside}\ncert = {}\nCAfile = {}\n{lines}\n",
                pki.path("server.pem").display(),
                pki.path("clients.pem").display()
            );
            std::fs::write(pki.path("stunnel.conf"), config).unwrap();
            let mut server = Command::new("stunnel4");
            server.arg(pki.path("stunnel.conf"));
            server
        });
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
        let peer = Peer::start(&pki.path("haproxy.log"), |address| {
            let (dir, ca) = (pki.dir().display(), "clients.pem");
            let ca = match verify {
                "" => String::new(),
                verify => format!("ca-file {dir}/{ca} {verify}"),
            };
            let config = format!(
                "defaults\n mode http\n timeout client 30s\n timeout connect 5s\n timeout server 5s\nfrontend probe\n \
                 bind {address} ssl crt {dir}/server.pem alpn http/1.1 {ca}\n http-request return status 200\n"
            );
            std::fs::write(pki.path("haproxy.cfg"), config).unwrap();
            let mut server = Command::new("haproxy");
            server.arg("-db").arg("-f").arg(pki.path("haproxy.cfg"));
            server
        });
        told(how, asks, 4, &peer);
    }
}
