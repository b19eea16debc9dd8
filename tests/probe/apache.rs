//! Apache: for the whole host, and for a path only, which it asks for after the handshake.

use crate::pki::Pki;
use crate::programs::apache;
use crate::support::need;
use crate::truth::{Truth, holds, probe};

const BY_PATH: &str = "<Location /card>\nSSLVerifyClient require\n</Location>";

#[test]
fn every_way_of_asking_is_told_and_by_path_it_is_told_when() {
    if need(&["apache2"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    for (how, path, asks, during) in [
        ("SSLVerifyClient require", "/", "required", ["handshake"; 2]),
        (
            "SSLVerifyClient optional",
            "/",
            "optional",
            ["handshake"; 2],
        ),
        ("SSLVerifyClient none", "/", "none", ["-"; 2]),
        (BY_PATH, "/", "none", ["-"; 2]),
        (
            BY_PATH,
            "/card",
            "unknown",
            ["post_handshake", "renegotiation"],
        ),
    ] {
        let how_named = how.split('\n').next().unwrap();
        let [during13, during12] = during;
        for (versions, tls13, tls12, during) in [
            ("SSLProtocol TLSv1.3", asks, "-", during13),
            ("SSLProtocol TLSv1.2", "-", asks, during12),
        ] {
            let peer = apache(&pki, &format!("{versions}\n{how}"));
            let truth = Truth {
                server: format!("apache {how_named} GET {path}").leak(),
                tls13,
                tls12,
                during,
                names: 2,
            };
            let ran = probe(peer.address)
                .args("--format json --path")
                .arg(path)
                .run()
                .exits(0);
            let report = holds(&truth, &ran, &peer);
            let findings = report["findings"].as_array().unwrap();
            let late = findings
                .iter()
                .any(|found| found["id"] == "asked-after-handshake");
            assert_eq!(late, asks == "unknown", "{report:#}");
        }
    }
}
