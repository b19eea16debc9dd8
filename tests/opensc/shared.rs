//! A card that other programs use at the same time, and more cards than one.

use std::time::Duration;

use rustix::process::Signal;

use crate::log_in;
use crate::neighbour::Neighbour;
use crate::piv::{Card, Fault, Setup, Slot};
use crate::reader::{NAME, RSA_TRIALS, Readers, card};
use crate::running::{Running, until};
use crate::support::Ran;

#[test]
fn a_reader_that_another_program_holds_is_no_empty_reader() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let _neighbour = Neighbour::alone(&readers);
    let ran = log_in(&readers).run().exits(3);
    let said = ran.stderr();
    // who holds it can be told or not, as the system lets us look
    let held = "error: another program holds reader `Virtual PIV 00 00` exclusively";
    assert!(said.contains(held), "{said}");
    assert!(said.contains("help: end that program"), "{said}");
}

#[test]
fn a_program_that_keeps_the_card_to_itself_for_a_moment_is_named_among_the_causes() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let _neighbour = Neighbour::in_a_transaction(&readers);
    let ran = log_in(&readers).args("--timeout 1s").run().exits(3);
    let said = ran.stderr();
    assert!(
        said.contains("no answer from C_Initialize in 1 s"),
        "{said}"
    );
    assert!(
        said.contains("end other programs that use the reader"),
        "{said}"
    );
}

/// Stops cardcheck, but not the process that has the module: this ends the signature that it is at, and waits for another request.
/// Otherwise the other program would come in between only with luck.
fn reset_between_two_signatures(neighbour: Neighbour, running: &Running) {
    running.send(Signal::STOP);
    neighbour.reset();
    running.send(Signal::CONT);
}

#[test]
fn a_reset_by_another_program_during_trials_is_made_good() {
    let card = card();
    card.fault(Fault::delay(Duration::from_millis(20)).always());
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let neighbour = Neighbour::beside(&readers);
    let running = Running::start(log_in(&readers).args("--format json"));
    until("it signs", || card.stats().signatures > 2);
    reset_between_two_signatures(neighbour, &running);
    let report = Ran::of(running.output()).exits(0).report();
    assert!(report.findings().is_empty(), "{:?}", report.findings());
    let seen = card.stats();
    assert_eq!((seen.resets, seen.verified), (1, 2), "logged in again");
}

#[test]
fn a_reset_by_another_program_during_a_login_costs_that_login_and_is_told() {
    let card = card();
    // slow enough for the other program to come in between
    card.fault(
        Fault::delay(Duration::from_millis(300))
            .after(RSA_TRIALS)
            .always(),
    );
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let neighbour = Neighbour::beside(&readers);
    let running = Running::start(log_in(&readers).args("--format json"));
    until("it logs in", || card.stats().requests > RSA_TRIALS);
    reset_between_two_signatures(neighbour, &running);
    let report = Ran::of(running.output()).exits(1).report();
    assert_eq!(report.findings(), ["login-lost"]);
    let lost = report.finding("login-lost");
    assert!(
        lost["cause"]
            .as_str()
            .unwrap()
            .contains("CKR_USER_NOT_LOGGED_IN"),
        "{lost}"
    );
    assert_eq!(report.0["summary"]["fail"], 1);
}

fn other_card() -> Card {
    let setup = Setup::four_keys().only(Slot::AUTHENTICATION);
    Card::new(setup.numbered(7))
}

#[test]
fn of_two_cards_in_two_readers_both_are_tried_or_the_one_that_is_named() {
    let (one, other) = (card(), other_card());
    let Some(readers) = Readers::with_cards(&[(NAME, &one), ("Second", &other)]) else {
        return;
    };
    let serial = "6b27732063617207";
    log_in(&readers).args("--token").arg(serial).run().exits(0);
    assert_eq!((one.stats().verified, other.stats().verified), (0, 1));

    let report = log_in(&readers)
        .args("--format json")
        .run()
        .exits(0)
        .report();
    assert_eq!(report.0["tokens"][1]["serial"], serial);
    assert_eq!(report.0["summary"]["pass"], 4);
    assert_eq!((one.stats().verified, other.stats().verified), (1, 2));

    let ran = log_in(&readers)
        .arg("--token")
        .arg("Card User 9A")
        .run()
        .exits(3);
    insta::assert_snapshot!(ran.stderr(), @r"
    error: 2 tokens are the one you named
    help: name one by its serial number or slot:N: `Card User 9A` (serial 6b27732063617264, slot:0); `Card User 9A` (serial 6b27732063617207, slot:4)
    ");
}

#[test]
fn a_wrong_pin_for_two_cards_costs_one_of_them_a_try() {
    let (one, other) = (card(), other_card());
    let Some(readers) = Readers::with_cards(&[(NAME, &one), ("Second", &other)]) else {
        return;
    };
    std::fs::write(readers.path("pin"), "654321").unwrap();
    log_in(&readers).run().exits(3);
    assert_eq!(one.stats().refused + other.stats().refused, 1);
}
