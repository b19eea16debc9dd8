//! nginx: on, optional, optional_no_ca, off. It completes the handshake in any case and refuses by a page.

use std::process::Command;

use crate::pki::Pki;
use crate::support::need;
use crate::truth::{Peer, Truth, holds, probe, version};

const CONFIG: &str = r"
daemon off;
master_process off;
pid DIR/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  server {
    listen ADDRESS ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate DIR/server.crt;
    ssl_certificate_key DIR/server.key;
    ssl_client_certificate DIR/clients.pem;
    ssl_verify_client HOW;
    location / { return 200 'in'; }
    location /moved { return 302 https://help.example/card; }
  }
}
";

fn nginx(pki: &Pki, how: &str) -> Peer {
    Peer::start(&pki.path("nginx.log"), |address| {
        let config = CONFIG
            .replace("DIR", pki.dir().to_str().unwrap())
            .replace("ADDRESS", &address.to_string())
            .replace("HOW", how);
        std::fs::write(pki.path("nginx.conf"), config).unwrap();
        let mut server = Command::new("nginx");
        server
            .args(["-e", "stderr", "-c"])
            .arg(pki.path("nginx.conf"));
        server
    })
}

#[test]
fn every_ssl_verify_client_is_told_though_the_handshake_is_the_same() {
    if need(&["nginx"]).is_none() {
        return;
    }
    let pki = Pki::new(3);
    for (how, asks, names) in [
        ("on", "required", 3),
        ("optional", "optional", 3),
        ("optional_no_ca", "optional", 3),
        ("off", "none", 0),
    ] {
        let peer = nginx(&pki, how);
        let truth = Truth {
            server: format!("nginx ssl_verify_client {how}").leak(),
            tls13: asks,
            tls12: asks,
            during: "handshake",
            names,
        };
        let ran = probe(peer.address).args("--format json").run().exits(0);
        let report = holds(&truth, &ran, &peer);
        let facts = version(&report, "1.3");
        let stranger = &facts["with_stranger"]["outcome"];
        match how {
            // nginx refuses a certificate that doesn't verify by its page, also where it is optional
            "on" | "optional" => assert_eq!(stranger, "refused", "{report:#}"),
            "optional_no_ca" => assert_eq!(stranger, "accepted", "{report:#}"),
            _ => assert!(stranger.is_null(), "{report:#}"),
        }
        let status = if how == "on" { 400 } else { 200 };
        assert_eq!(facts["http_status"], status);
    }
}

#[test]
fn a_redirect_to_a_page_of_help_is_said() {
    if need(&["nginx"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let peer = nginx(&pki, "off");
    let screen = probe(peer.address)
        .args("--path /moved")
        .run()
        .exits(0)
        .screen();
    let said = "`/moved` answers 302 and leads to https://help.example/card";
    assert!(screen.contains(said), "{screen}");
}
