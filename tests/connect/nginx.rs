//! nginx refuses by a page, after the handshake was complete.

use crate::programs;
use crate::scene::{Scene, login, report};
use crate::support::need;
use crate::truth::Peer;

/// Of the CAs that it trusts, by this depth; 1 is its own default.
fn nginx(scene: &Scene, depth: u8) -> Peer {
    let how = format!("ssl_verify_client on; ssl_verify_depth {depth};");
    programs::nginx(&scene.pki, &how)
}

#[test]
fn who_is_let_in_is_told_with_the_status_of_the_page() {
    if need(&["nginx"]).is_none() {
        return;
    }
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = nginx(&scene, 1);
    let connect = |path: &str| {
        scene
            .connect("healthy", server.address)
            .args("--key p-256")
            .args(path)
    };
    // it is taken for a server of the Web by its ALPN
    let plain = report(connect(""), 0);
    let cell = login(&plain, "p-256", "1.3", "any");
    assert_eq!(
        (&cell["outcome"], &cell["http_status"]),
        (&"pass".into(), &200.into())
    );
    assert_eq!(cell["http_path"], "/");

    let moved = report(connect("--path /moved"), 0);
    let cell = login(&moved, "p-256", "1.2", "any");
    assert_eq!(cell["http_location"], "https://help.example/card");

    let refused = report(connect("--path /board"), 0);
    let cell = login(&refused, "p-256", "1.3", "any");
    assert_eq!(
        (&cell["outcome"], &cell["http_status"]),
        (&"pass".into(), &403.into())
    );
    let finding = refused.finding("application-refuses");
    assert!(
        finding["cause"]
            .as_str()
            .unwrap()
            .contains("GET /board is answered with 403")
    );
}

#[test]
fn a_page_that_refuses_the_certificate_is_a_refusal() {
    if need(&["nginx"]).is_none() {
        return;
    }
    let Some(scene) = Scene::new(&["objections"]) else {
        return;
    };
    let server = nginx(&scene, 1);
    let found = report(scene.connect("objections", server.address), 1);
    for tls in ["1.2", "1.3"] {
        let cell = login(&found, "p-256-expired", tls, "any");
        assert_eq!(
            (&cell["outcome"], &cell["stage"]),
            (&"fail".into(), &"server_verify".into())
        );
        assert_eq!(cell["http_status"], 400);
        let reason = cell["reason"].as_str().unwrap();
        assert_eq!(
            reason,
            "HTTP 400 says that it does not take the certificate"
        );
    }
    let cause = found.finding("refused-by-server")["cause"].to_string();
    assert!(
        cause.contains("HTTP 400 says that it does not take the certificate"),
        "{cause}"
    );
}

#[test]
fn an_intermediate_may_be_one_too_many_for_its_depth() {
    if need(&["nginx"]).is_none() {
        return;
    }
    let Some(scene) = Scene::new(&["intermediate"]) else {
        return;
    };
    let connect = |server: &Peer| {
        scene
            .connect("intermediate", server.address)
            .args("--tls 1.3")
    };
    let deep = report(connect(&nginx(&scene, 1)), 0);
    assert_eq!(deep.findings()[0], "intermediate-needed");
    let flat = report(connect(&nginx(&scene, 0)), 1);
    let retries = flat.0["retries"].as_array().unwrap();
    assert_eq!((retries.len(), &retries[0]["accepted"]), (1, &false.into()));
    assert_eq!(flat.findings()[0], "refused-by-server");
}
