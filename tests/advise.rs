//! `cardcheck advise`: what the reports of many cards come to.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use support::{Cardcheck, Lab, Ran, cardcheck};

/// Runs `advise` with this on stdin.
fn piped(command: Cardcheck, input: impl AsRef<[u8]>) -> Ran {
    let mut command = command.into_command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // a program that has seen enough doesn't read on
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    Ran::of(child.wait_with_output().unwrap())
}

fn advise() -> Cardcheck {
    cardcheck().arg("advise")
}

/// The advice of these reports in JSON.
fn advice(args: &str, input: impl AsRef<[u8]>) -> Value {
    let run = piped(advise().args("- --format json").args(args), input);
    run.exits(0).report().0
}

fn setting<'a>(advice: &'a Value, name: &str) -> &'a Value {
    let mut settings = advice["settings"].as_array().unwrap().iter();
    let found = settings.find(|setting| setting["name"] == name);
    found.unwrap_or_else(|| panic!("no setting {name}"))
}

/// Cards let in by a setting with one client, and how many of them were measured.
fn let_in(advice: &Value, name: &str, client: &str) -> (u64, u64) {
    let counts = setting(advice, name)["counts"].as_array().unwrap();
    let mut counts = counts.iter();
    let counts = counts.find(|counts| counts["client"] == client).unwrap();
    (
        counts["let_in"].as_u64().unwrap(),
        counts["let_in_measured"].as_u64().unwrap(),
    )
}

/// A made-up report of a card with one RSA key, which signs PKCS1, and says of PSS what its list says.
fn card(serial: &str, started: &str, lists_pss: bool) -> Value {
    let trial = |scheme: &str, route: &str, answer: &str| {
        json!({"scheme": scheme, "route": route, "listed": true, "info": "ok", "allowed": true, "sign_init": answer,
               "sign": if answer == "ok" { "ok" } else { "not_tried" }, "verified": answer == "ok"})
    };
    let mut mechanisms = vec![json!({"name": "CKM_RSA_PKCS", "info": "ok"})];
    if lists_pss {
        mechanisms.push(json!({"name": "CKM_RSA_PKCS_PSS", "info": "ok"}));
    }
    json!({
        "schema": "cardcheck.matrix.v1", "started": started, "new_in_some_later_version": {"a": [1, 2]},
        "tokens": [{"id": "t1", "label": "card", "serial": serial, "model": "m", "manufacturer": "f", "mechanisms": mechanisms}],
        "keys": [{"id": "k1", "token": "t1", "type": "rsa", "bits": 2048, "curve": null, "sign": true, "allowed_mechanisms": null,
            "pairing": "id_and_key",
            "certificate": {"not_before": "2020-01-01T00:00:00Z", "not_after": "2030-01-01T00:00:00Z", "sha256": serial,
                            "digital_signature": true, "client_auth": null},
            "capabilities": [trial("rsa_pkcs1_sha256", "CKM_RSA_PKCS", "ok"),
                             trial("rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS", "CKR_MECHANISM_INVALID")]}],
        "profiles": [], "cells": []
    })
}

const NOW: &str = "2026-01-01T00:00:00Z";

/// Reports of cards as desks save them: one key each, but for the first.
fn reports_of_a_few_cards(lab: &Lab) {
    std::fs::create_dir_all(lab.path("reports/north")).unwrap();
    let save = |run: Cardcheck, name: &str, code: i32| {
        let run = run.args("--no-prove --quiet --export-json");
        run.arg(lab.path("reports").join(name)).run().exits(code);
    };
    save(lab.matrix("healthy"), "healthy.json", 1);
    for token in ["lying", "no-pss"] {
        let name = format!("north/{token}.json");
        save(lab.matrix(token).args("--key rsa-2048"), &name, 1);
    }
    save(lab.matrix("rsa-1024"), "north/short.json", 1);
    save(
        lab.matrix("objections").args("--key p-256-expired"),
        "expired.json",
        1,
    );
}

fn steady() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"serial [0-9a-f]{16}", "serial 0123456789abcdef");
    settings
}

#[test]
fn a_few_cards_become_a_table_and_the_lines_of_each_server() {
    let tokens = ["healthy", "lying", "no-pss", "rsa-1024", "objections"];
    let Some(lab) = Lab::new(&tokens) else { return };
    reports_of_a_few_cards(&lab);
    let ran = advise().arg(lab.path("reports")).run().exits(0);
    steady().bind(|| insta::assert_snapshot!(ran.stdout(), @r#"
    5 cards in 5 reports

    cards that a server lets in, by what it asks for, with each client
      setting               TLS  list  firefox  chrome  openssl  java
      today: openssl-3.0    1.3  16    1        1       3        1
      tls1.3-pss-sha256     1.3  1     ~1       ~1      ~3       ~1
      tls1.2-pkcs1-sha256   1.2  1     ~3       ~3      ~3       ~3
      let in by no setting             2        2       2        2
      ~ inferred, at least in part: the client's rule, and what each card signed when it was tried.
        Without it all was measured, by cells with this very list.

    what lets most in: tls1.2-pkcs1-sha256
      RSA keys only, with PKCS1; SHA-256 only. It asks for rsa_pkcs1_sha256; TLS 1.3 is off.
      It breaks TLS 1.3 on that host, for everybody; a policy that rules out PKCS1 signatures, such as
      BSI TR-02102-2.
      • server: Ask clients for this list, and switch TLS 1.3 off on that host (never by `-sigalgs` or
        `SignatureAlgorithms`: they also limit what the server itself signs with)
          apache:
            SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1 -TLSv1.3
            SSLOpenSSLConfCmd ClientSignatureAlgorithms RSA+SHA256
          nginx:
            # nginx 1.19.4 or later
            ssl_protocols TLSv1.2;
            ssl_conf_command ClientSignatureAlgorithms RSA+SHA256;
          haproxy:
            # HAProxy 2.8 or later
            bind ... ssl-max-ver TLSv1.2 client-sigalgs RSA+SHA256
          stunnel:
            sslVersionMax = TLSv1.2
            config = ClientSignatureAlgorithms:RSA+SHA256
          openssl:
            openssl s_server ... -no_tls1_3 -client_sigalgs RSA+SHA256
      • server: Go (Caddy, Traefik) has no setting for this list: end TLS at another server that has
        one, or use other keys
      • server: Ask clients for this list, and switch TLS 1.3 off on that host. In Java (JSSE) for the
        whole JVM; the list also limits what the server itself signs with
          java:
            -Djdk.tls.server.protocols=TLSv1.2 -Djdk.tls.server.SignatureSchemes=rsa_pkcs1_sha256
      • server: Ask clients for this list, and switch TLS 1.3 off on that host. In Windows the list is
        the registry value `Functions` under
        HKLM\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010003; it holds
        for the whole machine
      • server: Ask clients for this list, and switch TLS 1.3 off on that host. In GnuTLS by the
        priority string; it also limits what the server itself signs with
          gnutls:
            NORMAL:-VERS-TLS1.3:-SIGN-RSA-PSS-RSAE-SHA256:-SIGN-RSA-PSS-SHA256:-SIGN-RSA-PSS-RSAE-SHA384:-SIGN-RSA-PSS-SHA384:-SIGN-RSA-PSS-RSAE-SHA512:-SIGN-RSA-PSS-SHA512
      • server: rustls has no setting for this list: the program's code decides
        (ClientCertVerifier::supported_verify_schemes)
      • server: BoringSSL has no setting for this list: the program's code decides
        (SSL_CTX_set_verify_algorithm_prefs)
      • server: A server on NSS has no setting for this list: the program's code decides
        (SSL_SignatureSchemePrefSet)

    cards that no setting lets in, with these clients
      • 1 card with EC P-256, such as objections (serial 0123456789abcdef)
        firefox, chrome, openssl, java: the certificate had expired when the report was made
      • 1 card with RSA-1024, such as rsa-1024 (serial 0123456789abcdef)
        firefox, chrome, java: servers take RSA keys from 2048 bits on; a lower security level is not
          weighed here
        openssl: OpenSSL at its default security level, 2, takes no RSA certificate of less than 2048
          bits
    "#));
    assert_eq!(ran.stderr(), "");

    let ran = advise()
        .arg(lab.path("reports"))
        .args("--format json")
        .run();
    let advice = ran.exits(0).report().0;
    assert_eq!(advice["schema"], "cardcheck.advise.v1");
}

#[test]
fn one_setting_can_be_shown_in_full_and_a_misspelt_one_is_answered() {
    let report = card("01", NOW, true).to_string();
    let shown = piped(advise().args("- --setting tls1.2-pkcs1"), &report).exits(0);
    assert!(
        shown
            .screen()
            .contains("tls1.2-pkcs1 RSA keys only, with PKCS1. It asks for rsa_pkcs1_sha256,")
    );
    assert!(
        shown
            .stdout()
            .contains("client-sigalgs RSA+SHA256:RSA+SHA384:RSA+SHA512")
    );
    let wrong = piped(advise().args("- --setting tls1.2-pkcs"), &report).exits(2);
    assert!(wrong.stderr().contains("did you mean `tls1.2-pkcs1`?"));
}

#[test]
fn what_can_t_be_read_is_named_and_left_out() {
    let Some(lab) = Lab::new(&["unusable"]) else {
        return;
    };
    let good = serde_json::to_string_pretty(&card("01", NOW, false)).unwrap();
    let dir = lab.path("reports");
    std::fs::create_dir(&dir).unwrap();
    let write = |name: &str, content: &str| std::fs::write(dir.join(name), content).unwrap();
    write("broken.json", &good.replacen(':', ";", 3));
    write("cut.json", &good[..good.len() / 2]);
    write("empty.json", "");
    write("good.json", &good);
    write("list.json", &format!("[{good}]"));
    write(
        "newer.json",
        r#"{"schema": "cardcheck.matrix.v2", "keys": "of another kind"}"#,
    );
    write("no-report.json", r#"{"name": "something", "version": 1}"#);
    write("not-looked-at.txt", "no report");
    write(
        "odd.json",
        &good.replace("\"keys\": [", "\"keys\": 1, \"more\": ["),
    );
    write("steering.json", "{\"schema\": \"\\u001b[2Jx\"}");
    let ran = advise().arg("reports").args("--format json");
    let mut command = ran.into_command();
    let ran = Ran::of(command.current_dir(lab.path("")).output().unwrap()).exits(0);
    insta::assert_snapshot!(ran.stderr(), @r#"
    warning: left out reports/broken.json: broken: expected `:` at line 2 column 10
    warning: left out reports/cut.json: it ends in the middle: EOF while parsing an object at line 30 column 27
    warning: left out reports/empty.json: it is empty
    warning: left out reports/list.json: a JSON list; `jq -c '.[]'` takes it apart
    warning: left out reports/newer.json: of another version, `cardcheck.matrix.v2`: this cardcheck reads `cardcheck.matrix.v1`
    warning: left out reports/no-report.json: no report of cardcheck: it has no `schema`
    warning: left out reports/odd.json: broken: invalid type: integer `1`, expected a sequence at line 3 column 11
    warning: left out reports/steering.json: not what `cardcheck matrix` writes, but `�[2Jx`
    "#);
    let advice = ran.report().0;
    assert_eq!(
        (&advice["reports"], &advice["cards"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(advice["skipped"]["count"], 8);

    // nothing is left
    std::fs::remove_file(dir.join("good.json")).unwrap();
    let ran = advise().arg(&dir).run().exits(4);
    assert!(
        ran.stderr()
            .contains("error: none of the reports could be read")
    );
}

#[test]
fn nothing_to_read_is_no_advice() {
    let dir = tempfile::tempdir().unwrap();
    let ran = advise().arg(dir.path()).run().exits(4);
    insta::assert_snapshot!(ran.stderr(), @r#"
    error: there is no report
    help: a directory is searched for *.json, *.jsonl and *.ndjson; `cardcheck matrix --export-json FILE` writes a report
    "#);
    let ran = advise().arg("no-such-file.json").run().exits(3);
    insta::assert_snapshot!(ran.stderr(), @r"
    error: can't read no-such-file.json: No such file or directory (os error 2)
    help: name a JSON report that `cardcheck matrix --export-json FILE` wrote, a directory of them, or `-`
    ");
    advise().run().exits(2);
    let without_tokens = json!({"schema": "cardcheck.matrix.v1"}).to_string();
    let ran = piped(advise().arg("-"), without_tokens).exits(4);
    assert!(ran.stderr().contains("there is no card in any report"));
}

#[test]
fn a_pipe_may_hold_reports_in_any_form_and_a_broken_one_spoils_no_other() {
    let reports = ["01", "02", "03", "04"].map(|serial| card(serial, NOW, false));
    let lines = |report: &Value| format!("{report}\n");
    let pretty = |report: &Value| serde_json::to_string_pretty(report).unwrap() + "\n";
    for form in [lines, pretty] {
        let all: String = reports.iter().map(form).collect();
        assert_eq!(advice("", &all)["cards"], 4);
        // the second one ends in the middle, as of a program that was killed
        let second = form(&reports[1]);
        let cut = all.replace(&second, &format!("{}\n", &second[..second.len() / 3]));
        let ran = piped(advise().args("- --format json"), &cut).exits(0);
        assert!(
            ran.stderr()
                .contains("left out standard input, report 2: broken: "),
            "{}",
            ran.stderr()
        );
        assert_eq!(ran.report().0["cards"], 3);
    }
    // without anything between them
    let joined: String = reports.iter().map(Value::to_string).collect();
    assert_eq!(advice("", joined)["cards"], 4);
}

#[test]
fn a_card_that_comes_again_counts_once_as_its_latest_report_says() {
    let (before, after) = (
        card("01", NOW, true),
        card("01", "2026-02-01T00:00:00Z", false),
    );
    let other = card("02", NOW, true);
    for order in [[&before, &after, &other], [&after, &other, &before]] {
        let all: String = order.iter().map(|report| format!("{report}\n")).collect();
        let advice = advice("", all);
        assert_eq!(
            (&advice["cards"], &advice["repeated"]),
            (&json!(2), &json!(1))
        );
        // with PSS in the server's list, firefox can use the one that doesn't list it
        assert_eq!(let_in(&advice, "tls1.2-ec-pss-pkcs1", "firefox"), (1, 0));
        assert_eq!(let_in(&advice, "tls1.2-pkcs1", "firefox"), (2, 0));
    }
}

#[test]
fn what_no_report_tells_is_not_guessed() {
    let mut report = card("01", NOW, true);
    for trial in report["keys"][0]["capabilities"].as_array_mut().unwrap() {
        for (name, value) in [
            ("sign_init", json!("not_tried")),
            ("sign", json!("not_tried")),
            ("verified", json!(null)),
        ] {
            trial[name] = value;
        }
    }
    let advice = advice("--client firefox", report.to_string());
    let counts = &setting(&advice, "tls1.2-pkcs1")["counts"][0];
    assert_eq!(
        (&counts["let_in"], &counts["could_not_tell"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(advice["clients"][0]["unsaved"], 0);
}

/// Lists as no server has them: any schemes in any order.
fn made_up_profiles() -> String {
    let schemes = prop::sample::subsequence(
        vec![
            "rsa_pkcs1_sha256",
            "rsa_pkcs1_sha384",
            "rsa_pkcs1_sha512",
            "rsa_pss_rsae_sha256",
            "rsa_pss_rsae_sha384",
            "rsa_pss_rsae_sha512",
            "ecdsa_secp256r1_sha256",
            "ecdsa_secp384r1_sha384",
            "ecdsa_secp521r1_sha512",
            "ed25519",
        ],
        1..6,
    );
    let list = (
        schemes.prop_shuffle(),
        prop::sample::select(vec!["tls12", "tls13"]),
    );
    let mut runner = TestRunner::deterministic();
    let mut profile = |number: usize| {
        let (schemes, version) = list.new_tree(&mut runner).unwrap().current();
        format!(
            "[[profile]]\nname = \"made-up-{number}\"\nabout = \"test\"\nsource = \"test\"\n{version} = {schemes:?}\nmin_rsa_bits = {}\n",
            if number.is_multiple_of(4) { 2048 } else { 0 }
        )
    };
    (0..8).map(&mut profile).collect()
}

/// The report with this key alone.
fn with_one_key(report: &Value, key: &Value) -> Value {
    let mut report = report.clone();
    report["keys"] = json!([key]);
    // what it shares a handshake with is told by index
    let cells = report["cells"].as_array_mut().unwrap();
    for cell in cells.iter_mut().filter(|cell| cell["key"] != key["id"]) {
        cell["key"] = json!("another");
    }
    report
}

#[test]
fn what_is_inferred_is_what_matrix_measures_with_that_very_list() {
    let cards = [
        ("healthy", "--key p-384 --key ed25519"),
        ("lying-rsa", ""),
        ("no-pss-rsa", ""),
        ("rsa-1024", ""),
        ("p-521", ""),
        ("brainpool", ""),
    ];
    let Some(lab) = Lab::new(&cards.map(|(token, _)| token)) else {
        return;
    };
    let (advised, made_up) = (
        lab.path("advised.toml"),
        lab.write("made-up.toml", made_up_profiles()),
    );
    let saving = advise().arg("-").arg("--save-profiles").arg(&advised);
    piped(saving, card("01", NOW, true).to_string()).exits(0);
    let mut inferred_logins = 0;
    for (token, keys) in cards {
        let run = lab
            .matrix(token)
            .args(keys)
            .args("--client all --no-prove --probe-unlisted --format json --quiet --profile");
        let ran = run.arg(&advised).arg("--profile").arg(&made_up).run();
        let report = ran.report().0;
        for key in report["keys"].as_array().unwrap() {
            let measured = with_one_key(&report, key);
            let mut bare = measured.clone();
            bare["cells"] = json!([]);
            inferred_logins += compare(token, key, &measured, &bare, &made_up);
        }
    }
    assert!(inferred_logins > 500, "{inferred_logins}");
}

/// Holds what is measured against what is inferred from the trials alone; the number of logins in which they agree.
fn compare(token: &str, key: &Value, measured: &Value, bare: &Value, made_up: &Path) -> usize {
    let args = format!("--client all --profile {}", made_up.display());
    let (measured, inferred) = (
        advice(&args, measured.to_string()),
        advice(&args, bare.to_string()),
    );
    let all = |advice: &Value| advice["settings"].as_array().unwrap().clone();
    let mut logins = 0;
    for (tried, told) in all(&measured).iter().zip(all(&inferred)) {
        let counts = tried["counts"].as_array().unwrap().iter();
        for (tried, told) in counts.zip(told["counts"].as_array().unwrap()) {
            let shown = || {
                format!(
                    "{token}, {}, {}: {tried} {told}",
                    key["label"], told["client"]
                )
            };
            let was_measured = tried["let_in_measured"] == 1 || tried["kept_out_measured"] == 1;
            assert_eq!(told["let_in_measured"], 0);
            if was_measured && told["could_not_tell"] == 0 {
                assert_eq!(tried["let_in"], told["let_in"], "{}", shown());
                logins += usize::from(told["let_in"] == 1);
            }
        }
    }
    logins
}
