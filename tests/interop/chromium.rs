//! Chromium, headless. It asks for no PIN then, so a module that is logged in from the start stands before the tokens. Which
//! certificate it takes stands in its profile, where an administrator's policy would put it.

use std::process::Command;

use crate::desk::Came::{In, NotForThisKey, Out};
use crate::desk::{Desk, Login, Program, Row, Wanted};
use crate::lists::*;
use crate::support::need;

const TOKENS: &[&str] = &["bench", "no-pss-rsa", "lying-rsa"];

#[rustfmt::skip] // it reads as a table
const ROWS: &[Row] = &[
    ("bench",      "rsa-2048", PSS_FIRST,   "1.2", In(PKCS1_256)), // it has its own order
    ("bench",      "rsa-2048", LARGE_FIRST, "1.3", In(PSS_256)),
    ("bench",      "p-256",    P384_FIRST,  "1.2", In(ECDSA_256)),
    ("bench",      "p-256",    PSS_FIRST,   "1.2", NotForThisKey),
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,   "1.3", Out("select")),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.2", In(PKCS1_256)),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.3", Out("sign")),
];

#[test]
fn chromium_does_what_the_cells_of_chrome_say() {
    if let Some(desk) = Desk::of(&Chromium, TOKENS) {
        desk.all_agree(ROWS);
    }
}

struct Chromium;

const OPTIONS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--dump-dom",
];

impl Program for Chromium {
    fn rule(&self) -> &'static str {
        "chrome"
    }

    #[track_caller]
    fn need(&self) -> Option<()> {
        need(&["openssl", "chromium", "certutil", "modutil"])
    }

    fn is_browser(&self) -> bool {
        true
    }

    fn crutches(&self) -> Option<&'static str> {
        Some(LOGGED_IN)
    }

    fn prepare(&self, desk: &Desk) {
        desk.make_nss_database("home/.pki/nssdb", TOKENS[0]);
    }

    fn log_in(&self, desk: &Desk, wanted: &Wanted<'_>) -> Command {
        let site = format!("https://127.0.0.1:{}", wanted.port);
        let profile = format!("profile-{}", wanted.port);
        std::fs::create_dir_all(desk.lab.path(&profile).join("Default")).unwrap();
        let preferences = desk.lab.path(&profile).join("Default/Preferences");
        std::fs::write(preferences, choosing(&site, wanted.key)).unwrap();
        let mut chromium = desk.command("chromium", wanted.token);
        chromium
            .args(OPTIONS)
            .arg(format!(
                "--user-data-dir={}",
                desk.lab.path(profile).display()
            ))
            .arg(&site)
            .env("HOME", desk.lab.path("home"));
        chromium
    }

    /// It tells which by its error's name.
    fn failed_at(&self, _stage: &str, login: &Login) -> bool {
        login.client.contains("Page load failed: net::ERR_")
    }
}

/// With the PIN of every fixture, `support::PIN`.
const LOGGED_IN: &str = "logged-in 1234";

/// A profile that gives this site the certificate of this key.
fn choosing(site: &str, key: &str) -> String {
    let filter = serde_json::json!({ "SUBJECT": { "CN": format!("{key} user") } });
    let setting = serde_json::json!({ "setting": { "filters": [filter] } });
    let exceptions =
        serde_json::json!({ "auto_select_certificate": { format!("{site},*"): setting } });
    serde_json::json!({ "profile": { "content_settings": { "exceptions": exceptions } } })
        .to_string()
}
