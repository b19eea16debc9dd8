//! Rules at the card: the PIN is asked for where it should be, sent as seldom as can be, and shown nowhere.

#[path = "support/running.rs"]
mod running;
mod support;

use running::faulty_without_pin;
use support::{Lab, PIN};

const QUICK: &str = "--profile openssl-3.0 --client any --format json";

#[test]
fn the_pin_comes_from_a_file_a_variable_or_a_uri() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let newline = lab.write("pin-crlf", "1234\r\n");
    let quick = || lab.matrix_without_pin("healthy").args(QUICK);
    quick().arg("--pin-file").arg(&newline).run().exits(0);
    quick()
        .args("--pin-env CARD_PIN")
        .env("CARD_PIN", PIN)
        .run()
        .exits(0);
    let source = format!("pkcs11:token=healthy?pin-source=file:{}", newline.display());
    quick().arg("--token").arg(source).run().exits(0);
    let value = quick()
        .arg("--token")
        .arg("pkcs11:token=healthy?pin-value=1234")
        .run()
        .exits(0);
    assert!(
        value
            .stderr()
            .contains("warning: a PIN in a URI shows in the process list"),
        "{}",
        value.stderr()
    );
}

#[test]
fn one_login_serves_the_whole_run() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    lab.faulty("lying", "").args("--format json").run().exits(1);
    assert_eq!(lab.count_calls("C_Login"), 1);
}

#[test]
fn a_wrong_pin_is_sent_once_and_to_one_token_only() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    lab.write("pin", "9999");
    let ran = lab.faulty("twins", "").run().exits(3);
    assert_eq!(lab.count_calls("C_Login"), 1, "{}", ran.stderr());
    assert!(
        ran.stderr().contains("the PIN was not sent"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn a_pin_that_locked_a_token_goes_to_no_other() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    // what some modules answer to the wrong PIN that spends the last try
    let ran = lab.faulty("twins", "on C_Login ckr 0xa4").run().exits(3);
    assert_eq!(lab.count_calls("C_Login"), 1, "{}", ran.stderr());
    assert!(ran.stderr().contains("CKR_PIN_LOCKED"), "{}", ran.stderr());
}

#[test]
fn the_last_try_is_left_to_the_user() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let rules = "token-flags set 0x20000";
    let refused = lab.faulty("healthy", rules).args(QUICK).run().exits(3);
    assert!(
        refused.stderr().contains("one try is left"),
        "{}",
        refused.stderr()
    );
    assert_eq!(lab.count_calls("C_Login"), 0);
    let allowed = lab
        .faulty("healthy", rules)
        .args(QUICK)
        .args("--allow-final-try")
        .run()
        .exits(0);
    assert_eq!(allowed.report().0["tokens"][0]["pin"]["state"], "final_try");
}

#[test]
fn a_pin_of_impossible_length_never_reaches_the_token() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    lab.faulty("healthy", "token-pin-len 6 8")
        .args(QUICK)
        .run()
        .exits(3);
    assert_eq!(lab.count_calls("C_Login"), 0);
}

#[test]
fn a_pin_file_that_can_hold_no_pin_is_told_before_the_token_is_asked() {
    let Some(lab) = Lab::new(&["empty"]) else {
        return;
    };
    lab.write("pin", "12345678".repeat(1000));
    let ran = lab.faulty("empty", "").run().exits(3);
    assert!(
        ran.stderr().contains("longer than any PIN"),
        "{}",
        ran.stderr()
    );
    assert_eq!(lab.calls(), [""; 0]);
}

#[test]
fn a_pad_is_used_where_the_reader_has_one() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    // no --pin-file: the pad is there for that
    let ran = faulty_without_pin(&lab, "healthy", "pad 1234")
        .args(QUICK)
        .run()
        .exits(0);
    assert!(
        ran.stderr()
            .contains("type the PIN at the reader's own keypad"),
        "{}",
        ran.stderr()
    );
    assert!(
        lab.calls()
            .iter()
            .any(|call| call.starts_with("C_Login user=1 pin=NULL"))
    );
}

#[test]
fn an_always_authenticate_key_gets_its_pin_for_every_signature_and_it_is_counted() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    let ran = lab
        .faulty("always-authenticate", "")
        .args(QUICK)
        .args("--key rsa-2048")
        .run()
        .exits(0);
    assert!(
        ran.stderr().contains("wants the PIN for every signature"),
        "{}",
        ran.stderr()
    );
    let report = ran.report();
    assert_eq!(report.key("rsa-2048")["always_authenticate"], true);
    assert_eq!(
        report.cell("rsa-2048", "openssl-3.0", "1.3", "any")["outcome"],
        "pass"
    );
    let logins = lab.count_calls("C_Login");
    assert_eq!(report.0["tokens"][0]["pin"]["verifications"], logins);
    assert_eq!(
        report.0["summary"]["signatures"],
        logins - 1,
        "one login is the session's own"
    );
}

#[test]
fn a_wrong_context_specific_pin_ends_the_use_of_the_key() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    let ran = lab
        .faulty("always-authenticate", "on C_Login after 1 ckr 0xa0")
        .args(QUICK)
        .run()
        .exits(1);
    let report = ran.report();
    assert_eq!(
        report.findings(),
        ["pin-not-for-key", "always-authenticate"]
    );
    for version in ["1.2", "1.3"] {
        let refused = report.cell("rsa-2048", "openssl-3.0", version, "any");
        assert_eq!(refused["stage"], "sign", "{refused}");
        let other = report.cell("p-256", "openssl-3.0", version, "any");
        assert_eq!(other["outcome"], "pass", "{other}");
    }
    assert_eq!(
        lab.count_calls("C_Login"),
        2,
        "the session's login and one refused: never again"
    );
}

#[test]
fn no_more_pins_are_sent_than_were_announced() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    // a card on which nothing goes wrong, and ones that make cardcheck try again and prove remedies
    for rules in [
        "",
        "on C_SignInit mech 0x0d ckr 0x70",
        "on C_Sign mech 0x01 ckr 0x30",
        "on C_Sign corrupt",
    ] {
        let ran = lab
            .faulty("always-authenticate", rules)
            .args("--profile openssl-3.0,pkcs1-first --key rsa-2048 --format json")
            .run();
        let logins = lab.count_calls("C_Login");
        let pin = &ran.report().0["tokens"][0]["pin"];
        assert_eq!(pin["verifications"], logins, "{rules}");
        // beside the session's own
        let sent = logins - 1;
        assert!(
            sent <= ran.announced_pins().unwrap(),
            "{rules}: {sent} {}",
            ran.stderr()
        );
        std::fs::remove_file(lab.path("calls.log")).unwrap();
    }
}
