//! Whoever comes, the house stands: many, slow, rude and lying clients.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::house::{House, said, until};
use crate::support::{Lab, need};

#[track_caller]
fn open(args: &[&str]) -> Option<(House, tempfile::TempDir)> {
    need(&["curl", "openssl"])?;
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(dir.path(), args);
    Some((house, dir))
}

fn connect(house: &House, door: &str) -> TcpStream {
    TcpStream::connect(("127.0.0.1", house.port(door))).unwrap()
}

/// Resident memory, in KiB.
fn memory(house: &House) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn open_files(house: &House) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", house.pid()))
        .unwrap()
        .count()
}

#[test]
fn ten_thousand_connections_in_a_row_and_500_at_once_leave_nothing_behind() {
    let Some((house, _dir)) = open(&["--profile", "openssl-3.0"]) else {
        return;
    };
    let visit = || {
        let mut stream = connect(&house, "openssl-3.0");
        // no TLS: the shortest visit that is kept
        let _ = stream.write_all(b"\x00\x01\x02\x03\x04\x05\x06\x07");
        let _ = stream.read_to_end(&mut Vec::new());
    };
    (0..1_000).for_each(|_| visit());
    let before = (memory(&house), open_files(&house));
    (0..9_000).for_each(|_| visit());
    let at_once: Vec<TcpStream> = (0..500).map(|_| connect(&house, "openssl-3.0")).collect();
    until("500 are inside", || {
        (open_files(&house) >= before.1 + 500).then_some(())
    });
    assert!(
        house.page("/").contains("https://localhost:"),
        "the index is there meanwhile"
    );
    drop(at_once);
    until("they are gone", || {
        (open_files(&house) <= before.1 + 2).then_some(())
    });
    let after = memory(&house);
    assert!(
        after < before.0 + 16 * 1024,
        "{} KiB grew to {after} KiB",
        before.0
    );
    assert_eq!(house.visits().len(), 200, "the last ones are kept");
}

#[test]
fn too_many_at_once_are_turned_away_and_counted() {
    let Some((house, _dir)) = open(&["--profile", "openssl-3.0"]) else {
        return;
    };
    let many: Vec<TcpStream> = (0..750).map(|_| connect(&house, "openssl-3.0")).collect();
    until("some are turned away", || {
        house
            .page_as("/", "text/html")
            .contains("50 connections were turned away")
            .then_some(())
    });
    drop(many);
}

#[test]
fn who_says_nothing_is_not_waited_for_and_no_visit() {
    let Some((house, _dir)) = open(&["--profile", "openssl-3.0", "--timeout", "1s"]) else {
        return;
    };
    let mut silent = connect(&house, "openssl-3.0");
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0, "the server closes it");
    assert!(house.visits().is_empty());
}

#[test]
fn what_a_client_sends_is_text_on_the_page_and_steers_no_terminal() {
    let Some((house, dir)) = open(&["--profile", "openssl-3.0"]) else {
        return;
    };
    let path = |name: &str| dir.path().join(name);
    let mut make = Command::new("openssl");
    make.args([
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    make.args([
        "-utf8",
        "-subj",
        "/CN=<script>alert(1)<\\/script>\u{1b}[2J\u{202e}",
    ]);
    make.arg("-keyout")
        .arg(path("key.pem"))
        .arg("-out")
        .arg(path("cert.pem"));
    said(&mut make);
    let mut client = Command::new("openssl");
    client.args(["s_client", "-alpn", "<i>"]);
    client.args([
        "-connect",
        &format!("127.0.0.1:{}", house.port("openssl-3.0")),
    ]);
    client
        .arg("-cert")
        .arg(path("cert.pem"))
        .arg("-key")
        .arg(path("key.pem"));
    said(&mut client);
    let visit = house.visit(|visit| !visit["signed_with"].is_null());
    assert!(
        visit["certificates"][0]["subject"]
            .as_str()
            .unwrap()
            .contains("<script>"),
        "{visit:#}"
    );

    for path in ["/", "/live", "/visits/1"] {
        let html = house.page_as(path, "text/html");
        assert!(html.contains("&#60;script&#62;alert(1)"), "{html}");
        assert!(
            !html.contains("<script>alert") && !html.contains("<i>"),
            "{html}"
        );
    }
    for text in [
        house.page("/"),
        house.page("/visits/1"),
        house.page("/visits/1.json"),
        house.told(),
    ] {
        assert!(text.contains("<script>"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
    let mut head = Command::new("curl");
    let head = said(head.args([
        "-sSI",
        &format!("http://localhost:{}/", house.port("index")),
    ]));
    assert!(
        head.contains("content-security-policy: default-src 'none'; style-src 'sha256-"),
        "{head}"
    );
}

#[test]
fn the_index_is_read_at_its_own_name_only_and_is_only_read() {
    let Some((house, _dir)) = open(&["--profile", "openssl-3.0"]) else {
        return;
    };
    let url = format!("http://127.0.0.1:{}/", house.port("index"));
    let status = |args: &[&str]| {
        let mut curl = Command::new("curl");
        said(
            curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", &url])
                .args(args),
        )
    };
    assert_eq!(status(&[]), "200");
    assert_eq!(status(&["-H", "Host: evil.example"]), "421");
    assert_eq!(status(&["-X", "POST", "-d", "x"]), "405");
    assert_eq!(
        status(&["-H", &format!("X: {}", "x".repeat(60_000))]),
        "431"
    );
    let missing = said(Command::new("curl").args(["-sS", &format!("{url}visits/99")]));
    assert!(missing.contains("there is no such page"), "{missing}");
}

#[test]
fn a_handshake_that_breaks_off_anywhere_is_survived() {
    let Some((house, dir)) = open(&["--profile", "openssl-3.0"]) else {
        return;
    };
    let Some(_) = Lab::new(&["bench"]) else {
        return;
    };
    // a ClientHello of a real client, sent in part
    let hello = client_hello(dir.path());
    for length in (1..hello.len()).step_by(7) {
        let mut stream = connect(&house, "openssl-3.0");
        stream.write_all(&hello[..length]).unwrap();
    }
    let mut stream = connect(&house, "openssl-3.0");
    stream.write_all(&hello).unwrap();
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[0], 22, "a handshake record");
    drop(stream);
    let visit = house.visit(|visit| visit["end"] == "closed" && !visit["request"].is_null());
    assert_eq!(visit["stage"], "answer", "{visit:#}");
    assert_eq!(visit["findings"][0]["id"], "client-gave-up", "{visit:#}");
}

/// What curl sends first.
fn client_hello(_dir: &std::path::Path) -> Vec<u8> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut client = Command::new("curl");
    client.args([
        "-sk",
        "--max-time",
        "60",
        &format!("https://127.0.0.1:{port}/"),
    ]);
    let mut client = client.spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut hello = vec![0; 4096];
    let length = stream.read(&mut hello).unwrap();
    hello.truncate(length);
    drop(stream);
    client.wait().unwrap();
    hello
}
