//! README.md stays true: the commands whose output it shows are run, its example profile is read, its scripts are there.
//!
//! `UPDATE_README=1 cargo test --test readme` writes what the commands print now.

#[path = "piv/mod.rs"]
mod piv;
#[allow(dead_code, reason = "each test crate uses its own part")]
#[path = "probe/pki.rs"]
mod pki;
#[path = "support/reader.rs"]
mod reader;
#[path = "support/running.rs"]
mod running;
mod support;

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use piv::{Card, Setup, Slot};
use pki::Pki;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use reader::Readers;
use support::{Cardcheck, Lab, root, softhsm};

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

/// What the commands are run on: SoftHSM2's tokens, a PIV card by OpenSC, and a server.
struct Stage {
    lab: Lab,
    readers: Readers,
    pki: Pki,
    server: Server,
}

/// `openssl s_server` on loopback; it ends with this value.
struct Server {
    address: SocketAddr,
    process: Child,
}

impl Server {
    fn that_trusts(ca: &Path, pki: &Pki) -> Server {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut server = Command::new("openssl");
        server
            .args("s_server -www -quiet -Verify 3 -verify_return_error -accept".split(' '))
            .arg(address.to_string())
            .arg("-cert")
            .arg(pki.path("server.crt"))
            .arg("-key")
            .arg(pki.path("server.key"))
            .arg("-CAfile")
            .arg(ca)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = server.spawn().unwrap();
        running::until("the server listens", || TcpStream::connect(address).is_ok());
        Server { address, process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // a test that failed leaves nothing behind
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server's address in README.md.
const SERVER: &str = "127.0.0.1:8443";

const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
const OPENSC: &str = "/usr/lib/opensc-pkcs11.so";

impl Stage {
    fn set() -> Option<Stage> {
        let lab = Lab::new(&["healthy", "no-pss", "lying", "portal"])?;
        let pki = Pki::new(0);
        Some(Stage {
            server: Server::that_trusts(&lab.path("keys/ca.cert.pem"), &pki),
            lab,
            readers: Readers::with_card(&piv_card())?,
            pki,
        })
    }

    /// What the command after `$ cardcheck` prints.
    fn printed(&self, command: &str) -> String {
        match command.contains(OPENSC) {
            true => {
                let (pin, module) = (self.readers.path("pin"), reader::opensc());
                let printed = run(self.readers.cardcheck(), command, OPENSC, &module, &pin);
                // it has another place on each system
                printed.replace(module.to_str().unwrap(), OPENSC)
            }
            false => {
                let (_, token) = command.split_once("--token ").unwrap();
                let token = self.lab.path(token.split(' ').next().unwrap());
                let cardcheck =
                    support::cardcheck().env("SOFTHSM2_CONF", token.join("softhsm2.conf"));
                let server = self.server.address.to_string();
                let there = command
                    .replace(SERVER, &server)
                    .replace("server-ca.pem", self.pki.path("ca.pem").to_str().unwrap());
                let printed = run(
                    cardcheck,
                    &there,
                    SOFTHSM,
                    &softhsm(),
                    &self.lab.path("pin"),
                );
                printed.replace(&server, SERVER)
            }
        }
    }
}

/// As issued to people: the key in 9D is for encryption.
fn piv_card() -> Card {
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    Card::new(Setup::four_keys().with_for_encryption(Slot::KEY_MANAGEMENT, &rsa))
}

/// Runs a command with this module and PIN file where it names its own.
fn run(cardcheck: Cardcheck, command: &str, named: &str, module: &Path, pin: &Path) -> String {
    let words = command.split_whitespace().map(|word| match word {
        "pin" => pin.to_str().unwrap(),
        word if word == named => module.to_str().unwrap(),
        word => word.trim_matches('\''),
    });
    let ran = words.fold(cardcheck, |run, word| run.arg(word)).run();
    assert_ne!(ran.stdout(), "", "{command}: {}", ran.stderr());
    ran.stdout()
}

#[test]
fn the_output_it_shows_is_what_is_printed() {
    let Some(stage) = Stage::set() else {
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
            stage.printed(command).trim_end()
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
