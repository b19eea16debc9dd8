//! The JSON report is a contract: its fields by name, its schema, and that its parts agree with each other.

mod support;

use serde_json::Value;
use support::{Lab, Report, cardcheck};

/// Every field that version 1 fixes, by where it stands.
#[rustfmt::skip] // it reads as the contract does
const FIELDS: &[(&str, &[&str])] = &[
    ("",                        &["schema", "tool", "started", "duration_ms", "complete", "module", "tokens", "keys", "profiles", "cells", "findings", "summary"]),
    ("/tool",                   &["name", "version"]),
    ("/module",                 &["path", "description", "manufacturer", "version", "cryptoki_version"]),
    ("/tokens/0",               &["id", "slot", "label", "serial", "model", "manufacturer", "pin", "mechanisms"]),
    ("/tokens/0/pin",           &["state", "pad", "verifications"]),
    ("/tokens/0/mechanisms/0",  &["name", "code", "min_bits", "max_bits", "hardware", "sign"]),
    ("/keys/0",                 &["id", "token", "label", "cka_id", "uri", "type", "bits", "curve", "always_authenticate", "allowed_mechanisms", "certificate", "capabilities"]),
    ("/keys/0/certificate",     &["subject", "issuer", "serial", "not_before", "not_after", "sha256", "chain_on_token"]),
    ("/keys/0/capabilities/0",  &["scheme", "route", "listed", "info", "allowed", "sign_init", "sign", "verified", "sign_ms"]),
    ("/profiles/0",             &["name", "tls", "schemes"]),
    ("/profiles/0/schemes",     &["1.2", "1.3"]),
    ("/cells/0",                &["key", "profile", "tls", "client", "outcome", "expected", "as_expected", "scheme", "route", "stage", "ckr", "alert", "user_sees", "reason", "findings", "sign_ms", "handshake_ms", "measured", "same_as"]),
    ("/findings/0",             &["id", "severity", "title", "cause", "cells", "remedies"]),
    ("/findings/0/remedies/0",  &["where", "title", "software", "snippet", "proven", "breaks"]),
    ("/summary",                &["pass", "fail", "not_applicable", "skipped", "error", "unexpected", "signatures"]),
];

const TOKENS: &[&str] = &[
    "healthy", "lying", "orphans", "mismatch", "not-der", "unusable", "rsa-1024",
];

fn report(lab: &Lab, token: &str) -> Report {
    lab.matrix(token).args("--format json").run().report()
}

#[test]
fn every_field_of_version_1_is_there() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let ran = lab
        .matrix("lying")
        .args("--profile openssl-1.1.1 --format json")
        .run();
    let Report(report) = ran.report();
    assert_eq!(report["schema"], "cardcheck.matrix.v1");
    for (place, names) in FIELDS {
        let object = report.pointer(place).and_then(Value::as_object);
        let object = object.unwrap_or_else(|| panic!("nothing at {place}"));
        for name in *names {
            assert!(object.contains_key(*name), "{place}/{name}");
        }
    }
}

#[test]
fn the_parts_of_a_report_agree_with_each_other() {
    let Some(lab) = Lab::new(TOKENS) else {
        return;
    };
    for token in TOKENS {
        let Report(report) = report(&lab, token);
        let cells = report["cells"].as_array().unwrap();
        let count = |outcome: &str| {
            cells
                .iter()
                .filter(|cell| cell["outcome"] == outcome)
                .count()
        };
        for outcome in ["pass", "fail", "not_applicable", "skipped", "error"] {
            assert_eq!(
                report["summary"][outcome],
                count(outcome),
                "{token} {outcome}"
            );
        }
        let unexpected = cells
            .iter()
            .filter(|cell| cell["as_expected"] == false)
            .count();
        assert_eq!(report["summary"]["unexpected"], unexpected, "{token}");
        cells.iter().for_each(|cell| is_sound(cell, cells));
        for finding in report["findings"].as_array().unwrap() {
            for at in finding["cells"].as_array().unwrap() {
                let cell = &cells[at.as_u64().unwrap() as usize];
                assert!(
                    cell["findings"]
                        .as_array()
                        .unwrap()
                        .contains(&finding["id"]),
                    "{finding:#}"
                );
            }
        }
    }
}

/// Every verdict can be traced to an attempt, every failure to a finding.
fn is_sound(cell: &Value, cells: &[Value]) {
    match cell["outcome"].as_str().unwrap() {
        "pass" | "fail" => {
            let traced = match cell["same_as"].as_u64() {
                Some(first) => &cells[first as usize],
                None => cell,
            };
            assert_eq!(traced["measured"], true, "{cell:#}");
            assert_eq!(traced["key"], cell["key"], "{cell:#}");
            assert_eq!(traced["scheme"], cell["scheme"], "{cell:#}");
        }
        "skipped" | "error" | "not_applicable" => assert!(cell["reason"].is_string(), "{cell:#}"),
        other => panic!("{other}"),
    }
    if cell["outcome"] == "fail" {
        assert!(cell["stage"].is_string(), "{cell:#}");
        assert!(!cell["findings"].as_array().unwrap().is_empty(), "{cell:#}");
    }
}

#[test]
fn files_are_written_as_often_as_wanted_in_one_run() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let (one, two, table) = (
        lab.path("1.json"),
        lab.path("2.json"),
        lab.path("table.txt"),
    );
    let run = lab
        .matrix("healthy")
        .args("--profile openssl-3.0 --client any --export-json")
        .arg(&one);
    let run = run
        .arg("--export-json")
        .arg(&two)
        .arg("--export-table")
        .arg(&table);
    let ran = run.args("--color always").run().exits(0);
    let read = |path| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&one), read(&two));
    let table = read(&table);
    assert!(
        !table.contains('\u{1b}') && table.contains("logs in to how many servers"),
        "{table}"
    );
    assert!(ran.stdout().contains('\u{1b}'));
}

#[test]
fn a_profile_of_one_s_own_and_a_list_on_the_command_line_are_servers_like_any_other() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let mine = lab.write(
        "mine.toml",
        "[[profile]]\nname = \"mine\"\ntls12 = [\"rsa_pkcs1_sha384\"]\ntls13 = [\"0x0805\"]\nca_names = [\"CN=Somebody Else\"]\n",
    );
    let run = lab
        .matrix("healthy")
        .arg("--profile")
        .arg(mine)
        .args("--client all --sigalgs RSA+SHA512 --key rsa-2048 --format json");
    let report = run.run().exits(1).report();
    assert_eq!(
        report.cell("rsa-2048", "mine", "1.2", "any")["scheme"],
        "rsa_pkcs1_sha384"
    );
    assert_eq!(
        report.cell("rsa-2048", "mine", "1.3", "any")["scheme"],
        "rsa_pss_rsae_sha384"
    );
    assert_eq!(
        report.cell("rsa-2048", "sigalgs", "1.2", "any")["scheme"],
        "rsa_pkcs1_sha512"
    );
    // NSS filters its certificates by the CA names, OpenSSL doesn't
    let firefox = report.cell("rsa-2048", "mine", "1.2", "firefox");
    assert_eq!(
        (&firefox["stage"], &firefox["findings"][0]),
        (&"select".into(), &"issuer-not-in-ca-names".into())
    );
    assert_eq!(
        report.cell("rsa-2048", "mine", "1.2", "openssl")["outcome"],
        "pass"
    );
    // and PKCS1 alone is not enough for TLS 1.3
    assert_eq!(
        report.cell("rsa-2048", "sigalgs", "1.3", "any")["stage"],
        "select"
    );
}

#[test]
fn every_finding_of_a_report_can_be_explained() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let list = cardcheck().arg("explain").run().exits(0).stdout();
    for id in report(&lab, "lying").findings() {
        assert!(list.contains(id), "{id} is not in the list");
        let text = cardcheck().arg("explain").arg(id).run().exits(0).stdout();
        assert!(text.starts_with(id) && text.len() > 200, "{text}");
    }
}
