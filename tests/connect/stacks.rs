//! Other stacks than OpenSSL, and other servers on it: each refuses in its own words, and what it means is told all the same. The
//! table of each test is printed with `--nocapture`.

use serde_json::Value;

use crate::programs::{self, gnutls_serv, haproxy, nss_database, selfserv, stunnel};
use crate::scene::{Scene, report};
use crate::support::{Report, need, need_file};
use crate::truth::Peer;

/// Certificates that no strict server takes, each with what is the matter with it; SHA-1 is still taken by some.
const OBJECTIONABLE: &[(&str, &str)] = &[
    ("p-256-expired", "It expired on"),
    ("p-256-early", "It is not valid before"),
    ("p-256-email", "no clientAuth"),
    ("p-256-documents", "no digitalSignature"),
];

/// Good keys are let in, and those of [`OBJECTIONABLE`] that are not `taken` all the same are refused for what is the matter.
fn lets_in_and_refuses(server: &str, scene: &Scene, peer: &Peer, args: &str, taken: &[&str]) {
    let good = scene.connect("bench", peer.address).args(args);
    let good = report(good, 0);
    let passed = |report: &Report| report.0["summary"]["pass"].clone();
    assert_eq!(passed(&good), 4, "{server}: {:#}\n{}", good.0, peer.said());

    let bad = scene.connect("objections", peer.address).args(args);
    let bad = bad.args("--format json").run().report();
    for (label, fact) in OBJECTIONABLE {
        for tls in ["1.2", "1.3"] {
            let cell = crate::scene::login(&bad, label, tls, "any");
            let answer = cell["alert"].as_str().or(cell["reason"].as_str());
            println!(
                "{server:<14} {label:<16} TLS {tls}  {:<5} {}",
                cell["outcome"].as_str().unwrap(),
                answer.unwrap_or("-")
            );
            if taken.contains(label) {
                assert_eq!(cell["outcome"], "pass", "{server} {label} {tls}: {cell:#}");
                assert_eq!(
                    cell["findings"],
                    serde_json::json!(["accepted-though-unfit"])
                );
                continue;
            }
            assert_eq!(
                cell["outcome"],
                "fail",
                "{server} {label} {tls}: {cell:#}\n{}",
                peer.said()
            );
            assert_eq!(
                cell["stage"], "server_verify",
                "{server} {label} {tls}: {cell:#}"
            );
            let causes: Vec<&str> = refusals(&bad, cell).collect();
            assert!(
                causes
                    .iter()
                    .any(|cause| cause.to_lowercase().contains(&fact.to_lowercase())),
                "{server} {label} {tls}: {causes:#?}"
            );
        }
    }
}

/// The causes of the findings that explain a cell.
fn refusals<'a>(report: &'a Report, cell: &'a Value) -> impl Iterator<Item = &'a str> {
    let cells = report.0["cells"].as_array().unwrap();
    let at = cells.iter().position(|known| known == cell).unwrap();
    let findings = report.0["findings"].as_array().unwrap().iter();
    let explain = move |finding: &&Value| {
        let cells = finding["cells"].as_array().unwrap();
        finding["id"] == "refused-by-server" && cells.iter().any(|cell| *cell == at)
    };
    findings
        .filter(explain)
        .map(|finding| finding["cause"].as_str().unwrap())
}

fn scene() -> Option<Scene> {
    Scene::new(&["bench", "objections"])
}

#[test]
fn gnutls_serv_s_words_are_understood() {
    if need(&["gnutls-serv"]).is_none() {
        return;
    }
    let Some(scene) = scene() else { return };
    let server = gnutls_serv(&scene.pki, "--require-client-cert --verify-client-cert");
    // it looks at keyUsage, and at no extendedKeyUsage
    lets_in_and_refuses("gnutls-serv", &scene, &server, "", &["p-256-email"]);
}

#[test]
fn selfserv_s_words_are_understood() {
    if need(&["selfserv", "pk12util", "certutil", "openssl"]).is_none() {
        return;
    }
    let Some(scene) = scene() else { return };
    nss_database(&scene.pki);
    let server = selfserv(&scene.pki, "-r -r");
    lets_in_and_refuses("selfserv", &scene, &server, "", &[]);
}

#[test]
fn stunnel_s_words_are_understood() {
    if need(&["stunnel4"]).is_none() {
        return;
    }
    let Some(scene) = scene() else { return };
    let server = stunnel(&scene.pki, "verifyChain = yes\nrequireCert = yes");
    lets_in_and_refuses("stunnel", &scene, &server, "", &[]);
}

#[test]
fn haproxy_s_words_are_understood() {
    if need(&["haproxy"]).is_none() {
        return;
    }
    let Some(scene) = scene() else { return };
    let server = haproxy(&scene.pki, "verify required");
    lets_in_and_refuses("haproxy", &scene, &server, "", &[]);
}

#[test]
fn postgres_words_are_understood() {
    let bin = programs::postgres_programs();
    if need_file(&bin.join("postgres")).is_none() || need(&["setpriv"]).is_none() {
        return;
    }
    let Some(scene) = scene() else { return };
    programs::postgres_database(&scene.pki, &bin);
    let server = programs::postgres(&scene.pki, &bin, "clientcert=verify-ca");
    lets_in_and_refuses("postgres", &scene, &server, "--starttls postgres", &[]);
}
