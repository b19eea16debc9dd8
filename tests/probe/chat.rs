//! Prosody and InspIRCd, which begin in clear and chat.

use std::process::Command;

use crate::pki::Pki;
use crate::support::need;
use crate::truth::{Peer, Truth, free_address, holds, probe};

#[test]
fn prosody_is_told_as_clients_and_as_servers_see_it() {
    if need(&["prosody"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    pki.open_to_all();
    let servers = free_address();
    let peer = Peer::start(&pki.path("prosody.log"), |clients| {
        let dir = pki.dir().display();
        let config = format!(
            "pidfile = '{dir}/prosody.pid'\ndata_path = '{dir}'\nrun_as_root = true\nlog = {{ {{ to = 'console' }} }}\n\
             modules_enabled = {{ 'tls', 'saslauth', 'dialback' }}\ninterfaces = {{ '*' }}\nc2s_ports = {{ {} }}\n\
             s2s_ports = {{ {} }}\nVirtualHost 'localhost'\n ssl = {{ certificate = '{dir}/server.crt', \
             key = '{dir}/server.key' }}\n",
            clients.port(),
            servers.port()
        );
        std::fs::write(pki.path("prosody.cfg.lua"), config).unwrap();
        let mut server = Command::new("prosody");
        server
            .arg("--config")
            .arg(pki.path("prosody.cfg.lua"))
            .arg("-F");
        server
    });
    for (protocol, address, asks) in [
        ("xmpp", peer.address, "none"),
        ("xmpp-server", servers, "optional"),
    ] {
        let truth = Truth {
            server: format!("prosody {protocol}").leak(),
            tls13: asks,
            tls12: asks,
            during: "handshake",
            names: 0,
        };
        let ran = probe(address)
            .args("--format json --starttls")
            .arg(protocol)
            .run()
            .exits(0);
        holds(&truth, &ran, &peer);
    }
}

#[test]
fn inspircd_is_told_over_irc() {
    if need(&["inspircd"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let tls = free_address();
    for (how, requests, asks) in [
        ("inspircd requestclientcert=no", "no", "none"),
        ("inspircd requestclientcert=yes", "yes", "optional"),
    ] {
        let peer = Peer::start(&pki.path("inspircd.log"), |address| {
            let dir = pki.dir().display();
            let config = format!(
                r#"<server name="irc.example" description="x" network="x"><admin name="x" nick="x" email="x@example">
                <module name="ssl_gnutls"><module name="starttls">
                <sslprofile name="Clients" provider="gnutls" cafile="" certfile="{dir}/server.crt" keyfile="{dir}/server.key"
                hash="sha256" requestclientcert="{requests}">
                <bind address="{}" port="{}" type="clients"><bind address="{}" port="{}" type="clients" sslprofile="Clients">
                <starttls hook="Clients"><connect allow="*"><pid file="{dir}/inspircd.pid">
                <path configdir="{dir}" datadir="{dir}" logdir="{dir}">
                <log method="file" level="default" type="*" target="{dir}/inspircd.txt">"#,
                address.ip(),
                address.port(),
                tls.ip(),
                tls.port()
            );
            std::fs::write(pki.path("inspircd.conf"), config).unwrap();
            let mut server = Command::new("inspircd");
            server
                .arg("--config")
                .arg(pki.path("inspircd.conf"))
                .args(["--nofork", "--runasroot"]);
            server
        });
        let truth = Truth {
            server: how,
            tls13: asks,
            tls12: asks,
            during: "handshake",
            names: 0,
        };
        let ran = probe(peer.address)
            .args("--format json --starttls irc")
            .run()
            .exits(0);
        holds(&truth, &ran, &peer);
    }
}
