//! Prosody: of clients it asks for none, of other servers it takes one if there is one.

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
