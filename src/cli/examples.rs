//! The command line with its examples: what a person copies who has never used a command.

use clap::CommandFactory;

use super::args::Args;

/// A command, and what one would type.
type Examples = (&'static str, &'static [(&'static str, &'static str)]);

#[rustfmt::skip] // it reads as a table
const EXAMPLES: &[Examples] = &[
    ("matrix", &[
        ("cardcheck matrix", "whatever card is in; asks for the PIN"),
        ("cardcheck matrix --module /usr/lib/opensc-pkcs11.so", "by this module"),
        ("cardcheck matrix --token \"My Card\" --key 01 --quick", "one key, few signatures"),
        ("cardcheck matrix --profile openssl-3.0 --client firefox", "one server, one client"),
        ("cardcheck matrix --export-html report.html", "a page for the browser as well"),
        ("cardcheck matrix --baseline last.json --export-junit junit.xml", "in CI: only what changed fails"),
    ]),
    ("list", &[
        ("cardcheck list", "what every token holds, and what is in the way"),
        ("cardcheck list --module /usr/lib/opensc-pkcs11.so --login", "the private keys as well; asks for the PIN"),
    ]),
    ("watch", &[
        ("cardcheck watch", "card after card, until Ctrl-C"),
        ("cardcheck watch --save 'reports/{serial}.json'", "keep each card's whole report"),
        ("cardcheck watch --cards 1 --save '{label}.html'", "one card, as a page"),
    ]),
    ("probe", &[
        ("cardcheck probe portal.example", "whether it asks for a certificate, when, and with what"),
        ("cardcheck probe portal.example:8443 --path /login --trace", "that page, and every message"),
        ("cardcheck probe mail.example --starttls smtp", "a mail server"),
        ("cardcheck probe portal.example --save-profile portal.toml", "for matrix --profile portal.toml"),
    ]),
    ("connect", &[
        ("cardcheck connect portal.example", "every key of the card that is in; asks for the PIN"),
        ("cardcheck connect portal.example --client firefox,openssl --path /login", "as these clients, and that page"),
        ("cardcheck connect portal.example --key 01 --chain intermediate.pem", "one key, with what lies between"),
        ("cardcheck connect ldap.example --starttls ldap --ca company-ca.pem", "another protocol, a CA of one's own"),
    ]),
    ("serve", &[
        ("cardcheck serve", "open http://127.0.0.1:8440/ in the browser that fails"),
        ("cardcheck serve --profile openssl-1.1.1,openssl-1.1.0", "ports that ask as these servers do"),
        ("cardcheck serve --listen 127.0.0.1:0 --once --require --port-file ports", "for a client's own tests"),
    ]),
    ("inspect", &[
        ("cardcheck inspect card.pem", "what servers make of a certificate"),
        ("cardcheck inspect card.pem --ca ca.pem", "and of its chain, if they trust these CAs"),
        ("cardcheck inspect 'pkcs11:id=%01;type=cert'", "one that lies on a token; no PIN"),
    ]),
    ("diff", &[
        ("cardcheck diff before.json now.json", "what works no longer, and what works now"),
    ]),
    ("advise", &[
        ("cardcheck advise reports/", "all reports in a directory"),
        ("cardcheck advise reports/ --profile my-server.toml --client firefox,chrome", "compared with your server"),
        ("cardcheck advise reports/ --setting tls1.3-ec-pss", "this setting's lines for each server"),
    ]),
    ("explain", &[
        ("cardcheck explain", "the list of all findings"),
        ("cardcheck explain pss-listed-but-refused", "one of them at length"),
    ]),
    ("schema", &[
        ("cardcheck schema > cardcheck.schema.json", "of matrix' report, for a validator"),
        ("cardcheck schema list", "of another command's"),
    ]),
    ("completions", &[
        ("cardcheck completions bash > ~/.local/share/bash-completion/completions/cardcheck", "bash"),
        ("cardcheck completions zsh > ~/.zfunc/_cardcheck", "zsh, with ~/.zfunc in fpath"),
        ("cardcheck completions fish > ~/.config/fish/completions/cardcheck.fish", "fish"),
    ]),
    ("man", &[
        ("cardcheck man | man -l -", "the page of cardcheck itself"),
        ("cardcheck man matrix > cardcheck-matrix.1", "the page of a command"),
    ]),
];

/// The whole command line, as it is parsed, completed and shown in help and manual.
pub(super) fn command() -> clap::Command {
    EXAMPLES
        .iter()
        .fold(Args::command(), |command, (name, examples)| {
            command.mut_subcommand(name, |known| with(known, &told(examples)))
        })
}

/// Before what the help ends in already.
fn with(command: clap::Command, examples: &str) -> clap::Command {
    let before = |text: Option<&clap::builder::StyledStr>| match text {
        Some(text) => format!("{examples}\n\n{text}"),
        None => examples.to_owned(),
    };
    let short = before(command.get_after_help());
    let long = command.get_after_long_help().map(|text| before(Some(text)));
    match long {
        Some(long) => command.after_help(short).after_long_help(long),
        None => command.after_help(short),
    }
}

/// What it does stands above a line, not behind it: together they would be wider than most terminals.
fn told(examples: &[(&str, &str)]) -> String {
    let line = |(line, what): &(&str, &str)| format!("\n  # {what}\n  {line}");
    format!("Examples:{}", examples.iter().map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_examples_that_name_it_and_can_be_parsed() {
        let visible = command();
        let visible = visible
            .get_subcommands()
            .filter(|known| !known.is_hide_set());
        for known in visible {
            let name = known.get_name();
            let row = EXAMPLES.iter().find(|(of, _)| *of == name);
            let (_, examples) = row.unwrap_or_else(|| panic!("no example of `{name}`"));
            for (line, _) in *examples {
                let typed = line.split(['|', '>']).next().unwrap_or_default();
                let words = typed.split_whitespace().map(|word| word.trim_matches('\''));
                // a name in quotes may hold a blank
                let words: Vec<&str> = words.filter(|word| *word != "Card\"").collect();
                assert!(words.starts_with(&["cardcheck", name]), "{line}");
                let parsed = command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
            }
        }
    }
}
