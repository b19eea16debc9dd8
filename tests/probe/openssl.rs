//! `openssl s_server`: every way in which it asks, in each version; its list byte for byte; STARTTLS by another program.

use crate::pki::Pki;
use crate::programs::s_server;
use crate::support::need;
use crate::truth::{Truth, holds, probe, version};

/// The list of OpenSSL 3.0 over TLS 1.2, as `openssl s_client` shows it.
const LIST: &str = "ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ecdsa_secp521r1_sha512 ed25519 ed448 rsa_pss_pss_sha256 \
                    rsa_pss_pss_sha384 rsa_pss_pss_sha512 rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512 \
                    rsa_pkcs1_sha256 rsa_pkcs1_sha384 rsa_pkcs1_sha512 ecdsa_sha224 rsa_pkcs1_sha224 dsa_sha224 dsa_sha256 \
                    dsa_sha384 dsa_sha512";

#[test]
fn every_way_of_asking_is_told_in_every_version() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    for (how, asks) in [
        ("", "none"),
        ("-verify 1 -verify_return_error", "optional"),
        ("-Verify 1 -verify_return_error", "required"),
    ] {
        for (versions, tls13, tls12) in [
            ("-tls1_3", asks, "-"),
            ("-tls1_2", "-", asks),
            ("-www", asks, asks),
        ] {
            let truth = Truth {
                server: format!("s_server {versions} {how}").leak(),
                tls13,
                tls12,
                during: "handshake",
                names: 1,
            };
            let peer = s_server(&pki, &format!("{versions} {how}"));
            let ran = probe(peer.address).args("--format json").run().exits(0);
            let report = holds(&truth, &ran, &peer);
            if asks == "required" && tls13 == asks {
                let facts = version(&report, "1.3");
                assert_eq!(facts["alert_without_certificate"], "certificate_required");
                assert_eq!(facts["alert_with_stranger"], "unknown_ca");
                assert_eq!(facts["ca_names"][0], "O=Acme,CN=Acme Issuing CA 001");
            }
            if asks == "required" && tls12 == asks {
                let facts = version(&report, "1.2");
                assert_eq!(facts["alert_without_certificate"], "handshake_failure");
                assert_eq!(facts["alert_with_stranger"], "unknown_ca");
            }
        }
    }
}

#[test]
fn the_list_is_whole_and_in_the_server_s_order_with_what_rustls_would_drop() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let peer = s_server(&pki, "-Verify 1 -tls1_2 -cipher ALL");
    let report = probe(peer.address).args("--format json").run().report().0;
    let facts = version(&report, "1.2");
    let schemes: Vec<&str> = facts["schemes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    // a later OpenSSL asks for more; what 3.0 asks for stands in the same order
    let known: Vec<&str> = LIST.split_whitespace().collect();
    let same: Vec<&str> = schemes
        .iter()
        .copied()
        .filter(|name| known.contains(name))
        .collect();
    assert_eq!(same, known);
    let types: Vec<_> = facts["certificate_types"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(types, ["rsa_sign", "dss_sign", "ecdsa_sign"]);
}

#[test]
fn two_hundred_ca_names_are_read_and_said_to_be_many() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(200);
    let peer = s_server(&pki, "-Verify 1");
    let truth = Truth {
        server: "s_server with 200 CAs",
        tls13: "required",
        tls12: "required",
        during: "handshake",
        names: 200,
    };
    let ran = probe(peer.address).args("--format json").run().exits(0);
    let report = holds(&truth, &ran, &peer);
    let ids: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| &found["id"])
        .collect();
    assert!(ids.iter().any(|id| **id == "ca-names-long"), "{ids:?}");
    let screen = probe(peer.address).run().exits(0).stdout();
    assert!(
        screen.contains("and 180 more, in the JSON report"),
        "{screen}"
    );
}

#[test]
fn servers_that_rustls_can_t_talk_to_are_read_all_the_same() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    // old versions, and TLS 1.2 with CBC only
    for (args, name) in [
        ("-tls1 -cipher ALL:@SECLEVEL=0 -Verify 1", "1.0"),
        ("-tls1_1 -cipher ALL:@SECLEVEL=0 -Verify 1", "1.1"),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA -Verify 1", "1.2"),
    ] {
        let peer = s_server(&pki, args);
        let ran = probe(peer.address).args("--format json").run();
        let report = ran.report().0;
        let facts = version(&report, name);
        assert_eq!(facts["asks"], "required", "{report:#}");
        assert_eq!(facts["alert_without_certificate"], "handshake_failure");
        assert_eq!(facts["ca_names"].as_array().unwrap().len(), 1, "{report:#}");
        println!("s_server {args}: TLS {name} {}", facts["reason"]);
        let old = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|found| found["id"] == "old-tls-only");
        assert_eq!(old, name != "1.2", "{report:#}");
        assert_eq!(ran.code(), Some(i32::from(old)));
    }
    // and one that would go on
    let peer = s_server(&pki, "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA -verify 1");
    let report = probe(peer.address).args("--format json").run().report().0;
    let facts = version(&report, "1.2");
    let told = (&facts["asks"], &facts["inferred"]);
    assert_eq!(told, (&"optional".into(), &true.into()), "{report:#}");
}

#[test]
fn what_is_saved_is_a_profile_that_matrix_takes() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(2);
    let peer = s_server(&pki, "-Verify 1");
    let saved = pki.path("portal.toml");
    let report = probe(peer.address)
        .args("--format json --save-profile")
        .arg(&saved)
        .run()
        .exits(0)
        .report()
        .0;
    let text = std::fs::read_to_string(&saved).unwrap();
    let profiles = cardcheck::matrix::profiles::parse(&text, "portal.toml").unwrap();
    let [profile] = profiles.as_slice() else {
        panic!("{text}");
    };
    for (name, schemes) in [("1.2", &profile.tls12), ("1.3", &profile.tls13)] {
        let names: Vec<String> = schemes
            .as_ref()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(version(&report, name)["schemes"], serde_json::json!(names));
    }
    assert_eq!(profile.ca_names.len(), 2);

    let nothing = s_server(&pki, "");
    let missing = pki.path("nothing.toml");
    let ran = probe(nothing.address)
        .arg("--save-profile")
        .arg(&missing)
        .run()
        .exits(4);
    assert!(
        ran.stderr().contains("no profile to save"),
        "{}",
        ran.stderr()
    );
    assert!(!missing.exists());
}

#[test]
fn the_server_s_certificate_is_judged_and_never_a_reason_to_stop() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let peer = s_server(&pki, "-Verify 1");
    let certificate = |args: &str| {
        let run = probe(peer.address)
            .args("--format json --ca")
            .arg(pki.path("ca.pem"));
        run.args(args).run().exits(0).report().0["server_certificate"].clone()
    };
    let trusted = certificate("");
    assert_eq!(
        (&trusted["trusted"], &trusted["matches_name"]),
        (&true.into(), &true.into())
    );
    assert_eq!(trusted["subject"], "CN=localhost");
    let unknown = probe(peer.address)
        .args("--format json")
        .run()
        .exits(0)
        .report()
        .0;
    assert_eq!(unknown["server_certificate"]["trusted"], false);
    let other = crate::support::cardcheck()
        .arg("probe")
        .arg(peer.address.to_string())
        .args("--server-name portal.example --format json --ca")
        .arg(pki.path("ca.pem"));
    let other = other.run().exits(0).report().0["server_certificate"].clone();
    assert_eq!(other["matches_name"], false, "{other:#}");
}
