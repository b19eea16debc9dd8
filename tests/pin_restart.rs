//! The PIN when the module hangs, crashes or forgets the login, and when the card is changed: whoever can't be certain that
//! it is right sends it no second time.

#[path = "support/running.rs"]
mod running;
mod support;

use running::{Running, counted, faulty_without_pin, forget_calls, hosts, until, until_called};
use support::{Lab, Ran};

const QUICK: &str = "--profile openssl-3.0 --client any --format json --quiet";
/// How a module may be lost; a hang needs a deadline to wait for.
const LOST: [&str; 3] = ["segfault", "abort", "hang"];

#[test]
fn a_pin_that_was_never_answered_goes_to_no_token_again() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    for lost in LOST {
        let rules = counted(&lab, &format!("on C_Login times 1 {lost}"));
        let ran = lab.faulty("twins", &rules).args("--timeout 1s").run();
        assert_eq!(logins(&lab), 1, "{lost}: {}", ran.stderr());
        let ran = ran.exits(3);
        assert!(
            ran.stderr().contains("the PIN was not sent"),
            "{}",
            ran.stderr()
        );
        forget_calls(&lab);
    }
}

#[test]
fn a_wrong_pin_is_not_tried_again_because_the_module_crashes_after_it() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    lab.write("pin", "9999");
    for lost in LOST {
        let rules = counted(&lab, &format!("on C_CloseSession times 1 {lost}"));
        let ran = lab.faulty("twins", &rules).args("--timeout 1s").run();
        assert_eq!(logins(&lab), 1, "{lost}: {}", ran.exits(3).stderr());
        forget_calls(&lab);
    }
}

#[test]
fn a_module_that_is_lost_right_after_the_login_is_not_given_the_pin_again() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    for function in ["C_OpenSession", "C_FindObjectsInit", "C_FindObjects"] {
        for lost in LOST {
            let rules = counted(&lab, &format!("on {function} times 1 {lost}"));
            let ran = lab.faulty("healthy", &rules).args("--timeout 1s").run();
            assert!(logins(&lab) <= 1, "{lost}: {}", ran.exits(3).stderr());
            forget_calls(&lab);
        }
    }
}

#[test]
fn each_restart_sends_the_right_pin_once() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let rules = counted(
        &lab,
        "on C_Sign after 2 times 1 segfault\non C_Sign after 9 times 1 abort\non C_SignInit after 20 times 1 hang",
    );
    let ran = lab
        .faulty("healthy", &rules)
        .args(QUICK)
        .args("--timeout 1s")
        .run();
    assert_eq!(hosts(&lab).len(), 4, "{}", ran.stderr());
    assert_eq!(logins(&lab), 4, "{}", ran.stderr());
    assert_eq!(ran.report().0["tokens"][0]["pin"]["verifications"], 4);
}

#[test]
fn a_pin_that_is_refused_after_a_restart_is_never_sent_again() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let rules = counted(
        &lab,
        "on C_Sign after 2 segfault\non C_Login after 1 ckr 0xa0",
    );
    let ran = lab.faulty("healthy", &rules).args(QUICK).run().exits(3);
    assert_eq!(logins(&lab), 2, "{}", ran.stderr());
    nothing_was_tried(&ran, "it is not sent again");
}

/// Once it had signed: what failed is the login, and no key.
#[test]
fn a_pin_that_is_refused_in_the_middle_of_the_logins_is_no_failure_of_a_key() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let connect = |rules: &str| lab.faulty("healthy", &counted(&lab, rules)).args(QUICK);
    let all = connect("").args("--key p-256").run().exits(0);
    assert_eq!(all.report().0["summary"]["pass"], 2);
    let signatures = lab.count_calls("C_Sign");
    forget_calls(&lab);
    let refused = format!(
        "on C_Sign after {} times 1 segfault\non C_Login after 1 ckr 0xa0",
        signatures - 2
    );
    let json = lab.path("last.json");
    let again = || connect(&refused).args("--key p-256");
    let ran = again().arg("--export-json").arg(&json).run().exits(1);
    let report = ran.report();
    let came = |what: &str| &report.0["summary"][what];
    assert_eq!((came("fail"), came("skipped")), (&1.into(), &1.into()));
    assert_eq!(report.findings(), ["module-crashed"]);
    assert_eq!(logins(&lab), 2, "{}", ran.stderr());
    // what was not tried then either is as before
    forget_calls(&lab);
    again().arg("--baseline").arg(&json).run().exits(0);
}

#[test]
fn a_pin_that_is_refused_after_a_logout_is_not_sent_again_by_the_next_host() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    // logged out behind cardcheck's back, the PIN changed, and then the module crashes
    let rules = counted(
        &lab,
        "on C_Sign after 2 times 1 logout\non C_Login after 1 ckr 0xa0\non C_OpenSession after 2 times 1 segfault",
    );
    let ran = lab.faulty("healthy", &rules).args(QUICK).run().exits(3);
    assert!(hosts(&lab).len() > 1, "it crashed: {:?}", lab.calls());
    assert_eq!(logins(&lab), 2, "{}", ran.stderr());
    nothing_was_tried(&ran, "it is not sent again");
}

#[test]
fn a_logout_costs_one_login_and_nothing_else() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let rules = "on C_Sign after 40 times 1 logout";
    let ran = lab.faulty("healthy", rules).args(QUICK).run();
    assert_eq!(hosts(&lab).len(), 1, "{}", ran.stderr());
    assert_eq!(logins(&lab), 2, "{}", ran.stderr());
}

#[test]
fn the_last_try_is_left_to_the_user_after_a_restart_too() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let run = Running::start(
        lab.faulty("healthy", "on C_Sign after 2 hang")
            .args(QUICK)
            .args("--timeout 2s"),
    );
    until("it hangs", || {
        lab.calls().iter().any(|call| call.ends_with("hang"))
    });
    // a host reads the rules when it begins: the next one finds what others did to the card meanwhile
    lab.faulty("healthy", "token-flags set 0x20000");
    let output = run.output();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(logins(&lab), 1, "{:?}", lab.calls());
    assert!(hosts(&lab).len() > 1, "{:?}", lab.calls());
    assert!(
        stdout.contains("somebody gave wrong PINs meanwhile"),
        "{stdout}"
    );
}

#[test]
fn a_token_that_came_to_its_last_try_before_its_turn_does_not_get_the_pin() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    let run = Running::start(
        lab.faulty("twins", "on C_FindObjectsInit times 1 delay 1500")
            .args(QUICK),
    );
    until_called(&lab, "C_Login user=1 pin-len=4 rv=0x00000000");
    lab.faulty("twins", "token-flags set 0x20000");
    let output = run.output();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(logins(&lab), 1, "{stderr}");
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("somebody gave wrong PINs meanwhile"),
        "{stderr}"
    );
}

#[test]
fn nobody_is_asked_unawares_to_type_at_a_pad() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    for fault in ["segfault", "hang", "logout"] {
        let rules = counted(
            &lab,
            &format!("pad 1234\non C_Sign after 2 times 1 {fault}"),
        );
        let ran = faulty_without_pin(&lab, "healthy", &rules)
            .args(QUICK)
            .args("--timeout 1s")
            .run()
            .exits(3);
        assert_eq!(logins(&lab), 1, "{fault}: {}", ran.stderr());
        nothing_was_tried(&ran, "would have to be typed at the reader again");
        forget_calls(&lab);
    }
}

#[test]
fn a_pad_gives_time_to_type_and_not_to_sign() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let rules = counted(&lab, "pad 1234\non C_Sign times 1 hang");
    let ran = faulty_without_pin(&lab, "healthy", &rules)
        .args(QUICK)
        .args("--timeout 1s")
        .run()
        .exits(3);
    assert!(
        ran.stderr().contains("no answer from C_Sign in 1 s"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn a_card_that_comes_back_is_logged_in_again() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = pulled(&lab, "pull after 3 for 300");
    assert_eq!(logins(&lab), 2, "{}", ran.stderr());
}

#[test]
fn another_card_in_the_reader_never_gets_the_pin() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    // changed while nobody looked, and with the reader empty for a while
    for gone in [0, 300] {
        let ran = pulled(&lab, &format!("pull after 3 for {gone} back-as OTHER-CARD"));
        assert_eq!(logins(&lab), 1, "{gone}: {}", ran.stderr());
        let asked_for = ran.stderr().matches("is gone: put it back").count();
        assert_eq!(asked_for, 1, "waited for once: {}", ran.stderr());
        forget_calls(&lab);
    }
}

#[test]
fn a_pin_that_is_refused_in_no_clear_words_is_not_sent_again_either() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    // CKR_GENERAL_ERROR and CKR_FUNCTION_FAILED: all that some modules say to a wrong PIN
    for ckr in ["0x05", "0x06"] {
        let rules = format!("on C_Login after 1 ckr {ckr}");
        let ran = lab
            .faulty("always-authenticate", &rules)
            .args(QUICK)
            .run()
            .exits(1);
        assert_eq!(logins(&lab), 2, "{ckr}: {}", ran.stderr());
        forget_calls(&lab);
    }
}

#[test]
fn a_context_specific_login_that_never_came_back_is_not_sent_again() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    for lost in LOST {
        let rules = counted(&lab, &format!("on C_Login after 1 times 1 {lost}"));
        let ran = lab
            .faulty("always-authenticate", &rules)
            .args(QUICK)
            .args("--timeout 1s")
            .run()
            .exits(3);
        assert_eq!(logins(&lab), 2, "{lost}: {}", ran.stderr());
        let verifications = &ran.report().0["tokens"][0]["pin"]["verifications"];
        assert_eq!(*verifications, 2, "{lost}");
        forget_calls(&lab);
    }
}

/// C_Login calls of all hosts of the run.
fn logins(lab: &Lab) -> usize {
    lab.count_calls("C_Login")
}

/// A login that can't be made again says nothing of key, mechanism or server.
#[track_caller]
fn nothing_was_tried(ran: &Ran, why: &str) {
    let report = ran.report();
    assert_eq!(report.0["complete"], false);
    for cell in report.0["cells"].as_array().unwrap() {
        if cell["outcome"] != "not_applicable" {
            assert_eq!(cell["outcome"], "skipped", "{cell:#}");
            let reason = cell["reason"].as_str().unwrap();
            assert!(reason.contains(why), "{reason}");
        }
    }
    let refused = report.findings().contains(&"sign-refused");
    assert!(!refused, "{:?}", report.findings());
}

/// A run with a card that is pulled.
fn pulled(lab: &Lab, pull: &str) -> Ran {
    let rules = counted(lab, pull);
    lab.faulty("healthy", &rules)
        .args(QUICK)
        .args("--timeout 2s")
        .run()
}
