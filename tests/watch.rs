//! A technician's desk: cards come and go, and `cardcheck watch` says what each can do.

#[path = "support/running.rs"]
mod running;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use rexpect::session::PtySession;
use running::counted;
use serde_json::Value;
use support::terminal::{at_terminal, code};
use support::{Cardcheck, Lab, PIN};

const ONE_SERVER: &str = "--profile openssl-3.0 --client firefox --key rsa-2048 --no-prove";

/// A reader into which a card can be put.
struct Desk {
    lab: Lab,
}

impl Desk {
    /// The reader is empty.
    fn new(token: &str) -> Option<Desk> {
        let desk = Desk {
            lab: Lab::new(&[token])?,
        };
        desk.pull();
        Some(desk)
    }

    /// `cardcheck watch`, with nothing said about the PIN.
    fn watch(&self, token: &str, rules: &str) -> Cardcheck {
        let rules = format!("absent {}\n{rules}", self.out().display());
        self.lab.faulty_by("watch", token, &rules).args(ONE_SERVER)
    }

    /// The same at a terminal.
    fn sit_down(&self, token: &str, more: &str) -> PtySession {
        let mut terminal = at_terminal(self.watch(token, "").args(more), "dumb");
        terminal
            .exp_string("waiting for a card; Ctrl-C ends")
            .unwrap();
        terminal
    }

    fn out(&self) -> PathBuf {
        self.lab.path("out")
    }

    fn pull(&self) {
        fs::write(self.out(), "").unwrap();
    }

    fn insert(&self) {
        fs::remove_file(self.out()).unwrap();
    }

    fn pin_file(&self) -> String {
        format!("--pin-file {}", self.lab.path("pin").display())
    }
}

fn read(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn card_in_verdict_card_out_next() {
    let Some(desk) = Desk::new("bench") else {
        return;
    };
    let reports = desk.lab.path("reports");
    let save = format!(
        "--save {}/{{label}}.json --cards 2 {}",
        reports.display(),
        desk.pin_file()
    );
    let mut terminal = desk.sit_down("bench", &save);
    let check = |terminal: &mut PtySession| {
        desk.insert();
        terminal.exp_string("card in: `bench`").unwrap();
        terminal.exp_string("good: 2 of 2 logins work").unwrap();
        terminal.exp_string("saved").unwrap();
    };
    check(&mut terminal);
    desk.pull();
    terminal.exp_string("put the next card in").unwrap();
    check(&mut terminal);
    terminal.exp_eof().unwrap();
    assert_eq!(code(&terminal), Some(0));
    assert_eq!(files(&reports), ["bench-2.json", "bench.json"]);
    let report = read(&reports.join("bench.json"));
    assert_eq!(report["schema"], "cardcheck.matrix.v1");
    assert_eq!(report["summary"]["pass"], 2);
}

/// Its module crashes while it is tried out, and the next login is refused: whatever passed before, it was not checked.
#[test]
fn a_card_that_could_not_be_logged_in_again_is_not_called_good() {
    let Some(desk) = Desk::new("bench") else {
        return;
    };
    let rules = counted(
        &desk.lab,
        "on C_Sign after 2 times 1 segfault\non C_Login after 1 ckr 0xa0",
    );
    let watch = desk.watch("bench", &rules).args("--cards 1");
    let mut terminal = at_terminal(watch.args(&desk.pin_file()), "dumb");
    terminal.exp_string("waiting for a card").unwrap();
    desk.insert();
    let screen = terminal.exp_eof().unwrap();
    assert!(
        screen.contains("? not all was tried: 0 of 2 logins work"),
        "{screen}"
    );
    assert!(
        screen
            .contains("note: token `bench`: the token did not take this PIN; it is not sent again"),
        "{screen}"
    );
    assert_eq!(code(&terminal), Some(3));
}

#[test]
fn between_the_cards_it_says_what_to_do() {
    let Some(desk) = Desk::new("bench") else {
        return;
    };
    let mut terminal = desk.sit_down("bench", &desk.pin_file());
    desk.insert();
    terminal.exp_string("take the card out").unwrap();
    desk.pull();
    terminal.exp_string("is out; put the next card in").unwrap();
    terminal.send_control('c').unwrap();
    let rest = terminal.exp_eof().unwrap();
    assert!(
        rest.contains("1 card: 1 good, 0 not, 0 could not be checked"),
        "{rest}"
    );
    assert_eq!(code(&terminal), Some(130));
}

#[test]
fn each_card_s_pin_is_asked_for_and_a_refused_one_goes_to_it_only_once() {
    let Some(desk) = Desk::new("bench") else {
        return;
    };
    let mut terminal = desk.sit_down("bench", "");
    let mut insert_and_type = |pin: &str, told: &str| {
        desk.insert();
        terminal.exp_string("PIN for token `bench`: ").unwrap();
        terminal.send_line(pin).unwrap();
        terminal.exp_string(told).unwrap();
        terminal.exp_string("take the card out").unwrap();
        desk.pull();
        terminal.exp_string("put the next card in").unwrap();
    };
    insert_and_type("9999", "CKR_PIN_INCORRECT");
    insert_and_type("9999", "refused this PIN before; it was not sent again");
    insert_and_type("", "no PIN was given; nothing was sent to the token");
    insert_and_type(PIN, "good: 2 of 2 logins work");
    terminal.send_control('c').unwrap();
    let rest = terminal.exp_eof().unwrap();
    assert!(
        rest.contains("4 cards: 1 good, 0 not, 3 could not be checked"),
        "{rest}"
    );
    assert_eq!(
        desk.lab.count_calls("C_Login"),
        2,
        "a wrong one and a right one"
    );
}

#[test]
fn a_pin_from_a_file_that_one_card_refused_goes_to_no_other() {
    let Some(desk) = Desk::new("bench") else {
        return;
    };
    let wrong = desk.lab.write("wrong", "9999");
    let mut terminal = desk.sit_down("bench", &format!("--pin-file {}", wrong.display()));
    for told in ["CKR_PIN_INCORRECT", "the PIN was not sent"] {
        desk.insert();
        terminal.exp_string(told).unwrap();
        desk.pull();
        terminal.exp_string("put the next card in").unwrap();
    }
    assert_eq!(desk.lab.count_calls("C_Login"), 1);
    terminal.send_control('c').unwrap();
    terminal.exp_eof().unwrap();
}

#[test]
fn a_card_that_fails_is_shown_with_what_it_means_and_decides_the_exit_code() {
    let Some(desk) = Desk::new("lying") else {
        return;
    };
    desk.insert();
    let ran = desk
        .watch("lying", "")
        .args(&desk.pin_file())
        .args("--cards 1")
        .run()
        .exits(1);
    assert!(
        ran.screen().contains("[pss-listed-but-refused]"),
        "{}",
        ran.stdout()
    );
    assert!(
        ran.screen().contains("✗ not good: 0 of 2 logins work"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn a_card_that_answers_late_is_waited_for() {
    let Some(desk) = Desk::new("bench") else {
        return;
    };
    desk.insert();
    let late = counted(&desk.lab, "on C_GetTokenInfo times 3 ckr 0xe0");
    let ran = desk
        .watch("bench", &late)
        .args(&desk.pin_file())
        .args("--cards 1")
        .run()
        .exits(0);
    assert!(
        ran.screen().contains("good: 2 of 2 logins work"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn a_module_that_crashes_meanwhile_is_loaded_again() {
    let Some(desk) = Desk::new("bench") else {
        return;
    };
    desk.insert();
    let crash = counted(&desk.lab, "on C_GetSlotList times 1 segfault");
    let ran = desk
        .watch("bench", &crash)
        .args(&desk.pin_file())
        .args("--cards 1")
        .run()
        .exits(0);
    assert!(
        ran.stderr().contains("the module crashed"),
        "{}",
        ran.stderr()
    );
    assert!(ran.stderr().contains("trying again"), "{}", ran.stderr());
    assert!(
        ran.screen().contains("good: 2 of 2 logins work"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn a_pattern_that_can_t_be_saved_to_is_told_before_a_card_is_asked_for() {
    let watch = |save: &str| {
        support::cardcheck()
            .args("watch --module /nowhere.so --cards 1 --save")
            .arg(save)
            .run()
    };
    let ran = watch("{serail}.json").exits(2);
    assert!(
        ran.stderr().contains("{serail} is no place"),
        "{}",
        ran.stderr()
    );
    assert!(ran.stderr().contains("{serial}"), "{}", ran.stderr());
    let ran = watch("{serial}").exits(2);
    assert!(ran.stderr().contains(".json, .html"), "{}", ran.stderr());
    let ran = watch("/dev/null/{serial}.json").exits(3);
    assert!(
        ran.stderr().contains("can't write /dev/null"),
        "{}",
        ran.stderr()
    );
}
