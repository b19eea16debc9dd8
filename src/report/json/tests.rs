//! What of the contract can be shown without a token.

use serde_json::Value;

use super::super::sample;
use super::*;
use crate::model::key_type::KeyType;
use crate::model::printable::steers;
use crate::model::token::PinState;

fn parsed(run: &Run) -> Value {
    serde_json::from_str(&render(run)).unwrap()
}

fn parsed_schema() -> Value {
    serde_json::from_str(&schema()).unwrap()
}

#[test]
fn a_failing_cell_says_where_and_why() {
    let report = parsed(&sample::lying());
    insta::assert_snapshot!(serde_json::to_string_pretty(&report["cells"][3]).unwrap(), @r#"
    {
      "alert": null,
      "as_expected": false,
      "ckr": "CKR_MECHANISM_INVALID",
      "client": "firefox",
      "expected": "pass",
      "findings": [
        "pss-listed-but-refused"
      ],
      "handshake_ms": 3.4,
      "key": "k1",
      "lost": null,
      "measured": true,
      "outcome": "fail",
      "profile": "openssl-1.1.1",
      "reason": null,
      "route": "CKM_RSA_PKCS_PSS",
      "same_as": null,
      "scheme": "rsa_pss_rsae_sha256",
      "sign_ms": null,
      "stage": "sign",
      "tls": "1.2",
      "user_sees": "nothing; the page never loads",
      "was": null
    }
    "#);
}

#[test]
fn absent_facts_are_null_and_milliseconds_rounded() {
    let mut run = sample::lying();
    run.tokens[0].mechanisms[1].listed = true;
    let report = parsed(&run);
    let refused = &report["tokens"][0]["mechanisms"][1];
    assert_eq!(refused["info"], "CKR_MECHANISM_INVALID");
    assert!(
        ["min_bits", "max_bits", "hardware", "sign"]
            .iter()
            .all(|name| refused[name].is_null())
    );
    assert!(report["keys"][0]["curve"].is_null());
    assert_eq!(report["keys"][0]["capabilities"][0]["sign_ms"], 1.235);
    assert_eq!(
        report["keys"][0]["certificate"]["not_before"],
        "2023-11-14T22:13:20Z"
    );
    assert_eq!(report["profiles"][0]["tls"], serde_json::json!(["1.2"]));
    assert!(report["profiles"][0]["schemes"].get("1.3").is_none());
}

#[test]
fn only_listed_mechanisms_are_in_the_token_s_list() {
    let report = parsed(&sample::lying());
    let mechanisms = report["tokens"][0]["mechanisms"].as_array().unwrap();
    assert_eq!(mechanisms.len(), 1);
    assert_eq!(mechanisms[0]["name"], "CKM_RSA_PKCS_PSS");
}

#[test]
fn a_label_reads_back_as_it_was_and_can_t_steer_the_terminal() {
    let mut run = sample::lying();
    run.keys[0].label = "a\u{9b}2J\u{202e}\u{1b}[2J \"\n".into();
    assert_eq!(parsed(&run)["keys"][0]["label"], run.keys[0].label);
    assert!(!render(&run).chars().any(|c| c != '\n' && steers(c)));
}

#[test]
fn the_schema_says_that_every_field_is_always_there() {
    let schema = parsed_schema();
    assert_eq!(schema["title"], SCHEMA);
    assert_eq!(schema["properties"]["schema"]["const"], SCHEMA);
    let cell = &schema["$defs"]["CellReport"];
    let fields: Vec<_> = cell["properties"].as_object().unwrap().keys().collect();
    let mut required: Vec<_> = cell["required"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    required.sort();
    assert_eq!(fields, required);
}

#[test]
fn the_schema_lists_the_model_s_own_names() {
    let schema = parsed_schema();
    let listed = |of: &str, field: &str| schema["$defs"][of]["properties"][field]["enum"].clone();
    let outcomes = [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::NotApplicable,
        Outcome::Skipped,
        Outcome::Error,
    ];
    assert_eq!(
        listed("CellReport", "outcome"),
        serde_json::json!(outcomes.map(Outcome::name))
    );
    let states = [
        PinState::Ok,
        PinState::Low,
        PinState::FinalTry,
        PinState::Locked,
        PinState::NotSet,
    ];
    assert_eq!(
        listed("PinReport", "state"),
        serde_json::json!(states.map(PinState::name))
    );
    let types = [
        KeyType::Rsa,
        KeyType::Ec,
        KeyType::Ed25519,
        KeyType::Ed448,
        KeyType::MlDsa,
        KeyType::Other,
    ];
    assert_eq!(
        listed("KeyReport", "type"),
        serde_json::json!(types.map(KeyType::name))
    );
    let stages = serde_json::json!([
        "select",
        "sign",
        "encode",
        "server_verify",
        "transport",
        null
    ]);
    assert_eq!(listed("CellReport", "stage"), stages);
}
