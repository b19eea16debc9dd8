//! Bad input: each with an error that says what happened and what to do, and the exit code of the table in `--help`.

mod support;

use std::io::Read;
use std::process::Stdio;

use support::{Lab, Ran, cardcheck};

const USAGE: i32 = 2;
const ENVIRONMENT: i32 = 3;
const NOTHING_TO_TRY: i32 = 4;

/// The exit code, the words of the error, and that a next step follows it.
#[track_caller]
fn says(ran: Ran, code: i32, words: &[&str]) {
    let ran = ran.exits(code);
    let stderr = ran.stderr();
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in:\n{stderr}");
    }
    assert!(stderr.contains("error:"), "{stderr}");
    assert_eq!(ran.stdout(), "", "an error leaves stdout to results");
}

fn module(path: &str) -> Ran {
    cardcheck().arg("matrix").arg("--module").arg(path).run()
}

#[test]
fn a_module_that_isn_t_there() {
    says(
        module("/nowhere/opensc-pkcs11.so"),
        ENVIRONMENT,
        &["no PKCS#11 module at /nowhere/opensc-pkcs11.so", "help:"],
    );
}

#[test]
fn a_bare_name_that_the_loader_doesn_t_find() {
    says(
        module("no-such-module.so"),
        ENVIRONMENT,
        &["no PKCS#11 module at no-such-module.so"],
    );
}

#[test]
fn a_text_file_for_a_module() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    says(
        module(file),
        ENVIRONMENT,
        &[
            "is not a library that can be loaded",
            "help: a PKCS#11 module is a shared library",
        ],
    );
}

#[test]
fn an_empty_file_for_a_module() {
    let file = tempfile::NamedTempFile::new().unwrap();
    says(
        module(file.path().to_str().unwrap()),
        ENVIRONMENT,
        &["is not a library that can be loaded"],
    );
}

#[test]
fn a_directory_for_a_module() {
    says(
        module("/usr/lib"),
        ENVIRONMENT,
        &["/usr/lib is a directory", "help: name the library in it"],
    );
}

#[test]
fn a_library_that_is_no_pkcs11_module() {
    // whatever the C library is called here, the loader finds it by its bare name
    says(
        module("libc.so.6"),
        ENVIRONMENT,
        &["no PKCS#11 module: it has no C_GetFunctionList"],
    );
}

#[test]
fn a_module_without_slots() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    says(
        lab.faulty("healthy", "slots none").run(),
        ENVIRONMENT,
        &["the module shows no slot", "help: it uses no PC/SC reader"],
    );
}

#[test]
fn a_reader_without_a_card() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    says(
        lab.faulty("healthy", "token none").run(),
        ENVIRONMENT,
        &["no token in", "help: put the card"],
    );
}

#[test]
fn a_token_that_is_not_initialised() {
    let Some(lab) = Lab::new(&["uninitialised"]) else {
        return;
    };
    says(
        lab.matrix("uninitialised").run(),
        ENVIRONMENT,
        &[
            "is not initialised (CKF_TOKEN_INITIALIZED)",
            "cardcheck never writes to a token",
        ],
    );
}

#[test]
fn a_label_that_no_token_has() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab.matrix("healthy").args("--token helthy").run();
    says(
        ran,
        ENVIRONMENT,
        &[
            "no token is the one you named",
            "help: there is: `healthy` (serial",
        ],
    );
}

#[test]
fn a_label_that_two_tokens_have() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    let ran = lab.matrix("twins").args("--token twin").run();
    says(
        ran,
        ENVIRONMENT,
        &[
            "2 tokens are the one you named",
            "serial number",
            "`twin` (serial",
        ],
    );
}

#[test]
fn a_uri_that_is_none() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab
        .matrix("healthy")
        .arg("--token")
        .arg("pkcs11:token=my card")
        .run();
    says(ran, USAGE, &["not a PKCS#11 URI", "help:"]);
}

#[test]
fn a_key_that_isn_t_there() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab.matrix("healthy").args("--key nobody").run();
    says(
        ran,
        NOTHING_TO_TRY,
        &["no key is the one you named: nobody", "help:"],
    );
}

#[test]
fn a_token_without_keys() {
    let Some(lab) = Lab::new(&["empty"]) else {
        return;
    };
    says(
        lab.matrix("empty").run(),
        NOTHING_TO_TRY,
        &["there is no private key on the token", "help:"],
    );
}

#[test]
fn a_key_of_a_type_that_nobody_can_use() {
    let Some(lab) = Lab::new(&["unusable"]) else {
        return;
    };
    let ran = lab.matrix("unusable").run().exits(NOTHING_TO_TRY);
    assert!(
        ran.stdout().contains("key-type-unusable"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn a_wrong_pin() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    lab.write("pin", "9999");
    says(
        lab.matrix("healthy").run(),
        ENVIRONMENT,
        &[
            "token `healthy`: C_Login: CKR_PIN_INCORRECT",
            "sent once and will not be sent again",
        ],
    );
}

#[test]
fn a_pin_of_impossible_length() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    lab.write("pin", "123");
    says(
        lab.matrix("healthy").run(),
        ENVIRONMENT,
        &["the PIN is 3 bytes long", "it was not sent"],
    );
}

#[test]
fn a_locked_pin() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab.faulty("healthy", "token-flags set 0x40000").run();
    says(
        ran,
        ENVIRONMENT,
        &["the PIN is locked (CKF_USER_PIN_LOCKED)", "PUK"],
    );
    assert_eq!(lab.count_calls("C_Login"), 0, "a locked token is not asked");
}

#[test]
fn a_pin_file_that_is_missing_or_empty() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let missing = lab
        .matrix_without_pin("healthy")
        .args("--pin-file /nowhere/pin")
        .run();
    says(missing, ENVIRONMENT, &["PIN file /nowhere/pin", "help:"]);
    let empty = lab.write("empty-pin", "\n");
    let empty = lab
        .matrix_without_pin("healthy")
        .arg("--pin-file")
        .arg(empty)
        .run();
    says(empty, ENVIRONMENT, &["it is empty", "chmod 600"]);
}

#[test]
fn a_pin_variable_that_is_not_set() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab
        .matrix_without_pin("healthy")
        .args("--pin-env NO_SUCH_PIN")
        .run();
    says(ran, ENVIRONMENT, &["NO_SUCH_PIN is not set", "help:"]);
}

#[test]
fn no_pin_and_nobody_to_ask() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let mut command = lab.matrix_without_pin("healthy").into_command();
    // a session of its own has no terminal, whatever terminal the tests run in
    let program = command.get_program().to_owned();
    let mut detached = std::process::Command::new("setsid");
    detached.arg("--wait").arg(program).args(command.get_args());
    detached.envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let output = detached.stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(ENVIRONMENT), "{stderr}");
    assert!(
        stderr.contains("no terminal to ask for it") && stderr.contains("--pin-file"),
        "{stderr}"
    );
    command.env_clear();
}

#[test]
fn names_that_are_misspelt_are_answered_with_the_nearest() {
    let usage = |args: &str| cardcheck().arg("matrix").args(args).run();
    says(
        usage("--profile openssl-1.11"),
        USAGE,
        &[
            "unknown profile `openssl-1.11`",
            "did you mean `openssl-1.1.1`",
        ],
    );
    says(
        usage("--client firefix"),
        USAGE,
        &[
            "unknown client `firefix`, did you mean `firefox`?",
            "help: --client takes",
        ],
    );
    says(
        usage("--sigalgs RSA+SHA257"),
        USAGE,
        &["unknown signature scheme `RSA+SHA257`, did you mean `RSA+SHA256`?"],
    );
    assert!(
        usage("--tls 1.1")
            .exits(USAGE)
            .stderr()
            .contains("1.2, 1.3")
    );
}

#[test]
fn a_typo_in_a_profile_file_is_shown_by_line_and_column() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(
        file.path(),
        "[[profile]]\nname = \"mine\"\ntls12 = [\"rsa_pss_rsa_sha256\"]\n",
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    let ran = cardcheck().arg("matrix").arg("--profile").arg(path).run();
    let place = format!("{path}:3:");
    says(ran, USAGE, &[&place, "did you mean `rsa_pss_rsae_sha256`?"]);
}

#[test]
fn a_profile_file_that_isn_t_there() {
    let ran = cardcheck().args("matrix --profile ./mine.toml").run();
    says(ran, USAGE, &["profile file ./mine.toml", "help:"]);
}

#[test]
fn an_output_path_that_can_t_be_written_is_found_before_the_token_is_touched() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab
        .faulty("healthy", "")
        .args("--export-json /nowhere/report.json")
        .run();
    says(
        ran,
        ENVIRONMENT,
        &["can't write /nowhere/report.json", "nothing was run"],
    );
    assert_eq!(lab.calls(), [""; 0]);
}

#[test]
fn a_run_that_fails_keeps_the_report_that_was_there() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let kept = lab.write("kept.json", "the last good report");
    let fresh = lab.path("fresh.json");
    let ran = lab.matrix("healthy").args("--token nobody --export-json");
    let ran = ran.arg(&kept).arg("--export-json").arg(&fresh).run();
    says(ran, ENVIRONMENT, &["no token is the one you named"]);
    assert_eq!(
        std::fs::read_to_string(kept).unwrap(),
        "the last good report"
    );
    assert!(!fresh.exists(), "no empty file is left behind");
}

#[test]
fn a_certificate_that_is_not_der() {
    let Some(lab) = Lab::new(&["not-der"]) else {
        return;
    };
    let ran = lab.matrix("not-der").args("--format json").run();
    let report = ran.report();
    let cell = report.cell("rsa-2048", "openssl-3.0", "1.3", "firefox");
    assert_eq!(
        (&cell["outcome"], &cell["reason"]),
        (&"skipped".into(), &"the certificate is not DER".into())
    );
    assert!(report.findings().contains(&"certificate-unreadable"));
}

#[test]
fn a_certificate_of_another_key() {
    let Some(lab) = Lab::new(&["mismatch"]) else {
        return;
    };
    let ran = lab
        .matrix("mismatch")
        .args("--profile openssl-3.0 --client firefox --format json")
        .run();
    let report = ran.exits(1).report();
    let cell = report.cell("p-256", "openssl-3.0", "1.2", "firefox");
    assert_eq!(
        (&cell["stage"], &cell["alert"]),
        (&"server_verify".into(), &"decrypt_error".into())
    );
    assert_eq!(cell["findings"][0], "wrong-key-for-certificate");
    // the other key's certificate lies under another id: found by its public key, and told
    assert_eq!(
        report.cell("rsa-2048", "openssl-3.0", "1.2", "firefox")["outcome"],
        "pass"
    );
    assert!(report.findings().contains(&"id-mismatch"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let Some(lab) = Lab::new(&["lying"]) else {
        return;
    };
    let mut command = lab
        .matrix("lying")
        .args("--profile openssl-1.1.1")
        .into_command();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(
        child.wait().unwrap().code(),
        Some(1),
        "the verdict still counts: {stderr}"
    );
    assert!(
        !stderr.contains("panic") && !stderr.contains("Broken pipe"),
        "{stderr}"
    );
}

#[test]
fn no_module_named_means_one_is_looked_for_and_named() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let conf = lab.path("healthy/softhsm2.conf");
    let run = cardcheck()
        .env("SOFTHSM2_CONF", conf)
        .args("matrix --token healthy --pin-file")
        .arg(lab.path("pin"));
    let ran = run.args("--profile openssl-3.0 --client any").run();
    let stderr = ran.stderr();
    assert!(stderr.contains("no --module given, taking /"), "{stderr}");
    let proxy = stderr.contains("p11-kit-proxy");
    assert!(
        proxy || std::env::var_os("CI").is_none(),
        "scripts/test installs p11-kit's proxy: {stderr}"
    );
    if proxy {
        // the proxy gives each caller of C_GetFunctionList a state of its own: all calls must go through one list
        ran.exits(0);
    }
}
