//! Intermediates: on the token, in a file, or nowhere.

use rcgen::{BasicConstraints, CertificateParams, DnType, DnValue, IsCa, KeyPair};

use crate::scene::{Scene, login, part, report};

const INTERMEDIATE: &str = "O=cardcheck demo, CN=cardcheck demo intermediate CA";

#[test]
fn the_certificate_alone_is_refused_and_with_the_intermediate_of_the_token_it_is_accepted() {
    let Some(scene) = Scene::new(&["intermediate"]) else {
        return;
    };
    let server = scene.strict();
    let connect = || {
        scene
            .connect("intermediate", server.address)
            .args("--client firefox,openssl")
    };
    let found = report(connect(), 1);
    for tls in ["1.2", "1.3"] {
        let outcome = |client| &login(&found, "p-256-chained", tls, client)["outcome"];
        assert_eq!(outcome("any"), "pass");
        assert_eq!(outcome("firefox"), "pass");
        assert_eq!(outcome("openssl"), "fail");
        assert_eq!(
            login(&found, "p-256-chained", tls, "openssl")["findings"][0],
            "intermediate-needed"
        );
    }
    let retries = found.0["retries"].as_array().unwrap();
    assert_eq!(retries.len(), 2);
    for retry in retries {
        assert_eq!(retry["refused_with"], "unknown_ca");
        assert_eq!(retry["sent"], serde_json::json!([INTERMEDIATE]));
        assert_eq!(retry["accepted"], true);
    }
    let finding = found.finding("intermediate-needed");
    assert_eq!(finding["severity"], "error");
    let cause = finding["cause"].as_str().unwrap();
    assert!(
        cause.contains("alone with unknown_ca, and accepted it with"),
        "{cause}"
    );
    assert!(
        cause.contains("firefox, chrome and java send it; openssl"),
        "{cause}"
    );

    let certificates = part(&connect().run(), "which certificate fits what it asks for");
    assert!(
        certificates.contains("only through O=cardcheck demo"),
        "{certificates}"
    );
}

#[test]
fn who_takes_whatever_works_needs_no_more_than_a_warning() {
    let Some(scene) = Scene::new(&["intermediate"]) else {
        return;
    };
    let server = scene.strict();
    let found = report(scene.connect("intermediate", server.address), 0);
    let cell = login(&found, "p-256-chained", "1.3", "any");
    let reason = cell["reason"].as_str().unwrap();
    assert!(
        reason.contains("refused with unknown_ca before"),
        "{reason}"
    );
    assert_eq!(found.finding("intermediate-needed")["severity"], "warning");
}

#[test]
fn what_lies_nowhere_is_missed_and_with_chain_it_is_there() {
    let Some(scene) = Scene::new(&["leaf-only", "intermediate"]) else {
        return;
    };
    let server = scene.strict();
    let without = report(scene.connect("leaf-only", server.address), 1);
    let cell = login(&without, "p-256-chained", "1.3", "any");
    assert_eq!(cell["fits"], serde_json::json!(["issuer_not_in_ca_names"]));
    assert_eq!(cell["alert"], "unknown_ca");
    let cause = without.finding("refused-by-server")["cause"].to_string();
    assert!(
        cause.contains("would bridge that; there is none on the token"),
        "{cause}"
    );

    let intermediate = scene.lab.path("keys/intermediate-ca.cert.pem");
    let with = scene
        .connect("leaf-only", server.address)
        .arg("--chain")
        .arg(intermediate);
    let with = report(with, 0);
    let cell = login(&with, "p-256-chained", "1.3", "any");
    assert_eq!(
        (&cell["outcome"], &cell["fits"]),
        (&"pass".into(), &true.into())
    );
    assert_eq!(with.0["certificates"][0]["bridge"]["place"], "file");
    let cause = with.finding("intermediate-needed")["cause"].to_string();
    assert!(cause.contains("It does not lie on the token"), "{cause}");
}

#[test]
fn a_server_that_has_the_intermediate_needs_none() {
    let Some(scene) = Scene::new(&["intermediate"]) else {
        return;
    };
    let of = |name: &str| std::fs::read_to_string(scene.lab.path("keys").join(name)).unwrap();
    let both = of("ca.cert.pem") + &of("intermediate-ca.cert.pem");
    std::fs::write(scene.pki.path("clients.pem"), both).unwrap();
    let server = scene.strict();
    let found = report(
        scene
            .connect("intermediate", server.address)
            .args("--client openssl"),
        0,
    );
    assert_eq!(found.0["retries"], serde_json::json!([]));
    assert!(found.0["certificates"][0]["bridge"].is_null());
}

#[test]
fn a_ca_of_the_same_name_in_another_string_type_is_told_apart() {
    let Some(scene) = Scene::new(&["bench"]) else {
        return;
    };
    let mut other = CertificateParams::new(Vec::new()).unwrap();
    other.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    other.distinguished_name.remove(DnType::CommonName);
    for (part, text) in [
        (DnType::OrganizationName, "cardcheck demo"),
        (DnType::CommonName, "cardcheck demo CA"),
    ] {
        let printable = DnValue::PrintableString(text.try_into().unwrap());
        other.distinguished_name.push(part, printable);
    }
    let other = other.self_signed(&KeyPair::generate().unwrap()).unwrap();
    std::fs::write(scene.pki.path("clients.pem"), other.pem()).unwrap();
    let server = scene.strict();
    let found = report(
        scene
            .connect("bench", server.address)
            .args("--key p-256 --client firefox"),
        1,
    );
    for tls in ["1.2", "1.3"] {
        let any = login(&found, "p-256", tls, "any");
        assert_eq!(
            any["fits"],
            serde_json::json!(["issuer_of_other_string_type"])
        );
        assert_eq!(any["outcome"], "fail");
        // byte by byte, as it compares them
        assert_eq!(login(&found, "p-256", tls, "firefox")["stage"], "select");
    }
    let cause = found.finding("refused-by-server")["cause"]
        .as_str()
        .unwrap();
    for said in [
        "CN is a UTF8String in the certificate and a PrintableString in the server's list",
        "another name byte by byte",
    ] {
        assert!(cause.contains(said), "{cause}");
    }
}
