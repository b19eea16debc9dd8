//! Signatures are what a run costs: cells share a handshake where it is the same, and the report says which.

mod support;

use support::{Lab, Report};

/// Capability trials of an RSA key on SoftHSM2: five hashes by three routes, and three by the two routes of PSS.
const TRIALS: u64 = 5 * 3 + 3 * 2;

fn report(lab: &Lab, args: &str) -> Report {
    lab.matrix("healthy")
        .args("--key rsa-2048 --format json")
        .args(args)
        .run()
        .report()
}

fn signatures(report: &Report) -> u64 {
    report.0["summary"]["signatures"].as_u64().unwrap()
}

#[test]
fn clients_that_agree_share_a_handshake_and_cost_no_signature_more() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let args = "--sigalgs RSA+SHA256 --tls 1.2";
    let one = report(&lab, &format!("{args} --client firefox"));
    let all = report(&lab, &format!("{args} --client firefox,openssl,any"));
    assert_eq!(signatures(&one), signatures(&all));
    let shared = all.cell("rsa-2048", "sigalgs", "1.2", "openssl");
    assert_eq!(
        (&shared["measured"], &shared["same_as"]),
        (&false.into(), &0.into())
    );
    assert_eq!(shared["outcome"], "pass");
    assert_eq!(
        all.cell("rsa-2048", "sigalgs", "1.2", "firefox")["measured"],
        true
    );
}

#[test]
fn clients_that_differ_in_their_route_have_handshakes_of_their_own() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let report = report(
        &lab,
        "--profile openssl-3.0 --tls 1.3 --client firefox,openssl",
    );
    let (firefox, openssl) = (&report.0["cells"][0], &report.0["cells"][1]);
    assert_eq!(
        (&firefox["route"], &openssl["route"]),
        (&"CKM_RSA_PKCS_PSS".into(), &"CKM_RSA_PKCS_PSS".into())
    );
    assert_eq!(
        (&firefox["measured"], &openssl["measured"]),
        (&true.into(), &true.into())
    );
}

#[test]
fn quick_shares_across_servers_and_comes_to_the_same_verdicts() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let whole = report(&lab, "");
    let quick = report(&lab, "--quick");
    let handshakes = |report: &Report| signatures(report) - TRIALS;
    assert!(
        handshakes(&quick) < handshakes(&whole) / 2,
        "{} {}",
        handshakes(&quick),
        handshakes(&whole)
    );
    let verdicts = |report: &Report| -> Vec<(String, String)> {
        let cells = report.0["cells"].as_array().unwrap().iter();
        cells
            .map(|cell| (cell["outcome"].to_string(), cell["scheme"].to_string()))
            .collect()
    };
    assert_eq!(verdicts(&quick), verdicts(&whole));
}

#[test]
fn the_signatures_that_are_reported_are_the_signatures_that_were_made() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let ran = lab.faulty("lying", "").args("--format json").run();
    assert_eq!(
        signatures(&ran.report()) as usize,
        lab.count_calls("C_SignInit")
    );
}
