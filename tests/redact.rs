//! `--redact`: a report can be passed on, and names neither the card nor its holder, in no format and in no finding.

mod support;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use support::{Cardcheck, Lab, Ran, Report, cardcheck, faulty_module, softhsm};

/// One server that wants CA names that the card's issuer is not among, and one that sends none.
const SERVERS: &str = "[[profile]]\nname = \"picky\"\ntls12 = [\"rsa_pkcs1_sha256\", \"ecdsa_secp256r1_sha256\"]\nca_names = [\"CN=Somebody Else\"]\n";

/// The formats that the program knows, by its own word.
fn formats() -> Vec<String> {
    let ran = cardcheck().args("matrix --format nonsense").run().exits(2);
    let said = ran.stderr();
    let (_, rest) = said.split_once("[possible values: ").unwrap();
    let (names, _) = rest.split_once(']').unwrap();
    names.split(", ").map(str::to_owned).collect()
}

fn personal(lab: &Lab) -> Cardcheck {
    let servers = lab.write("servers.toml", SERVERS);
    lab.matrix("personal")
        .args("--profile openssl-1.1.1 --profile")
        .arg(servers)
        .args("--client firefox,openssl")
}

/// What names the card, its keys and its holder in a report that was not redacted.
fn names(Report(report): &Report) -> BTreeSet<String> {
    let mut names = BTreeSet::from(["jane".to_owned(), "4a616e65".to_owned()]);
    let mut add = |value: &Value| {
        let text = value.as_str().map_or(value.to_string(), str::to_owned);
        names.insert(text.to_lowercase());
    };
    for token in report["tokens"].as_array().unwrap() {
        for field in ["label", "serial", "slot"] {
            add(&token[field]);
        }
        let orphans = token["orphan_certificates"].as_array().unwrap();
        orphans
            .iter()
            .for_each(|orphan| certificate(orphan, &mut add));
        let unreadable = token["unreadable_certificates"].as_array().unwrap();
        unreadable.iter().for_each(&mut add);
    }
    for key in report["keys"].as_array().unwrap() {
        for field in ["label", "cka_id", "uri", "public_key_sha256"] {
            add(&key[field]);
        }
        certificate(&key["certificate"], &mut add);
    }
    names.remove("null");
    names
}

fn certificate(certificate: &Value, add: &mut impl FnMut(&Value)) {
    for field in ["subject", "issuer", "serial", "sha256"] {
        add(&certificate[field]);
    }
    let chain = certificate["chain_on_token"].as_array();
    chain.into_iter().flatten().for_each(add);
}

#[track_caller]
fn names_nobody(text: &str, names: &BTreeSet<String>, what: &str) {
    let text = text.to_lowercase();
    for name in names {
        assert!(!text.contains(name), "{what} says {name}:\n{text}");
    }
}

#[test]
fn no_format_and_no_finding_names_the_card_or_its_holder() {
    let Some(lab) = Lab::new(&["personal"]) else {
        return;
    };
    let plain = personal(&lab).args("--format json").run().exits(1).report();
    let names = names(&plain);
    assert!(names.len() > 30, "{names:?}");
    for format in formats() {
        let ran = personal(&lab).args("--redact --format").arg(&format).run();
        let ran = ran.exits(1);
        assert!(!ran.stdout().is_empty());
        names_nobody(&ran.stdout(), &names, &format);
        names_nobody(&ran.stderr(), &names, "stderr");
    }
    let redacted = personal(&lab).args("--redact --format json").run().report();
    assert_eq!(redacted.0["redacted"], true);
    assert_eq!(sorted(redacted.findings()), sorted(plain.findings()));
    // findings about each of the keys are what the names could hide in
    assert!(plain.findings().len() >= 7, "{:?}", plain.findings());
}

#[test]
fn a_list_names_nobody_either() {
    let Some(lab) = Lab::new(&["personal"]) else {
        return;
    };
    let plain = personal(&lab).args("--format json").run().exits(1).report();
    let mut names = names(&plain);
    // its one byte counts keys, and is anywhere
    names.retain(|name| name.len() > 2);
    let list = || {
        let list = cardcheck().env("SOFTHSM2_CONF", lab.path("personal").join("softhsm2.conf"));
        let list = list
            .arg("list")
            .arg("--module")
            .arg(softhsm())
            .arg("--redact");
        list.args("--login --pin-file").arg(lab.path("pin"))
    };
    for format in ["table", "json"] {
        let ran = list().args("--format").arg(format).run();
        assert!(
            ran.stdout().contains("RSA") || ran.stdout().contains("rsa"),
            "{}",
            ran.stdout()
        );
        names_nobody(&ran.stdout(), &names, format);
    }
    // without a login, too, and with one that fails
    let public = cardcheck().env("SOFTHSM2_CONF", lab.path("personal").join("softhsm2.conf"));
    let ran = public
        .arg("list")
        .arg("--module")
        .arg(softhsm())
        .arg("--redact")
        .run();
    names_nobody(&ran.stdout(), &names, "what is public");
    lab.write("pin", "9999");
    names_nobody(&list().run().stdout(), &names, "a login that failed");
}

fn sorted(mut ids: Vec<&str>) -> Vec<&str> {
    ids.sort_unstable();
    ids
}

#[test]
fn what_is_left_is_the_same_report() {
    let Some(lab) = Lab::new(&["personal"]) else {
        return;
    };
    let json = |redact: &str| {
        personal(&lab)
            .args(redact)
            .args("--format json")
            .run()
            .report()
    };
    let (plain, redacted) = (json(""), json("--redact"));
    for part in ["module", "profiles", "clients", "summary"] {
        assert_eq!(plain.0[part], redacted.0[part], "{part}");
    }
    let without = |key: &Value, fields: &[&str]| {
        let mut key = key.clone();
        for field in fields {
            key.as_object_mut().unwrap().remove(*field);
        }
        key
    };
    let names = [
        "label",
        "cka_id",
        "uri",
        "public_key_sha256",
        "certificate",
        "capabilities",
    ];
    let of = |report: &Report, part: &str| report.0[part].as_array().unwrap().clone();
    let (one, other) = (of(&plain, "keys"), of(&redacted, "keys"));
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(without(one, &names), without(other, &names));
        let dates = |key: &Value| {
            ["not_before", "not_after", "client_auth"]
                .map(|field| key["certificate"][field].clone())
        };
        assert_eq!(dates(one), dates(other));
    }
    let (one, other) = (of(&plain, "cells"), of(&redacted, "cells"));
    for (one, other) in one.iter().zip(&other) {
        let times = ["sign_ms", "handshake_ms"];
        assert_eq!(without(one, &times), without(other, &times));
    }
}

#[test]
fn a_card_has_the_same_stand_ins_in_every_run_whichever_keys_are_tried() {
    let Some(lab) = Lab::new(&["personal"]) else {
        return;
    };
    let redacted = |more: &str| {
        let run = personal(&lab).args("--redact --no-prove --format json");
        run.args(more).run().exits(1).report()
    };
    let (whole, one) = (redacted(""), redacted("--key rsa-jane"));
    for field in ["label", "serial", "slot"] {
        assert_eq!(whole.0["tokens"][0][field], one.0["tokens"][0][field]);
    }
    let key = &one.0["keys"][0];
    let same = whole.key(key["label"].as_str().unwrap());
    for field in ["label", "cka_id", "uri", "public_key_sha256", "certificate"] {
        assert_eq!(same[field], key[field], "{field}");
    }
}

#[test]
fn cards_of_one_issuer_can_be_told_to_be_of_one() {
    let Some(lab) = Lab::new(&["bench", "rsa-1024"]) else {
        return;
    };
    let issuer = |token: &str| {
        let run = lab
            .matrix(token)
            .args("--redact --profile openssl-3.0 --format json");
        run.run().report().0["keys"][0]["certificate"]["issuer"].clone()
    };
    assert_eq!(issuer("bench"), issuer("rsa-1024"));
}

#[test]
fn trouble_with_the_module_names_nobody_either() {
    let Some(lab) = Lab::new(&["personal"]) else {
        return;
    };
    // it comes back late, so that the user is told, and crashes with a name on its lips
    let rules = "pull after 3 for 600\non C_Sign after 6 times 1 stderr \"for Jane Doe\" segfault\non C_Finalize stderr \"bye Jane\" abort";
    let module = lab.path("jane.so");
    fs::copy(faulty_module(), &module).unwrap();
    let run = |redact: &str| {
        let run = lab
            .faulty("personal", rules)
            .args("--timeout 5 --no-prove --format json");
        run.args("--key rsa-jane --profile openssl-3.0 --client openssl")
            .args(redact)
            .run()
    };
    let told = |ran: &Ran| ran.stdout().to_lowercase();
    let plain = run("");
    assert!(told(&plain).contains("bye jane"), "{}", plain.stdout());
    assert!(
        told(&plain).contains("token `jane-doe`"),
        "{}",
        plain.stdout()
    );
    let redacted = run("--redact");
    assert!(!told(&redacted).contains("jane"), "{}", redacted.stdout());
    // what happened, and where, is still told
    assert!(
        redacted.stdout().contains("token `token-"),
        "{}",
        redacted.stdout()
    );
    assert!(
        redacted.stdout().contains("crashed: SIGABRT"),
        "{}",
        redacted.stdout()
    );
}

#[test]
fn a_module_in_somebody_s_directory_is_named_without_it() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let copy = lab.path("jane-module.so");
    fs::copy(softhsm(), &copy).unwrap();
    let run = cardcheck()
        .env("SOFTHSM2_CONF", lab.path("bench").join("softhsm2.conf"))
        .args("matrix --redact --profile openssl-3.0 --format json --module")
        .arg(&copy)
        .arg("--pin-file")
        .arg(lab.path("pin"));
    assert_eq!(
        run.run().exits(0).report().0["module"]["path"],
        ".../jane-module.so"
    );
}

#[test]
fn a_trace_would_hold_the_names_and_is_refused_before_the_card_is_touched() {
    let trace = std::env::temp_dir().join("cardcheck-no-such-trace");
    let ran = cardcheck()
        .args("matrix --module /nowhere.so --redact --trace-pkcs11")
        .arg(&trace)
        .run()
        .exits(2);
    assert!(
        ran.stderr()
            .contains("--trace-pkcs11 does not go with --redact"),
        "{}",
        ran.stderr()
    );
    assert!(ran.stderr().contains("help: "), "{}", ran.stderr());
    assert!(!trace.exists());
}

#[test]
fn at_a_desk_the_report_s_file_has_the_stand_in_for_its_name() {
    let Some(lab) = Lab::new(&["personal"]) else {
        return;
    };
    let ran = lab
        .faulty_by("watch", "personal", "")
        .args("--redact --cards 1 --profile openssl-1.1.1 --client firefox --pin-file")
        .arg(lab.path("pin"))
        .arg("--save")
        .arg(lab.path("reports/{label}-{serial}.json"))
        .run()
        .exits(1);
    assert!(
        !ran.stdout().to_lowercase().contains("jane"),
        "{}",
        ran.stdout()
    );
    let saved: Vec<_> = fs::read_dir(lab.path("reports")).unwrap().collect();
    let [Ok(saved)] = saved.as_slice() else {
        panic!("{saved:?}");
    };
    let report: Value = serde_json::from_slice(&fs::read(saved.path()).unwrap()).unwrap();
    let token = &report["tokens"][0];
    let name = ["label", "serial"]
        .map(|field| token[field].as_str().unwrap())
        .join("-");
    assert_eq!(
        saved.file_name().to_str(),
        Some(format!("{name}.json").as_str())
    );
    assert!(name.starts_with("token-"), "{name}");
}
