//! NSS's `tstclnt`, and `openssl s_client` with libp11's engine.

use std::fs::File;
use std::process::Command;

use serde_json::Value;

use crate::desk::Came::{self, In, NotForThisKey, Out};
use crate::desk::{self, Desk, Program, Wanted, need_engine, version_flag};
use crate::lists::*;
use crate::signed_by::{ECDSA, PKCS1, PSS, PSS_REFUSED, RAW, SignedBy, sign_by};
use crate::support::{PIN, need};

const TOKENS: &[&str] = &[
    "bench",
    "no-pss-rsa",
    "lying-rsa",
    "p-521",
    "rsa-1024",
    "healthy",
];

/// token, key, the server's list, version; what comes of it with `firefox` and with `openssl`.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Came<'static>,
    Came<'static>,
);

#[rustfmt::skip] // it reads as a table
const TABLE: &[Row] = &[
    // token        key         list         TLS    firefox          openssl
    ("bench",      "rsa-2048", PSS_FIRST,   "1.2", In(PSS_256),     In(PSS_256)),
    ("bench",      "rsa-2048", PSS_FIRST,   "1.3", In(PSS_256),     In(PSS_256)),
    ("bench",      "rsa-2048", PKCS1_FIRST, "1.2", In(PSS_256),     In(PKCS1_256)), // NSS has its own order
    ("bench",      "rsa-2048", PKCS1_FIRST, "1.3", In(PSS_256),     In(PSS_256)),
    ("bench",      "rsa-2048", LARGE_FIRST, "1.2", In(PSS_256),     In(PKCS1_512)),
    ("bench",      "rsa-2048", LARGE_FIRST, "1.3", In(PSS_256),     In(PSS_384)),
    ("bench",      "rsa-2048", PKCS1_ONLY,  "1.2", In(PKCS1_256),   In(PKCS1_256)),
    ("bench",      "rsa-2048", NO_PSS,      "1.3", Out("select"),   Out("select")),
    ("bench",      "rsa-2048", PSS_ONLY,    "1.2", In(PSS_384),     In(PSS_384)),
    ("bench",      "rsa-2048", PSS_ONLY,    "1.3", In(PSS_384),     In(PSS_384)),
    ("bench",      "p-256",    P384_FIRST,  "1.2", In(ECDSA_256),   In(ECDSA_384)), // TLS 1.2 leaves the curve free
    ("bench",      "p-256",    P384_FIRST,  "1.3", In(ECDSA_256),   In(ECDSA_256)), // TLS 1.3 binds it
    ("bench",      "p-256",    PSS_FIRST,   "1.2", NotForThisKey,   NotForThisKey),
    ("p-521",      "p-521",    P384_FIRST,  "1.2", In(ECDSA_256),   In(ECDSA_384)),
    ("p-521",      "p-521",    P384_FIRST,  "1.3", Out("select"),   Out("select")),

    ("no-pss-rsa", "rsa-2048", PSS_FIRST,   "1.2", In(PKCS1_256),   In(PSS_256)),   // OpenSSL pads for itself
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,   "1.3", Out("select"),   In(PSS_256)),
    ("no-pss-rsa", "rsa-2048", PKCS1_FIRST, "1.2", In(PKCS1_256),   In(PKCS1_256)),
    ("no-pss-rsa", "rsa-2048", PKCS1_FIRST, "1.3", Out("select"),   In(PSS_256)),
    ("no-pss-rsa", "rsa-2048", PKCS1_ONLY,  "1.2", In(PKCS1_256),   In(PKCS1_256)),
    ("no-pss-rsa", "rsa-2048", PSS_ONLY,    "1.2", Out("select"),   In(PSS_384)),
    ("no-pss-rsa", "rsa-2048", PSS_ONLY,    "1.3", Out("select"),   In(PSS_384)),
    ("no-pss-rsa", "p-256",    P384_FIRST,  "1.3", In(ECDSA_256),   In(ECDSA_256)),

    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.2", Out("sign"),     In(PSS_256)),   // the motivating case
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.3", Out("sign"),     In(PSS_256)),
    ("lying-rsa",  "rsa-2048", PKCS1_FIRST, "1.2", Out("sign"),     In(PKCS1_256)), // another order does not help NSS
    ("lying-rsa",  "rsa-2048", PKCS1_FIRST, "1.3", Out("sign"),     In(PSS_256)),
    ("lying-rsa",  "rsa-2048", PKCS1_ONLY,  "1.2", In(PKCS1_256),   In(PKCS1_256)), // this does
    ("lying-rsa",  "rsa-2048", NO_PSS,      "1.3", Out("select"),   Out("select")),
    ("lying-rsa",  "rsa-2048", PSS_ONLY,    "1.2", Out("sign"),     In(PSS_384)),
    ("lying-rsa",  "p-256",    P384_FIRST,  "1.2", In(ECDSA_256),   In(ECDSA_384)),

    // OpenSSL 3 at its default security level does not sign SHA-1, also where the server would take it
    ("bench",      "rsa-2048", SHA1,        "1.2", In(PKCS1_1),     Out("select")),
    ("bench",      "p-256",    SHA1,        "1.2", In(ECDSA_1),     Out("select")),
    ("bench",      "rsa-2048", SHA1_FIRST,  "1.2", In(PKCS1_256),   In(PKCS1_256)),
];

/// The same with `firefox` only: OpenSSL refuses RSA-1024 before it connects, and libp11 0.4.12 can use no token that holds an Ed25519 key.
#[rustfmt::skip]
const FIREFOX_ONLY: &[desk::Row] = &[
    ("rsa-1024", "rsa-1024", SHA1_FIRST, "1.2", In(PKCS1_1)), // small RSA keys: SHA-1 first
    ("rsa-1024", "rsa-1024", PSS_FIRST,  "1.2", In(PSS_256)),
    ("rsa-1024", "rsa-1024", PSS_FIRST,  "1.3", In(PSS_256)),
    ("healthy",  "p-384",    P384_FIRST, "1.2", In(ECDSA_256)),
    ("healthy",  "p-384",    P384_FIRST, "1.3", In(ECDSA_384)),
];

#[test]
fn nss_does_what_the_cells_of_firefox_say() {
    let Some(desk) = Desk::of(&Nss, TOKENS) else {
        return;
    };
    for (token, key, list, tls, firefox, _) in TABLE {
        desk.agree(token, key, list, tls, firefox);
    }
    desk.all_agree(FIREFOX_ONLY);
}

#[test]
fn openssl_with_libp11_does_what_the_cells_of_openssl_say() {
    let Some(desk) = Desk::of(&OpenSsl, TOKENS) else {
        return;
    };
    for (token, key, list, tls, _, openssl) in TABLE {
        desk.agree(token, key, list, tls, openssl);
    }
}

/// What no client has a way around: PKCS1 refused where nothing else is asked for, ECDSA refused.
const REFUSALS: &str = "on C_SignInit mech 0x01,0x1041 ckr 0x70";

#[rustfmt::skip]
const REFUSED: &[desk::Row] = &[
    ("bench", "rsa-2048", PKCS1_ONLY, "1.2", Out("sign")),
    ("bench", "p-256",    P384_FIRST, "1.2", Out("sign")),
    ("bench", "p-256",    P384_FIRST, "1.3", Out("sign")),
];

#[test]
fn both_fail_where_the_token_refuses_to_sign() {
    let programs: [&'static dyn Program; 2] = [&Nss, &OpenSsl];
    for program in programs {
        let Some(desk) = Desk::with_faults(program, TOKENS, Some(REFUSALS)) else {
            continue;
        };
        desk.all_agree(REFUSED);
    }
}

#[rustfmt::skip]
const NSS_SIGNS_BY: &[SignedBy] = &[
    ("bench",      "rsa-2048", PSS_ONLY,   &[PSS],         PSS),
    ("bench",      "rsa-2048", PKCS1_ONLY, &[PKCS1],       PKCS1),
    ("bench",      "p-256",    P384_FIRST, &[ECDSA],       ECDSA),
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,  &[PKCS1],       PKCS1),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,  &[PSS_REFUSED], PSS),
];

#[rustfmt::skip]
const OPENSSL_SIGNS_BY: &[SignedBy] = &[
    // libp11 0.4.12 asks the token for PSS and pads for itself when that is refused; with OpenSSL 3.0.12 and 3.0.13 it pads at
    // once (libp11#523)
    ("bench",      "rsa-2048", PSS_ONLY,   &[PSS, RAW],    PSS),
    ("bench",      "rsa-2048", PKCS1_ONLY, &[PKCS1],       PKCS1),
    ("bench",      "p-256",    P384_FIRST, &[ECDSA],       ECDSA),
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,  &[RAW],         RAW),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,  &[RAW],         RAW),
];

#[test]
fn nss_signs_by_the_route_of_the_cell() {
    sign_by(&Nss, TOKENS, NSS_SIGNS_BY);
}

#[test]
fn openssl_with_libp11_signs_by_the_route_of_the_cell() {
    sign_by(&OpenSsl, TOKENS, OPENSSL_SIGNS_BY);
}

pub(crate) struct Nss;

impl Program for Nss {
    fn rule(&self) -> &'static str {
        "firefox"
    }

    #[track_caller]
    fn need(&self) -> Option<()> {
        need(&["openssl", "tstclnt", "certutil", "modutil"])
    }

    fn prepare(&self, desk: &Desk) {
        desk.make_nss_database("nss", TOKENS[0]);
    }

    fn log_in(&self, desk: &Desk, wanted: &Wanted<'_>) -> Command {
        let Wanted {
            token, key, tls, ..
        } = wanted;
        let database = format!("sql:{}", desk.lab.path("nss").display());
        let mut tstclnt = desk.command("tstclnt", token);
        tstclnt
            .args(["-h", "127.0.0.1", "-p", &wanted.port.to_string()])
            .args(["-V", &format!("tls{tls}:tls{tls}")])
            .args(["-d", &database, "-w", PIN])
            .args(["-n", &format!("{token}:{key}")])
            .arg("-o") // any server certificate will do
            .arg("-A")
            .arg(desk.lab.path("hello"));
        tstclnt
    }

    /// Of a failed signature Firefox says nothing, and tstclnt this.
    fn user_sees<'a>(&self, cell: &'a Value) -> Option<&'a str> {
        match cell["ckr"] == "CKR_MECHANISM_INVALID" {
            true => Some("SEC_ERROR_INVALID_ALGORITHM"),
            false => cell["user_sees"].as_str(),
        }
    }
}

struct OpenSsl;

impl Program for OpenSsl {
    fn rule(&self) -> &'static str {
        "openssl"
    }

    #[track_caller]
    fn need(&self) -> Option<()> {
        need(&["openssl"])?;
        need_engine()
    }

    fn log_in(&self, desk: &Desk, wanted: &Wanted<'_>) -> Command {
        let Wanted {
            token, key, tls, ..
        } = wanted;
        let uri = format!("pkcs11:token={token};object={key};type=private;pin-value={PIN}");
        let mut openssl = desk.command("openssl", token);
        openssl
            .args(["s_client", "-quiet", &version_flag(tls)])
            .args(["-connect", &format!("127.0.0.1:{}", wanted.port)])
            .args(["-engine", "pkcs11", "-keyform", "engine", "-key", &uri])
            .arg("-cert")
            .arg(desk.lab.path(format!("keys/{key}.cert.pem")))
            .env("PKCS11_MODULE_PATH", desk.module())
            .stdin(File::open(desk.lab.path("hello")).unwrap());
        openssl
    }

    /// The beginnings of its messages vary with its versions.
    fn user_sees<'a>(&self, cell: &'a Value) -> Option<&'a str> {
        let text = cell["user_sees"].as_str()?;
        text.rsplit(':').next()
    }
}
