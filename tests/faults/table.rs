//! The table: faults, what is expected of a run with each, and what came.

use std::fmt::Write;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::Value;

use super::at_once::{at_once, say};
use super::scene::Scene;
use super::support::{Ran, broken, faulty_module};

/// A fault, and what becomes of a run with it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) token: &'static str,
    pub(crate) rules: String,
    pub(crate) module: Option<&'static str>,
    pub(crate) args: &'static str,
    pub(crate) expected: Expected,
}

#[derive(Clone)]
pub(crate) enum Expected {
    /// It ends before any report, with exit code 3, and says this.
    Ends(String),
    /// It ends before any report with exit code 4.
    NothingToTry(&'static str),
    /// All cells pass, and the screen says this.
    AllPass(&'static str),
    /// One cell fails, for this reason, and is explained by this finding; all others pass.
    OneFails(String, &'static str),
    /// One cell fails for this reason, and the others are skipped for that one.
    RestSkipped(&'static str, &'static str),
    /// Exit code 3, and the cells of the other token pass.
    OtherTokenPasses(&'static str),
}
use Expected::{AllPass, Ends, NothingToTry, OneFails, OtherTokenPasses, RestSkipped};

pub(crate) fn row(name: impl Into<String>, rules: impl Into<String>, expected: Expected) -> Row {
    Row {
        name: name.into(),
        token: "bench",
        rules: rules.into(),
        module: None,
        args: "",
        expected,
    }
}

pub(crate) fn one_fails(why: impl Into<String>, finding: &'static str) -> Expected {
    OneFails(why.into(), finding)
}

pub(crate) fn ends(says: impl Into<String>) -> Expected {
    Ends(says.into())
}

/// Runs every row, prints the table, and fails with all rows that are not as expected.
pub(crate) fn play(rows: &[Row]) {
    let table = Mutex::new(Vec::new());
    at_once(rows, |row| {
        let began = Instant::now();
        let Some(shown) = shown(row) else { return };
        let seconds = began.elapsed().as_secs_f64();
        table
            .lock()
            .unwrap()
            .push((row.name.clone(), seconds, shown));
    });
    let table = table.into_inner().unwrap();
    let mut text = String::new();
    for (name, seconds, shown) in &table {
        let verdict = if shown.wrong.is_empty() {
            "as expected"
        } else {
            "WRONG"
        };
        let _ = writeln!(
            text,
            "{name:55} {seconds:5.1} s  exit {}  {verdict}  {}",
            shown.code, shown.said
        );
    }
    say(&text);
    let wrong: Vec<&String> = table
        .iter()
        .flat_map(|(_, _, shown)| &shown.wrong)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a row came to.
struct Shown {
    code: i32,
    said: String,
    /// Whatever is not as expected.
    wrong: Vec<String>,
}

fn shown(row: &Row) -> Option<Shown> {
    let scene = Scene::set(row.token, &row.rules)?;
    let module = match row.module {
        None => faulty_module(),
        Some("truncated") => broken::truncated(scene.lab.path("").as_path()),
        Some(name) => broken::build(scene.lab.path("").as_path(), name)?,
    };
    let ran = scene.run(&module, &format!("--timeout 2s {}", row.args));
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let said = judge(row, &scene, &ran);
        scene.is_left_clean();
        said
    }));
    let (said, wrong) = match judged {
        Ok(said) => (said, Vec::new()),
        Err(panic) => {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            let screen = format!("{}\n{}", ran.stdout(), ran.stderr());
            (
                String::new(),
                vec![format!("{}: {why}\n{screen}", row.name)],
            )
        }
    };
    Some(Shown {
        code: ran.code().unwrap_or(-1),
        said,
        wrong,
    })
}

/// Reads the screen and the JSON; what the person was told.
fn judge(row: &Row, scene: &Scene, ran: &Ran) -> String {
    let screen = [ran.stdout(), ran.stderr()].join("\n").replace("\n  ", " ");
    let says = |what: &str| assert!(screen.contains(what), "{what} is not said");
    let cells = scene.cells();
    let of = |outcome: &str| -> Vec<&Value> {
        let same = |cell: &&Value| cell["outcome"] == outcome;
        cells.iter().filter(same).collect()
    };
    let exits = |code| assert_eq!(ran.code(), Some(code));
    match &row.expected {
        Ends(what) => {
            exits(3);
            says(what);
            assert!(ran.stderr().contains("help: "), "no next step is named");
            assert_eq!(ran.stdout(), "");
            what.to_string()
        }
        NothingToTry(what) => {
            exits(4);
            says(what);
            what.to_string()
        }
        AllPass(what) => {
            exits(0);
            says(what);
            assert_eq!(of("pass").len(), cells.len());
            assert!(!cells.is_empty());
            what.to_string()
        }
        OneFails(why, finding) => {
            exits(1);
            assert_eq!(of("fail").len(), 1, "{cells:#?}");
            assert_eq!(of("pass").len(), cells.len() - 1);
            explained(scene, of("fail")[0], why, finding, &screen)
        }
        RestSkipped(why, rest) => {
            exits(1);
            let skipped = of("skipped");
            for cell in &skipped {
                assert!(cell["reason"].as_str().unwrap().contains(rest), "{cell}");
            }
            let failed = of("fail");
            assert!(!failed.is_empty() && !skipped.is_empty(), "{cells:#?}");
            assert_eq!(failed.len() + skipped.len() + of("pass").len(), cells.len());
            says(rest);
            explained(scene, failed[0], why, "", &screen)
        }
        OtherTokenPasses(what) => {
            exits(3);
            says(what);
            assert!(!cells.is_empty());
            assert_eq!(of("pass").len(), cells.len());
            what.to_string()
        }
    }
}

/// The failed cell has its cause in the JSON, and on the screen by way of a finding.
fn explained(scene: &Scene, cell: &Value, why: &str, finding: &str, screen: &str) -> String {
    let findings = cell["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{cell}");
    let id = findings[0].as_str().unwrap();
    assert!(finding.is_empty() || id == finding, "{id}");
    assert!(screen.contains(&format!("[{id}]")), "{id} is not shown");
    let cell_says = cell["reason"].to_string();
    let found = scene.report()["findings"].to_string();
    assert!(
        cell_says.contains(why) || found.contains(why),
        "`{why}` is not said: {cell_says} {found}"
    );
    format!("{why} [{id}]")
}
