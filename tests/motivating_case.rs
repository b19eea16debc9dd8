//! The case that cardcheck was made for, cell by cell: Firefox with a smartcard failed against OpenSSL 1.1.1 and not
//! against 1.1.0, because 1.1.1 asks for RSA-PSS in TLS 1.2 and the card could not do it.

mod support;

use serde_json::Value;
use support::{Lab, Report};

/// What a cell came to, in the words of the table below.
#[derive(Debug, PartialEq)]
enum Came<'a> {
    /// Logged in with this scheme.
    Pass(&'a str),
    /// Failed at this stage, with this CKR if the token refused.
    Fail(&'a str, Option<&'a str>),
}
use Came::{Fail, Pass};

const INVALID: Option<&str> = Some("CKR_MECHANISM_INVALID");
/// pkcs11-provider's own word, before it asks the token.
const PROHIBITED: Option<&str> = Some("CKR_ACTION_PROHIBITED");

/// token, key, profile, version, client: what it must come to.
#[rustfmt::skip] // it reads as a table
const TABLE: &[(&str, &str, &str, &str, &str, Came)] = &[
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.2", "firefox", Fail("sign", INVALID)),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.3", "firefox", Fail("sign", INVALID)),
    ("lying",   "rsa-2048", "openssl-1.1.0",      "1.2", "firefox", Pass("rsa_pkcs1_sha256")),
    ("lying",   "rsa-2048", "openssl-1.1.1-blog", "1.2", "firefox", Pass("rsa_pkcs1_sha256")),
    ("lying",   "p-256",    "openssl-1.1.1",      "1.2", "firefox", Pass("ecdsa_secp256r1_sha256")),
    ("lying",   "rsa-3072", "openssl-1.1.1",      "1.2", "openssl", Pass("rsa_pss_rsae_sha256")),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.2", "chrome",  Pass("rsa_pkcs1_sha256")),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.3", "chrome",  Fail("sign", INVALID)),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.2", "java",    Pass("rsa_pkcs1_sha256")),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.3", "java",    Fail("sign", INVALID)),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.2", "gnutls",  Fail("sign", INVALID)),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.2", "go",      Fail("sign", INVALID)),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.2", "openssl-provider", Fail("sign", PROHIBITED)),
    ("lying",   "rsa-2048", "openssl-1.1.0",      "1.2", "openssl-provider", Pass("rsa_pkcs1_sha512")),
    ("lying",   "rsa-2048", "openssl-1.1.1",      "1.3", "curl",    Pass("rsa_pss_rsae_sha256")),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.2", "firefox", Pass("rsa_pkcs1_sha256")),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.3", "firefox", Fail("select", None)),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.2", "openssl", Pass("rsa_pss_rsae_sha256")),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.3", "openssl", Pass("rsa_pss_rsae_sha256")),
    ("no-pss",  "rsa-2048", "openssl-1.1.0",      "1.2", "openssl", Pass("rsa_pkcs1_sha512")),
    ("no-pss",  "rsa-2048", "openssl-1.1.1-blog", "1.2", "openssl", Pass("rsa_pkcs1_sha256")),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.3", "chrome",  Fail("select", None)),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.2", "java",    Pass("rsa_pkcs1_sha256")),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.3", "java",    Fail("select", None)),
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.2", "gnutls",  Fail("sign", INVALID)), // its info is there
    ("no-pss",  "rsa-2048", "openssl-1.1.1",      "1.2", "openssl-provider", Fail("sign", INVALID)),
    ("healthy", "rsa-2048", "openssl-1.1.1",      "1.2", "firefox", Pass("rsa_pss_rsae_sha256")),
    ("healthy", "rsa-2048", "openssl-1.1.1",      "1.3", "firefox", Pass("rsa_pss_rsae_sha256")),
    ("healthy", "rsa-2048", "openssl-1.1.1",      "1.2", "openssl", Pass("rsa_pss_rsae_sha256")),
    ("healthy", "p-384",    "openssl-1.1.1",      "1.2", "firefox", Pass("ecdsa_secp256r1_sha256")),
    ("healthy", "p-384",    "openssl-1.1.1",      "1.3", "firefox", Pass("ecdsa_secp384r1_sha384")),
    ("healthy", "ed25519",  "openssl-1.1.1",      "1.3", "any",     Pass("ed25519")),
];

const PROFILES: &str = "--profile openssl-1.1.0,openssl-1.1.1,openssl-1.1.1-blog";

fn report(lab: &Lab, token: &str) -> Report {
    let run = lab.matrix(token).args(PROFILES).args("--client all");
    let ran = run.args("--format json").run();
    ran.exits(1).report()
}

#[test]
fn the_table_of_the_motivating_case_comes_out_cell_by_cell() {
    let Some(lab) = Lab::new(&["healthy", "no-pss", "lying"]) else {
        return;
    };
    for token in ["healthy", "no-pss", "lying"] {
        let report = report(&lab, token);
        for (_, key, profile, tls, client, expected) in TABLE.iter().filter(|row| row.0 == token) {
            let cell = report.cell(key, profile, tls, client);
            let text = |name: &str| cell[name].as_str();
            let came = match text("outcome") {
                Some("pass") => Pass(text("scheme").unwrap()),
                _ => Fail(text("stage").unwrap_or("none"), text("ckr")),
            };
            assert_eq!(
                came, *expected,
                "{token} {key} {profile} {tls} {client}: {cell:#}"
            );
        }
    }
}

#[test]
fn an_openssl_client_gets_in_by_raw_rsa_where_the_token_has_no_pss() {
    let Some(lab) = Lab::new(&["no-pss"]) else {
        return;
    };
    let report = report(&lab, "no-pss");
    for tls in ["1.2", "1.3"] {
        let cell = report.cell("rsa-2048", "openssl-1.1.1", tls, "openssl");
        assert_eq!(cell["route"], "CKM_RSA_X_509");
    }
}

#[test]
fn the_lying_token_is_told_apart_by_its_five_facts() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let report = report(&lab, "lying");
    let pss = report.capability("rsa-2048", "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS");
    assert_eq!(pss["listed"], true);
    assert_eq!(pss["info"], "ok");
    assert_eq!(pss["allowed"], false);
    assert_eq!(pss["sign_init"], "CKR_MECHANISM_INVALID");
    assert_eq!(pss["sign"], "not_tried");
    let raw = report.capability("rsa-2048", "rsa_pss_rsae_sha256", "CKM_RSA_X_509");
    assert_eq!(
        (&raw["sign"], &raw["verified"]),
        (&"ok".into(), &true.into())
    );
}

#[test]
fn the_finding_names_the_lie_and_the_remedy_is_proven() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let report = report(&lab, "lying");
    let cell = report.cell("rsa-2048", "openssl-1.1.1", "1.2", "firefox");
    assert_eq!(cell["findings"][0], "pss-listed-but-refused");
    let findings = report.0["findings"].as_array().unwrap();
    let lie = findings
        .iter()
        .find(|f| f["id"] == "pss-listed-but-refused")
        .unwrap();
    let remedies = lie["remedies"].as_array().unwrap();
    let apache = remedies.iter().find(|r| r["software"] == "apache").unwrap();
    assert!(
        apache["snippet"]
            .as_str()
            .unwrap()
            .contains("SSLOpenSSLConfCmd ClientSignatureAlgorithms")
    );
    assert_eq!(apache["proven"], true, "{apache:#}");
    for remedy in remedies.iter().filter(|r| r["where"] == "server") {
        let snippet = remedy["snippet"].as_str().unwrap_or_default();
        assert!(
            !snippet.contains("-sigalgs ") || snippet.contains("client"),
            "{snippet}"
        );
    }
}

/// The remedies of a finding for this software.
fn remedies<'a>(finding: &'a Value, software: &str) -> Vec<&'a Value> {
    let remedies = finding["remedies"].as_array().unwrap().iter();
    remedies
        .filter(|remedy| remedy["software"] == software)
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn the_screen_has_apache_s_and_nginx_s_lines_and_says_that_no_list_helps_over_tls13() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let run = lab.matrix("lying").args(PROFILES);
    let screen = run.args("--client firefox").run().exits(1).screen();
    for says in [
        "[pss-listed-but-refused]",
        "TLS 1.3 does not allow them; no list of the server helps there",
        "apache: SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1 -TLSv1.3 SSLOpenSSLConfCmd ClientSignatureAlgorithms",
        "nginx: # nginx 1.19.4 or later ssl_protocols TLSv1.2; ssl_conf_command ClientSignatureAlgorithms",
        "never by `-sigalgs` or `SignatureAlgorithms`",
        "· proven · breaks TLS 1.3 on that host",
    ] {
        assert!(screen.contains(says), "{says}\n{screen}");
    }
}

#[test]
fn every_remedy_that_is_a_list_without_pss_ends_tls13_too() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let report = report(&lab, "lying");
    let lie = report.finding("pss-listed-but-refused");
    let with_list =
        |remedy: &&Value| text(&remedy["snippet"]).contains("ClientSignatureAlgorithms");
    for remedy in lie["remedies"].as_array().unwrap().iter().filter(with_list) {
        let snippet = text(&remedy["snippet"]);
        let capped = [
            "-TLSv1.3",
            "ssl_protocols TLSv1.2;",
            "sslVersionMax = TLSv1.2",
        ]
        .iter()
        .any(|cap| snippet.contains(cap));
        assert!(capped || snippet.contains("RSA-PSS"), "{snippet}");
    }
}

#[test]
fn another_order_is_offered_to_those_who_follow_it_and_not_to_firefox() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    // raw RSA refused too, which saves openssl otherwise
    let rules = "on C_SignInit mech 0x03 ckr 0x70";
    let run = lab.faulty("lying", rules).args("--key rsa-2048");
    let run = run.args("--profile openssl-3.0 --tls 1.2 --client firefox,openssl,gnutls");
    let report = run.args("--format json").run().exits(1).report();
    let lie = report.finding("pss-listed-but-refused");
    let apache = remedies(lie, "apache");
    let order = apache
        .iter()
        .find(|remedy| text(&remedy["title"]).contains("PKCS1 before RSA-PSS"))
        .unwrap();
    assert_eq!(order["clients"], serde_json::json!(["openssl", "gnutls"]));
    assert_eq!(order["proven"], true, "{order:#}");
    let title = text(&order["title"]);
    let (helps, not) = title.split_once("; not ").unwrap();
    assert!(
        helps.contains("openssl") && helps.contains("gnutls"),
        "{title}"
    );
    assert!(
        !helps.contains("firefox") && not.contains("firefox"),
        "{title}"
    );
}

#[test]
fn no_prove_says_how_many_signatures_it_spares() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let run = || {
        let run = lab.matrix("lying").args("--key rsa-2048 --client firefox");
        run.args("--profile openssl-1.1.1 --format json")
    };
    let proven = run().run().report();
    let spared = run().args("--no-prove").run().report();
    let signatures = |report: &Report| report.0["summary"]["signatures"].as_u64().unwrap();
    let more = signatures(&proven) - signatures(&spared);
    let note = format!("as --no-prove says; it would take {more} ");
    let notes = spared.0["notes"].to_string();
    assert!(more > 0 && notes.contains(&note), "{notes}");
    assert!(proven.0["notes"].as_array().unwrap().is_empty());
    let lie = spared.finding("pss-listed-but-refused");
    let mut all = lie["remedies"].as_array().unwrap().iter();
    assert!(all.all(|remedy| remedy["proven"] == false));
}

#[test]
fn proofs_that_need_the_pin_each_are_counted_and_not_asked_for() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    let rules = "on C_SignInit mech 0x0d,0x03 ckr 0x70";
    let run = lab
        .faulty("always-authenticate", rules)
        .args("--key rsa-2048");
    let run = run.args("--client firefox --profile openssl-1.1.1 --format json");
    let report = run.run().exits(1).report();
    let notes = report.0["notes"].to_string();
    assert!(notes.contains("since each needs the PIN"), "{notes}");
    let lie = report.finding("pss-listed-but-refused");
    assert_eq!(remedies(lie, "apache")[0]["proven"], false);
}
