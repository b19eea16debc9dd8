//! PostgreSQL, MariaDB and OpenLDAP, behind their own ways to TLS.

use std::net::SocketAddr;
use std::process::Command;

use crate::pki::Pki;
use crate::programs::{postgres, postgres_database, postgres_programs};
use crate::support::{need, need_file};
use crate::truth::{Peer, Truth, holds, probe, version};

fn told(
    server: &'static str,
    protocol: &str,
    asks: &'static str,
    names: usize,
    peer: &Peer,
) -> serde_json::Value {
    let truth = Truth {
        server,
        tls13: asks,
        tls12: asks,
        during: "handshake",
        names,
    };
    let ran = probe(peer.address)
        .args("--format json --starttls")
        .arg(protocol)
        .run()
        .exits(0);
    holds(&truth, &ran, peer)
}

#[test]
fn postgres_says_that_it_requires_a_certificate_only_to_who_logs_in() {
    let bin = postgres_programs();
    if need_file(&bin.join("postgres")).is_none() || need(&["setpriv"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    postgres_database(&pki, &bin);
    for (how, clientcert, asks) in [
        (
            "postgres clientcert=verify-ca",
            "clientcert=verify-ca",
            "required",
        ),
        ("postgres", "", "optional"),
    ] {
        let peer = postgres(&pki, &bin, clientcert);
        let report = told(how, "postgres", asks, 2, &peer);
        if asks == "required" {
            let words = &version(&report, "1.3")["without_certificate"]["detail"];
            assert_eq!(words, "connection requires a valid client certificate");
        }
        drop(peer);
    }
}

/// It asks everybody, with a CA to hold certificates against and without, and names none. `REQUIRE X509` is an account's: who
/// comes without a certificate is told `Access denied`, as for a wrong password, and only once he has logged in.
#[test]
fn mariadb_is_told() {
    if need(&["mariadbd"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    std::fs::create_dir(pki.path("data")).unwrap();
    let file = |setting: &str, file: &str| format!("--{setting}={}", pki.path(file).display());
    let own = vec![
        file("ssl-cert", "server.crt"),
        file("ssl-key", "server.key"),
    ];
    let ca = vec![file("ssl-ca", "clients.pem")];
    let start = |settings: Vec<String>| {
        Peer::start(&pki.path("mariadb.log"), |address| {
            mariadb(&pki, address, &settings)
        })
    };
    for (how, settings) in [
        ("mariadbd", own.clone()),
        ("mariadbd ssl_ca", [own, ca].concat()),
    ] {
        told(how, "mysql", "optional", 0, &start(settings));
    }
    let plain = start(vec!["--skip-ssl".into()]);
    let run = probe(plain.address).args("--starttls mysql").run();
    let said = run.exits(3).stderr();
    assert!(said.contains("does not go over to TLS in mysql"), "{said}");
}

/// A server with nothing in it: TLS comes before any account.
fn mariadb(pki: &Pki, address: SocketAddr, settings: &[String]) -> Command {
    let dir = pki.dir().display();
    let mut server = Command::new("mariadbd");
    // the first one must be the first; the user is passed over unless root starts it
    server.args(["--no-defaults", "--user=root", "--skip-grant-tables"]);
    server.args(["--innodb=OFF", "--default-storage-engine=MyISAM"]);
    for setting in [
        format!("--datadir={dir}/data"),
        format!("--socket={dir}/mariadb.sock"),
        format!("--pid-file={dir}/mariadb.pid"),
        format!("--bind-address={}", address.ip()),
        format!("--port={}", address.port()),
    ] {
        server.arg(setting);
    }
    server.args(settings);
    server
}

#[test]
fn openldap_is_told() {
    if need(&["slapd"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    for (how, verify, asks) in [
        ("slapd TLSVerifyClient never", "never", "none"),
        ("slapd TLSVerifyClient allow", "allow", "optional"),
        ("slapd TLSVerifyClient demand", "demand", "required"),
    ] {
        let peer = Peer::start(&pki.path("slapd.log"), |address| {
            let dir = pki.dir().display();
            let config = format!(
                "pidfile {dir}/slapd.pid\nTLSCertificateFile {dir}/server.crt\nTLSCertificateKeyFile {dir}/server.key\n\
                 TLSCACertificateFile {dir}/clients.pem\nTLSVerifyClient {verify}\n"
            );
            std::fs::write(pki.path("slapd.conf"), config).unwrap();
            let mut server = Command::new("slapd");
            server
                .args(["-d", "0", "-h", &format!("ldap://{address}"), "-f"])
                .arg(pki.path("slapd.conf"));
            server
        });
        told(how, "ldap", asks, 2, &peer);
    }
}
