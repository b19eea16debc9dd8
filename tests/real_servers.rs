//! `matrix --server`: real `openssl s_server`, nginx and Apache say the same as the server inside cardcheck, cell by cell.

mod support;

use serde_json::Value;
use support::{Lab, Report, cardcheck, need};

/// Name in `--server`, and the program that it needs.
const SERVERS: &[(&str, &str)] = &[
    ("openssl", "openssl"),
    ("nginx", "/usr/sbin/nginx"),
    ("apache", "/usr/sbin/apache2"),
];

/// Why a cell may come out otherwise with a real server, in the words of its reason.
const EXPLAINED: &[&str] = &[
    "the server's policy takes RSA keys of",
    "can't offer the key's curve",
    // OpenSSL 3.0 knows no brainpool scheme of TLS 1.3
    "can't offer in TLS 1.3",
];

/// Tokens whose keys pass, fail at the token, and have nothing to send.
const TOKENS: &[&str] = &[
    "healthy",
    "lying",
    "no-pss",
    "rsa-1024",
    "p-521",
    "brainpool",
    "ed448",
];

#[test]
fn real_servers_agree_with_the_one_inside_cell_by_cell() {
    let Some(lab) = Lab::new(TOKENS) else { return };
    for token in TOKENS {
        let inside = report(&lab, token, "");
        for (server, program) in SERVERS {
            if need(&[program]).is_some() {
                let real = report(&lab, token, &format!("--server {server}"));
                let (same, explained) = compare(&inside, &real, &format!("{token} at {server}"));
                println!(
                    "{token} at {server}: {same} cells alike, {explained} otherwise and explained"
                );
            }
        }
    }
}

/// Lists that differ most.
const PROFILES: &str =
    "--profile openssl-1.0.2,openssl-1.1.1,openssl-3.5,gnutls,java-17,sha1-only,pss-only";

fn report(lab: &Lab, token: &str, arguments: &str) -> Report {
    let ran = lab
        .matrix(token)
        .args("--client any,firefox,java --no-prove --format json")
        .args(PROFILES)
        .args(arguments)
        .run();
    assert!(matches!(ran.code(), Some(0 | 1)), "{}", ran.stderr());
    ran.report()
}

/// How many cells are alike, and how many are not for a known reason.
fn compare(inside: &Report, real: &Report, what: &str) -> (usize, usize) {
    let cells = |report: &Report| report.0["cells"].as_array().unwrap().clone();
    let (mut same, mut explained) = (0, 0);
    for (inside, real) in cells(inside).iter().zip(&cells(real)) {
        match alike(inside, real) {
            true => same += 1,
            false => {
                let why = format!("{} {}", inside["reason"], real["reason"]);
                let known = EXPLAINED.iter().any(|known| why.contains(known));
                // what the server inside can't ask for, a real one can
                let more = inside["outcome"] == "error" && real["outcome"] != "error";
                assert!(known || more, "{what}: {inside:#}\nbut {real:#}");
                explained += 1;
            }
        }
    }
    assert!(same > 0, "{what}");
    (same, explained)
}

/// The alert is each server's own.
fn alike(inside: &Value, real: &Value) -> bool {
    [
        "key", "profile", "tls", "client", "outcome", "scheme", "route", "stage", "ckr",
    ]
    .iter()
    .all(|field| inside[field] == real[field])
}

#[test]
fn a_list_that_rustls_cannot_send_is_tried_with_openssl() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let matrix = || {
        lab.matrix("healthy")
            .args("--key rsa-2048 --client any --sigalgs RSA+SHA224 --tls 1.2 --format json")
    };
    let inside = matrix().run().report();
    assert_eq!(inside.0["cells"][0]["outcome"], "error");
    let real = matrix().args("--server openssl").run().exits(0).report();
    assert_eq!(real.0["cells"][0]["outcome"], "pass");
    assert_eq!(real.0["cells"][0]["scheme"], "rsa_pkcs1_sha224");
    assert!(real.0["servers"].as_str().unwrap().starts_with("OpenSSL "));
}

#[test]
fn ca_names_go_out_and_an_issuer_among_them_is_no_hindrance() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    for (server, program) in SERVERS {
        if need(&[program]).is_none() {
            continue;
        }
        // firefox sends only a certificate whose issuer is named, openssl sends it all the same
        for (names, firefox) in [("CN=Nobody,O=Acme", "fail"), (ISSUER, "pass")] {
            let report = named(&lab, server, names);
            for tls in ["1.2", "1.3"] {
                let cell = |client| report.cell("rsa-2048", "names", tls, client);
                let came = [cell("firefox"), cell("openssl")].map(|cell| &cell["outcome"]);
                assert_eq!(
                    came,
                    [firefox, "pass"],
                    "{server}, {names}: {:#}",
                    report.0["cells"]
                );
            }
        }
    }
}

/// Whose certificates the fixtures have.
const ISSUER: &str = "CN=cardcheck demo CA,O=cardcheck demo";

fn named(lab: &Lab, server: &str, name: &str) -> Report {
    let profile = format!(
        "[[profile]]\nname = \"names\"\ntls12 = [\"rsa_pkcs1_sha256\"]\ntls13 = [\"rsa_pss_rsae_sha256\"]\n\
         ca_names = [\"{name}\", \"CN=Zürich\"]\n"
    );
    let profile = lab.write("names.toml", profile);
    let matrix = lab.matrix("healthy").arg("--profile").arg(profile);
    let ran = matrix
        .args("--key rsa-2048 --client firefox,openssl --format json --server")
        .arg(server)
        .run();
    ran.report()
}

#[test]
fn the_screen_says_that_the_servers_were_real() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab
        .matrix("healthy")
        .args("--key rsa-2048 --profile openssl-3.0 --server openssl")
        .run()
        .exits(0);
    assert!(
        ran.screen()
            .contains("note: the servers were real ones: OpenSSL")
    );
}

#[test]
fn a_server_that_is_not_there_is_said_before_the_card_is_touched() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let ran = lab
        .matrix("healthy")
        .args("--server openssl=/no/such/openssl")
        .run()
        .exits(3);
    insta::assert_snapshot!(ran.stderr(), @r"
    error: /no/such/openssl can't be run: No such file or directory (os error 2)
    help: install it (Debian: openssl, nginx, apache2-bin), or name its program: --server openssl=PATH
    ");
    let ran = cardcheck().args("matrix --server iis").run().exits(2);
    insta::assert_snapshot!(ran.stderr(), @r"
    error: invalid value 'iis' for '--server <NAME[=PATH]>': it takes openssl, nginx, apache, each with =PATH if need be

    For more information, try '--help'.
    ");
}
