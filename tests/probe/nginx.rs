//! nginx: on, optional, optional_no_ca, off. It completes the handshake in any case and refuses by a page.

use crate::pki::Pki;
use crate::programs::nginx;
use crate::support::need;
use crate::truth::{Truth, holds, probe, version};

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
        let peer = nginx(&pki, &format!("ssl_verify_client {how};"));
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
    let peer = nginx(&pki, "ssl_verify_client off;");
    let screen = probe(peer.address)
        .args("--path /moved")
        .run()
        .exits(0)
        .screen();
    let said = "`/moved` answers 302 and leads to https://help.example/card";
    assert!(screen.contains(said), "{screen}");
}
