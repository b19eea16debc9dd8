//! A technician's desk with real readers: `cardcheck watch` by OpenSC, over virtual PIV cards in readers of a pcscd of the
//! test's own.

#[path = "piv/mod.rs"]
mod piv;
#[path = "support/reader.rs"]
mod reader;
#[path = "support/running.rs"]
mod running;
mod support;

use std::time::Duration;

use piv::{Card, Setup, Slot};
use reader::{Readers, opensc};
use rexpect::session::PtySession;
use running::until;
use support::terminal::{at_terminal, code};

const ONE_SERVER: &str = "--profile openssl-3.0 --client firefox --no-prove";

fn numbered(number: u8) -> Card {
    Card::new(
        Setup::four_keys()
            .only(Slot::AUTHENTICATION)
            .numbered(number),
    )
}

/// `cardcheck watch` at a terminal.
fn sit_down(readers: &Readers, more: &str) -> PtySession {
    let watch = readers
        .cardcheck()
        .arg("watch")
        .arg("--module")
        .arg(opensc());
    let watch = watch.arg("--pin-file").arg(readers.path("pin"));
    at_terminal(watch.args(ONE_SERVER).args(more), "dumb")
}

fn get_up(terminal: &mut PtySession) -> String {
    terminal.send_control('c').unwrap();
    let rest = terminal.exp_eof().unwrap();
    assert_eq!(code(terminal), Some(130));
    rest
}

#[test]
fn card_in_verdict_pulled_next_card() {
    let first = numbered(1);
    let Some(readers) = Readers::with_card(&first) else {
        return;
    };
    let mut terminal = sit_down(&readers, "");
    terminal.exp_string("card in: `Card User 9A`").unwrap();
    terminal.exp_string("good: 2 of 2 logins work").unwrap();
    terminal.exp_string("take the card out").unwrap();
    first.pull();
    terminal.exp_string("is out; put the next card in").unwrap();
    readers.put(0, &numbered(2));
    terminal.exp_string("card in: `Card User 9A`").unwrap();
    terminal.exp_string("good: 2 of 2 logins work").unwrap();
    let rest = get_up(&mut terminal);
    assert!(rest.contains("2 cards: 2 good"), "{rest}");
}

#[test]
fn a_restart_of_pcscd_is_no_removal() {
    let card = numbered(1);
    let Some(mut readers) = Readers::with_card(&card) else {
        return;
    };
    let mut terminal = sit_down(&readers, "");
    terminal.exp_string("take the card out").unwrap();
    readers.pcscd_mut().stop();
    terminal.exp_string("pcscd does not run").unwrap();
    let before = card.stats();
    readers.pcscd_mut().start_again().unwrap();
    until("watch has found the card again", || {
        card.stats().apdus > before.apdus
    });
    until_nobody_asks(&card);
    card.pull();
    let between = terminal.exp_string("is out; put the next card in").unwrap();
    assert!(!between.contains("card in:"), "{between}");
    assert_eq!(
        card.stats().verified,
        before.verified,
        "no PIN was sent again"
    );
    let rest = get_up(&mut terminal);
    assert!(rest.contains("1 card: 1 good"), "{rest}");
}

/// A card that is pulled in the middle of a command hangs OpenSC, which is another test's subject.
fn until_nobody_asks(card: &Card) {
    until("nobody asks the card", || {
        let before = card.stats().apdus;
        std::thread::sleep(Duration::from_millis(200));
        card.stats().apdus == before
    });
}

#[test]
fn a_reader_that_is_unplugged_takes_its_card_with_it_and_not_the_other_one() {
    let (stays, goes) = (numbered(1), numbered(2));
    let Some(mut readers) = Readers::with_cards(&[("Stays", &stays), ("Goes", &goes)]) else {
        return;
    };
    let mut terminal = sit_down(&readers, "");
    terminal.exp_string("take the card out").unwrap();
    terminal.exp_string("take the card out").unwrap();
    readers.pcscd_mut().stop();
    readers.pcscd_mut().unplug(1).unwrap();
    readers.pcscd_mut().start_again().unwrap();
    let gone = terminal.exp_string("is out; put the next card in").unwrap();
    assert!(!gone.contains("card in:"), "{gone}");
    let rest = get_up(&mut terminal);
    assert!(!rest.contains("is out"), "{rest}");
    assert!(rest.contains("2 cards: 2 good"), "{rest}");
}

#[test]
fn a_card_that_answers_late_is_waited_for() {
    let card = numbered(1);
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    card.fault("delay 1500 on a4 times 2".parse().unwrap());
    let mut terminal = sit_down(&readers, "--cards 1");
    terminal.exp_string("good: 2 of 2 logins work").unwrap();
    terminal.exp_eof().unwrap();
    assert_eq!(code(&terminal), Some(0));
}

#[test]
fn without_a_reader_it_says_what_is_missing_and_goes_on() {
    let Some(readers) = Readers::with_cards(&[]) else {
        return;
    };
    let watch = readers
        .cardcheck()
        .arg("watch")
        .arg("--module")
        .arg(opensc());
    let mut terminal = at_terminal(watch.args(ONE_SERVER), "dumb");
    terminal.exp_string("waiting for a card").unwrap();
    terminal
        .exp_string("pcscd runs and sees no reader")
        .unwrap();
    terminal.exp_string("connect the reader").unwrap();
    get_up(&mut terminal);
}

/// The session that README.md shows is recorded anew: `UPDATE_README=1 cargo test --test desk` writes it down.
#[test]
fn the_session_in_the_readme_is_what_is_shown() {
    let (good, locked) = (numbered(1), numbered(2));
    locked.set_tries_left(0);
    let Some(readers) = Readers::with_card(&good) else {
        return;
    };
    let reports = readers.path("reports");
    let save = format!("--cards 2 --save {}/{{serial}}.json", reports.display());
    let mut terminal = sit_down(&readers, &save);
    let mut shown = String::new();
    let mut until_said = |terminal: &mut PtySession, text: &str| {
        shown.push_str(&terminal.exp_string(text).unwrap());
        shown.push_str(text);
    };
    until_said(&mut terminal, "take the card out");
    good.pull();
    until_said(&mut terminal, "put the next card in");
    readers.put(0, &locked);
    shown.push_str(&terminal.exp_eof().unwrap());
    assert_eq!(
        code(&terminal),
        Some(3),
        "the locked card could not be checked"
    );
    let shown = as_utf8(&shown).replace('\r', "");
    let shown = shown.replace(reports.to_str().unwrap(), "reports");
    let session = format!(
        "$ cardcheck watch --module opensc-pkcs11.so --pin-file pin {ONE_SERVER} --cards 2 --save 'reports/{{serial}}.json'\n{}\n",
        shown.trim()
    );

    let readme = support::root().join("README.md");
    let text = std::fs::read_to_string(&readme).unwrap();
    let (before, block) = text.split_once("```text\n$ cardcheck watch").unwrap();
    let (written, after) = block.split_once("```").unwrap();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&readme, format!("{before}```text\n{session}```{after}")).unwrap();
    } else {
        assert_eq!(
            format!("$ cardcheck watch{written}"),
            session,
            "UPDATE_README=1 cargo test --test desk"
        );
    }
}

/// rexpect takes each byte for a character.
fn as_utf8(shown: &str) -> String {
    let bytes: Vec<u8> = shown.chars().filter_map(|c| u8::try_from(c).ok()).collect();
    String::from_utf8(bytes).unwrap()
}
