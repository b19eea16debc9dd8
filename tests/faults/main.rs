//! Whatever a module or a card does: the other cells are right, the cause is named, the exit code is right, no process and no
//! temporary file stays behind, and no run takes longer than its deadlines.
//!
//! Each row of a table is a run over real SoftHSM2 tokens through the fault-injecting module; the table is printed as the test

#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;

mod at_once;
mod random;
mod scene;
mod table;

use table::Expected::{AllPass, NothingToTry, OtherTokenPasses, RestSkipped};
use table::{Row, ends, one_fails, play, row};

#[test]
fn a_module_that_can_t_be_loaded_ends_the_run_with_its_reason() {
    let broken = |name, says| Row {
        module: Some(name),
        ..row(name, "", ends(says))
    };
    play(&[
        broken("truncated", "SIGBUS while it was loaded"),
        broken("constructor_aborts", "SIGABRT while it was loaded"),
        broken("constructor_hangs", "the module did not load in 2 s"),
        broken("exits", "exit status 3 in C_GetFunctionList"),
        broken(
            "null_list",
            "no C_GetFunctionList, or one that gives nothing",
        ),
        broken("empty_list", "C_Initialize: CKR_FUNCTION_NOT_SUPPORTED"),
    ]);
}

#[test]
fn a_module_that_is_lost_before_the_first_key_ends_the_run_with_its_reason() {
    let mut rows = Vec::new();
    for (function, place) in [("C_Initialize", "C_Initialize"), ("C_Login", "C_Login")] {
        for (how, says) in [
            ("hang", format!("no answer from {place} in 2 s")),
            ("segfault", format!("SIGSEGV in {place}")),
            ("abort", format!("SIGABRT in {place}")),
        ] {
            let rules = format!("on {function} {how}");
            rows.push(row(rules.clone(), rules, ends(says)));
        }
    }
    for (how, says) in [
        ("hang", "no answer from C_FindObjects in 2 s"),
        ("segfault", "SIGSEGV in C_FindObjects"),
        ("abort", "SIGABRT in C_FindObjects"),
    ] {
        let rules = format!("on C_FindObjects times 1 {how}");
        rows.push(Row {
            token: "twins",
            ..row(
                format!("{rules}, of two tokens"),
                rules,
                OtherTokenPasses(says),
            )
        });
    }
    rows.push(row(
        "objects that a login makes invisible",
        "invisible-after-login",
        NothingToTry("no private key"),
    ));
    play(&rows);
}

#[test]
fn a_module_that_is_lost_over_a_signature_costs_one_cell() {
    let mut rows = Vec::new();
    for function in ["C_SignInit", "C_Sign"] {
        for (how, says, finding) in [
            ("hang", "no answer from", "module-hung"),
            ("segfault", "SIGSEGV in", "module-crashed"),
            ("abort", "SIGABRT in", "module-crashed"),
            ("exit 3", "exit status 3 in", "module-crashed"),
            ("stack-overflow", "SIGABRT in", "module-crashed"),
            ("grow 2100", "SIGABRT in", "module-crashed"),
        ] {
            let rules = format!("on {function} after 26 times 1 {how}");
            let says = format!("{says} {function}");
            rows.push(row(rules.clone(), rules, one_fails(says, finding)));
        }
    }
    play(&rows);
}

#[test]
fn a_module_that_is_lost_in_a_trial_is_asked_once_more() {
    let lost = |how, says| {
        let rules = format!("on C_Sign after 3 times 1 {how}");
        row(rules.clone(), rules, AllPass(says))
    };
    play(&[
        lost("hang", "no answer from C_Sign in 2 s"),
        lost("segfault", "SIGSEGV in C_Sign"),
    ]);
}

#[test]
fn a_module_that_is_lost_when_all_is_done_loses_nothing() {
    let lost = |how, says| {
        let rules = format!("on C_Finalize {how}");
        row(rules.clone(), rules, AllPass(says))
    };
    play(&[
        lost("hang", "no answer from C_Finalize in 2 s"),
        lost("segfault", "SIGSEGV in C_Finalize"),
        lost("abort", "SIGABRT in C_Finalize"),
    ]);
}

#[test]
fn a_module_that_does_not_come_back_leaves_the_rest_untried() {
    let again = |second, says| {
        let rules = format!("on C_Sign after 26 times 1 segfault\non {second}");
        row(
            format!("segfault in C_Sign, then on {second}"),
            rules,
            RestSkipped("SIGSEGV in C_Sign", says),
        )
    };
    play(&[
        again(
            "C_Initialize after 1 hang",
            "no answer from C_Initialize in 2 s",
        ),
        again("C_Initialize after 1 abort", "SIGABRT in C_Initialize"),
    ]);
}

/// What the facts about modules name, and a vendor's own.
const CKRS: &[(u32, &str)] = &[
    (0x0005, "CKR_GENERAL_ERROR"),
    (0x0006, "CKR_FUNCTION_FAILED"),
    (0x0007, "CKR_ARGUMENTS_BAD"),
    (0x001b, "CKR_ACTION_PROHIBITED"),
    (0x0020, "CKR_DATA_INVALID"),
    (0x0021, "CKR_DATA_LEN_RANGE"),
    (0x0030, "CKR_DEVICE_ERROR"),
    (0x0031, "CKR_DEVICE_MEMORY"),
    (0x0032, "CKR_DEVICE_REMOVED"),
    (0x0054, "CKR_FUNCTION_NOT_SUPPORTED"),
    (0x0060, "CKR_KEY_HANDLE_INVALID"),
    (0x0062, "CKR_KEY_SIZE_RANGE"),
    (0x0063, "CKR_KEY_TYPE_INCONSISTENT"),
    (0x0068, "CKR_KEY_FUNCTION_NOT_PERMITTED"),
    (0x0070, "CKR_MECHANISM_INVALID"),
    (0x0071, "CKR_MECHANISM_PARAM_INVALID"),
    (0x0082, "CKR_OBJECT_HANDLE_INVALID"),
    (0x0090, "CKR_OPERATION_ACTIVE"),
    (0x0091, "CKR_OPERATION_NOT_INITIALIZED"),
    (0x00a4, "CKR_PIN_LOCKED"),
    (0x00b0, "CKR_SESSION_CLOSED"),
    (0x00b3, "CKR_SESSION_HANDLE_INVALID"),
    (0x00e0, "CKR_TOKEN_NOT_PRESENT"),
    (0x0101, "CKR_USER_NOT_LOGGED_IN"),
    (0x0150, "CKR_BUFFER_TOO_SMALL"),
    (0x0190, "CKR_CRYPTOKI_NOT_INITIALIZED"),
    (0x8000_0001, "CKR 0x80000001"),
];

#[test]
fn every_ckr_of_c_sign_init_costs_one_cell_and_is_named() {
    play(&refusals("C_SignInit"));
}

#[test]
fn every_ckr_of_c_sign_costs_one_cell_and_is_named() {
    play(&refusals("C_Sign"));
}

fn refusals(function: &str) -> Vec<Row> {
    let refusal = |(code, name): &(u32, &str)| {
        let rules = format!("on {function} after 26 times 1 ckr {code:#x}");
        row(
            format!("{function}: {name}"),
            rules,
            one_fails(format!("{function}: {name}"), ""),
        )
    };
    CKRS.iter().map(refusal).collect()
}

#[test]
fn what_is_lost_on_the_way_to_the_card_costs_one_cell() {
    play(&[
        row(
            "session handle gone",
            "on C_Sign after 26 times 1 close-sessions",
            one_fails("CKR_SESSION_HANDLE_INVALID", "login-lost"),
        ),
        row(
            "logged out behind our back",
            "on C_SignInit after 26 times 1 logout",
            one_fails("CKR_OBJECT_HANDLE_INVALID", "login-lost"),
        ),
        row(
            "operation left active",
            "on C_Sign after 26 times 1 leave-active ckr 0x30",
            one_fails("CKR_DEVICE_ERROR", "fails-now-and-then"),
        ),
        row(
            "card pulled and put back",
            "pull after 26 for 500",
            one_fails("CKR_DEVICE_REMOVED", "token-removed"),
        ),
        row(
            "card pulled for good",
            "pull after 26 for ever",
            RestSkipped("CKR_DEVICE_REMOVED", "removed and not put back in 2 s"),
        ),
        row(
            "another card put in",
            "pull after 26 for 200 back-as 0123456789abcdef",
            RestSkipped("CKR_DEVICE_REMOVED", "removed and not put back in 2 s"),
        ),
    ]);
}

#[test]
fn a_signature_that_is_wrong_costs_one_cell() {
    let p256 = |name: &str, action: &str, expected| Row {
        args: "--key p-256",
        ..row(
            name,
            format!("on C_Sign mech 0x1041 after 5 times 1 {action}"),
            expected,
        )
    };
    play(&[
        row(
            "signature corrupt",
            "on C_Sign mech 0x0d after 3 times 1 corrupt",
            one_fails("does not check", "signature-does-not-verify"),
        ),
        row(
            "signature too short",
            "on C_Sign mech 0x0d after 3 times 1 length -1",
            one_fails("255 bytes where 256 are due", ""),
        ),
        p256("DER where raw is due", "der", one_fails("r||s", "")),
    ]);
}

#[test]
fn what_is_only_slow_or_loud_passes() {
    play(&[
        Row {
            args: "--key p-256",
            ..row(
                "600 ms a signature",
                "serial\non C_Sign delay 600",
                AllPass(""),
            )
        },
        row(
            "C_Initialize slow",
            "on C_Initialize delay 600",
            AllPass(""),
        ),
        row(
            "noise on stdout",
            "on C_Sign stdout \"{not json\"",
            AllPass("module: {not json"),
        ),
        row(
            "a flood on stdout",
            "on C_Login flood 3",
            AllPass("[more, not shown]"),
        ),
        row("a search without end", "endless-objects", AllPass("")),
        row("more mechanisms", "list 0x80000042", AllPass("")),
    ]);
}
