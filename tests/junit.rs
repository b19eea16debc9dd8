//! What CI makes of the JUnit file, by the word of a parser that is not ours: Python's junitparser.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{Lab, need_file};

/// The system's own, for which the package is; another may be before it in the PATH.
const PYTHON: &str = "/usr/bin/python3";
const PARSER: &str = "/usr/lib/python3/dist-packages/junitparser/__init__.py";

/// Every case as `[suite, name, verdict, message, text]`, and the counts that the file gives of itself.
const READ: &str = "
import json, sys
from junitparser import JUnitXml, Error, Failure, Skipped
xml = JUnitXml.fromfile(sys.argv[1])
def verdict(case):
    results = [r for r in case.result]
    if not results: return ['pass', None, None]
    return [{Failure: 'fail', Error: 'error', Skipped: 'skipped'}[type(results[0])], results[0].message, results[0].text]
cases = [[suite.name, case.name] + verdict(case) for suite in xml for case in suite]
counts = [xml.tests, xml.failures, xml.errors, xml.skipped]
print(json.dumps({'cases': cases, 'counts': counts, 'sums': [sum(getattr(s, n) for s in xml) for n in ('tests', 'failures', 'errors', 'skipped')]}))
";

fn read(path: &Path) -> Value {
    let mut python = Command::new(PYTHON);
    let output = python.args(["-c", READ]).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn another_parser_reads_the_same_verdicts_as_the_json_report_has() {
    let (Some(lab), Some(()), Some(())) = (
        Lab::new(&["lying"]),
        need_file(Path::new(PYTHON)),
        need_file(Path::new(PARSER)),
    ) else {
        return;
    };
    let file = lab.path("junit.xml");
    let report = lab
        .matrix("lying")
        .args("--profile openssl-1.1.0,openssl-1.1.1,go --format json --export-junit")
        .arg(&file)
        .run()
        .exits(1)
        .report();
    let read = read(&file);
    assert_eq!(read["counts"], read["sums"]);
    let cases = read["cases"].as_array().unwrap();
    let cells = report.0["cells"].as_array().unwrap();
    let findings = report.findings().len();
    assert_eq!(cases.len(), cells.len() + findings);
    for cell in cells {
        let key = report.0["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["id"] == cell["key"]);
        let key = key.unwrap()["label"].as_str().unwrap();
        let text = |field: &str| cell[field].as_str().unwrap().to_owned();
        let name = format!("{key} / TLS {} / {}", text("tls"), text("client"));
        let case = cases
            .iter()
            .find(|case| case[0] == cell["profile"] && case[1] == *name);
        let case = case.unwrap_or_else(|| panic!("no case {name} at {}", cell["profile"]));
        let verdict = match text("outcome").as_str() {
            "not_applicable" => "skipped".to_owned(),
            outcome => outcome.to_owned(),
        };
        assert_eq!(case[2], verdict, "{case}");
        if verdict == "fail" {
            let (message, text) = (case[3].as_str().unwrap(), case[4].as_str().unwrap());
            let ckr = cell["ckr"].as_str().unwrap_or("no certificate sent");
            assert!(message.contains(ckr), "{message}");
            // its cause, and what helps
            let finding = report.finding(cell["findings"][0].as_str().unwrap());
            assert!(text.contains(finding["cause"].as_str().unwrap()), "{text}");
            let remedy = finding["remedies"][0]["title"].as_str().unwrap();
            assert!(text.contains(remedy), "{text}");
        }
    }
}
