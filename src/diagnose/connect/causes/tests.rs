use super::*;
use crate::diagnose::fixtures::{NOW, bad, certificate, rsa};
use crate::model::cell::{Cell, Stage};
use crate::model::connected::Retry;
use crate::model::fit::{Exclusion, Fit};
use crate::model::key::Key;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

fn refused(alert: Option<&str>) -> Cell {
    Cell {
        alert: alert.map(str::to_owned),
        stage: Some(Stage::ServerVerify),
        scheme: Some(Scheme(0x0804)),
        route: Some(Route::RsaPkcsPss),
        ..Cell::unjudged("k1", "server", TlsVersion::V1_3, "any")
    }
}

fn unfit(rules: &[FitRule]) -> Fit {
    let exclusion = |rule: &FitRule| Exclusion {
        rule: *rule,
        reason: format!("{}.", rule.name()),
    };
    Fit {
        key: Some("k1".into()),
        token: "t1".into(),
        subject: None,
        sha256: None,
        version: TlsVersion::V1_3,
        exclusions: rules.iter().map(exclusion).collect(),
        bridge: None,
    }
}

fn retry(sent: &[&str], accepted: bool) -> Retry {
    Retry {
        key: "k1".into(),
        version: TlsVersion::V1_3,
        client: "any".into(),
        before: 1,
        refused_with: Some("unknown_ca".into()),
        sent: sent.iter().map(|name| (*name).to_owned()).collect(),
        accepted,
        answer: None,
    }
}

/// Certainty and text of each.
fn told(alert: Option<&str>, key: &Key, rules: &[FitRule], retries: &[Retry]) -> Vec<String> {
    let (cell, fit) = (refused(alert), unfit(rules));
    let causes = causes(&Evidence {
        cell: &cell,
        key,
        fit: Some(&fit),
        retries: retries.iter().collect(),
        names_cas: false,
        now: NOW,
    });
    let texts = causes.iter();
    texts
        .map(|cause| format!("{:?}: {}", cause.certainty, cause.text))
        .collect()
}

#[test]
fn an_alert_that_says_what_is_known_needs_no_other_explanation() {
    let key = rsa("k1", 2048);
    let of = |alert, rule| told(Some(alert), &key, &[rule], &[]);
    assert_eq!(
        of("unsupported_certificate", FitRule::EkuLacksClientAuth),
        ["Fitting: eku_lacks_client_auth."]
    );
    assert_eq!(
        of("certificate_expired", FitRule::Expired),
        ["Fitting: expired."]
    );
    assert_eq!(
        of("unknown_ca", FitRule::IssuerNotInCaNames),
        ["Fitting: issuer_not_in_ca_names."]
    );
}

#[test]
fn what_fits_the_alert_comes_before_what_does_not() {
    let rules = [FitRule::EkuLacksClientAuth, FitRule::Expired];
    let told = told(Some("certificate_expired"), &rsa("k1", 2048), &rules, &[]);
    assert_eq!(told, ["Fitting: expired.", "Known: eku_lacks_client_auth."]);
}

#[test]
fn an_alert_that_tells_no_reason_leaves_others_possible() {
    let key = rsa("k1", 2048);
    let with_a_fact = told(Some("handshake_failure"), &key, &[FitRule::Expired], &[]);
    assert_eq!(with_a_fact[0], "Known: expired.");
    assert!(with_a_fact[1].starts_with("Possible: anything"));
    let without = told(None, &key, &[], &[]);
    assert_eq!(
        without,
        ["Possible: anything, since the server says nothing"]
    );
}

#[test]
fn a_signature_that_is_wrong_is_the_first_thing_to_say_of_decrypt_error() {
    let key = bad(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
    let told = told(Some("decrypt_error"), &key, &[], &[]);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("Fitting: The token's signature"));
}

#[test]
fn a_short_key_is_what_bad_certificate_is_about() {
    let mut key = rsa("k1", 1024);
    key.certificate.as_mut().unwrap().public_key = PublicKey::Rsa {
        modulus: vec![0xff; 128],
        exponent: vec![1, 0, 1],
        pss_only: false,
    };
    let told = told(Some("bad_certificate"), &key, &[], &[]);
    assert!(
        told[0].starts_with("Fitting: The RSA key has 1024 bits"),
        "{told:?}"
    );
}

#[test]
fn a_login_that_went_through_without_the_chain_proves_that_it_was_the_chain() {
    let told = told(
        Some("unknown_ca"),
        &rsa("k1", 2048),
        &[FitRule::Expired],
        &[retry(&[], true)],
    );
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("Proven: It does not take the certificate"));
}

#[test]
fn what_was_tried_in_vain_is_not_possible_any_more() {
    let of = |key: &Key, retries: &[Retry]| told(Some("unknown_ca"), key, &[], retries).join("\n");
    let key = rsa("k1", 2048);
    let nothing_known = of(&key, &[]);
    assert!(nothing_known.contains("an intermediate certificate that the server does not have"));
    assert!(!nothing_known.contains("longer than the server looks"));
    let whole = Key {
        chain_on_token: vec![
            certificate("CN=CA", "CN=Root"),
            certificate("CN=Root", "CN=Root"),
        ],
        ..key
    };
    let tried = of(&whole, &[retry(&["CN=CA"], false)]);
    assert!(
        !tried.contains("an intermediate certificate that"),
        "{tried}"
    );
    assert!(tried.contains("longer than the server looks"), "{tried}");
    assert!(
        tried.contains("a root that the server does not have"),
        "{tried}"
    );
}
