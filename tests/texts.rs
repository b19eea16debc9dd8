//! What cardcheck says of itself: first steps, help, manual, completions.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::{cardcheck, need};

const COMMANDS: &[&str] = &[
    "matrix",
    "list",
    "watch",
    "probe",
    "serve",
    "inspect",
    "diff",
    "advise",
    "explain",
    "schema",
    "completions",
    "man",
];

#[test]
fn alone_it_says_what_to_do_first() {
    let ran = cardcheck().run().exits(2);
    assert_eq!(ran.stdout(), "");
    insta::assert_snapshot!(ran.stderr(), @r"
    Put a card in and run `cardcheck matrix`: it tries every key on it against many servers, and says what works and what to change.
    No card at hand? `scripts/demo` of the source makes some. At a desk with many cards: `cardcheck watch`.
    All commands: `cardcheck --help`
    ");
}

#[test]
fn the_help_of_every_command_has_examples() {
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let help = cardcheck().arg(command).arg(flag).run().exits(0).stdout();
            assert!(help.contains("Examples:"), "{command} {flag}: {help}");
        }
    }
}

#[test]
fn there_is_a_manual_page_of_every_command() {
    let whole = cardcheck().arg("man").run().exits(0).stdout();
    assert!(whole.contains(".TH cardcheck 1"), "{whole}");
    for command in COMMANDS {
        assert!(
            whole.contains(&format!("cardcheck\\-{command}(1)")),
            "{command}"
        );
        let page = cardcheck().args("man").arg(command).run().exits(0).stdout();
        assert!(
            page.contains(&format!(".TH cardcheck-{command} 1")),
            "{page}"
        );
        assert!(page.contains("Examples:"), "{page}");
    }
}

#[test]
fn an_unknown_page_is_told_with_the_nearest_one() {
    let ran = cardcheck().args("man matrx").run().exits(2);
    assert!(
        ran.stderr().contains("did you mean `matrix`?"),
        "{}",
        ran.stderr()
    );
    cardcheck().args("man token-host").run().exits(2);
}

#[test]
fn completions_offer_every_command_and_nothing_of_cardcheck_s_own() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = cardcheck()
            .args("completions")
            .arg(shell)
            .run()
            .exits(0)
            .stdout();
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} {command}");
        }
        assert!(!script.contains("token-host"), "{shell}");
    }
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let Some(()) = need(&["bash"]) else {
        return;
    };
    let script = cardcheck().args("completions bash").run().exits(0).stdout();
    let offered = |typed: &str| {
        let ask = format!(
            "{script}\nCOMP_WORDS=(cardcheck {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _cardcheck cardcheck \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; \
             echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = Command::new("bash");
        bash.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut bash = bash.spawn().unwrap();
        bash.stdin
            .take()
            .unwrap()
            .write_all(ask.as_bytes())
            .unwrap();
        String::from_utf8(bash.wait_with_output().unwrap().stdout).unwrap()
    };
    assert_eq!(offered("mat").trim(), "matrix");
    assert_eq!(offered("matrix --export-h").trim(), "--export-html");
    assert!(offered("matrix --format h").contains("html"));
}
