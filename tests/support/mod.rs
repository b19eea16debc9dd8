//! What the scenario tests share: throw-away tokens, a run of the program, its report read back.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part

pub mod broken;
pub mod relay;
pub mod terminal;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

/// The user PIN of every fixture.
pub const PIN: &str = "1234";

/// A directory of throw-away SoftHSM2 tokens, gone when it is dropped.
pub struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    /// Makes these tokens of `softhsm/tokens`. `None`: SoftHSM2 is not installed, which only CI takes for a failure.
    pub fn new(tokens: &[&str]) -> Option<Lab> {
        need(&["softhsm2-util", "pkcs11-tool", "openssl"])?;
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new(root().join("softhsm/make"))
            .arg(dir.path())
            .args(tokens)
            .env(
                "CARDCHECK_FIXTURE_CACHE",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures"),
            )
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "softhsm/make: {}",
            text(&made.stderr)
        );
        std::fs::write(dir.path().join("pin"), PIN).unwrap();
        Some(Lab { dir })
    }

    /// A path in the lab's directory.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into the lab's directory.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `cardcheck matrix` over one of the lab's tokens, the PIN from a file.
    pub fn matrix(&self, token: &str) -> Cardcheck {
        self.matrix_without_pin(token)
            .arg("--pin-file")
            .arg(self.path("pin"))
    }

    /// The same, with nothing said about the PIN.
    pub fn matrix_without_pin(&self, token: &str) -> Cardcheck {
        cardcheck()
            .env("SOFTHSM2_CONF", self.path(token).join("softhsm2.conf"))
            .arg("matrix")
            .arg("--module")
            .arg(softhsm())
    }

    /// `cardcheck matrix` over one of the lab's tokens through the fault-injecting module, which obeys `rules`.
    pub fn faulty(&self, token: &str, rules: &str) -> Cardcheck {
        self.faulty_by("matrix", token, rules)
            .arg("--pin-file")
            .arg(self.path("pin"))
    }

    /// Another command over the same, with nothing said about the PIN.
    pub fn faulty_by(&self, command: &str, token: &str, rules: &str) -> Cardcheck {
        let log = self.path("calls.log");
        let rules = format!(
            "module {}\nlog {}\n{rules}\n",
            softhsm().display(),
            log.display()
        );
        let rules = self.write("faults", rules);
        cardcheck()
            .env("SOFTHSM2_CONF", self.path(token).join("softhsm2.conf"))
            .env("CARDCHECK_FAULTS", rules)
            .arg(command)
            .arg("--module")
            .arg(faulty_module())
    }

    /// `cardcheck matrix` over a token that has no PSS and says so in every call: the token `no-pss` and its like hide it from
    /// C_GetMechanismList and refuse it, and the proxy denies it in C_GetMechanismInfo, which SoftHSM2 can't be told to do.
    pub fn honest(&self, token: &str) -> Cardcheck {
        self.faulty(token, "hide-info 0x0d 0x0e 0x43 0x44 0x45 0x47")
    }

    /// The calls that the fault-injecting module saw, a line each.
    pub fn calls(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("calls.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// How many of them are of this function, length queries left out.
    pub fn count_calls(&self, function: &str) -> usize {
        let same =
            |line: &&String| line.split(' ').next() == Some(function) && !line.contains(" query ");
        self.calls().iter().filter(same).count()
    }
}

/// A run of the program in the making.
pub struct Cardcheck(Command);

/// The program with a clean environment: no colour, no locale of the machine's.
pub fn cardcheck() -> Cardcheck {
    cardcheck_by(&[])
}

/// The same, started by another program: its words come first.
pub fn cardcheck_by(starter: &[String]) -> Cardcheck {
    let words = starter.iter().map(String::as_str);
    let mut words = words.chain([env!("CARGO_BIN_EXE_cardcheck")]);
    let mut command = Command::new(words.next().unwrap());
    command
        .args(words)
        .env_remove("NO_COLOR")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
    Cardcheck(command)
}

impl Cardcheck {
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    /// Arguments separated by blanks.
    pub fn args(mut self, args: &str) -> Self {
        self.0.args(args.split_whitespace());
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// The command itself, for tests that start it in their own way.
    pub fn into_command(self) -> Command {
        self.0
    }

    pub fn run(mut self) -> Ran {
        let output = self.0.output().unwrap();
        Ran { output }
    }
}

/// What a run left.
pub struct Ran {
    output: Output,
}

impl Ran {
    /// A run that the test started and awaited in its own way.
    pub fn of(output: Output) -> Ran {
        Ran { output }
    }

    pub fn stdout(&self) -> String {
        text(&self.output.stdout)
    }

    /// stdout with its lines joined: what a sentence says wherever the screen broke it.
    pub fn screen(&self) -> String {
        let words: Vec<String> = self
            .stdout()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        words.join(" ")
    }

    pub fn stderr(&self) -> String {
        text(&self.output.stderr)
    }

    /// How often the PIN of an always-authenticate key may be sent besides the login, as cardcheck says before the first time:
    /// `cardcheck sends it up to 28 times in this run`.
    pub fn announced_pins(&self) -> Option<usize> {
        let stderr = self.stderr();
        let (_, rest) = stderr.split_once("cardcheck sends it up to ")?;
        rest.split(' ').next()?.parse().ok()
    }

    /// The exit code; a run that a signal ended has none.
    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Checks the exit code, and shows all that was said if it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let shown = format!("stdout:\n{}\nstderr:\n{}", self.stdout(), self.stderr());
        assert_eq!(self.code(), Some(code), "{shown}");
        self
    }

    /// stdout as a JSON report, which is as its schema says.
    #[track_caller]
    pub fn report(&self) -> Report {
        let report = serde_json::from_str(&self.stdout()).unwrap_or_else(|error| {
            panic!(
                "{error}: stdout:\n{}\nstderr:\n{}",
                self.stdout(),
                self.stderr()
            )
        });
        is_as_its_schema_says(&report);
        Report(report)
    }
}

/// Holds a report against the schema that the program prints for its command.
#[track_caller]
pub fn is_as_its_schema_says(report: &Value) {
    type Validators = Mutex<HashMap<String, Arc<Validator>>>;
    static KNOWN: OnceLock<Validators> = OnceLock::new();
    let name = report["schema"].as_str().unwrap_or_default();
    let command = name
        .strip_prefix("cardcheck.")
        .and_then(|name| name.strip_suffix(".v1"));
    let command = command.unwrap_or_else(|| panic!("`{name}` is no schema of cardcheck"));
    let command = if command == "visit" { "serve" } else { command };
    let mut known = KNOWN.get_or_init(Validators::default).lock().unwrap();
    let validator = known.entry(command.to_owned()).or_insert_with(|| {
        let schema = cardcheck().arg("schema").arg(command).run().exits(0);
        let schema: Value = serde_json::from_str(&schema.stdout()).unwrap();
        Arc::new(jsonschema::validator_for(&schema).unwrap())
    });
    let validator = Arc::clone(validator);
    drop(known);
    let errors = validator.iter_errors(report);
    let errors: Vec<String> = errors.map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0], "{name}");
}

/// A report, read back.
pub struct Report(pub Value);

impl Report {
    /// The `id` of the key with this label.
    #[track_caller]
    pub fn key(&self, label: &str) -> &Value {
        let keys = self.0["keys"].as_array().unwrap();
        let found = keys.iter().find(|key| key["label"] == label);
        found.unwrap_or_else(|| panic!("no key `{label}` in {keys:?}"))
    }

    /// The one cell of this key, profile, version and client.
    #[track_caller]
    pub fn cell(&self, key: &str, profile: &str, tls: &str, client: &str) -> &Value {
        let key = &self.key(key)["id"];
        let cells = self.0["cells"].as_array().unwrap();
        let mut found = cells.iter().filter(|cell| {
            cell["key"] == *key
                && cell["profile"] == profile
                && cell["tls"] == tls
                && cell["client"] == client
        });
        let cell = found.next();
        assert!(
            found.next().is_none(),
            "two cells {key} {profile} {tls} {client}"
        );
        cell.unwrap_or_else(|| panic!("no cell {key} {profile} {tls} {client}"))
    }

    /// Ids of the findings.
    pub fn findings(&self) -> Vec<&str> {
        let findings = self.0["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|finding| finding["id"].as_str().unwrap())
            .collect()
    }

    /// The finding of this id.
    #[track_caller]
    pub fn finding(&self, id: &str) -> &Value {
        let findings = self.0["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["id"] == id);
        found.unwrap_or_else(|| panic!("no finding `{id}` among {:?}", self.findings()))
    }

    /// The capability of this key, scheme and route.
    #[track_caller]
    pub fn capability(&self, key: &str, scheme: &str, route: &str) -> &Value {
        let rows = self.key(key)["capabilities"].as_array().unwrap();
        let found = rows
            .iter()
            .find(|row| row["scheme"] == scheme && row["route"] == route);
        found.unwrap_or_else(|| panic!("no capability {scheme} {route}"))
    }
}

/// The project's directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// SoftHSM2's module, wherever this system has it.
pub fn softhsm() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let found = Command::new(root().join("softhsm/make"))
            .arg("--module")
            .output()
            .unwrap();
        assert!(
            found.status.success(),
            "softhsm/make --module: {}",
            text(&found.stderr)
        );
        PathBuf::from(text(&found.stdout).trim())
    };
    PATH.get_or_init(find).clone()
}

/// Our fault-injecting module, built if it isn't.
pub fn faulty_module() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("libfaulty_pkcs11.so", "faulty_pkcs11"))
        .clone()
}

/// The file that cargo makes of this example, built if it isn't.
pub fn example(file: &str, name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--example", name]);
    assert!(cargo.current_dir(root()).status().unwrap().success());
    // .../target/debug/deps/this-test -> .../target/debug/examples
    let program = std::env::current_exe().unwrap();
    let profile = program.ancestors().nth(2).unwrap();
    profile.join("examples").join(file)
}

/// Are these programs installed? If not: a failure in CI, a visible skip elsewhere.
#[track_caller]
pub fn need(programs: &[&str]) -> Option<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // where servers lie is not in everybody's PATH
    let dirs = || std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let installed = |name: &&&str| dirs().any(|dir| dir.join(name).is_file());
    let missing: Vec<_> = programs.iter().filter(|name| !installed(name)).collect();
    match missing.is_empty() {
        true => Some(()),
        false => lacking(&missing),
    }
}

/// Is this file there? Otherwise as [`need`].
#[track_caller]
pub fn need_file(path: &Path) -> Option<()> {
    match path.is_file() {
        true => Some(()),
        false => lacking(path),
    }
}

/// Not everything is here: a failure in CI, a visible skip elsewhere.
#[track_caller]
pub fn lacking(missing: impl std::fmt::Debug) -> Option<()> {
    let place = std::panic::Location::caller();
    assert!(
        std::env::var_os("CI").is_none(),
        "{place}: {missing:?} not installed; scripts/test installs them"
    );
    eprintln!("SKIPPED at {place}: {missing:?} not installed; scripts/test installs them");
    None
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
