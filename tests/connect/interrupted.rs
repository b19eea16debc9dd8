//! Ctrl-C: what is under way is finished, what was found is kept, and what was not tried is said.

use rustix::process::Signal;

use crate::running::{Running, until};
use crate::scene::{Scene, login};
use crate::support::relay::Relay;
use crate::support::{Cardcheck, Ran};

/// Logs in with one key over both versions, its signatures as the rules have them.
fn connect(scene: &Scene, relay: &Relay, rules: &str) -> Cardcheck {
    let args = "--server-timeout 25s --key p-256 --format json";
    scene.faulty("healthy", rules, relay.address, args)
}

#[test]
fn while_the_server_is_probed_nothing_was_tried_and_no_pin_was_sent() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let silent = Relay::start(|_| None);
    let run = Running::start(connect(&scene, &silent, ""));
    until("it probes", || silent.seen() > 0);
    run.send(Signal::INT);
    let ran = Ran::of(run.output()).exits(130);
    assert!(
        ran.stderr()
            .contains("interrupted before anything was tried"),
        "{}",
        ran.stderr()
    );
    assert_eq!(scene.lab.calls(), [""; 0]);
}

#[test]
fn what_the_probe_has_found_by_then_is_kept() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let address = server.address;
    // one version, without and with a certificate
    let relay = Relay::start(move |before| (before < 3).then_some(address));
    let run = Running::start(connect(&scene, &relay, ""));
    until("it goes on to the next version", || relay.seen() > 3);
    run.send(Signal::INT);
    let found = Ran::of(run.output()).exits(130).report();
    assert_eq!(found.0["complete"], false);
    assert_eq!(found.0["not_tried"], "interrupted");
    assert_eq!(found.0["server_certificate"]["subject"], "CN=localhost");
    assert_eq!(scene.lab.calls(), [""; 0]);
}

#[test]
fn a_login_under_way_is_finished_and_the_rest_is_said_not_to_have_been_tried() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let address = server.address;
    let relay = Relay::start(move |_| Some(address));
    connect(&scene, &relay, "").run().exits(0);
    let (logins, signatures) = (2, scene.lab.count_calls("C_Sign"));

    let slow = format!("on C_Sign after {} delay 2000", signatures - logins);
    let run = Running::start(connect(&scene, &relay, &slow));
    let begun = || scene.lab.count_calls("C_SignInit") - signatures;
    until("it signs for a login", || begun() > signatures - logins);
    run.send(Signal::INT);
    let found = Ran::of(run.output()).exits(130).report();
    assert_eq!(found.0["complete"], false);
    assert_eq!(login(&found, "p-256", "1.2", "any")["outcome"], "pass");
    let other = login(&found, "p-256", "1.3", "any");
    assert_eq!(
        (&other["outcome"], &other["reason"]),
        (&"skipped".into(), &"interrupted".into())
    );
}
