//! Cards that refuse, lie, dawdle or hang.

use std::time::Duration;

use crate::log_in;
use crate::piv::Fault;
use crate::reader::{RSA_TRIALS, Readers, card};

/// What a card answers to GENERAL AUTHENTICATE, and what becomes of it.
struct Row {
    /// ISO 7816-4's status word.
    status: u16,
    /// What OpenSC makes of it.
    ckr: &'static str,
    finding: &'static str,
    /// Of the finding's cause.
    words: &'static str,
}

const fn row(status: u16, ckr: &'static str, finding: &'static str, words: &'static str) -> Row {
    Row {
        status,
        ckr,
        finding,
        words,
    }
}

#[rustfmt::skip] // one row, one status word
const STATUS_WORDS: &[Row] = &[
    row(0x6f00, "CKR_GENERAL_ERROR",      "sign-refused",     "The code means `some error` and tells no more"),
    row(0x6982, "CKR_USER_NOT_LOGGED_IN", "login-not-enough", "the card wants more for this key than this PIN"),
    row(0x6a80, "CKR_DATA_INVALID",       "sign-refused",     "The token doesn't take the data to be signed"),
    row(0x6581, "CKR_DEVICE_ERROR",       "sign-refused",     "The token or the reader reports trouble"),
    row(0x6983, "CKR_PIN_LOCKED",         "sign-refused",     "A PIN is locked: where the login worked, one that the card keeps for this key"),
    row(0x6985, "CKR_FUNCTION_FAILED",    "sign-refused",     "The code means `it failed` and tells no more"),
];

/// OpenSC sends what the card refused a second time, and says nothing of it: the card counts two for each C_Sign.
#[test]
fn a_status_word_becomes_a_ckr_and_that_a_finding() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    for row in STATUS_WORDS {
        let shown = format!("{:04x}", row.status);
        card.heal();
        card.fault(Fault::status(row.status).always());
        let before = card.stats();
        let report = log_in(&readers)
            .args("--format json")
            .run()
            .exits(1)
            .report();
        for tls in ["1.2", "1.3"] {
            let cell = report.cell("PIV AUTH key", "openssl-3.0", tls, "firefox");
            assert_eq!(
                (&cell["stage"], &cell["ckr"]),
                (&"sign".into(), &row.ckr.into()),
                "{shown}"
            );
        }
        let trial = report.capability("PIV AUTH key", "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS");
        assert_eq!(
            (&trial["sign_init"], &trial["sign"]),
            (&"ok".into(), &row.ckr.into()),
            "{shown}"
        );
        assert_eq!(report.findings(), [row.finding], "{shown}");
        let cause = report.finding(row.finding)["cause"].as_str().unwrap();
        assert!(cause.contains(row.words), "{shown}: {cause}");
        let asked = card.stats().requests - before.requests;
        assert_eq!(report.0["summary"]["signatures"], asked / 2, "{shown}");
        assert_eq!(card.stats().signatures, 0);
    }
    assert_eq!(card.stats().refused, 0);
}

#[test]
fn one_refusal_that_opensc_makes_good_by_itself_is_not_seen() {
    let card = card();
    card.fault(Fault::status(0x6f00).after(5));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let report = log_in(&readers)
        .args("--format json")
        .run()
        .exits(0)
        .report();
    assert!(report.findings().is_empty());
    assert_eq!(card.stats().requests, card.stats().signatures + 1);
}

/// The time of one signature tells what no call does: it took as long as the refusal before it.
#[test]
fn the_repeat_that_nobody_tells_of_is_seen_in_the_time_of_the_signature() {
    let card = card();
    let refusal = Duration::from_millis(300);
    card.fault(Fault::late_status(refusal, 0x6f00));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = log_in(&readers).args("--format json").run().exits(0);
    let report = ran.report();
    let trials = report.key("PIV AUTH key")["capabilities"]
        .as_array()
        .unwrap();
    let times = trials.iter().filter_map(|trial| trial["sign_ms"].as_f64());
    let times: Vec<f64> = times.collect();
    let slow = times.iter().filter(|time| **time >= 300.0).count();
    assert!(slow >= 1 && slow < times.len(), "{times:?}");
    assert_eq!(card.stats().requests, card.stats().signatures + 1);
}

#[test]
fn a_refusal_of_what_worked_before_is_not_put_down_to_the_server_s_list() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    card.fault(Fault::status(0x6f00).after(RSA_TRIALS).times(2));
    let ran = log_in(&readers).run().exits(1);
    let screen = ran.screen();
    assert!(
        screen.contains("refuses signatures that it made before [fails-now-and-then]"),
        "{screen}"
    );
    assert!(!screen.contains("• server"), "{screen}");
}

#[test]
fn a_trial_that_failed_and_a_login_that_worked_are_held_against_each_other() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    // the trial of CKM_RSA_PKCS_PSS with SHA-256, whichever it is
    card.fault(Fault::status(0x6f00).times(2 * RSA_TRIALS));
    let ran = log_in(&readers).run().exits(0);
    let screen = ran.screen();
    assert!(
        screen.contains("refused signatures in trials that it made later [fails-now-and-then]"),
        "{screen}"
    );
}

#[test]
fn a_corrupt_signature_does_not_pass_for_one() {
    let card = card();
    card.fault(Fault::corrupt().always());
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let report = log_in(&readers)
        .args("--format json")
        .run()
        .exits(1)
        .report();
    let trial = report.capability("PIV AUTH key", "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS");
    assert_eq!(
        (&trial["sign"], &trial["verified"]),
        (&"ok".into(), &false.into())
    );
    let cell = report.cell("PIV AUTH key", "openssl-3.0", "1.3", "firefox");
    assert_eq!(
        (&cell["stage"], &cell["alert"]),
        (&"server_verify".into(), &"decrypt_error".into())
    );
    assert_eq!(report.findings(), ["signature-does-not-verify"]);
}

#[test]
fn a_card_that_takes_its_time_is_waited_for_and_its_time_is_told() {
    let card = card();
    card.fault(Fault::delay(Duration::from_millis(60)).always());
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let report = log_in(&readers)
        .args("--format json")
        .run()
        .exits(0)
        .report();
    let cell = report.cell("PIV AUTH key", "openssl-3.0", "1.2", "firefox");
    assert!(cell["sign_ms"].as_f64().unwrap() >= 60.0, "{cell}");
}

#[test]
fn a_card_that_hangs_is_given_up_after_its_timeouts_and_the_next_step_is_told() {
    let card = card();
    card.fault(Fault::hang().after(5));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = log_in(&readers).args("--timeout 1s").run().exits(3);
    let (said, screen) = (ran.stderr(), ran.screen());
    assert!(said.contains("no answer from C_Sign in 1 s"), "{said}");
    let given_up = "the module could not be started again: no answer from C_Initialize in 1 s; pull the card, put it back and run again";
    assert!(screen.contains(given_up), "{screen}");
    assert!(screen.contains("2 cells: 2 skipped"), "{screen}");
    assert_eq!(card.stats().verified, 1);
}
