//! To whom a certificate and a signature go: to a server that verifies, or whom the user has named.

use crate::scene::{Scene, report};
use crate::support::relay::Relay;
use crate::support::terminal::{at_terminal, code};
use crate::support::{self, Cardcheck};

/// Through the module that keeps a list of its calls.
fn listed(scene: &Scene, args: &str, address: std::net::SocketAddr) -> Cardcheck {
    let one_key = "--server-timeout 25s --key rsa-2048";
    scene
        .faulty_without_trust("healthy", "", address, one_key)
        .args(args)
}

#[test]
fn a_server_that_does_not_verify_gets_nothing_and_the_card_is_left_alone() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let ran = listed(&scene, "", server.address).run().exits(3);
    assert_eq!(ran.stdout(), "");
    insta::assert_snapshot!(ran.stderr().replace(&server.address.to_string(), "ADDRESS"), @r"
    error: the certificate of ADDRESS does not verify: it leads to no root that is trusted here; nothing was sent to it
    help: trust its CA with --ca FILE, or log in to whoever it is with --insecure; `cardcheck probe` shows the certificate
    ");
    assert_eq!(scene.lab.calls(), [""; 0]);
}

#[test]
fn one_of_another_name_gets_nothing_either() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let connect = support::cardcheck()
        .arg("connect")
        .arg(server.address.to_string())
        .args("--server-name elsewhere.example --server-timeout 25s --ca")
        .arg(scene.pki.path("ca.pem"));
    let ran = connect.run().exits(3);
    assert!(
        ran.stderr()
            .contains("it is not for the name elsewhere.example; nothing was sent to it"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn insecure_is_the_user_s_word_for_it() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let connect = scene
        .connect_without_trust("healthy", server.address)
        .args("--key rsa-2048 --insecure");
    let found = report(connect, 0);
    assert_eq!(found.0["server_certificate"]["trusted"], false);
}

#[test]
fn at_a_terminal_it_asks_and_takes_only_a_clear_yes() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    for (answer, exit) in [("", 3), ("no", 3), ("y", 0)] {
        let connect = scene
            .connect_without_trust("healthy", server.address)
            .args("--key rsa-2048");
        let mut terminal = at_terminal(connect, "xterm-256color");
        terminal.exp_string("does not verify").unwrap();
        terminal
            .exp_string("Log in there all the same? [y/N] ")
            .unwrap();
        terminal.send_line(answer).unwrap();
        let screen = terminal.exp_eof().unwrap();
        assert_eq!(code(&terminal), Some(exit), "`{answer}`: {screen}");
        assert_eq!(screen.contains("1 of 1 key let in"), exit == 0, "{screen}");
    }
}

/// How many connections a probe makes there.
fn probe_connections(scene: &Scene, to: std::net::SocketAddr) -> usize {
    let relay = Relay::start(move |_| Some(to));
    let probe = support::cardcheck()
        .arg("probe")
        .arg(relay.address.to_string())
        .args("--server-name localhost --timeout 25s --ca")
        .arg(scene.pki.path("ca.pem"));
    probe.run().exits(0);
    relay.seen()
}

#[test]
fn another_server_that_takes_the_place_of_the_first_gets_nothing() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let good = scene.strict();
    // the same but for its own CA
    let Some(other) = Scene::new(&["healthy"]) else {
        return;
    };
    let bad = other.strict();
    let probed = probe_connections(&scene, good.address);
    let addresses = (good.address, bad.address);
    let relay = Relay::start(move |before| {
        Some(if before < probed {
            addresses.0
        } else {
            addresses.1
        })
    });
    let connect =
        listed(&scene, "--tls 1.3 --format json --ca", relay.address).arg(scene.pki.path("ca.pem"));
    let found = connect.run().exits(1).report();
    let cell = &found.0["cells"][0];
    assert_eq!(
        (&cell["outcome"], &cell["stage"]),
        (&"fail".into(), &"transport".into())
    );
    let reason = cell["reason"].as_str().unwrap();
    // its CA has the same name, and another key
    assert!(
        reason.contains("a signature in its chain does not verify"),
        "{reason}"
    );
    assert!(reason.ends_with("nothing was sent to it"), "{reason}");
    assert!(cell["sign_ms"].is_null());
    assert!(relay.seen() > probed);
    let said = bad.said();
    assert!(
        !said.contains("CN=rsa-2048 user") && !said.contains("CN = rsa-2048"),
        "{said}"
    );
}

#[test]
fn what_was_said_yes_to_is_that_certificate_and_no_other() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let Some(other) = Scene::new(&["healthy"]) else {
        return;
    };
    let (first, second) = (scene.strict(), other.strict());
    let probed = probe_connections(&scene, first.address);
    let addresses = (first.address, second.address);
    let relay = Relay::start(move |before| {
        Some(if before < probed {
            addresses.0
        } else {
            addresses.1
        })
    });
    let connect = scene
        .connect_without_trust("healthy", relay.address)
        .args("--key rsa-2048 --tls 1.2");
    let mut terminal = at_terminal(connect, "xterm-256color");
    terminal.exp_string("[y/N] ").unwrap();
    terminal.send_line("yes").unwrap();
    let screen = terminal.exp_eof().unwrap();
    let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("it is another one than was shown before"),
        "{screen}"
    );
    assert_eq!(code(&terminal), Some(1));
}
