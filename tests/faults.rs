//! Whatever a module or a card does: the other cells are right, the cause is named, the exit code is right, no process and no
//! temporary file stays behind, and no run takes longer than its deadlines.
//!
//! Each row of a table is a run over real SoftHSM2 tokens through the fault-injecting module; the table is printed as the test
//! runs. A run of these rows makes 26 trial signatures, and then signs four handshakes: a fault `after 26` strikes one of these.

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Lab, Ran, broken, faulty_module, softhsm};

/// No run may take longer: the longest deadline here, several times over.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs at the same time.
const AT_ONCE: usize = 3;

/// A fault, and what becomes of a run with it.
#[derive(Clone)]
struct Row {
    name: String,
    token: &'static str,
    rules: String,
    module: Option<&'static str>,
    args: &'static str,
    expected: Expected,
}

#[derive(Clone)]
enum Expected {
    /// It ends before any report, with exit code 3, and says this.
    Ends(&'static str),
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

fn row(name: impl Into<String>, rules: impl Into<String>, expected: Expected) -> Row {
    Row {
        name: name.into(),
        token: "bench",
        rules: rules.into(),
        module: None,
        args: "",
        expected,
    }
}

fn one_fails(why: impl Into<String>, finding: &'static str) -> Expected {
    OneFails(why.into(), finding)
}

#[test]
fn a_module_that_can_t_be_loaded_ends_the_run_with_its_reason() {
    let broken = |name, says| Row {
        module: Some(name),
        ..row(name, "", Ends(says))
    };
    play(&[
        broken("truncated", "SIGBUS while it was loaded"),
        broken("constructor_aborts", "SIGABRT while it was loaded"),
        broken("constructor_hangs", "the module did not load in 2 s"),
        broken("exits", "exit status 3 in C_GetFunctionList"),
        broken(
            "null_list",
            "no C_GetFunctionList, or one that gives nothing",
        ),
        broken("empty_list", "C_Initialize: CKR_FUNCTION_NOT_SUPPORTED"),
    ]);
}

#[test]
fn a_module_that_is_lost_before_the_first_key_ends_the_run_with_its_reason() {
    let mut rows = Vec::new();
    for (function, place) in [("C_Initialize", "C_Initialize"), ("C_Login", "C_Login")] {
        for (how, says) in [
            ("hang", format!("no answer from {place} in 2 s")),
            ("segfault", format!("SIGSEGV in {place}")),
            ("abort", format!("SIGABRT in {place}")),
        ] {
            let rules = format!("on {function} {how}");
            rows.push(row(rules.clone(), rules, Ends(says.leak())));
        }
    }
    for (how, says) in [
        ("hang", "no answer from C_FindObjects in 2 s"),
        ("segfault", "SIGSEGV in C_FindObjects"),
        ("abort", "SIGABRT in C_FindObjects"),
    ] {
        let rules = format!("on C_FindObjects times 1 {how}");
        rows.push(Row {
            token: "twins",
            ..row(
                format!("{rules}, of two tokens"),
                rules,
                OtherTokenPasses(says),
            )
        });
    }
    rows.push(row(
        "objects that a login makes invisible",
        "invisible-after-login",
        NothingToTry("no private key"),
    ));
    play(&rows);
}

#[test]
fn a_module_that_is_lost_over_a_signature_costs_one_cell() {
    let mut rows = Vec::new();
    for function in ["C_SignInit", "C_Sign"] {
        for (how, says, finding) in [
            ("hang", "no answer from", "module-hung"),
            ("segfault", "SIGSEGV in", "module-crashed"),
            ("abort", "SIGABRT in", "module-crashed"),
            ("exit 3", "exit status 3 in", "module-crashed"),
            ("stack-overflow", "SIGABRT in", "module-crashed"),
            ("grow 2100", "SIGABRT in", "module-crashed"),
        ] {
            let rules = format!("on {function} after 26 times 1 {how}");
            let says = format!("{says} {function}");
            rows.push(row(rules.clone(), rules, one_fails(says, finding)));
        }
    }
    play(&rows);
}

#[test]
fn a_module_that_is_lost_in_a_trial_is_asked_once_more() {
    let lost = |how, says| {
        let rules = format!("on C_Sign after 3 times 1 {how}");
        row(rules.clone(), rules, AllPass(says))
    };
    play(&[
        lost("hang", "no answer from C_Sign in 2 s"),
        lost("segfault", "SIGSEGV in C_Sign"),
    ]);
}

#[test]
fn a_module_that_is_lost_when_all_is_done_loses_nothing() {
    let lost = |how, says| {
        let rules = format!("on C_Finalize {how}");
        row(rules.clone(), rules, AllPass(says))
    };
    play(&[
        lost("hang", "no answer from C_Finalize in 2 s"),
        lost("segfault", "SIGSEGV in C_Finalize"),
        lost("abort", "SIGABRT in C_Finalize"),
    ]);
}

#[test]
fn a_module_that_does_not_come_back_leaves_the_rest_untried() {
    let again = |second, says| {
        let rules = format!("on C_Sign after 26 times 1 segfault\non {second}");
        row(
            format!("segfault in C_Sign, then on {second}"),
            rules,
            RestSkipped("SIGSEGV in C_Sign", says),
        )
    };
    play(&[
        again(
            "C_Initialize after 1 hang",
            "no answer from C_Initialize in 2 s",
        ),
        again("C_Initialize after 1 abort", "SIGABRT in C_Initialize"),
    ]);
}

/// What the facts about modules name, and a vendor's own.
const CKRS: &[(u32, &str)] = &[
    (0x0005, "CKR_GENERAL_ERROR"),
    (0x0006, "CKR_FUNCTION_FAILED"),
    (0x0007, "CKR_ARGUMENTS_BAD"),
    (0x001b, "CKR_ACTION_PROHIBITED"),
    (0x0020, "CKR_DATA_INVALID"),
    (0x0021, "CKR_DATA_LEN_RANGE"),
    (0x0030, "CKR_DEVICE_ERROR"),
    (0x0031, "CKR_DEVICE_MEMORY"),
    (0x0032, "CKR_DEVICE_REMOVED"),
    (0x0054, "CKR_FUNCTION_NOT_SUPPORTED"),
    (0x0060, "CKR_KEY_HANDLE_INVALID"),
    (0x0062, "CKR_KEY_SIZE_RANGE"),
    (0x0063, "CKR_KEY_TYPE_INCONSISTENT"),
    (0x0068, "CKR_KEY_FUNCTION_NOT_PERMITTED"),
    (0x0070, "CKR_MECHANISM_INVALID"),
    (0x0071, "CKR_MECHANISM_PARAM_INVALID"),
    (0x0082, "CKR_OBJECT_HANDLE_INVALID"),
    (0x0090, "CKR_OPERATION_ACTIVE"),
    (0x0091, "CKR_OPERATION_NOT_INITIALIZED"),
    (0x00a4, "CKR_PIN_LOCKED"),
    (0x00b0, "CKR_SESSION_CLOSED"),
    (0x00b3, "CKR_SESSION_HANDLE_INVALID"),
    (0x00e0, "CKR_TOKEN_NOT_PRESENT"),
    (0x0101, "CKR_USER_NOT_LOGGED_IN"),
    (0x0150, "CKR_BUFFER_TOO_SMALL"),
    (0x0190, "CKR_CRYPTOKI_NOT_INITIALIZED"),
    (0x8000_0001, "CKR 0x80000001"),
];

#[test]
fn every_ckr_of_c_sign_init_costs_one_cell_and_is_named() {
    play(&refusals("C_SignInit"));
}

#[test]
fn every_ckr_of_c_sign_costs_one_cell_and_is_named() {
    play(&refusals("C_Sign"));
}

fn refusals(function: &str) -> Vec<Row> {
    let refusal = |(code, name): &(u32, &str)| {
        let rules = format!("on {function} after 26 times 1 ckr {code:#x}");
        row(
            format!("{function}: {name}"),
            rules,
            one_fails(format!("{function}: {name}"), ""),
        )
    };
    CKRS.iter().map(refusal).collect()
}

#[test]
fn what_is_lost_on_the_way_to_the_card_costs_one_cell() {
    play(&[
        row(
            "session handle gone",
            "on C_Sign after 26 times 1 close-sessions",
            one_fails("CKR_SESSION_HANDLE_INVALID", "login-lost"),
        ),
        row(
            "logged out behind our back",
            "on C_SignInit after 26 times 1 logout",
            one_fails("CKR_OBJECT_HANDLE_INVALID", "login-lost"),
        ),
        row(
            "operation left active",
            "on C_Sign after 26 times 1 leave-active ckr 0x30",
            one_fails("CKR_DEVICE_ERROR", "sign-refused"),
        ),
        row(
            "card pulled and put back",
            "pull after 26 for 500",
            one_fails("CKR_DEVICE_REMOVED", "token-removed"),
        ),
        row(
            "card pulled for good",
            "pull after 26 for ever",
            RestSkipped("CKR_DEVICE_REMOVED", "removed and not put back in 2 s"),
        ),
        row(
            "another card put in",
            "pull after 26 for 200 back-as 0123456789abcdef",
            RestSkipped("CKR_DEVICE_REMOVED", "removed and not put back in 2 s"),
        ),
    ]);
}

#[test]
fn a_signature_that_is_wrong_costs_one_cell() {
    let p256 = |name: &str, action: &str, expected| Row {
        args: "--key p-256",
        ..row(
            name,
            format!("on C_Sign mech 0x1041 after 5 times 1 {action}"),
            expected,
        )
    };
    play(&[
        row(
            "signature corrupt",
            "on C_Sign mech 0x0d after 3 times 1 corrupt",
            one_fails("does not check", "signature-does-not-verify"),
        ),
        row(
            "signature too short",
            "on C_Sign mech 0x0d after 3 times 1 length -1",
            one_fails("255 bytes where 256 are due", ""),
        ),
        p256("DER where raw is due", "der", one_fails("r||s", "")),
    ]);
}

#[test]
fn what_is_only_slow_or_loud_passes() {
    play(&[
        Row {
            args: "--key p-256",
            ..row(
                "600 ms a signature",
                "serial\non C_Sign delay 600",
                AllPass(""),
            )
        },
        row(
            "C_Initialize slow",
            "on C_Initialize delay 600",
            AllPass(""),
        ),
        row(
            "noise on stdout",
            "on C_Sign stdout \"{not json\"",
            AllPass("module: {not json"),
        ),
        row(
            "a flood on stdout",
            "on C_Login flood 3",
            AllPass("[more, not shown]"),
        ),
        row("a search without end", "endless-objects", AllPass("")),
        row("more mechanisms", "list 0x80000042", AllPass("")),
    ]);
}

/// The number of runs, as the issue that brought them asks.
const RANDOM_RUNS: u64 = 200;

#[test]
fn two_hundred_runs_with_a_random_fault_lose_no_cell() {
    let seed = std::env::var("CARDCHECK_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap());
    say(&format!("random faults: CARDCHECK_SEED={seed}\n"));
    let mut random = Random(seed);
    let rules: Vec<String> = (0..RANDOM_RUNS)
        .map(|_| random_rules(&mut random))
        .collect();
    let tally = Mutex::new(std::collections::BTreeMap::<String, usize>::new());
    at_once(&rules, |rules| {
        let Some(scene) = Scene::set("bench", rules) else {
            return;
        };
        let ran = scene.run(&faulty_module(), "--timeout 300ms");
        let ended = match ran.code() {
            Some(3) if ran.stdout().is_empty() => "no report, and the reason on stderr",
            Some(0 | 1 | 3 | 4) => {
                scene.all_cells_are_told(&ran);
                "a whole report"
            }
            code => panic!("{rules}: {code:?}\n{}", ran.stderr()),
        };
        scene.is_left_clean();
        *tally.lock().unwrap().entry(ended.into()).or_default() += 1;
    });
    say(&format!(
        "random faults: {:?}\n",
        tally.into_inner().unwrap()
    ));
}

/// xorshift: the faults must be the same for the same seed, and no more.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

fn now() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    since.as_millis() as u64
}

fn random_rules(random: &mut Random) -> String {
    let function = random.one(&[
        "C_Initialize",
        "C_GetTokenInfo",
        "C_OpenSession",
        "C_Login",
        "C_FindObjects",
        "C_GetAttributeValue",
        "C_SignInit",
        "C_Sign",
        "C_Sign",
        "C_CloseSession",
        "C_Finalize",
    ]);
    let action = random.one(&[
        "hang",
        "segfault",
        "abort",
        "exit 3",
        "ckr 0x05",
        "ckr 0x30",
        "ckr 0x32",
        "ckr 0xb3",
        "ckr 0x101",
        "delay 30",
    ]);
    let (after, times) = (random.below(35), 1 + random.below(3));
    format!("on {function} after {after} times {times} {action}")
}

/// A lab with its fault, and a directory for temporary files.
struct Scene {
    lab: Lab,
    token: &'static str,
}

impl Scene {
    fn set(token: &'static str, rules: &str) -> Option<Scene> {
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

    fn run(&self, module: &Path, args: &str) -> Ran {
        let conf = self.lab.path(self.token).join("softhsm2.conf");
        let json = self.lab.path("report.json");
        let cardcheck = support::cardcheck()
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

    fn report(&self) -> Value {
        let json = std::fs::read_to_string(self.lab.path("report.json"));
        serde_json::from_str(&json.unwrap_or_default()).unwrap_or(Value::Null)
    }

    fn cells(&self) -> Vec<Value> {
        let report = self.report();
        report["cells"].as_array().cloned().unwrap_or_default()
    }

    /// No cell is missing, and each says why it is not a pass.
    fn all_cells_are_told(&self, ran: &Ran) {
        let cells = self.cells();
        let keys = self.report()["keys"].as_array().map_or(0, Vec::len);
        assert_eq!(cells.len(), 2 * keys, "{}", ran.stderr());
        for cell in &cells {
            let told = cell["outcome"] == "pass" || cell["reason"].is_string();
            assert!(told, "{cell}");
        }
    }

    /// No process that loaded the module lives, and no temporary file is left.
    fn is_left_clean(&self) {
        let alive: Vec<String> = self.pids().into_iter().filter(|pid| lives(pid)).collect();
        assert_eq!(alive, [""; 0], "processes left behind");
        let left: Vec<PathBuf> = std::fs::read_dir(self.lab.path("tmp"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(left, [PathBuf::new(); 0], "files left behind");
    }

    fn pids(&self) -> Vec<String> {
        let calls = self.lab.calls();
        let pid = |line: &String| {
            let (_, rest) = line.split_once("pid=")?;
            rest.split(' ').next().map(str::to_owned)
        };
        calls.iter().filter_map(pid).collect()
    }
}

/// Does this process live, and isn't it just waiting to be buried by an init that takes its time?
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    stat.contains("cardcheck") && state != Some('Z')
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

/// Runs every row, prints the table, and fails with all rows that are not as expected.
fn play(rows: &[Row]) {
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
            (exits(3), says(what));
            assert!(ran.stderr().contains("help: "), "no next step is named");
            assert_eq!(ran.stdout(), "");
            what.to_string()
        }
        NothingToTry(what) => {
            (exits(4), says(what));
            what.to_string()
        }
        AllPass(what) => {
            (exits(0), says(what));
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
            (exits(3), says(what));
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

/// A few at a time.
fn at_once<T: Sync>(rows: &[T], work: impl Fn(&T) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) =
                    rows.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    work(row);
                }
            });
        }
    });
}

/// Past the test harness, which would keep it to itself.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
