//! As a fixture of other programs' tests: `--once`, `--require`, exit codes; and what can go wrong at the start.

use std::net::TcpListener;
use std::process::Command;

use crate::house::{House, said};
use crate::support::{Lab, cardcheck, need};

#[track_caller]
fn lab() -> Option<Lab> {
    need(&["curl", "openssl"])?;
    Lab::new(&["bench"])
}

fn curl(house: &House, lab: &Lab, key: Option<&str>) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-i", "--cacert"]).arg(house.ca());
    if let Some(key) = key {
        curl.arg("--cert")
            .arg(lab.path(format!("keys/{key}.cert.pem")));
        curl.arg("--key")
            .arg(lab.path(format!("keys/{key}.key.pem")));
    }
    said(curl.arg(house.url("openssl-3.0")))
}

#[test]
fn once_ends_with_0_after_a_login_and_tells_it_as_json() {
    let Some(lab) = lab() else { return };
    let args = ["--profile", "openssl-3.0", "--once", "--format", "json"];
    let house = House::open(&lab.path(""), &args);
    let page = curl(&house, &lab, Some("p-256"));
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    let out = lab.path("serve.out");
    assert_eq!(house.code(), Some(0));
    let told = std::fs::read_to_string(out).unwrap();
    let visit: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(visit["signed_with"], "ecdsa_secp256r1_sha256");
}

#[test]
fn once_ends_with_1_where_a_strict_server_objects() {
    let Some(lab) = lab() else { return };
    let house = House::open(&lab.path(""), &["--profile", "openssl-3.0", "--once"]);
    curl(&house, &lab, None);
    assert_eq!(house.code(), Some(1));
}

#[test]
fn require_ends_the_handshake_as_a_strict_server_does() {
    let Some(lab) = lab() else { return };
    let house = House::open(&lab.path(""), &["--profile", "openssl-3.0", "--require"]);
    let refused = curl(&house, &lab, None);
    assert!(
        refused.contains("alert") && refused.contains("certificate required"),
        "{refused}"
    );
    let visit = house.visit(|visit| visit["end"] == "refused");
    assert_eq!(visit["alert"], "certificate_required", "{visit:#}");
    assert_eq!(
        visit["findings"][0]["id"], "no-certificate-sent",
        "{visit:#}"
    );
    assert!(curl(&house, &lab, Some("rsa-2048")).starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn ctrl_c_ends_it() {
    let Some(lab) = lab() else { return };
    let house = House::open(&lab.path(""), &["--profile", "openssl-3.0"]);
    let pid = rustix::process::Pid::from_raw(house.pid().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(house.code(), Some(130));
}

#[test]
fn a_port_that_is_taken_is_an_error_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = cardcheck()
        .args("serve --listen")
        .arg(&address)
        .run()
        .exits(3);
    let stderr = ran.stderr().replace(&address, "[address]");
    insta::assert_snapshot!(stderr, @r"
    error: can't listen on [address]: Address already in use (os error 98)
    help: another program has the port, perhaps another `cardcheck serve`; `--listen 127.0.0.1:0` takes free ones
    ");
}

#[test]
fn files_that_can_t_be_used_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let rubbish = dir.path().join("rubbish.pem");
    std::fs::write(&rubbish, "rubbish").unwrap();
    let shown =
        |ran: crate::support::Ran| ran.stderr().replace(dir.path().to_str().unwrap(), "DIR");
    let serve = || cardcheck().args("serve --listen 127.0.0.1:0 --once");
    let ran = serve().arg("--ca").arg(&rubbish).run().exits(3);
    insta::assert_snapshot!(shown(ran), @r"
    error: DIR/rubbish.pem: there is no certificate in it (PEM, `-----BEGIN CERTIFICATE-----`)
    help: `openssl x509 -in FILE -text` and `openssl pkey -in FILE -text` show what such a file holds
    ");
    let ran = serve()
        .arg("--cert")
        .arg(&rubbish)
        .arg("--key")
        .arg(&rubbish)
        .run()
        .exits(3);
    insta::assert_snapshot!(shown(ran), @r"
    error: DIR/rubbish.pem: there is no certificate in it (PEM, `-----BEGIN CERTIFICATE-----`)
    help: `openssl x509 -in FILE -text` and `openssl pkey -in FILE -text` show what such a file holds
    ");
    let ran = serve()
        .arg("--ca-out")
        .arg(dir.path().join("no/ca.pem"))
        .run()
        .exits(3);
    insta::assert_snapshot!(shown(ran), @r"
    error: can't write DIR/no/ca.pem: No such file or directory (os error 2)
    help: nothing was run; name a path in a directory that exists and is yours
    ");
    let ran = serve()
        .args("--profile pkcs1-only --tls 1.3")
        .run()
        .exits(2);
    insta::assert_snapshot!(shown(ran), @r"
    error: none of these profiles speaks the version of --tls
    help: leave --tls out, or name another --profile
    ");
}

#[test]
fn an_address_that_others_reach_is_warned_of() {
    let Some(()) = need(&["curl"]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(dir.path(), &["--profile", "openssl-3.0"]);
    assert!(!house.warned().contains("warning"), "{}", house.warned());
    let ran = cardcheck()
        .args("serve --listen 0.0.0.0:0 --quiet --port-file")
        .arg(dir.path());
    let ran = ran.run().exits(3);
    assert!(
        ran.stderr()
            .contains("warning: everybody who reaches 0.0.0.0:"),
        "{}",
        ran.stderr()
    );
}
