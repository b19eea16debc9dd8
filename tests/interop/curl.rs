//! curl, with libp11's engine.

use std::process::Command;

use crate::desk::Came::{In, Out};
use crate::desk::{Desk, Login, Program, Row, Wanted, need_engine};
use crate::lists::*;
use crate::support::{PIN, need};

const TOKENS: &[&str] = &["bench", "no-pss-rsa", "lying-rsa", "rsa-1024"];

#[rustfmt::skip] // it reads as a table
const ROWS: &[Row] = &[
    ("bench",      "rsa-2048", PSS_FIRST,   "1.2", In(PSS_256)),
    ("bench",      "rsa-2048", PKCS1_FIRST, "1.2", In(PKCS1_256)),
    ("bench",      "rsa-2048", SHA1,        "1.2", Out("select")),
    ("bench",      "rsa-2048", NO_PSS,      "1.3", Out("select")),
    ("bench",      "p-256",    P384_FIRST,  "1.3", In(ECDSA_256)),
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,   "1.3", In(PSS_256)), // it pads for itself
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.2", In(PSS_256)),
    ("rsa-1024",   "rsa-1024", PSS_FIRST,   "1.2", Out("select")), // its own security level refuses it
];

#[test]
fn curl_does_what_its_cells_say() {
    if let Some(desk) = Desk::of(&Curl, TOKENS) {
        desk.all_agree(ROWS);
    }
}

struct Curl;

impl Program for Curl {
    fn rule(&self) -> &'static str {
        "curl"
    }

    #[track_caller]
    fn need(&self) -> Option<()> {
        need(&["openssl", "curl"])?;
        need_engine()
    }

    fn is_browser(&self) -> bool {
        true
    }

    fn log_in(&self, desk: &Desk, wanted: &Wanted<'_>) -> Command {
        let Wanted {
            token, key, tls, ..
        } = wanted;
        let uri = format!("pkcs11:token={token};object={key};type=private;pin-value={PIN}");
        let mut curl = desk.command("curl", token);
        curl.args(["--silent", "--show-error", "--insecure"])
            .args([&format!("--tlsv{tls}"), "--tls-max", tls])
            .args(["--engine", "pkcs11", "--key-type", "ENG", "--key", &uri])
            .arg("--cert")
            .arg(desk.lab.path(format!("keys/{key}.cert.pem")))
            .arg(format!("https://127.0.0.1:{}/", wanted.port))
            .env("PKCS11_MODULE_PATH", desk.module());
        curl
    }

    fn failed_at(&self, stage: &str, login: &Login) -> bool {
        let refused_at_home = login.client.contains("ee key too small");
        stage == "select" && (login.had_no_certificate() || refused_at_home)
    }
}
