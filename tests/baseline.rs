//! `--baseline` and `cardcheck diff`: an old failure is known, a change is not, and every format says the same.

mod support;

use std::path::PathBuf;

use serde_json::Value;
use support::{Cardcheck, Lab, cardcheck};

/// What a module that got worse does.
const WORSE: &str = "on C_SignInit mech 0x0d ckr 0x30";

struct Bench {
    lab: Lab,
}

impl Bench {
    fn new() -> Option<Bench> {
        Some(Bench {
            lab: Lab::new(&["bench", "lying"])?,
        })
    }

    fn run(&self, token: &str, rules: &str) -> Cardcheck {
        let run = self.lab.faulty(token, rules);
        run.args("--profile openssl-1.1.1,go --client firefox,any --no-prove")
    }

    /// A report of this token as it is.
    fn report(&self, token: &str, rules: &str, more: &str) -> PathBuf {
        let file = self.lab.path(format!("{token}-{}{more}.json", rules.len()));
        self.run(token, rules)
            .args(more)
            .arg("--export-json")
            .arg(&file)
            .run();
        file
    }

    fn against(&self, baseline: &PathBuf, token: &str, rules: &str) -> Cardcheck {
        self.run(token, rules).arg("--baseline").arg(baseline)
    }
}

#[test]
fn an_old_failure_is_expected_and_nothing_else_is() {
    let Some(bench) = Bench::new() else { return };
    let baseline = bench.report("lying", "", "");
    let ran = bench.against(&baseline, "lying", "").run().exits(0);
    assert!(
        ran.screen().contains("nothing changed since"),
        "{}",
        ran.stdout()
    );
    let json = bench
        .against(&baseline, "lying", "")
        .args("--format json")
        .run()
        .exits(0);
    let report = json.report();
    let failing = report.cell("rsa-2048", "openssl-1.1.1", "1.2", "firefox");
    assert_eq!(failing["outcome"], "fail");
    assert_eq!(
        (&failing["expected"], &failing["as_expected"]),
        (&"fail".into(), &true.into())
    );
    assert_eq!(failing["was"]["ckr"], "CKR_MECHANISM_INVALID");
    assert_eq!(report.0["summary"]["unexpected"], 0);
    // without the baseline it is what it always was
    bench.run("lying", "").run().exits(1);
}

#[test]
fn a_change_is_shown_as_one_and_table_json_junit_and_page_agree() {
    let Some(bench) = Bench::new() else { return };
    let baseline = bench.report("bench", "", "");
    let junit = bench.lab.path("junit.xml");
    let table = bench.lab.path("table.txt");
    let page = bench.lab.path("page.html");
    let run = bench
        .against(&baseline, "bench", WORSE)
        .arg("--export-junit")
        .arg(&junit);
    let ran = run
        .arg("--export-table")
        .arg(&table)
        .arg("--export-html")
        .arg(&page)
        .args("--format json")
        .run()
        .exits(1);
    let report = ran.report();
    let changed: Vec<&Value> = report.0["baseline"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let worse = changed
        .iter()
        .filter(|change| change["direction"] == "worse")
        .count();
    assert!(worse > 0);
    assert_eq!(report.0["summary"]["unexpected"], worse);
    let cell = report.cell("rsa-2048", "openssl-1.1.1", "1.2", "firefox");
    assert_eq!(
        (&cell["expected"], &cell["as_expected"]),
        (&"pass".into(), &false.into())
    );
    let told = "was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now sign: CKR_DEVICE_ERROR";
    let words = |path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(words(&table).contains(told), "{}", words(&table));
    let page = words(&page);
    assert!(
        page.contains(told) && page.contains("what changed since"),
        "{page}"
    );
    let junit = words(&junit);
    assert!(
        junit.contains(&format!("<failure message=\"{told}")),
        "{junit}"
    );
    let new_errors = report.0["baseline"]["findings"]["new"].as_array().unwrap();
    let new_errors = new_errors
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .count();
    assert_eq!(junit.matches("<failure ").count(), worse + new_errors);
}

#[test]
fn keys_that_came_and_went_fail_the_run() {
    let Some(bench) = Bench::new() else { return };
    let one = bench.report("bench", "", "--key rsa-2048");
    let both = bench.report("bench", "", "");
    let ran = bench.against(&one, "bench", "").run().exits(1);
    assert!(
        ran.screen().contains("key `p-256` (EC P-256) is new"),
        "{}",
        ran.stdout()
    );
    // a key that was not asked for is not gone
    bench
        .against(&both, "bench", "")
        .args("--key rsa-2048")
        .run()
        .exits(0);
    let gone = cardcheck().arg("diff").arg(&both).arg(&one).run().exits(1);
    assert!(
        gone.screen().contains("key `p-256` (EC P-256) is gone"),
        "{}",
        gone.stdout()
    );
}

#[test]
fn diff_says_the_same_of_two_files() {
    let Some(bench) = Bench::new() else { return };
    let (before, now) = (
        bench.report("bench", "", ""),
        bench.report("bench", WORSE, ""),
    );
    let diff = || cardcheck().arg("diff").arg(&before).arg(&now);
    let table = diff().run().exits(1);
    assert!(
        table.screen().contains("now sign: CKR_DEVICE_ERROR"),
        "{}",
        table.stdout()
    );
    let json = diff().args("--format json").run().exits(1).report().0;
    assert_eq!(json["schema"], "cardcheck.diff.v1");
    let against = bench
        .against(&before, "bench", WORSE)
        .args("--format json")
        .run()
        .exits(1);
    assert_eq!(against.report().0["baseline"]["changes"], json["changes"]);
    let same = cardcheck()
        .arg("diff")
        .arg(&before)
        .arg(&before)
        .run()
        .exits(0);
    assert!(
        same.screen().contains("nothing changed since"),
        "{}",
        same.stdout()
    );
}

#[test]
fn a_redacted_report_is_a_baseline_for_a_run_with_names_and_for_one_without() {
    let Some(bench) = Bench::new() else { return };
    let redacted = bench.report("lying", "", "--redact");
    let again = bench.report("lying", "", "--redact --quick");
    cardcheck()
        .arg("diff")
        .arg(&redacted)
        .arg(&again)
        .run()
        .exits(0);
    for more in ["", "--redact"] {
        let ran = bench
            .against(&redacted, "lying", "")
            .args(more)
            .run()
            .exits(0);
        assert!(
            ran.screen().contains("nothing changed since"),
            "{}",
            ran.stdout()
        );
    }
    let json = bench
        .against(&redacted, "lying", "")
        .args("--format json")
        .run()
        .report()
        .0;
    let keys = json["baseline"]["keys"]["same"].as_array().unwrap();
    assert!(keys.iter().all(|key| key["by"] == "public_key"), "{keys:?}");
    // the other way round, names would get into the report
    let plain = bench.report("lying", "", "");
    let ran = bench
        .against(&plain, "lying", "")
        .args("--redact")
        .run()
        .exits(2);
    assert!(
        ran.stderr()
            .contains("holds names, which --redact is to leave out"),
        "{}",
        ran.stderr()
    );
    let ran = cardcheck()
        .arg("diff")
        .arg(&plain)
        .arg(&redacted)
        .run()
        .exits(2);
    assert!(
        ran.stderr().contains("one of the reports is redacted"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn what_is_no_report_is_told_before_a_card_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let told = |name: &str, content: Option<&str>, code: i32| {
        let file = dir.path().join(name);
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let run = cardcheck()
            .args("matrix --module /nowhere.so --baseline")
            .arg(&file)
            .run();
        run.exits(code).stderr()
    };
    assert!(told("none.json", None, 3).contains("can't read"));
    let broken = told("broken.json", Some("{\n \"schema\": "), 2);
    assert!(
        broken.contains("line 2") && broken.contains("help: a JSON report is wanted"),
        "{broken}"
    );
    let newer = "{\"schema\": \"cardcheck.matrix.v9\", \"tool\": {\"version\": \"9.9.0\"}}";
    let newer = told("newer.json", Some(newer), 2);
    assert!(
        newer.contains("made by cardcheck 9.9.0") && newer.contains("update this cardcheck"),
        "{newer}"
    );
}
