//! Mail: Exim for SMTP, Dovecot for IMAP, POP3, LMTP and ManageSieve.

use std::net::SocketAddr;
use std::process::Command;

use crate::pki::Pki;
use crate::support::need;
use crate::truth::{Peer, Truth, free_address, holds, probe};

fn told(
    server: &'static str,
    protocol: &str,
    asks: &'static str,
    address: SocketAddr,
    peer: &Peer,
) {
    let truth = Truth {
        server,
        tls13: asks,
        tls12: asks,
        during: "handshake",
        names: 2,
    };
    let ran = probe(address)
        .args("--format json --starttls")
        .arg(protocol)
        .run()
        .exits(0);
    holds(&truth, &ran, peer);
}

#[test]
fn exim_is_told_over_smtp() {
    if need(&["exim4"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    pki.open_to_all();
    for (how, lines, asks) in [
        ("exim", "tls_try_verify_hosts =\n", "none"),
        (
            "exim tls_try_verify_hosts",
            "tls_try_verify_hosts = *\n",
            "optional",
        ),
        (
            "exim tls_verify_hosts",
            "tls_verify_hosts = *\n",
            "required",
        ),
    ] {
        let peer = Peer::start(&pki.path("exim.log"), |address| {
            let dir = pki.dir().display();
            let config = format!(
                "local_interfaces = {}\ndaemon_smtp_ports = {}\nspool_directory = {dir}/spool\nlog_file_path = {dir}/%slog\n\
                 pid_file_path = {dir}/exim.pid\ntls_advertise_hosts = *\ntls_certificate = {dir}/server.crt\n\
                 tls_privatekey = {dir}/server.key\ntls_verify_certificates = {dir}/clients.pem\nhost_lookup =\n\
                 primary_hostname = mail.example\n{lines}",
                address.ip(),
                address.port()
            );
            std::fs::write(pki.path("exim.conf"), config).unwrap();
            let mut server = Command::new("exim4");
            server.arg("-bdf").arg("-C").arg(pki.path("exim.conf"));
            server
        });
        told(how, "smtp", asks, peer.address, &peer);
    }
}

#[test]
fn dovecot_is_told_over_four_protocols() {
    if need(&["dovecot"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    pki.open_to_all();
    for (how, verify, asks) in [
        ("dovecot", "no", "none"),
        ("dovecot ssl_verify_client_cert", "yes", "optional"),
    ] {
        let (pop3, lmtp, sieve) = (free_address(), free_address(), free_address());
        let peer = Peer::start(&pki.path("dovecot.log"), |imap| {
            let dir = pki.dir().display();
            let listener = |service: &str, name: &str, address: SocketAddr| {
                format!(
                    "service {service} {{\n inet_listener {name} {{\n  address = {}\n  port = {}\n }}\n",
                    address.ip(),
                    address.port()
                )
            };
            let config = [
                format!(
                    "base_dir = {dir}/run\nlog_path = /dev/stderr\nprotocols = imap pop3 lmtp sieve\nssl = yes\n\
                     ssl_cert = <{dir}/server.crt\nssl_key = <{dir}/server.key\nssl_ca = <{dir}/clients.pem\n\
                     ssl_require_crl = no\nssl_verify_client_cert = {verify}\nauth_ssl_require_client_cert = no\n\
                     passdb {{\n driver = static\n args = nopassword=y\n}}\n"
                ),
                listener("imap-login", "imap", imap)
                    + " inet_listener imaps {\n  port = 0\n }\n}\n",
                listener("pop3-login", "pop3", pop3)
                    + " inet_listener pop3s {\n  port = 0\n }\n}\n",
                listener("lmtp", "lmtp", lmtp) + "}\n",
                listener("managesieve-login", "sieve", sieve) + "}\n",
            ];
            std::fs::write(pki.path("dovecot.conf"), config.concat()).unwrap();
            let mut server = Command::new("dovecot");
            server.arg("-F").arg("-c").arg(pki.path("dovecot.conf"));
            server
        });
        for (protocol, address) in [
            ("imap", peer.address),
            ("pop3", pop3),
            ("lmtp", lmtp),
            ("sieve", sieve),
        ] {
            told(
                format!("{how} {protocol}").leak(),
                protocol,
                asks,
                address,
                &peer,
            );
        }
    }
}

#[test]
fn vsftpd_is_told_over_ftp() {
    if need(&["vsftpd"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    for (how, lines, asks) in [
        (
            "vsftpd ssl_request_cert=NO",
            "ssl_request_cert=NO\n",
            "none",
        ),
        ("vsftpd", "", "optional"),
        (
            "vsftpd require_cert",
            "require_cert=YES\nvalidate_cert=YES\n",
            "required",
        ),
    ] {
        let peer = Peer::start(&pki.path("vsftpd.log"), |address| {
            let dir = pki.dir().display();
            let config = format!(
                "listen=YES\nbackground=NO\nlisten_address={}\nlisten_port={}\nanonymous_enable=YES\nssl_enable=YES\n\
                 allow_anon_ssl=YES\nrsa_cert_file={dir}/server.crt\nrsa_private_key_file={dir}/server.key\n\
                 ca_certs_file={dir}/clients.pem\nssl_ciphers=HIGH\nxferlog_enable=NO\nsecure_chroot_dir={dir}/empty\n{lines}",
                address.ip(),
                address.port()
            );
            std::fs::create_dir_all(pki.path("empty")).unwrap();
            std::fs::write(pki.path("vsftpd.conf"), config).unwrap();
            let mut server = Command::new("vsftpd");
            server.arg(pki.path("vsftpd.conf"));
            server
        });
        told(how, "ftp", asks, peer.address, &peer);
    }
}
