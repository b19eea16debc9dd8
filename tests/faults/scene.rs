//! A run with a fault: where it happens, and what it must leave behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::running::{hosts, is_alive};
use super::support::{Lab, Ran, cardcheck, softhsm};

/// No run may take longer: the longest deadline here, several times over.
const PATIENCE: Duration = Duration::from_secs(60);

/// A lab with its fault, and a directory for temporary files.
pub(crate) struct Scene {
    pub(crate) lab: Lab,
    token: &'static str,
}

impl Scene {
    pub(crate) fn set(token: &'static str, rules: &str) -> Option<Scene> {
        let lab = Lab::new(&[token])?;
        std::fs::create_dir(lab.path("tmp")).unwrap();
        let rules = format!(
            "module {}\nlog {}\ncounts {}\n{rules}\n",
            softhsm().display(),
            lab.path("calls.log").display(),
            lab.path("counts").display(),
        );
        lab.write("faults", rules);
        Some(Scene { lab, token })
    }

    pub(crate) fn run(&self, module: &Path, args: &str) -> Ran {
        let conf = self.lab.path(self.token).join("softhsm2.conf");
        let json = self.lab.path("report.json");
        let cardcheck = cardcheck()
            .env("SOFTHSM2_CONF", conf)
            .env("CARDCHECK_FAULTS", self.lab.path("faults"))
            .env("TMPDIR", self.lab.path("tmp"))
            .args("matrix --profile openssl-3.0 --client firefox --no-prove")
            .args(args)
            .arg("--module")
            .arg(module)
            .arg("--pin-file")
            .arg(self.lab.path("pin"))
            .arg("--export-json")
            .arg(&json);
        within(PATIENCE, cardcheck.into_command())
    }

    pub(crate) fn report(&self) -> Value {
        let json = std::fs::read_to_string(self.lab.path("report.json"));
        serde_json::from_str(&json.unwrap_or_default()).unwrap_or(Value::Null)
    }

    pub(crate) fn cells(&self) -> Vec<Value> {
        let report = self.report();
        report["cells"].as_array().cloned().unwrap_or_default()
    }

    /// No cell is missing, and each says why it is not a pass.
    pub(crate) fn all_cells_are_told(&self, ran: &Ran) {
        let cells = self.cells();
        let keys = self.report()["keys"].as_array().map_or(0, Vec::len);
        assert_eq!(cells.len(), 2 * keys, "{}", ran.stderr());
        for cell in &cells {
            let told = cell["outcome"] == "pass" || cell["reason"].is_string();
            assert!(told, "{cell}");
        }
    }

    /// No more cells fail than the fault of these rules strikes; what was given up is skipped, and says so.
    pub(crate) fn each_strike_costs_one_cell(&self, rules: &str) {
        let times = rules.split_once("times ").unwrap().1;
        let times: usize = times.split(' ').next().unwrap().parse().unwrap();
        let failed = |cell: &&Value| cell["outcome"] == "fail" || cell["outcome"] == "error";
        let cells = self.cells();
        let failed = cells.iter().filter(failed).count();
        assert!(
            failed <= times,
            "{rules}: {failed} cells failed: {cells:#?}"
        );
    }

    /// No process that loaded the module lives, and no temporary file is left.
    pub(crate) fn is_left_clean(&self) {
        let alive: Vec<u32> = hosts(&self.lab)
            .into_iter()
            .filter(|pid| is_alive(*pid))
            .collect();
        assert_eq!(alive, [0; 0], "processes left behind");
        let left = std::fs::read_dir(self.lab.path("tmp")).unwrap();
        assert_eq!(left.count(), 0, "files left behind");
    }
}

/// Runs the command; one that takes too long is ended, and so has no exit code.
fn within(patience: Duration, mut command: Command) -> Ran {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id();
    let (sender, ended) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if ended.recv_timeout(patience).is_err() {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        }
    });
    let output = child.wait_with_output().unwrap();
    let _ = sender.send(());
    watch.join().unwrap();
    Ran::of(output)
}
