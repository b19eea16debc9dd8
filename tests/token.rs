//! What is found on a token, and what its keys can do.

mod support;

use support::Lab;

const QUICK: &str = "--profile openssl-3.0 --client any --format json";

#[test]
fn every_key_is_found_with_its_certificate_and_named_by_a_uri_that_selects_it() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = lab.matrix("healthy").args(QUICK).run().exits(0).report();
    for (label, kind, bits) in [
        ("rsa-2048", "rsa", Some(2048)),
        ("rsa-3072", "rsa", Some(3072)),
        ("p-256", "ec", Some(256)),
        ("p-384", "ec", Some(384)),
        ("ed25519", "ed25519", None),
    ] {
        let key = report.key(label);
        assert_eq!(
            (&key["type"], &key["bits"]),
            (&kind.into(), &bits.into()),
            "{label}"
        );
        let subject = key["certificate"]["subject"].as_str().unwrap();
        assert!(subject.contains(&format!("CN={label} user")), "{subject}");

        let uri = key["uri"].as_str().unwrap();
        let one = lab
            .matrix("healthy")
            .args(QUICK)
            .arg("--key")
            .arg(uri)
            .run()
            .exits(0)
            .report();
        assert_eq!(one.0["keys"].as_array().unwrap().len(), 1, "{uri}");
        assert_eq!(one.key(label)["cka_id"], key["cka_id"]);
    }
}

/// As when a card is put in between the question for the list's length and that for the list.
#[test]
fn a_list_that_grew_meanwhile_is_asked_for_again() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    for function in ["C_GetSlotList", "C_GetMechanismList"] {
        let grown = |times: &str| {
            let rules = format!("on {function} {times} ckr 0x150");
            lab.faulty("healthy", &rules).args(QUICK).run()
        };
        assert_eq!(grown("times 1").exits(0).report().0["summary"]["fail"], 0);
        // one that says so for ever is not asked for ever
        let ran = grown("");
        assert_ne!(ran.code(), Some(0), "{function}");
        assert!(
            ran.stderr()
                .contains(&format!("{function}: CKR_BUFFER_TOO_SMALL")),
            "{}",
            ran.stderr()
        );
    }
}

#[test]
fn a_token_is_named_by_label_serial_slot_or_uri() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = lab.matrix("healthy").args(QUICK).run().report();
    let token = &report.0["tokens"][0];
    let (serial, slot) = (token["serial"].as_str().unwrap(), &token["slot"]);
    for selection in [
        "--token healthy".to_owned(),
        format!("--token {serial}"),
        format!("--token slot:{slot}"),
        format!("--slot {slot}"),
        format!("--token pkcs11:token=healthy;serial={serial}"),
        "--key p-256 --token pkcs11:token=healthy".to_owned(),
        "--key 03".to_owned(),
    ] {
        let ran = lab
            .matrix("healthy")
            .args(QUICK)
            .args(&selection)
            .run()
            .exits(0);
        assert_eq!(ran.report().0["tokens"][0]["serial"], serial, "{selection}");
    }
}

#[test]
fn two_tokens_of_one_module_are_both_tried() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    let report = lab.matrix("twins").args(QUICK).run().exits(0).report();
    assert_eq!(report.0["tokens"].as_array().unwrap().len(), 2);
    assert_eq!(
        report.cell("rsa-2048", "openssl-3.0", "1.3", "any")["outcome"],
        "pass"
    );
    assert_eq!(
        report.cell("p-256", "openssl-3.0", "1.3", "any")["outcome"],
        "pass"
    );
}

#[test]
fn every_capability_of_a_healthy_rsa_key_is_listed_tried_and_verified() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = lab
        .matrix("healthy")
        .args(QUICK)
        .args("--key rsa-2048")
        .run()
        .report();
    let rows = report.key("rsa-2048")["capabilities"].as_array().unwrap();
    assert_eq!(
        rows.len(),
        5 * 3 + 6 * 3,
        "five PKCS1 and six PSS schemes, three routes each"
    );
    for row in rows {
        for fact in ["info", "sign_init", "sign"] {
            assert_eq!(row[fact], "ok", "{row}");
        }
        for fact in ["listed", "allowed", "verified"] {
            assert_eq!(row[fact], true, "{row}");
        }
        assert!(row["sign_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{row}");
    }
}

#[test]
fn ec_keys_are_tried_with_every_hash_and_on_their_own_curve() {
    let Some(lab) = Lab::new(&["p-521", "brainpool"]) else {
        return;
    };
    for (token, label, scheme) in [
        ("p-521", "p-521", "ecdsa_secp521r1_sha512"),
        (
            "brainpool",
            "brainpool-256",
            "ecdsa_brainpoolP256r1tls13_sha256",
        ),
    ] {
        let report = lab
            .matrix(token)
            .args("--client any --format json")
            .run()
            .report();
        for hash in [
            "ecdsa_sha1",
            "ecdsa_sha224",
            "ecdsa_secp256r1_sha256",
            "ecdsa_secp384r1_sha384",
            scheme,
        ] {
            let row = report.capability(label, hash, "CKM_ECDSA");
            assert_eq!(
                (&row["sign"], &row["verified"]),
                (&"ok".into(), &true.into()),
                "{label} {hash}"
            );
        }
        // SoftHSM2 has no mechanism that hashes for ECDSA
        let hashing = report.capability(label, "ecdsa_secp256r1_sha256", "CKM_ECDSA_SHA256");
        assert_eq!(
            (&hashing["listed"], &hashing["sign_init"]),
            (&false.into(), &"not_tried".into())
        );
    }
}

#[test]
fn a_brainpool_key_logs_in_over_tls13_where_the_server_asks_for_it() {
    let Some(lab) = Lab::new(&["brainpool"]) else {
        return;
    };
    let report = lab
        .matrix("brainpool")
        .args("--profile openssl-3.5 --client any --format json")
        .run()
        .report();
    let cell = report.cell("brainpool-256", "openssl-3.5", "1.3", "any");
    assert_eq!(
        (&cell["outcome"], &cell["scheme"]),
        (&"pass".into(), &"ecdsa_brainpoolP256r1tls13_sha256".into())
    );
}

#[test]
fn a_key_without_a_certificate_is_tried_for_capability_and_its_cells_are_skipped() {
    let Some(lab) = Lab::new(&["orphans"]) else {
        return;
    };
    let report = lab.matrix("orphans").args(QUICK).run().exits(4).report();
    let row = report.capability("rsa-2048", "rsa_pkcs1_sha256", "CKM_RSA_PKCS");
    assert_eq!(
        (&row["sign"], &row["verified"]),
        (&"ok".into(), &true.into())
    );
    let cell = report.cell("rsa-2048", "openssl-3.0", "1.2", "any");
    assert_eq!(
        (&cell["outcome"], &cell["reason"]),
        (&"skipped".into(), &"no certificate".into())
    );
    let findings = report.findings();
    assert!(
        findings.contains(&"orphan-key") && findings.contains(&"orphan-certificate"),
        "{findings:?}"
    );
}

#[test]
fn intermediates_on_the_token_are_found_as_the_leaf_s_chain() {
    let Some(lab) = Lab::new(&["intermediate"]) else {
        return;
    };
    let report = lab
        .matrix("intermediate")
        .args(QUICK)
        .run()
        .exits(0)
        .report();
    let certificate = &report.key("p-256-chained")["certificate"];
    assert_eq!(certificate["chain_on_token"].as_array().unwrap().len(), 1);
    assert!(
        !report.findings().contains(&"orphan-certificate"),
        "a CA's certificate is no orphan"
    );
}

#[test]
fn mechanisms_are_listed_whole_vendors_own_by_number() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = lab
        .faulty("healthy", "list 0x80000042")
        .args(QUICK)
        .run()
        .report();
    let mechanisms = report.0["tokens"][0]["mechanisms"].as_array().unwrap();
    let named = |name: &str| mechanisms.iter().any(|mechanism| mechanism["name"] == name);
    assert!(named("0x80000042") && named("CKM_RSA_PKCS_PSS") && named("CKM_EDDSA"));
}

#[test]
fn what_the_list_rules_out_is_tried_only_when_asked_for() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    // hidden from the list only: the token does more than it says
    let hide = "hide 0x0d 0x43 0x44 0x45";
    let pss = ("rsa-2048", "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS");
    let plain = lab.faulty("healthy", hide).args(QUICK).run().report();
    let row = plain.capability(pss.0, pss.1, pss.2);
    assert_eq!(
        (&row["listed"], &row["info"], &row["sign_init"]),
        (&false.into(), &"ok".into(), &"not_tried".into())
    );
    let probed = lab
        .faulty("healthy", hide)
        .args(QUICK)
        .args("--probe-unlisted")
        .run()
        .report();
    let row = probed.capability(pss.0, pss.1, pss.2);
    assert_eq!(
        (&row["listed"], &row["sign"], &row["verified"]),
        (&false.into(), &"ok".into(), &true.into())
    );
}

#[test]
fn the_first_ckr_survives_to_the_cell_and_the_next_signature_works_again() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    // PKCS1 leaves its operation active behind it: only a fresh session can sign after that
    let rules = "on C_Sign mech 0x01 leave-active ckr 0x30";
    let report = lab
        .faulty("healthy", rules)
        .args("--key rsa-2048 --client firefox --format json")
        .run()
        .exits(1)
        .report();
    let failed = report.cell("rsa-2048", "openssl-1.1.0", "1.2", "firefox");
    assert_eq!(
        (&failed["stage"], &failed["ckr"]),
        (&"sign".into(), &"CKR_DEVICE_ERROR".into())
    );
    let row = report.capability("rsa-2048", "rsa_pkcs1_sha256", "CKM_RSA_PKCS");
    assert_eq!(
        (&row["sign_init"], &row["sign"]),
        (&"ok".into(), &"CKR_DEVICE_ERROR".into())
    );
    let good = report.cell("rsa-2048", "openssl-3.0", "1.3", "firefox");
    assert_eq!(good["outcome"], "pass");
    assert_eq!(
        lab.count_calls("C_Login"),
        1,
        "a new session inherits the login"
    );
}

#[test]
fn a_signature_that_does_not_check_is_caught_although_the_card_said_ok() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = lab
        .faulty("healthy", "on C_Sign mech 0x0d corrupt")
        .args("--key rsa-2048 --client firefox --format json")
        .run()
        .exits(1)
        .report();
    let row = report.capability("rsa-2048", "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS");
    assert_eq!(
        (&row["sign"], &row["verified"]),
        (&"ok".into(), &false.into())
    );
    let cell = report.cell("rsa-2048", "openssl-3.0", "1.3", "firefox");
    assert_eq!(
        (&cell["stage"], &cell["alert"]),
        (&"server_verify".into(), &"decrypt_error".into())
    );
    assert_eq!(cell["findings"][0], "signature-does-not-verify");
}

#[test]
fn der_where_raw_is_due_fails_in_the_encoding() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = lab
        .faulty("healthy", "on C_Sign mech 0x1041 der")
        .args("--key p-256 --client firefox --format json")
        .run()
        .exits(1)
        .report();
    let cell = report.cell("p-256", "openssl-3.0", "1.3", "firefox");
    assert_eq!(cell["stage"], "encode");
    assert!(
        cell["reason"]
            .as_str()
            .unwrap()
            .contains("where r||s of 64 is due"),
        "{cell}"
    );
}

#[test]
fn a_server_s_minimum_for_rsa_keys_is_the_server_s_refusal() {
    let Some(lab) = Lab::new(&["rsa-1024"]) else {
        return;
    };
    let report = lab
        .matrix("rsa-1024")
        .args("--profile openssl-1.1.1,openssl-3.0 --client firefox --format json")
        .run()
        .exits(1)
        .report();
    let refused = report.cell("rsa-1024", "openssl-3.0", "1.2", "firefox");
    assert_eq!(
        (&refused["stage"], &refused["alert"]),
        (&"server_verify".into(), &"bad_certificate".into())
    );
    assert_eq!(refused["findings"][0], "key-too-small");
    let passed = report.cell("rsa-1024", "openssl-1.1.1", "1.2", "firefox");
    assert_eq!(
        (&passed["outcome"], &passed["scheme"]),
        (&"pass".into(), &"rsa_pkcs1_sha1".into())
    );
}

#[test]
fn what_the_harness_has_no_verifier_for_is_could_not_tell_and_no_failure_of_the_card() {
    let Some(lab) = Lab::new(&["ed448"]) else {
        return;
    };
    let report = lab.matrix("ed448").args(QUICK).run().exits(1).report();
    let row = report.capability("ed448", "ed448", "CKM_EDDSA");
    assert_eq!(
        (&row["sign"], &row["verified"]),
        (&"ok".into(), &serde_json::Value::Null)
    );
    let cell = report.cell("ed448", "openssl-3.0", "1.3", "any");
    assert_eq!(cell["outcome"], "error");
    assert_eq!(cell["findings"][0], "could-not-tell");
}

#[test]
fn a_token_with_pss_but_no_raw_rsa_lets_openssl_in_by_pss() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = "hide 0x03\non C_SignInit mech 0x03 ckr 0x70";
    let run = lab
        .faulty("bench", rules)
        .args("--key rsa-2048 --profile openssl-3.0 --client openssl");
    let report = run.args("--format json").run().exits(0).report();
    let cell = report.cell("rsa-2048", "openssl-3.0", "1.3", "openssl");
    assert_eq!(cell["route"], "CKM_RSA_PKCS_PSS");
}
