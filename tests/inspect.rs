//! `cardcheck inspect`: a certificate by itself, and what servers make of it.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{Cardcheck, Lab, cardcheck, root, softhsm};

/// Certificates of the fixtures: good ones, and one for each thing that servers object to.
const CERTIFICATES: &[&str] = &[
    "p-256",
    "p-256-chained",
    "p-256-documents",
    "p-256-early",
    "p-256-email",
    "p-256-expired",
    "p-256-sha1",
    "p-384",
];

fn lab() -> Option<Lab> {
    Lab::new(&["healthy", "objections", "intermediate", "leaf-only"])
}

fn inspect(lab: &Lab, name: &str) -> Cardcheck {
    let file = lab.path(format!("keys/{name}.cert.pem"));
    cardcheck().arg("inspect").arg(file)
}

#[test]
fn the_screen_says_what_it_is_and_what_servers_make_of_it() {
    let Some(lab) = lab() else { return };
    let ran = inspect(&lab, "p-256-email")
        .arg("--ca")
        .arg(lab.path("keys/ca.cert.pem"))
        .run();
    let screen = ran.exits(1).stdout();
    insta::with_settings!({filters => vec![
        (r"read from .*", "read from     FILE"),
        (r"serial .*", "serial        SERIAL"),
        (r"sha256 .*", "sha256        SHA256"),
        (r"\d{4}-\d\d-\d\d", "DAY"),
    ]}, { insta::assert_snapshot!(screen, @r"
    certificate O=cardcheck demo, CN=p-256-email user
      read from     FILE
      subject       O=cardcheck demo (UTF8String), CN=p-256-email user (UTF8String)
      issuer        O=cardcheck demo (UTF8String), CN=cardcheck demo CA (UTF8String)
      serial        SERIAL
      valid         DAY to DAY
      key           EC P-256
      signed with   sha256WithRSAEncryption
      key usage     digitalSignature
      extended      emailProtection
      sha256        SHA256
      chain         O=cardcheck demo, CN=cardcheck demo CA > in the CA file

    what servers make of it
      error   extendedKeyUsage: It has no clientAuth, so it is not for logins. Servers refuse it, mostly
              with unsupported_certificate (43), and browsers don't offer it.
      note    chain: Its issuer is in the CA file: the certificate alone is enough.
    "); });
}

/// `openssl verify` is what Apache, nginx and HAProxy go by.
#[test]
fn what_openssl_refuses_is_an_error_and_nothing_else() {
    let Some(lab) = lab() else { return };
    let ca = lab.path("keys/ca.cert.pem");
    for name in CERTIFICATES {
        let file = lab.path(format!("keys/{name}.cert.pem"));
        let verify = |level: &str| {
            let mut openssl = Command::new("openssl");
            openssl.args([
                "verify",
                "-purpose",
                "sslclient",
                "-auth_level",
                level,
                "-CAfile",
            ]);
            let said = openssl.arg(&ca).arg(&file).output().unwrap();
            said.status.success()
        };
        let ran = inspect(&lab, name)
            .args("--format json --ca")
            .arg(&ca)
            .run();
        let refused = ran.code() == Some(1);
        assert_eq!(refused, !verify("1"), "{name}: {}", ran.stdout());
    }
}

#[test]
fn a_chain_in_the_file_behind_the_certificate_is_followed() {
    let Some(lab) = lab() else { return };
    let read =
        |name: &str| std::fs::read_to_string(lab.path(format!("keys/{name}.cert.pem"))).unwrap();
    let bundle = lab.write(
        "bundle.pem",
        read("p-256-chained") + &read("intermediate-ca"),
    );
    let ran = cardcheck()
        .arg("inspect")
        .arg(bundle)
        .arg("--ca")
        .arg(lab.path("keys/ca.cert.pem"));
    let screen = ran.run().exits(0).screen();
    let end = "It leads to `O=cardcheck demo, CN=cardcheck demo CA` in the CA file, if the server has or gets 1 certificate between them.";
    assert!(screen.contains(end), "{screen}");
}

#[test]
fn a_certificate_on_a_token_is_looked_at_without_a_pin_and_with_its_chain() {
    let Some(lab) = lab() else { return };
    let on = |token: &str| {
        cardcheck()
            .env("SOFTHSM2_CONF", lab.path(token).join("softhsm2.conf"))
            .arg("inspect")
            .arg(format!("pkcs11:token={token};object=p-256-chained"))
            .arg("--module")
            .arg(softhsm())
            .args("--format json --ca")
            .arg(lab.path("keys/ca.cert.pem"))
    };
    let whole: Value = serde_json::from_str(&on("intermediate").run().exits(0).stdout()).unwrap();
    assert_eq!(whole["certificates"][0]["chain"]["end"], "trusted");
    let alone: Value = serde_json::from_str(&on("leaf-only").run().exits(1).stdout()).unwrap();
    assert_eq!(alone["certificates"][0]["chain"]["end"], "issuer_missing");
}

#[test]
fn certificates_of_several_tokens_are_each_told_with_their_own_token_and_chain() {
    let Some(lab) = lab() else { return };
    // SoftHSM2 shows every token in its directory
    let move_in = std::process::Command::new("cp")
        .arg("-r")
        .arg(lab.path("leaf-only/tokens/."))
        .arg(lab.path("intermediate/tokens"))
        .status();
    assert!(move_in.unwrap().success());
    let both = cardcheck()
        .env("SOFTHSM2_CONF", lab.path("intermediate/softhsm2.conf"))
        .args("inspect pkcs11:object=p-256-chained --module")
        .arg(softhsm())
        .args("--format json --ca")
        .arg(lab.path("keys/ca.cert.pem"));
    let both: Value = serde_json::from_str(&both.run().exits(1).stdout()).unwrap();
    let certificates = both["certificates"].as_array().unwrap().iter();
    let mut told: Vec<(&str, &str)> = certificates
        .map(|one| {
            let end = one["chain"]["end"].as_str().unwrap();
            (one["source"].as_str().unwrap(), end)
        })
        .collect();
    told.sort_unstable();
    let expected = [
        ("token intermediate", "trusted"),
        ("token leaf-only", "issuer_missing"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn string_types_that_differ_are_told_apart() {
    let Some(lab) = lab() else { return };
    // the same name, once as UTF8String and once as TeletexString
    let issue = |mask: &str| {
        let config = lab.write(
            "openssl.cnf",
            format!("[req]\nprompt=no\ndistinguished_name=dn\nstring_mask={mask}\nx509_extensions=ca\n[ca]\nbasicConstraints=CA:TRUE\n[dn]\nCN=R&D CA\n"),
        );
        let file = lab.path(format!("{mask}.pem"));
        let mut openssl = Command::new("openssl");
        openssl
            .args(["req", "-x509", "-new", "-days", "30", "-config"])
            .arg(config);
        openssl
            .arg("-key")
            .arg(lab.path("keys/ca.key.pem"))
            .arg("-out")
            .arg(&file);
        assert!(openssl.status().unwrap().success());
        file
    };
    let (utf8, teletex) = (issue("utf8only"), issue("MASK:0x4"));
    let ran = cardcheck()
        .arg("inspect")
        .arg(&utf8)
        .arg("--ca")
        .arg(&teletex)
        .run();
    assert!(
        ran.screen().contains("CN=R&D CA (UTF8String)"),
        "{}",
        ran.screen()
    );
    let leaf = request(&lab, &teletex);
    let ran = cardcheck()
        .arg("inspect")
        .arg(leaf)
        .arg("--ca")
        .arg(&utf8)
        .run()
        .exits(1);
    let screen = ran.screen();
    assert!(screen.contains("CN=R&D CA (TeletexString)"), "{screen}");
    assert!(
        screen.contains("to the eye the same name, to a server another one"),
        "{screen}"
    );
}

/// A certificate issued under this CA's name.
fn request(lab: &Lab, ca: &Path) -> std::path::PathBuf {
    let (csr, leaf) = (lab.path("leaf.csr"), lab.path("leaf.pem"));
    let key = lab.path("keys/p-256.key.pem");
    let run = |command: &mut Command| assert!(command.output().unwrap().status.success());
    run(Command::new("openssl")
        .args(["req", "-new", "-subj", "/CN=Jo", "-key"])
        .arg(key)
        .arg("-out")
        .arg(&csr));
    run(Command::new("openssl")
        .args(["x509", "-req", "-days", "9", "-in"])
        .arg(&csr)
        .arg("-CA")
        .arg(ca)
        .arg("-CAkey")
        .arg(lab.path("keys/ca.key.pem"))
        .arg("-out")
        .arg(&leaf));
    leaf
}

#[test]
fn json_is_as_its_schema_says() {
    let Some(lab) = lab() else { return };
    for name in CERTIFICATES {
        let report = inspect(&lab, name).args("--format json").run().report();
        assert_eq!(report.0["schema"], "cardcheck.inspect.v1");
    }
}

#[test]
fn what_is_no_certificate_is_said_to_be_none() {
    let Some(lab) = lab() else { return };
    let ran = cardcheck()
        .arg("inspect")
        .arg(root().join("Cargo.toml"))
        .run()
        .exits(2);
    assert!(
        ran.stderr().contains("not a DER certificate"),
        "{}",
        ran.stderr()
    );
    cardcheck().args("inspect /no/such/file").run().exits(2);
    let ran = inspect(&lab, "p-256").args("--ca /dev/null").run().exits(2);
    assert!(ran.stderr().contains("/dev/null"), "{}", ran.stderr());
}
