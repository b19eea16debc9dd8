//! README.md stays true: the commands whose output it shows are run, its example profile is read, its scripts are there.
//!
//! `UPDATE_README=1 cargo test --test readme` writes what the commands print now.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use support::{Lab, root, softhsm};

const CONSOLE: &str = "```console\n";
const END: &str = "\n```";

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The blocks of this kind, without their fences.
fn blocks<'a>(text: &'a str, fence: &str) -> Vec<&'a str> {
    let starts = text.split(fence).skip(1);
    starts.map(|rest| rest.split(END).next().unwrap()).collect()
}

/// What differs from one machine and run to the next.
fn steady(output: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for line in output.lines() {
        let mut previous = "";
        let mut steady_line = Vec::new();
        for word in line.split(' ') {
            let changing = matches!(previous, "serial" | "slot" | "in" | "module");
            let token_s = word.chars().any(|c| c.is_ascii_digit() || c == '/');
            steady_line.push(if changing && token_s { "..." } else { word });
            previous = word;
        }
        words.push(steady_line.join(" ").trim_end().to_owned());
    }
    words.join("\n")
}

/// What the command after `$ cardcheck` prints, with the token that it names.
fn printed(command: &str, lab: &Lab) -> String {
    let module = softhsm();
    let words = command.split_whitespace().map(|word| match word {
        "/usr/lib/softhsm/libsofthsm2.so" => module.to_str().unwrap().to_owned(),
        "pin" => lab.path("pin").to_str().unwrap().to_owned(),
        word => word.trim_matches('\'').to_owned(),
    });
    let token = command
        .split_once("--token ")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap();
    let conf = lab.path(token).join("softhsm2.conf");
    let run = words.fold(
        support::cardcheck().env("SOFTHSM2_CONF", conf),
        |run, word| run.arg(word),
    );
    run.run().stdout()
}

#[test]
fn the_output_it_shows_is_what_is_printed() {
    let Some(lab) = Lab::new(&["healthy", "no-pss", "lying"]) else {
        return;
    };
    let mut text = readme();
    let shown: Vec<String> = blocks(&text, CONSOLE)
        .iter()
        .map(|block| block.to_string())
        .collect();
    assert!(!shown.is_empty());
    for block in shown {
        let command = block
            .lines()
            .next()
            .unwrap()
            .strip_prefix("$ cardcheck ")
            .unwrap();
        let now = format!(
            "$ cardcheck {command}\n{}",
            printed(command, &lab).trim_end()
        );
        if std::env::var_os("UPDATE_README").is_some() {
            text = text.replace(&block, &now);
        } else {
            assert_eq!(
                steady(&block),
                steady(&now),
                "UPDATE_README=1 cargo test --test readme"
            );
        }
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(root().join("README.md"), text).unwrap();
    }
}

#[test]
fn its_example_profile_can_be_read() {
    let text = readme();
    let example = blocks(&text, "```toml\n")[0];
    let profiles = cardcheck::matrix::profiles::parse(example, "README.md").unwrap();
    assert_eq!(profiles[0].name, "portal");
}

#[test]
fn its_scripts_are_there_and_can_be_run() {
    for script in [
        "scripts/demo",
        "scripts/test",
        "scripts/bench",
        "softhsm/make",
    ] {
        let mode = fs::metadata(root().join(script))
            .unwrap()
            .permissions()
            .mode();
        assert!(mode & 0o100 != 0, "{script}");
    }
}

#[test]
fn its_commands_are_understood() {
    let text = readme();
    let commands = blocks(&text, "```sh\n");
    let lines = commands.iter().flat_map(|block| block.lines());
    for line in lines.filter_map(|line| line.strip_prefix("cardcheck ")) {
        let command = line.split(" #").next().unwrap().trim();
        let words = shell_words(command);
        let ran = words
            .iter()
            .fold(support::cardcheck(), |run, word| run.arg(word))
            .arg("--help")
            .run();
        assert!(
            ran.exits(0).stdout().contains("Usage: cardcheck"),
            "{command}"
        );
    }
}

/// Words apart at blanks, quotes undone: all that the README's commands need.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, piece) in command.split(['"', '\'']).enumerate() {
        match at % 2 {
            0 => words.extend(piece.split_whitespace().map(str::to_owned)),
            _ => words.push(piece.to_owned()),
        }
    }
    words
}
