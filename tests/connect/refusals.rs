//! What `openssl s_server` lets in, and what its alerts meant.

use crate::scene::{Scene, login, part, report};

#[test]
fn every_key_that_can_is_let_in_over_both_versions() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.strict();
    let found = report(scene.connect("healthy", server.address), 0);
    assert_eq!(found.0["schema"], "cardcheck.connect.v1");
    for key in ["rsa-2048", "rsa-3072", "p-256", "p-384", "ed25519"] {
        for tls in ["1.2", "1.3"] {
            let cell = login(&found, key, tls, "any");
            assert_eq!(cell["outcome"], "pass", "{key} {tls}: {cell:#}");
            assert_eq!(cell["fits"], true);
        }
    }
    assert_eq!(found.0["summary"]["pass"], 10);
    // the probe's fields are there, too
    assert_eq!(found.0["tls"][0]["asks"], "required");
    assert_eq!(found.0["server_certificate"]["trusted"], true);
}

#[test]
fn an_alert_is_joined_with_what_is_known_of_the_certificate() {
    let Some(scene) = Scene::new(&["objections"]) else {
        return;
    };
    let server = scene.strict();
    let ran = scene.connect("objections", server.address).run().exits(1);
    insta::assert_snapshot!(part(&ran, "which certificate fits what it asks for"), @r"
    ✗ p-256-expired (EC P-256)  O=cardcheck demo, CN=p-256-expired user
        does not fit: It expired on 2021-01-01.
    ✗ p-256-early (EC P-256)  O=cardcheck demo, CN=p-256-early user
        does not fit: It is not valid before 2048-01-01.
    ✗ p-256-email (EC P-256)  O=cardcheck demo, CN=p-256-email user
        does not fit: Its extendedKeyUsage has no clientAuth; it has emailProtection.
    ✗ p-256-documents (EC P-256)  O=cardcheck demo, CN=p-256-documents user
        does not fit: Its keyUsage has no digitalSignature, and a login is a signature; it has
          nonRepudiation.
    ✓ p-256-sha1 (EC P-256)  O=cardcheck demo, CN=p-256-sha1 user
        fits
    ");
    insta::assert_snapshot!(part(&ran, "who is let in"), @r"
    key              TLS       client  result
    p-256-expired    1.2, 1.3  any     ✗ server_verify: certificate_expired
    p-256-early      1.2, 1.3  any     ✗ server_verify: bad_certificate
    p-256-email      1.2, 1.3  any     ✗ server_verify: unsupported_certificate
    p-256-documents  1.2, 1.3  any     ✗ server_verify: unsupported_certificate
    p-256-sha1       1.2, 1.3  any     ✗ server_verify: bad_certificate
    ");
    let screen = ran.screen();
    for said in [
        "answers with alert certificate_expired (45). That fits what is known: it expired on 2021-01-01.",
        "answers with alert unsupported_certificate (43). That fits what is known: its extendedKeyUsage has no clientAuth; it \
         has emailProtection.",
        "answers with alert unsupported_certificate (43). That fits what is known: its keyUsage has no digitalSignature",
        "answers with alert bad_certificate (42). That fits what is known: the certificate, or one above it, is signed with \
         SHA-1, which today's servers refuse. If it is not that, it may be the server's policy",
        "none of 5 keys is let in",
    ] {
        assert!(screen.contains(said), "no `{said}` in:\n{screen}");
    }
}

#[test]
fn what_does_not_fit_is_expected_to_fail_and_what_fits_is_not() {
    let Some(scene) = Scene::new(&["objections"]) else {
        return;
    };
    let server = scene.strict();
    let found = report(scene.connect("objections", server.address), 1);
    let expired = login(&found, "p-256-expired", "1.3", "any");
    assert_eq!(expired["fits"], serde_json::json!(["expired"]));
    assert_eq!(expired["as_expected"], true);
    assert_eq!(expired["alert"], "certificate_expired");
    let sha1 = login(&found, "p-256-sha1", "1.3", "any");
    assert_eq!(sha1["as_expected"], false);
    let severities = found.0["findings"].as_array().unwrap().iter();
    let severities: Vec<_> = severities.map(|finding| &finding["severity"]).collect();
    assert_eq!(severities[0], "error");
    assert!(
        severities[1..]
            .iter()
            .all(|severity| *severity == "warning")
    );
}

#[test]
fn the_case_it_all_began_with_is_told_at_the_server_itself_and_its_remedy_is_proven() {
    let Some(scene) = Scene::new(&["lying"]) else {
        return;
    };
    let server = scene.strict();
    let connect = || {
        scene
            .connect("lying", server.address)
            .args("--key rsa-2048 --client firefox,openssl")
    };
    let found = report(connect(), 1);
    let firefox = login(&found, "rsa-2048", "1.2", "firefox");
    assert_eq!(firefox["stage"], "sign");
    assert_eq!(firefox["ckr"], "CKR_MECHANISM_INVALID");
    assert_eq!(
        login(&found, "rsa-2048", "1.2", "openssl")["outcome"],
        "pass"
    );
    let finding = found.finding("pss-listed-but-refused");
    let remedies = finding["remedies"].as_array().unwrap();
    assert!(
        remedies.iter().any(|remedy| remedy["proven"] == true),
        "{finding:#}"
    );
}

#[test]
fn a_key_of_a_type_that_is_not_asked_for_is_told_by_the_lists() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server =
        scene.s_server("-Verify 3 -verify_return_error -www -tls1_2 -client_sigalgs RSA+SHA256");
    let found = report(
        scene
            .connect("healthy", server.address)
            .args("--key p-256 --key rsa-2048"),
        0,
    );
    let cell = login(&found, "p-256", "1.2", "any");
    assert_eq!(cell["outcome"], "not_applicable");
    let rules = serde_json::json!(["key_type_not_in_certificate_types", "no_common_scheme"]);
    assert_eq!(cell["fits"], rules);
    assert_eq!(
        login(&found, "rsa-2048", "1.2", "any")["scheme"],
        "rsa_pkcs1_sha256"
    );
}

#[test]
fn a_server_that_goes_on_without_a_certificate_lets_nobody_in_who_sends_none() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.s_server("-verify 3 -verify_return_error -www");
    let found = report(
        scene
            .connect("healthy", server.address)
            .args("--key ed25519 --client firefox"),
        1,
    );
    assert_eq!(login(&found, "ed25519", "1.3", "any")["outcome"], "pass");
    let firefox = login(&found, "ed25519", "1.3", "firefox");
    assert_eq!(
        (&firefox["outcome"], &firefox["stage"]),
        (&"fail".into(), &"select".into())
    );
}

#[test]
fn a_certificate_without_a_key_is_told_as_such() {
    let Some(scene) = Scene::new(&["orphans"]) else {
        return;
    };
    let server = scene.strict();
    let ran = scene
        .connect("orphans", server.address)
        .args("--format json")
        .run();
    let found = ran.report();
    let certificates = found.0["certificates"].as_array().unwrap();
    let orphan = certificates.iter().find(|one| one["key"].is_null());
    let orphan = orphan.unwrap_or_else(|| panic!("no orphan in {certificates:#?}"));
    assert_eq!(orphan["fits"], serde_json::json!(["no_key"]));
    let bare = certificates
        .iter()
        .find(|one| one["subject"].is_null())
        .unwrap();
    assert_eq!(bare["fits"], serde_json::json!(["no_key"]));
}

#[test]
fn a_list_with_nothing_that_is_legal_in_the_version_leaves_nothing_to_choose() {
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = scene.s_server(
        "-Verify 3 -verify_return_error -www -tls1_3 -client_sigalgs RSA+SHA256:ECDSA+SHA256",
    );
    let found = report(
        scene
            .connect("healthy", server.address)
            .args("--key rsa-2048"),
        1,
    );
    let cell = login(&found, "rsa-2048", "1.3", "any");
    assert_eq!(
        (&cell["outcome"], &cell["stage"]),
        (&"fail".into(), &"select".into())
    );
    assert_eq!(cell["fits"], serde_json::json!(["no_common_scheme"]));
}
