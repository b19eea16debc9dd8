//! `gnutls-cli`.

use std::fs::File;
use std::process::Command;

use crate::desk::Came::{In, NotForThisKey, Out};
use crate::desk::{Desk, Login, Program, Row, Wanted};
use crate::lists::*;
use crate::signed_by::{ECDSA, PKCS1, PSS, PSS_REFUSED, SignedBy, sign_by};
use crate::support::{PIN, need};

const TOKENS: &[&str] = &["bench", "no-pss-rsa", "lying-rsa", "rsa-1024", "healthy"];

#[rustfmt::skip] // it reads as a table
const ROWS: &[Row] = &[
    ("bench",      "rsa-2048", PSS_FIRST,   "1.2", In(PSS_256)),
    ("bench",      "rsa-2048", PKCS1_FIRST, "1.2", In(PKCS1_256)),
    ("bench",      "rsa-2048", LARGE_FIRST, "1.3", In(PSS_384)),
    ("bench",      "rsa-2048", NO_PSS,      "1.3", Out("select")),
    ("bench",      "rsa-2048", SHA1,        "1.2", In(PKCS1_1)),
    ("bench",      "p-256",    P384_FIRST,  "1.2", In(ECDSA_384)),
    ("bench",      "p-256",    P384_FIRST,  "1.3", In(ECDSA_256)),
    ("bench",      "p-256",    PSS_FIRST,   "1.2", NotForThisKey),
    ("rsa-1024",   "rsa-1024", PSS_FIRST,   "1.2", In(PSS_256)),
    ("healthy",    "ed25519",  ED25519,     "1.3", In("ed25519")),

    // hidden from the list, but not from C_GetMechanismInfo
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,   "1.2", Out("sign")),
    ("no-pss-rsa", "rsa-2048", PKCS1_FIRST, "1.2", In(PKCS1_256)),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.2", Out("sign")),
    ("lying-rsa",  "rsa-2048", PKCS1_FIRST, "1.2", In(PKCS1_256)),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.3", Out("sign")),
];

#[test]
fn gnutls_does_what_its_cells_say() {
    if let Some(desk) = Desk::of(&GnuTls, TOKENS) {
        desk.all_agree(ROWS);
    }
}

/// A token that has no PSS and says so in every call.
const HONEST: &str = "hide 0x0d 0x0e 0x43 0x44 0x45 0x47\nhide-info 0x0d 0x0e 0x43 0x44 0x45 0x47";

#[rustfmt::skip]
const AT_AN_HONEST_TOKEN: &[Row] = &[
    ("bench", "rsa-2048", PSS_FIRST, "1.2", In(PKCS1_256)),
    ("bench", "rsa-2048", PSS_FIRST, "1.3", Out("select")),
    ("bench", "rsa-2048", PSS_ONLY,  "1.2", Out("select")),
];

#[test]
fn gnutls_leaves_pss_out_where_the_token_says_that_it_has_none() {
    if let Some(desk) = Desk::with_faults(&GnuTls, TOKENS, Some(HONEST)) {
        desk.all_agree(AT_AN_HONEST_TOKEN);
    }
}

#[rustfmt::skip]
const SIGNS_BY: &[SignedBy] = &[
    ("bench",     "rsa-2048", PSS_ONLY,   &[PSS],         PSS),
    ("bench",     "rsa-2048", PKCS1_ONLY, &[PKCS1],       PKCS1),
    ("bench",     "p-256",    P384_FIRST, &[ECDSA],       ECDSA),
    ("lying-rsa", "rsa-2048", PSS_FIRST,  &[PSS_REFUSED], PSS),
];

#[test]
fn gnutls_signs_by_the_route_of_the_cell() {
    sign_by(&GnuTls, TOKENS, SIGNS_BY);
}

struct GnuTls;

impl Program for GnuTls {
    fn rule(&self) -> &'static str {
        "gnutls"
    }

    #[track_caller]
    fn need(&self) -> Option<()> {
        need(&["openssl", "gnutls-cli"])
    }

    fn log_in(&self, desk: &Desk, wanted: &Wanted<'_>) -> Command {
        let Wanted {
            token, key, tls, ..
        } = wanted;
        let uri = format!("pkcs11:token={token};object={key};type=private;pin-value={PIN}");
        let mut gnutls = desk.command("gnutls-cli", token);
        gnutls
            .args(["--insecure", "--port", &wanted.port.to_string()])
            .args(["--priority", &format!("NORMAL:-VERS-ALL:+VERS-TLS{tls}")])
            .arg("--provider")
            .arg(desk.module())
            .args(["--x509keyfile", &uri, "--x509certfile"])
            .arg(desk.lab.path(format!("keys/{key}.cert.pem")))
            .arg("127.0.0.1")
            .stdin(File::open(desk.lab.path("hello")).unwrap());
        gnutls
    }

    /// Over TLS 1.2 it ends the connection where nothing fits.
    fn failed_at(&self, stage: &str, login: &Login) -> bool {
        match stage {
            "sign" => login.failed_to_sign(),
            _ => login.had_no_certificate() || login.client.contains("not enabled"),
        }
    }
}
