//! The command itself: when there is nothing to try, when something is wrong, what it writes.

use crate::scene::{Scene, login, report};
use crate::support::relay::Relay;

#[test]
fn a_server_that_asks_for_nothing_leaves_nothing_to_try_and_no_pin_is_asked_for() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.s_server("-www");
    // not even the module is looked for
    let connect = || {
        crate::support::cardcheck()
            .arg("connect")
            .arg(server.address.to_string())
            .args("--server-name localhost --module /nowhere.so --pin-file /nowhere --ca")
            .arg(scene.pki.path("ca.pem"))
    };
    let ran = connect().run().exits(4);
    let last = ran.stdout().lines().last().unwrap().to_owned();
    assert_eq!(last, "no key was tried: the server asks for no certificate");
    let found = report(connect(), 4);
    assert_eq!(found.0["not_tried"], "the server asks for no certificate");
    assert!(found.0["module"].is_null());
}

#[test]
fn one_version_only_is_tried_if_that_is_wanted() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let found = report(
        scene
            .connect("healthy", server.address)
            .args("--tls 1.3 --key p-256"),
        0,
    );
    let cells = found.0["cells"].as_array().unwrap();
    assert_eq!((cells.len(), &cells[0]["tls"]), (1, &"1.3".into()));
    let only_12 = scene.s_server("-Verify 3 -www -tls1_2");
    let ran = scene
        .connect("healthy", only_12.address)
        .args("--tls 1.3")
        .run()
        .exits(4);
    assert!(
        ran.stdout()
            .contains("over TLS 1.3 the server asks for no certificate"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn what_gives_a_server_more_time_is_named_as_the_command_has_it() {
    let closing = Relay::start(|_| Some(([127, 0, 0, 1], 1).into()));
    for (command, option) in [("connect", "--server-timeout"), ("probe", "--timeout")] {
        let ran = crate::support::cardcheck()
            .arg(command)
            .arg(closing.address.to_string())
            .run()
            .exits(3);
        let told = ran.stderr();
        assert!(told.contains(&format!("or a longer {option}\n")), "{told}");
    }
}

#[test]
fn the_trace_has_the_login_too() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let connect = scene
        .connect("healthy", server.address)
        .args("--tls 1.3 --key p-256 --trace");
    let found = report(connect, 0);
    let timelines = found.0["trace"].as_array().unwrap();
    let last = timelines.last().unwrap();
    assert_eq!(last["title"], "TLS 1.3 with a key, 1");
    let names: Vec<&str> = last["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"CertificateRequest") && names.contains(&"CertificateVerify"),
        "{names:?}"
    );
}

#[test]
fn files_are_written_beside_stdout() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let (json, table) = (scene.lab.path("out.json"), scene.lab.path("out.txt"));
    let ran = scene
        .connect("healthy", server.address)
        .args("--key p-256 --export-json")
        .arg(&json)
        .arg("--export-table")
        .arg(&table)
        .run()
        .exits(0);
    let written: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    crate::support::is_as_its_schema_says(&written);
    assert_eq!(std::fs::read_to_string(table).unwrap(), ran.stdout());
}

#[test]
fn what_is_wrong_on_the_command_line_is_said_before_anything_is_done() {
    let usage = |args: &str| {
        let ran = crate::support::cardcheck()
            .arg("connect")
            .args(args)
            .run()
            .exits(2);
        ran.stderr()
    };
    insta::assert_snapshot!(usage("portal.example --client netscape"), @r"
    error: unknown client `netscape`
    help: --client takes all, firefox, chrome, openssl, openssl-provider, curl, gnutls, java, go, schannel, rustls, any
    ");
    insta::assert_snapshot!(usage("portal.example --chain /nowhere.pem"), @"error: /nowhere.pem: No such file or directory (os error 2)");
    assert!(usage("http://portal.example").contains("help: write it as HOST"));
}

#[test]
fn a_server_that_falls_silent_at_the_login_is_not_waited_for_longer_than_said() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let address = server.address;
    // seven connections are the probe's
    let relay = Relay::start(move |before| (before < 7).then_some(address));
    let connect = crate::support::cardcheck()
        .env(
            "SOFTHSM2_CONF",
            scene.lab.path("healthy").join("softhsm2.conf"),
        )
        .arg("connect")
        .arg(relay.address.to_string())
        .args("--server-name localhost --server-timeout 2s --key p-256 --tls 1.3 --module")
        .arg(crate::support::softhsm())
        .arg("--pin-file")
        .arg(scene.lab.path("pin"))
        .arg("--ca")
        .arg(scene.pki.path("ca.pem"));
    let ran = connect.args("--format json").run();
    let found = ran.report();
    let cell = login(&found, "p-256", "1.3", "any");
    assert_eq!(cell["outcome"], "error", "{cell:#}");
    assert_eq!(cell["reason"], "the server kept silent");
    assert_eq!(ran.code(), Some(1));
}

#[test]
fn a_token_that_signs_slowly_takes_none_of_the_server_s_time() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let args = "--server-timeout 2s --key p-256 --tls 1.3";
    let connect = |rules: &str| scene.faulty("healthy", rules, server.address, args);
    report(connect(""), 0);
    let before = scene.lab.count_calls("C_Sign") - 1;
    let found = report(connect(&format!("on C_Sign after {before} delay 3000")), 0);
    let cell = login(&found, "p-256", "1.3", "any");
    assert!(cell["sign_ms"].as_f64().unwrap() > 2500.0, "{cell:#}");
    assert_eq!(cell["outcome"], "pass");
}

#[test]
fn a_key_that_wants_the_pin_each_time_is_asked_for_nothing_that_the_server_does_not_ask_for() {
    let Some(scene) = Scene::new(&["always-authenticate"]) else {
        return;
    };
    let server =
        scene.s_server("-Verify 3 -verify_return_error -www -tls1_2 -client_sigalgs RSA+SHA256");
    let args = "--server-timeout 25s --key rsa-2048";
    let ran = scene
        .faulty("always-authenticate", "", server.address, args)
        .run()
        .exits(0);
    let announced = ran.announced_pins();
    let announced = announced.unwrap_or_else(|| panic!("{}", ran.stderr()));
    // over three routes and once for the login: PKCS1 with SHA-256, and nothing else
    let mechanisms: Vec<String> = scene
        .lab
        .calls()
        .into_iter()
        .filter(|call| call.starts_with("C_SignInit"))
        .collect();
    assert_eq!(mechanisms.len(), 4, "{mechanisms:#?}");
    // one of them is the user's login
    assert!(
        scene.lab.count_calls("C_Login") - 1 <= announced,
        "{announced}"
    );
}
