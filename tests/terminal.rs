//! At a real terminal: the prompt, Ctrl-C, colour and width, as a person sees them.

mod support;

use std::time::{Duration, Instant};

use rexpect::session::PtySession;
use support::terminal::{self, SECONDS, code};
use support::{Cardcheck, Lab};

fn at_terminal(cardcheck: Cardcheck) -> PtySession {
    terminal::at_terminal(cardcheck, "xterm-256color")
}

#[test]
fn the_pin_is_asked_for_at_the_terminal_and_not_echoed() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let cardcheck = lab
        .matrix_without_pin("healthy")
        .args("--profile openssl-3.0 --client any");
    let mut terminal = at_terminal(cardcheck);
    terminal.exp_string("PIN for token `healthy`: ").unwrap();
    terminal.send_line(support::PIN).unwrap();
    let screen = terminal.exp_eof().unwrap();
    assert!(screen.contains("logs in to how many servers"), "{screen}");
    assert!(
        !screen
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == support::PIN),
        "{screen}"
    );
}

#[test]
fn a_wrong_pin_at_the_prompt_is_not_asked_for_again() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let mut terminal = at_terminal(lab.matrix_without_pin("healthy"));
    terminal.exp_string("PIN for token `healthy`: ").unwrap();
    terminal.send_line("9999").unwrap();
    let screen = terminal.exp_eof().unwrap();
    assert!(screen.contains("CKR_PIN_INCORRECT"), "{screen}");
    assert!(
        !screen.contains("PIN for token"),
        "asked once only: {screen}"
    );
}

#[test]
fn ctrl_c_at_the_prompt_ends_the_program_with_nothing_sent() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let mut terminal = at_terminal(lab.matrix_without_pin("healthy"));
    terminal.exp_string("PIN for token `healthy`: ").unwrap();
    terminal.send_control('c').unwrap();
    let screen = terminal.exp_eof().unwrap();
    assert!(
        screen.contains("interrupted before anything was tried"),
        "{screen}"
    );
    assert_eq!(code(&terminal), Some(130));
}

#[test]
fn ctrl_c_gives_the_partial_report() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let json = lab.path("partial.json");
    let slow = lab
        .faulty("healthy", "serial\non C_Sign delay 30")
        .args("--client any --export-json")
        .arg(&json);
    let mut terminal = at_terminal(slow);
    // the bar shows a handshake under way
    terminal.exp_string(" at openssl").unwrap();
    terminal.send_control('c').unwrap();
    let screen = terminal.exp_eof().unwrap();
    assert!(
        screen.contains("interrupted: finishing the call under way"),
        "{screen}"
    );
    let unwrapped = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        unwrapped.contains("interrupted, the rest was not tried"),
        "{screen}"
    );
    assert_eq!(code(&terminal), Some(130));

    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["complete"], false);
    let cells = report["cells"].as_array().unwrap();
    let skipped = |cell: &&serde_json::Value| cell["reason"] == "interrupted";
    assert!(
        cells.iter().any(|cell| cell["outcome"] == "pass"),
        "what was done is kept"
    );
    assert!(
        cells.iter().filter(skipped).count() > 0,
        "what was not is said"
    );
}

#[test]
fn ctrl_c_gives_the_report_also_when_the_module_hangs() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let mut terminal = at_terminal(lab.faulty("healthy", "on C_Sign after 40 hang"));
    // the first trials are through, and the call under way never comes back
    terminal
        .exp_string("what rsa-3072 on healthy can do")
        .unwrap();
    terminal.send_control('c').unwrap();
    let screen = terminal.exp_eof().unwrap();
    let unwrapped = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        unwrapped.contains("interrupted, the rest was not tried"),
        "{screen}"
    );
    assert_eq!(code(&terminal), Some(130));
}

#[test]
fn ctrl_c_twice_ends_a_run_whose_module_hangs() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let mut terminal = at_terminal(lab.faulty("healthy", "on C_Sign hang"));
    terminal
        .exp_string("what rsa-2048 on healthy can do")
        .unwrap();
    terminal.send_control('c').unwrap();
    terminal.exp_string("Ctrl-C again ends at once").unwrap();
    let second = Instant::now();
    terminal.send_control('c').unwrap();
    terminal.exp_eof().unwrap();
    assert_eq!(code(&terminal), Some(130));
    assert!(second.elapsed() < Duration::from_secs(SECONDS / 2));
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let quick = || {
        lab.matrix("healthy")
            .args("--profile openssl-3.0 --client any")
    };
    let escape = "\u{1b}[32m";
    assert!(at_terminal(quick()).exp_eof().unwrap().contains(escape));
    assert!(
        !at_terminal(quick().env("NO_COLOR", "1"))
            .exp_eof()
            .unwrap()
            .contains(escape)
    );
    assert!(
        !quick().run().stdout().contains('\u{1b}'),
        "not into a pipe"
    );
    assert!(
        quick()
            .args("--color always")
            .run()
            .stdout()
            .contains(escape)
    );
}

#[test]
fn the_pipe_gets_the_result_and_nothing_else() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab
        .matrix("healthy")
        .args("--profile openssl-3.0 --client any --format json")
        .run()
        .exits(0);
    ran.report();
    assert_eq!(ran.stderr(), "", "no prose where nobody watches");
}

#[test]
fn verbose_says_each_step_and_changes_nothing_else() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let matrix = |more: &str| {
        let matrix = lab.matrix("healthy").args("--key rsa-2048 --client any");
        matrix
            .args("--profile openssl-3.0 --format json")
            .args(more)
            .run()
            .exits(0)
    };
    let (plain, verbose) = (matrix(""), matrix("--verbose"));
    assert_eq!(plain.stderr(), "");
    for step in [
        "what rsa-2048 on healthy can do",
        "rsa-2048 at openssl-3.0, TLS 1.2",
        "rsa-2048 at openssl-3.0, TLS 1.3",
    ] {
        assert!(verbose.stderr().contains(step), "{}", verbose.stderr());
    }
    assert_eq!(plain.report().0["cells"].as_array().unwrap().len(), 2);
    assert_eq!(verbose.report().findings(), plain.report().findings());
    let both = lab
        .matrix("healthy")
        .args("--verbose --quiet")
        .run()
        .exits(2);
    assert!(
        both.stderr().contains("cannot be used with"),
        "{}",
        both.stderr()
    );
}
