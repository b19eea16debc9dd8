//! JUnit's XML, for CI: a suite for each server, a case for each key, version and client, and a suite of the findings.
//!
//! A case fails where its cell is not as expected, and every finding that is an error fails
//! (with a baseline: a new one), so that the file says
//! "failed" when the exit code does. What was not tried is skipped, and says why; where it could not be told, it is an error.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::names;
use super::prose;
use super::style::printable;
use crate::model::cell::{Cell, Outcome, Verdict};
use crate::model::comparison::Comparison;
use crate::model::finding::Finding;
use crate::model::run::Run;

/// The name of the suite that holds the findings.
const FINDINGS: &str = "findings";
/// The name of the suite that says which keys came and went.
const KEYS: &str = "keys";

/// The run as JUnit's XML.
pub fn render(run: &Run) -> String {
    let mut report = Report::new("cardcheck");
    report.set_time(Duration::from_millis(run.duration_ms));
    for profile in &run.profiles {
        report.add_test_suite(server(run, &profile.name));
    }
    report.add_test_suite(findings(run));
    report.add_test_suites(run.comparison.as_ref().map(keys));
    // the report holds nothing that XML can't: quick-junit leaves such characters out
    report.to_string().unwrap_or_default()
}

fn server(run: &Run, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(printable(name));
    for (property, value) in about(run) {
        suite.add_property((property, printable(&value).as_str()));
    }
    let cells = run.cells.iter().filter(|cell| cell.profile == name);
    suite.add_test_cases(cells.map(|cell| case(run, cell)));
    suite
}

/// What a failure of this suite depends on.
fn about(run: &Run) -> Vec<(&'static str, String)> {
    let module = &run.module;
    let mut about = vec![
        ("started", run.started.clone()),
        ("module", module.path.clone()),
        (
            "module version",
            format!("{} {}", module.description, module.version),
        ),
    ];
    let tokens = run.tokens.iter();
    about
        .extend(tokens.map(|token| ("token", format!("{}, serial {}", token.label, token.serial))));
    about
}

fn case(run: &Run, cell: &Cell) -> TestCase {
    let key = names::distinct_key(run, &cell.key);
    let name = format!("{key} / TLS {} / {}", cell.version, cell.client);
    let mut case = TestCase::new(name, status(run, cell));
    case.set_classname(printable(&cell.profile));
    if let Some(ms) = cell.handshake_ms {
        case.set_time(Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default());
    }
    if cell.as_expected() && cell.outcome != Outcome::Skipped {
        let as_before = cell.was.as_ref().map_or("", |_| "as before: ");
        let result = prose::result(&Verdict::from(cell));
        case.set_system_out(printable(&format!("{as_before}{result}")));
    }
    case
}

fn status(run: &Run, cell: &Cell) -> TestCaseStatus {
    let mut status = match (cell.outcome, cell.as_expected()) {
        (Outcome::Skipped | Outcome::NotApplicable, true) => TestCaseStatus::skipped(),
        (_, true) => return TestCaseStatus::success(),
        (Outcome::Error, false) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (_, false) => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_message(printable(&message(cell)));
    if !cell.as_expected() {
        status.set_type(cell.stage.map_or(cell.outcome.name(), |stage| stage.name()));
        status.set_description(lines(&explained(run, cell)));
    }
    status
}

fn message(cell: &Cell) -> String {
    let result = prose::result(&Verdict::from(cell));
    if let Some(was) = cell.was.as_ref().filter(|_| !cell.as_expected()) {
        return format!("was {}, now {result}", prose::result(was));
    }
    match (cell.outcome, &cell.reason) {
        (Outcome::Skipped | Outcome::NotApplicable | Outcome::Error, Some(reason)) => {
            reason.clone()
        }
        _ => result,
    }
}

/// What happened, what the user saw, and each finding that explains it, with what helps.
fn explained(run: &Run, cell: &Cell) -> String {
    let mut text = message(cell);
    for (what, told) in [("reason", &cell.reason), ("the user sees", &cell.user_sees)] {
        if let Some(told) = told {
            text.push_str(&format!("\n{what}: {told}"));
        }
    }
    let at = run.cells.iter().position(|other| std::ptr::eq(other, cell));
    let explains = |finding: &&Finding| at.is_some_and(|at| finding.cells.contains(&at));
    for finding in run.findings.iter().filter(explains) {
        text.push_str(&format!(
            "\n\n{} [{}]\n{}\n",
            finding.title, finding.id, finding.cause
        ));
        text.push_str(&prose::remedies(&finding.remedies, false));
    }
    text
}

/// With the settings to copy, which each failing case only names.
fn findings(run: &Run) -> TestSuite {
    let mut suite = TestSuite::new(FINDINGS);
    let findings = run.findings.iter().enumerate();
    suite.add_test_cases(findings.map(|(at, one)| finding(one, run.is_unexpected_error(at, one))));
    suite
}

/// Keys that came or went since the run that this one is held against.
fn keys(comparison: &Comparison) -> TestSuite {
    let mut suite = TestSuite::new(KEYS);
    let same = comparison.keys.iter();
    suite.add_test_cases(
        same.map(|key| TestCase::new(printable(&key.name), TestCaseStatus::success())),
    );
    let new = comparison
        .new_keys
        .iter()
        .map(|key| (key, "this key is new"));
    let gone = comparison
        .gone_keys
        .iter()
        .map(|key| (key, "this key is gone"));
    suite.add_test_cases(new.chain(gone).map(|(key, what)| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(format!(
            "{what} since {}",
            printable(&comparison.before.started)
        ));
        TestCase::new(printable(&key.name), status)
    }));
    for case in &mut suite.test_cases {
        case.set_classname(KEYS);
    }
    suite
}

/// An error fails, unless it was one before.
fn finding(finding: &Finding, fails: bool) -> TestCase {
    let text = lines(&format!(
        "{}\n{}",
        finding.cause,
        prose::remedies(&finding.remedies, true)
    ));
    let name = printable(&format!("{}: {}", finding.id, finding.title));
    let mut case = match fails {
        true => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(printable(&finding.title));
            status.set_type(finding.id);
            status.set_description(text);
            TestCase::new(name, status)
        }
        false => {
            let mut case = TestCase::new(name, TestCaseStatus::success());
            case.set_system_out(format!("{}: {text}", finding.severity.name()));
            case
        }
    };
    case.set_classname(FINDINGS);
    case
}

/// Printable, its own lines kept.
fn lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use quick_junit::Report;

    #[test]
    fn the_lying_token_for_ci() {
        insta::assert_snapshot!(render(&sample::lying()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="cardcheck" tests="11" skipped="0" failures="5" errors="0" time="1.234">
            <testsuite name="openssl-1.1.0" tests="2" skipped="0" errors="0" failures="0">
                <properties>
                    <property name="started" value="2026-11-21T04:00:00Z"/>
                    <property name="module" value="/usr/lib/softhsm/libsofthsm2.so"/>
                    <property name="module version" value="Implementation of PKCS11 2.6"/>
                    <property name="token" value="lying, serial a1b2c3d4"/>
                </properties>
                <testcase name="login / TLS 1.2 / any" classname="openssl-1.1.0" time="0.003">
                    <system-out>pass with rsa_pkcs1_sha256 (CKM_RSA_PKCS)</system-out>
                </testcase>
                <testcase name="login / TLS 1.2 / firefox" classname="openssl-1.1.0" time="0.003">
                    <system-out>pass with rsa_pkcs1_sha256 (CKM_RSA_PKCS)</system-out>
                </testcase>
            </testsuite>
            <testsuite name="openssl-1.1.1" tests="4" skipped="0" errors="0" failures="2">
                <properties>
                    <property name="started" value="2026-11-21T04:00:00Z"/>
                    <property name="module" value="/usr/lib/softhsm/libsofthsm2.so"/>
                    <property name="module version" value="Implementation of PKCS11 2.6"/>
                    <property name="token" value="lying, serial a1b2c3d4"/>
                </properties>
                <testcase name="login / TLS 1.2 / any" classname="openssl-1.1.1" time="0.003">
                    <system-out>pass with rsa_pkcs1_sha256 (CKM_RSA_PKCS)</system-out>
                </testcase>
                <testcase name="login / TLS 1.2 / firefox" classname="openssl-1.1.1" time="0.003">
                    <failure message="sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)" type="sign">sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)
        the user sees: nothing; the page never loads

        the token lists RSA-PSS, but its RSA keys refuse it [pss-listed-but-refused]
        C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then C_SignInit answers CKR_MECHANISM_INVALID.
        - server: ask for PKCS1 only, in TLS 1.2 only (breaks TLS 1.3 for everybody)</failure>
                </testcase>
                <testcase name="login / TLS 1.3 / any" classname="openssl-1.1.1" time="0.003">
                    <system-out>pass with rsa_pss_rsae_sha256 (CKM_RSA_X_509)</system-out>
                </testcase>
                <testcase name="login / TLS 1.3 / firefox" classname="openssl-1.1.1" time="0.003">
                    <failure message="sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)" type="sign">sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)
        the user sees: SSL_ERROR_HANDSHAKE_FAILED

        the token lists RSA-PSS, but its RSA keys refuse it [pss-listed-but-refused]
        C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then C_SignInit answers CKR_MECHANISM_INVALID.
        - server: ask for PKCS1 only, in TLS 1.2 only (breaks TLS 1.3 for everybody)</failure>
                </testcase>
            </testsuite>
            <testsuite name="openssl-3.0" tests="4" skipped="0" errors="0" failures="2">
                <properties>
                    <property name="started" value="2026-11-21T04:00:00Z"/>
                    <property name="module" value="/usr/lib/softhsm/libsofthsm2.so"/>
                    <property name="module version" value="Implementation of PKCS11 2.6"/>
                    <property name="token" value="lying, serial a1b2c3d4"/>
                </properties>
                <testcase name="login / TLS 1.2 / any" classname="openssl-3.0" time="0.003">
                    <system-out>pass with rsa_pkcs1_sha256 (CKM_RSA_PKCS)</system-out>
                </testcase>
                <testcase name="login / TLS 1.2 / firefox" classname="openssl-3.0" time="0.003">
                    <failure message="sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)" type="sign">sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)
        the user sees: nothing; the page never loads

        the token lists RSA-PSS, but its RSA keys refuse it [pss-listed-but-refused]
        C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then C_SignInit answers CKR_MECHANISM_INVALID.
        - server: ask for PKCS1 only, in TLS 1.2 only (breaks TLS 1.3 for everybody)</failure>
                </testcase>
                <testcase name="login / TLS 1.3 / any" classname="openssl-3.0" time="0.003">
                    <system-out>pass with rsa_pss_rsae_sha256 (CKM_RSA_X_509)</system-out>
                </testcase>
                <testcase name="login / TLS 1.3 / firefox" classname="openssl-3.0" time="0.003">
                    <failure message="sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)" type="sign">sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)
        the user sees: SSL_ERROR_HANDSHAKE_FAILED

        the token lists RSA-PSS, but its RSA keys refuse it [pss-listed-but-refused]
        C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then C_SignInit answers CKR_MECHANISM_INVALID.
        - server: ask for PKCS1 only, in TLS 1.2 only (breaks TLS 1.3 for everybody)</failure>
                </testcase>
            </testsuite>
            <testsuite name="findings" tests="1" skipped="0" errors="0" failures="1">
                <testcase name="pss-listed-but-refused: the token lists RSA-PSS, but its RSA keys refuse it" classname="findings">
                    <failure message="the token lists RSA-PSS, but its RSA keys refuse it" type="pss-listed-but-refused">C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then C_SignInit answers CKR_MECHANISM_INVALID.
        - server: ask for PKCS1 only, in TLS 1.2 only (breaks TLS 1.3 for everybody)
            nginx:
              ssl_protocols TLSv1.2;
              ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512;</failure>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn what_was_not_tried_is_skipped_and_what_could_not_be_told_is_an_error() {
        let mut run = sample::lying();
        run.findings.clear();
        sample::outcome(&mut run.cells[0], Outcome::Skipped, "interrupted");
        sample::outcome(
            &mut run.cells[1],
            Outcome::NotApplicable,
            "no scheme for it",
        );
        sample::outcome(&mut run.cells[2], Outcome::Error, "no verifier");
        let report = Report::deserialize_from_str(&render(&run)).unwrap();
        let cases = report
            .test_suites
            .iter()
            .flat_map(|suite| &suite.test_cases);
        let skipped = |case: &&TestCase| matches!(case.status, TestCaseStatus::Skipped { .. });
        assert_eq!(report.tests, run.cells.len());
        assert_eq!(cases.filter(skipped).count(), 2);
        assert_eq!(report.errors, 1);
        assert_eq!(report.failures, run.count(Outcome::Fail));
    }

    #[test]
    fn namesakes_are_told_apart() {
        let mut run = sample::lying();
        run.keys.push(sample::rsa("k2", "login", 2048));
        run.keys[1].cka_id = vec![2];
        let mut cells = run.cells.clone();
        cells.iter_mut().for_each(|cell| cell.key = "k2".into());
        run.cells.extend(cells);
        let report = Report::deserialize_from_str(&render(&run)).unwrap();
        let cases = report.test_suites[1].test_cases.iter();
        let mut names: Vec<&str> = cases.map(|case| case.name.as_str()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(
            names.contains(&"login (02) / TLS 1.2 / firefox"),
            "{names:?}"
        );
    }

    #[test]
    fn a_label_can_t_leave_its_attribute_or_steer_a_terminal() {
        let mut run = sample::lying();
        run.keys[0].label = "\"><x>&\u{1b}[2J\u{202e}\n".into();
        let xml = render(&run);
        let report = Report::deserialize_from_str(&xml).unwrap();
        let case = &report.test_suites[0].test_cases[0];
        assert!(
            case.name.as_str().starts_with("\"><x>&\u{fffd}[2J"),
            "{:?}",
            case.name
        );
        assert!(
            !xml.chars()
                .any(|c| c != '\n' && crate::model::printable::steers(c))
        );
    }
}
