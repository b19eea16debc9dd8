//! Cards that are pulled, put back, or changed for another.

use std::process::Output;

use crate::ONE_SERVER;
use crate::log_in;
use crate::piv::{Card, Fault, Setup};
use crate::reader::{RSA_TRIALS, Readers, card};
use crate::running::{Running, until};
use crate::support::terminal::{at_terminal, code};
use crate::support::{Ran, Report};

/// Does this as soon as the card is out and pcscd has seen it.
fn when_it_is_out(readers: &Readers, card: &Card, then: impl FnOnce()) {
    until("it is pulled", || !card.stats().present);
    readers.await_cards(0);
    then();
}

fn ran(output: Output) -> Ran {
    Ran::of(output)
}

/// Nothing that a server's administrator could do is offered for it.
#[track_caller]
fn only_the_card_is_blamed(report: &Report) {
    for finding in report.0["findings"].as_array().unwrap() {
        for remedy in finding["remedies"].as_array().unwrap() {
            assert_eq!(remedy["where"], "card", "{finding}");
        }
    }
}

#[test]
fn pulled_in_the_middle_of_a_trial_and_put_back_it_goes_on() {
    let card = card();
    card.fault(Fault::pull().after(3));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    // OpenSC 0.23 does not return from the C_Sign after the one that it refused
    let running = Running::start(log_in(&readers).args("--timeout 2s --format json"));
    when_it_is_out(&readers, &card, || card.insert());
    let ran = ran(running.output()).exits(0);
    assert!(
        ran.stderr().contains("no answer from C_Sign in 2 s"),
        "{}",
        ran.stderr()
    );
    assert_eq!(ran.report().0["summary"]["pass"], 2);
    assert_eq!(card.stats().verified, 2, "the new host logged in once more");
}

#[test]
fn pulled_in_the_middle_of_a_login_it_costs_that_login_and_no_server_is_blamed() {
    let card = card();
    card.fault(Fault::pull().after(RSA_TRIALS));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let arguments = "--profile go --timeout 1s --format json";
    let ran = log_in(&readers).args(arguments).run().exits(1);
    let report = ran.report();
    let cells = report.0["cells"].as_array().unwrap();
    let came = |what: &str| cells.iter().filter(|cell| cell["outcome"] == what).count();
    assert_eq!((came("pass"), came("fail"), came("skipped")), (0, 2, 2));
    let mut findings = report.findings();
    findings.sort_unstable();
    assert_eq!(findings, ["fails-now-and-then", "module-hung"]);
    only_the_card_is_blamed(&report);
    assert!(
        ran.stderr()
            .contains("is gone: put it back within 1 s to go on"),
        "{}",
        ran.stderr()
    );
    let skipped = cells
        .iter()
        .find(|cell| cell["outcome"] == "skipped")
        .unwrap();
    let why = skipped["reason"].as_str().unwrap();
    assert!(why.contains("was removed and not put back in 1 s"), "{why}");
}

#[test]
fn pulled_between_two_logins_it_costs_one_and_the_others_are_made_when_it_is_back() {
    let card = card();
    card.fault(Fault::pull_after().after(RSA_TRIALS));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let running = Running::start(log_in(&readers).args("--profile go --timeout 2s --format json"));
    when_it_is_out(&readers, &card, || card.insert());
    let report = ran(running.output()).exits(1).report();
    assert_eq!(report.0["summary"]["pass"], 3);
    assert_eq!(report.findings(), ["module-hung"]);
    only_the_card_is_blamed(&report);
    assert_eq!(card.stats().verified, 2);
}

/// A person is asked for the PIN, and meanwhile the card is another.
#[test]
fn pulled_while_the_pin_is_typed_nothing_is_sent() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let mut terminal = at_terminal(readers.matrix_without_pin().args(ONE_SERVER), "dumb");
    terminal
        .exp_string("PIN for token `Card User 9A`: ")
        .unwrap();
    card.pull();
    readers.await_cards(0);
    terminal.send_line("123456").unwrap();
    terminal
        .exp_string("put the card back and run again")
        .unwrap();
    terminal.exp_eof().unwrap();
    assert_eq!(code(&terminal), Some(3));
    assert_eq!(card.stats().verified, 0);
}

#[test]
fn another_card_that_was_put_in_while_the_pin_was_typed_does_not_get_it() {
    let (card, other) = (card(), Card::new(Setup::four_keys().numbered(9)));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let mut terminal = at_terminal(readers.matrix_without_pin().args(ONE_SERVER), "dumb");
    terminal
        .exp_string("PIN for token `Card User 9A`: ")
        .unwrap();
    card.pull();
    readers.await_cards(0);
    readers.put(0, &other);
    readers.await_cards(1);
    terminal.send_line("123456").unwrap();
    terminal.exp_eof().unwrap();
    assert_eq!(code(&terminal), Some(3));
    assert_eq!((other.stats().verified, other.stats().refused), (0, 0));
}

#[test]
fn another_card_in_the_place_of_one_that_was_pulled_does_not_get_the_pin() {
    let (card, other) = (card(), Card::new(Setup::four_keys().numbered(9)));
    card.fault(Fault::pull().after(3));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let running = Running::start(log_in(&readers).args("--timeout 1s"));
    when_it_is_out(&readers, &card, || readers.put(0, &other));
    let ran = ran(running.output()).exits(3);
    assert!(
        ran.screen().contains("was removed and not put back in 1 s"),
        "{}",
        ran.stdout()
    );
    assert_eq!((other.stats().verified, other.stats().refused), (0, 0));
}
