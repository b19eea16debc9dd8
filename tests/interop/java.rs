//! Java, with SunPKCS11. Its key store can use no token that holds an Ed25519 key.

use std::process::Command;

use crate::desk::Came::{In, NotForThisKey, Out};
use crate::desk::{Desk, Login, Program, Row, Wanted, succeed};
use crate::lists::*;
use crate::signed_by::{ECDSA, PSS, SHA256_RSA, SignedBy, sign_by};
use crate::support::{PIN, need, root};

const TOKENS: &[&str] = &["bench", "no-pss-rsa", "lying-rsa", "rsa-1024"];

#[rustfmt::skip] // it reads as a table
const ROWS: &[Row] = &[
    ("bench",      "rsa-2048", PSS_FIRST,   "1.2", In(PSS_256)),
    ("bench",      "rsa-2048", PKCS1_FIRST, "1.2", In(PKCS1_256)),
    ("bench",      "rsa-2048", LARGE_FIRST, "1.3", In(PSS_384)),
    ("bench",      "p-256",    P384_FIRST,  "1.2", In(ECDSA_256)), // the curve is bound in TLS 1.2 too
    ("bench",      "p-256",    P384_ONLY,   "1.2", Out("select")),
    ("bench",      "p-256",    PSS_FIRST,   "1.2", NotForThisKey),

    ("no-pss-rsa", "rsa-2048", PSS_FIRST,   "1.2", In(PKCS1_256)),
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,   "1.3", Out("select")),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.2", In(PKCS1_256)), // C_SignInit refused: the next scheme
    ("lying-rsa",  "rsa-2048", PSS_FIRST,   "1.3", Out("sign")),
    ("lying-rsa",  "rsa-2048", PSS_ONLY,    "1.2", Out("sign")),
];

#[test]
fn java_does_what_its_cells_say() {
    if let Some(desk) = Desk::of(&Java, TOKENS) {
        desk.all_agree(ROWS);
    }
}

/// The rule is that of Java 17.0.21; older updates of 17 sign with SHA-1 if nothing better is asked for.
#[rustfmt::skip]
const WITHOUT_SHA1: &[Row] = &[
    ("bench",    "rsa-2048", SHA1,       "1.2", Out("select")),
    ("rsa-1024", "rsa-1024", SHA1_FIRST, "1.2", In(PKCS1_256)),
];

#[test]
fn a_java_that_signs_no_sha1_looks_for_something_else() {
    if let Some(desk) = Desk::of(&Java, TOKENS) {
        match refuses_sha1() {
            true => desk.all_agree(WITHOUT_SHA1),
            false => println!("SKIPPED: this Java still signs with SHA-1, which later ones refuse"),
        }
    }
}

/// As its security properties say (jdk.tls.disabledAlgorithms).
fn refuses_sha1() -> bool {
    let settings = Command::new("java")
        .args(["-XshowSettings:properties", "-version"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&settings.stderr).into_owned();
    let home = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("java.home = "));
    let home = home.expect("java.home").to_owned();
    let security = std::path::Path::new(&home).join("conf/security/java.security");
    let properties = std::fs::read_to_string(security).unwrap();
    properties.contains("SHA1 usage HandshakeSignature")
}

/// After C_Sign nothing is tried any more.
const C_SIGN_REFUSES: &str = "on C_Sign mech 0x0d ckr 0x30";

#[rustfmt::skip]
const REFUSED_BY_C_SIGN: &[Row] = &[
    ("bench", "rsa-2048", PSS_FIRST, "1.2", Out("sign")),
];

#[test]
fn java_gives_up_where_c_sign_refuses() {
    if let Some(desk) = Desk::with_faults(&Java, TOKENS, Some(C_SIGN_REFUSES)) {
        desk.all_agree(REFUSED_BY_C_SIGN);
    }
}

#[rustfmt::skip]
const SIGNS_BY: &[SignedBy] = &[
    ("bench",     "rsa-2048", PSS_ONLY,   &[PSS],        PSS),
    ("bench",     "rsa-2048", PKCS1_ONLY, &[SHA256_RSA], SHA256_RSA), // the token hashes
    ("bench",     "p-256",    P384_FIRST, &[ECDSA],      ECDSA),
    ("lying-rsa", "rsa-2048", PSS_FIRST,  &[SHA256_RSA], SHA256_RSA),
];

#[test]
fn java_signs_by_the_route_of_the_cell() {
    sign_by(&Java, TOKENS, SIGNS_BY);
}

struct Java;

impl Program for Java {
    fn rule(&self) -> &'static str {
        "java"
    }

    #[track_caller]
    fn need(&self) -> Option<()> {
        need(&["openssl", "java", "javac"])
    }

    fn prepare(&self, desk: &Desk) {
        let module = desk.module();
        desk.lab.write(
            "sunpkcs11",
            format!(
                "name=tokens\nlibrary={}\nslotListIndex=0\n",
                module.display()
            ),
        );
        let mut javac = Command::new("javac");
        javac
            .arg("-d")
            .arg(desk.lab.path("classes"))
            .arg(root().join("tests/interop/LogIn.java"));
        succeed(&desk.lab, javac);
    }

    fn log_in(&self, desk: &Desk, wanted: &Wanted<'_>) -> Command {
        let mut java = desk.command("java", wanted.token);
        java.arg("-XX:TieredStopAtLevel=1") // quicker to start
            .arg("-cp")
            .arg(desk.lab.path("classes"))
            .arg("LogIn")
            .arg(desk.lab.path("sunpkcs11"))
            .args([PIN, wanted.key, &wanted.port.to_string(), wanted.tls])
            .arg(desk.lab.path("hello"));
        java
    }

    /// Where it finds no signature it ends the connection, often with the certificate on its way.
    fn failed_at(&self, stage: &str, login: &Login) -> bool {
        match stage {
            "sign" => login.failed_to_sign(),
            _ => login.had_no_certificate() || login.client.contains("No supported"),
        }
    }
}
