//! One suite over every PKCS#11 module that installs: what cardcheck finds on it is what lies there, its keys log in, PINs are
//! counted, and nothing is left behind. `scripts/modules` brings each up.
//!
//! Modules that take long to install run only with `CARDCHECK_ALL_MODULES=1`, with which `scripts/test` installs them.
//! `CARDCHECK_WRITE_TABLE=1 cargo test --test every_module` writes what they can into tests/modules/README.md; without it that table
//! is held against what is seen.

mod expected;
mod row;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod up;

use std::collections::BTreeSet;
use std::path::Path;

use expected::{Expected, Key};
use row::Row;
use support::{Ran, Report};
use up::Up;

/// Servers with and without PSS, and with a policy; all built-in ones would say no more of a module.
const MATRIX: &str = "--profile openssl-1.1.0,openssl-1.1.1,openssl-3.0,nss --client any,firefox,chrome,openssl,java --format json";

#[test]
fn softhsm2() {
    hold("softhsm2");
}

#[test]
fn p11_kit_proxy() {
    hold("p11-kit-proxy");
}

#[test]
fn p11_kit_remote() {
    hold("p11-kit-remote");
}

#[test]
fn p11_kit_ssh() {
    hold("p11-kit-ssh");
}

#[test]
fn opensc() {
    hold("opensc");
}

#[test]
fn ykcs11() {
    hold("ykcs11");
}

#[test]
fn cackey() {
    hold("cackey");
}

#[test]
fn nss() {
    hold("nss");
}

#[test]
fn kryoptic() {
    hold("kryoptic");
}

#[test]
fn tpm2_pkcs11() {
    hold("tpm2-pkcs11");
}

#[test]
fn opencryptoki() {
    hold("opencryptoki");
}

#[test]
fn a_desk_that_can_t_be_reached_is_no_riddle() {
    let Some(up) = up_unless_left_out(expected::of("p11-kit-ssh")) else {
        return;
    };
    std::fs::create_dir_all(up.path("pkcs11/modules")).unwrap();
    up.write("pkcs11/pkcs11.conf", "user-config: only\n");
    let nobody_listens = "remote: |ssh -F none -o BatchMode=yes -p 1 127.0.0.1 p11-kit remote M\n";
    up.write("pkcs11/modules/desk.module", nobody_listens);
    let ran = up
        .cardcheck("matrix")
        .env("XDG_CONFIG_HOME", up.path(""))
        .run();
    let said = ran.exits(3).stderr();
    for line in [
        "port 1: Connection refused",
        "the module shows no slot",
        "`p11-kit list-modules`",
    ] {
        assert!(said.contains(line), "{said}");
    }
    up.down();
}

#[test]
fn the_script_names_a_module_for_each_row_and_each_expectation() {
    let said = up::list();
    let named: BTreeSet<&str> = said
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let expected: BTreeSet<&str> = expected::ALL.iter().map(|module| module.name).collect();
    assert_eq!(named, expected);
    let rows = table::read();
    let rows: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(rows, expected, "CARDCHECK_WRITE_TABLE=1 writes the rows");
}

/// What is asked of every module.
fn hold(name: &str) {
    let expected = expected::of(name);
    let Some(up) = up_unless_left_out(expected) else {
        return;
    };
    a_wrong_pin_goes_out_once(&up);
    let report = the_matrix(&up);
    the_keys_are_those_that_lie_there(&report, expected);
    they_log_in(&report, expected);
    table::hold(&Row::of(name, &report));
    up.down();
}

/// The module, unless it is heavy and nobody asked for such.
#[track_caller]
fn up_unless_left_out(expected: &Expected) -> Option<Up> {
    let name = expected.name;
    if expected.heavy && std::env::var_os("CARDCHECK_ALL_MODULES").is_none() {
        table::say(&format!(
            "LEFT OUT: {name}, heavy to install; CARDCHECK_ALL_MODULES=1 scripts/test --test every_module"
        ));
        return None;
    }
    Up::start(name)
}

fn a_wrong_pin_goes_out_once(up: &Up) {
    let pin = up.write("wrong-pin", "654321");
    let (ran, logins) = traced(up, &pin);
    let said = ran.exits(3).stderr();
    assert!(said.contains("CKR_PIN_INCORRECT"), "{said}");
    assert_eq!(logins, 1, "{said}");
    if let Some(stats) = up.card_stats() {
        assert_eq!(stats["refused"], "1");
    }
}

fn the_matrix(up: &Up) -> Report {
    let (ran, logins) = traced(up, Path::new(up.variable("PIN_FILE")));
    assert!(
        matches!(ran.code(), Some(0 | 1)),
        "{:?}: {}",
        ran.code(),
        ran.stderr()
    );
    let report = ran.report();
    let counted = &report.0["tokens"][0]["pin"]["verifications"];
    assert_eq!(*counted, logins, "PIN verifications");
    if let Some(announced) = ran.announced_pins() {
        assert!(logins <= 1 + announced, "{logins} logins, {announced} said");
    }
    if let Some(stats) = up.card_stats() {
        assert_eq!(stats["refused"], "1", "the wrong one of before");
        assert_eq!(stats["tries-left"], "3");
    }
    for cell in report.0["cells"].as_array().unwrap() {
        assert!(
            cell["outcome"] != "error" && cell["lost"].is_null(),
            "{cell}"
        );
    }
    report
}

/// A run over the token, and how often its module was given a PIN.
fn traced(up: &Up, pin: &Path) -> (Ran, usize) {
    let trace = up.path("trace");
    let ran = up
        .cardcheck("matrix")
        .args(MATRIX)
        .arg("--pin-file")
        .arg(pin)
        .arg("--trace-pkcs11")
        .arg(&trace)
        .run();
    let calls = std::fs::read_to_string(&trace).unwrap_or_default();
    (ran, calls.matches(" C_Login(").count())
}

fn the_keys_are_those_that_lie_there(report: &Report, expected: &Expected) {
    let found: BTreeSet<(&str, String)> = report.0["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["label"].as_str().unwrap(), row::kind(key)))
        .collect();
    let there: BTreeSet<(&str, String)> = expected
        .keys
        .iter()
        .map(|key| (key.label, key.kind.to_owned()))
        .collect();
    assert_eq!(found, there);
    for key in report.0["keys"].as_array().unwrap() {
        assert!(key["certificate"]["subject"].is_string(), "{key}");
    }
}

fn they_log_in(report: &Report, expected: &Expected) {
    for key in expected.keys.iter().filter(|key| !key.by_chance) {
        for version in ["1.2", "1.3"] {
            let cell = report.cell(key.label, "openssl-3.0", version, "any");
            let passes = cell["outcome"] == "pass";
            assert_eq!(passes, key.logs_in.contains(&version), "{cell}");
            real_clients_do_as(report, key, version);
        }
    }
}

/// Clients that exist, apart from those named, come to the same.
fn real_clients_do_as(report: &Report, key: &Key, version: &str) {
    for client in ["firefox", "chrome", "openssl", "java"] {
        let cell = report.cell(key.label, "openssl-3.0", version, client);
        let can = key.logs_in.contains(&version) && !key.but_not.contains(&client);
        assert_eq!(cell["outcome"] == "pass", can, "{cell}");
    }
}
