//! A module that `scripts/modules` brought up.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use tempfile::TempDir;

use crate::running::{is_alive, until};
use crate::support::{self, Cardcheck};
use crate::table;

/// All processes that came of the script have this variable in their environment.
const MARK: &str = "CARDCHECK_MODULES_MARK";

/// It is taken down when it is dropped.
pub(crate) struct Up {
    script: Child,
    // the script ends when this does
    stdin: Option<ChildStdin>,
    variables: HashMap<String, String>,
    mark: String,
    dir: TempDir,
}

/// What the script says of the modules there are.
pub(crate) fn list() -> String {
    let output = script().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn script() -> Command {
    Command::new(support::root().join("scripts/modules"))
}

impl Up {
    /// `None`: it can't be brought up here, which only CI takes for a failure.
    #[track_caller]
    pub(crate) fn start(name: &str) -> Option<Up> {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().display().to_string();
        let mut script = script()
            .args(["--installed", name])
            .env(MARK, &mark)
            .env("CARDCHECK_FIXTURE_CACHE", fixture_cache())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = script.stdin.take();
        let variables = variables(&mut script);
        let up = Up {
            script,
            stdin,
            variables: variables.unwrap_or_default(),
            mark,
            dir,
        };
        match up.variables.is_empty() {
            false => Some(up),
            true => up.could_not_be(name),
        }
    }

    #[track_caller]
    fn could_not_be(mut self, name: &str) -> Option<Up> {
        drop(self.stdin.take());
        let code = self.script.wait().unwrap().code();
        let mut said = String::new();
        let mut stderr = self.script.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        let reason = said.trim().trim_start_matches("error: ");
        match code {
            Some(3) => support::lacking(format!("module {name}: {reason}"))?,
            // no fault of whoever installs, so none of CI's either
            Some(4) => table::not_here(name, reason),
            _ => panic!("scripts/modules {name}: {code:?}: {said}"),
        }
        None
    }

    pub(crate) fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// A run over its token, with nothing said about the PIN.
    pub(crate) fn cardcheck(&self, command: &str) -> Cardcheck {
        let starter = self.variables.get("RUN_WITH").map_or("", String::as_str);
        let starter: Vec<String> = starter.split_whitespace().map(str::to_owned).collect();
        let run = self
            .variables
            .iter()
            .fold(support::cardcheck_by(&starter), |run, (name, value)| {
                run.env(name, value)
            });
        run.arg(command)
            .arg("--module")
            .arg(self.variable("MODULE"))
            .arg("--token")
            .arg(self.variable("TOKEN"))
    }

    /// A path in a directory that goes with this.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// What the virtual card counted, where there is one.
    pub(crate) fn card_stats(&self) -> Option<HashMap<String, String>> {
        let mut stream = UnixStream::connect(self.variables.get("CARD_CONTROL")?).unwrap();
        writeln!(stream, "stats").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        let pairs = answer
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Some(pairs.map(owned).collect())
    }

    /// Takes it down, and sees that nothing is left of it.
    pub(crate) fn down(mut self) {
        self.end();
        let home = Path::new(self.variable("PIN_FILE")).parent().unwrap();
        assert!(!home.exists(), "{}", home.display());
        until("no process of it is left", || left(&self.mark).is_empty());
    }

    fn end(&mut self) {
        drop(self.stdin.take());
        let status = self.script.wait().unwrap();
        if !std::thread::panicking() {
            assert!(status.success(), "{status}");
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // a test that failed leaves nothing behind either
        if self.stdin.is_some() {
            self.end();
        }
    }
}

/// What the script prints until it is ready; `None` if it never is.
fn variables(script: &mut Child) -> Option<HashMap<String, String>> {
    let stdout = BufReader::new(script.stdout.take().unwrap());
    let mut variables = HashMap::new();
    for line in stdout.lines().map_while(Result::ok) {
        if line == "ready" {
            return Some(variables);
        }
        let (name, value) = line.split_once('=').unwrap();
        variables.insert(name.to_owned(), value.to_owned());
    }
    None
}

/// The processes that bear this mark and are no part of this one.
fn left(mark: &str) -> Vec<u32> {
    let line = format!("{MARK}={mark}\0");
    let bears_it = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .windows(line.len())
            .any(|part| part == line.as_bytes())
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(bears_it).filter(|pid| is_alive(*pid)).collect()
}

fn fixture_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures")
}
