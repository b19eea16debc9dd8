//! Peers that hang, send garbage, close, or send without end: `probe` ends, says what happened and exits with 3; never a panic.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use cardcheck::model::printable::steers;
use rcgen::DnValue;

use crate::pki::Pki;
use crate::support::{self, Ran, need};
use crate::truth::{Peer, version};

/// A peer that does this with every connection, for as long as the test runs.
fn peer(does: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let does = does.clone();
            std::thread::spawn(move || does(stream));
        }
    });
    address
}

/// Impatient: the peers of these tests never come to say anything.
fn probe(address: SocketAddr, args: &str) -> Ran {
    let run = support::cardcheck().arg("probe").arg(address.to_string());
    run.args("--timeout 1s").args(args).run()
}

/// Reads until the other side has had enough.
fn drain(mut stream: TcpStream) {
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

#[track_caller]
fn says(ran: Ran, words: &str) {
    let ran = ran.exits(3);
    let said = ran.stderr();
    assert!(said.contains(words), "{said}");
    assert!(said.contains("help: "), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert_eq!(ran.stdout(), "");
}

#[test]
fn one_that_takes_the_connection_and_keeps_silent() {
    says(
        probe(peer(drain), ""),
        "it keeps silent after our ClientHello for 1 s",
    );
}

#[test]
fn one_that_closes_at_once() {
    says(
        probe(peer(drop), ""),
        "it closes the connection without a word",
    );
}

#[test]
fn nobody_at_all() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    says(
        probe(address, ""),
        "nothing listens there (connection refused)",
    );
}

#[test]
fn one_that_speaks_another_protocol() {
    let ssh = peer(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-\x1b[2Jnot TLS\r\n");
        drain(stream);
    });
    says(probe(ssh, ""), "no TLS at 127.0.0.1");
    says(probe(ssh, "--starttls smtp"), "SSH-2.0-");
}

#[test]
fn one_that_sends_without_end() {
    let chatty =
        |bytes: &'static [u8]| peer(move |mut stream| while stream.write_all(bytes).is_ok() {});
    says(
        probe(chatty(b"220-more\r\n"), "--starttls smtp"),
        "it said `220-more`",
    );
    says(
        probe(chatty(&[0; 4096]), "--starttls smtp"),
        "too much came",
    );
    // handshake records without end: each is well formed
    says(
        probe(chatty(&[22, 3, 3, 0, 4, 0, 0, 0, 0]), ""),
        "no TLS at",
    );
    says(probe(chatty(&[0xff; 4096]), ""), "no TLS at");
}

#[test]
fn starttls_that_is_refused_or_never_comes() {
    let greets = |words: &'static [u8]| {
        peer(move |mut stream| {
            let _ = stream.write_all(words);
            drain(stream);
        })
    };
    says(
        probe(
            greets(b"* OK ready\r\na NO \x1b[31mnot here\r\n"),
            "--starttls imap",
        ),
        "a NO ",
    );
    says(probe(greets(b"N"), "--starttls postgres"), "it said `N`");
    says(
        probe(greets(b"+OK\r\n"), "--starttls pop3"),
        "the server keeps silent where pop3 has the server say +OK",
    );
    says(probe(greets(&[0x30; 200]), "--starttls ldap"), "ldap");
    says(
        probe(
            greets(b"<stream:features></stream:features>"),
            "--starttls xmpp",
        ),
        "xmpp",
    );
    says(
        probe(greets(b"\x05\0\0\0\xff\x10\x04no"), "--starttls mysql"),
        "mysql",
    );
}

/// A real server that wants a certificate of one of the CAs.
fn asking(pki: &Pki) -> Peer {
    Peer::start(&pki.path("log"), |address| {
        let mut server = std::process::Command::new("openssl");
        server
            .args(["s_server", "-quiet", "-Verify", "1"])
            .args(["-accept", &address.to_string(), "-cert"])
            .arg(pki.path("server.crt"))
            .arg("-key")
            .arg(pki.path("server.key"))
            .arg("-CAfile")
            .arg(pki.path("clients.pem"));
        server
    })
}

#[test]
fn a_proxy_that_refuses_and_one_that_lets_through() {
    let refuses = peer(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n");
        drain(stream);
    });
    let through = |proxy: SocketAddr, to: &str| {
        let run = support::cardcheck()
            .arg("probe")
            .arg(to)
            .args("--timeout 20s --format json");
        run.arg("--proxy").arg(proxy.to_string()).run()
    };
    says(
        through(refuses, "portal.example"),
        "does not connect to portal.example:443: it answers 403",
    );

    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(1);
    let server = asking(&pki);
    let relays = peer(relay);
    let report = through(relays, &server.address.to_string())
        .exits(0)
        .report()
        .0;
    assert_eq!(version(&report, "1.3")["asks"], "required");
    assert_eq!(report["proxy"], relays.to_string());
}

/// A proxy: reads CONNECT, connects, carries both ways.
fn relay(mut client: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let to = head
        .strip_prefix("CONNECT ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let mut server = TcpStream::connect(to).unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// A real server, of whose answer only so many bytes come; then nothing, or the end.
fn cut(server: SocketAddr, after: usize, closes: bool) -> SocketAddr {
    peer(move |client| {
        let mut server = TcpStream::connect(server).unwrap();
        let (mut from_client, mut to_server) =
            (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        let mut client = client;
        let mut left = after;
        let mut bytes = [0; 256];
        while left > 0 {
            let most = left.min(bytes.len());
            match server.read(&mut bytes[..most]) {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    left -= count;
                    let _ = client.write_all(&bytes[..count]);
                }
            }
        }
        match closes {
            true => {
                let _ = client.shutdown(std::net::Shutdown::Both);
            }
            false => drain(client),
        }
    })
}

#[test]
fn one_that_hangs_or_closes_at_every_stage_of_a_real_handshake() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let pki = Pki::new(20);
    let server = asking(&pki);
    for after in [3, 40, 130, 400, 900, 1500] {
        for closes in [true, false] {
            let ran = probe(cut(server.address, after, closes), "--format json");
            let code = ran.code();
            assert!(
                matches!(code, Some(0 | 3)),
                "after {after} bytes: {code:?} {}",
                ran.stderr()
            );
            if code == Some(0) {
                // what came to no end is not said to be known
                let report = ran.report().0;
                assert_ne!(
                    version(&report, "1.3")["asks"],
                    "none",
                    "after {after} bytes: {report:#}"
                );
            }
        }
    }
}

#[test]
fn ca_names_that_would_steer_the_terminal_steer_nothing_in_any_format() {
    if need(&["openssl"]).is_none() {
        return;
    }
    let hostile = "\u{1b}[31mred\r\n\u{9b}2J\u{202e}\u{7}";
    let pki = Pki::new(1);
    pki.wants_clients_of([
        DnValue::Utf8String(hostile.into()),
        DnValue::BmpString(hostile.try_into().unwrap()),
    ]);
    let server = asking(&pki);
    let saved = pki.path("saved.toml");
    let said = |args: &str| {
        let run = support::cardcheck()
            .arg("probe")
            .arg(server.address.to_string());
        let run = run.args("--timeout 25s --save-profile").arg(&saved);
        let ran = run.args(args).run().exits(0);
        let all = ran.stdout() + &ran.stderr();
        let steering = all.chars().find(|c| steers(*c) && *c != '\n');
        assert_eq!(steering, None, "{args}: {all:?}");
        ran
    };
    for args in ["", "--trace", "--verbose"] {
        let screen = said(args).stdout();
        // in RFC 4514's escapes, and what that lets through as a replacement
        let shown = "CN=\\1b[31mred\\0d\\0a\u{fffd}2J\u{fffd}\\07";
        assert!(screen.contains(shown), "{args}: {screen}");
    }
    let report = said("--format json --trace").report().0;
    // nothing of it is lost to a program
    let names = version(&report, "1.3")["ca_names_der"].as_array().unwrap();
    let first = BASE64_STANDARD.decode(names[0].as_str().unwrap()).unwrap();
    let sent = first
        .windows(hostile.len())
        .any(|bytes| bytes == hostile.as_bytes());
    assert!(sent && names.len() == 2, "{names:?}");
    let text = std::fs::read_to_string(&saved).unwrap();
    let profiles = cardcheck::matrix::profiles::parse(&text, "saved.toml").unwrap();
    assert_eq!(profiles[0].ca_names.len(), 2, "{text}");
}
