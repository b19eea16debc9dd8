//! Real programs do what cardcheck's cells say: `openssl s_server` asks with a list, `openssl s_client` with libp11's engine
//! and NSS's `tstclnt` answer it with the keys of the same throw-away tokens, and a run of `matrix` says the same.

mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Lab, PIN, need};

/// What a login came to.
#[derive(Debug, PartialEq)]
enum Came {
    /// Logged in with this scheme.
    In(&'static str),
    /// Failed at this stage.
    Out(&'static str),
    /// The key's type has no scheme in the list.
    NotForThisKey,
}
use Came::{In, NotForThisKey, Out};

const PSS_FIRST: &str = "RSA-PSS+SHA256:RSA+SHA256";
const PKCS1_FIRST: &str = "RSA+SHA256:RSA-PSS+SHA256";
const LARGE_FIRST: &str = "RSA+SHA512:RSA-PSS+SHA384:RSA-PSS+SHA256:RSA+SHA256";
const PSS_ONLY: &str = "RSA-PSS+SHA384";
const PKCS1_ONLY: &str = "RSA+SHA256";
const NO_PSS: &str = "RSA+SHA256:ECDSA+SHA256"; // not even an ECDSA client gets into TLS 1.3 where nothing but PKCS1 is asked for
const P384_FIRST: &str = "ECDSA+SHA384:ECDSA+SHA256";
const SHA1: &str = "RSA+SHA1:ECDSA+SHA1";
const SHA1_FIRST: &str = "RSA+SHA1:RSA+SHA256";

const PSS_256: &str = "rsa_pss_rsae_sha256";
const PSS_384: &str = "rsa_pss_rsae_sha384";
const PKCS1_1: &str = "rsa_pkcs1_sha1";
const PKCS1_256: &str = "rsa_pkcs1_sha256";
const PKCS1_512: &str = "rsa_pkcs1_sha512";
const ECDSA_1: &str = "ecdsa_sha1";
const ECDSA_256: &str = "ecdsa_secp256r1_sha256";
const ECDSA_384: &str = "ecdsa_secp384r1_sha384";

/// token, key, the server's list, version; what comes of it with `firefox` and with `openssl`.
type Row = (&'static str, &'static str, &'static str, &'static str, Came, Came);

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

/// The same with `firefox` only: OpenSSL refuses RSA-1024 at once, and libp11 0.4.12 can use no token that holds an Ed25519 key.
#[rustfmt::skip]
const FIREFOX_ONLY: &[(&str, &str, &str, &str, Came)] = &[
    ("rsa-1024", "rsa-1024", SHA1_FIRST, "1.2", In(PKCS1_1)), // small RSA keys: SHA-1 first
    ("rsa-1024", "rsa-1024", PSS_FIRST,  "1.2", In(PSS_256)),
    ("rsa-1024", "rsa-1024", PSS_FIRST,  "1.3", In(PSS_256)),
    ("healthy",  "p-384",    P384_FIRST, "1.2", In(ECDSA_256)),
    ("healthy",  "p-384",    P384_FIRST, "1.3", In(ECDSA_384)),
];

#[test]
fn nss_does_what_the_cells_of_firefox_say() {
    let Some(desk) = Desk::of(Program::Nss) else {
        return;
    };
    for (token, key, list, tls, firefox, _) in TABLE {
        desk.agree(token, key, list, tls, firefox);
    }
    for (token, key, list, tls, firefox) in FIREFOX_ONLY {
        desk.agree(token, key, list, tls, firefox);
    }
}

#[test]
fn openssl_with_libp11_does_what_the_cells_of_openssl_say() {
    let Some(desk) = Desk::of(Program::OpenSsl) else {
        return;
    };
    for (token, key, list, tls, _, openssl) in TABLE {
        desk.agree(token, key, list, tls, openssl);
    }
}

const PSS: &str = "CKM_RSA_PKCS_PSS";
const PSS_REFUSED: &str = "CKM_RSA_PKCS_PSS refused";
const PKCS1: &str = "CKM_RSA_PKCS";
const RAW: &str = "CKM_RSA_X_509";
const ECDSA: &str = "CKM_ECDSA";

/// token, key, list (TLS 1.2); the mechanisms that the real program tries; the route of the cell.
type Tries = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

#[rustfmt::skip]
const NSS_TRIES: &[Tries] = &[
    ("bench",      "rsa-2048", PSS_ONLY,   &[PSS],              PSS),
    ("bench",      "rsa-2048", PKCS1_ONLY, &[PKCS1],            PKCS1),
    ("bench",      "p-256",    P384_FIRST, &[ECDSA],            ECDSA),
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,  &[PKCS1],            PKCS1),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,  &[PSS_REFUSED],      PSS),
];

#[rustfmt::skip]
const OPENSSL_TRIES: &[Tries] = &[
    // libp11 0.4.12 asks the token for PSS before it pads for itself; the rule does the latter at once
    ("bench",      "rsa-2048", PSS_ONLY,   &[PSS],              RAW),
    ("bench",      "rsa-2048", PKCS1_ONLY, &[PKCS1],            PKCS1),
    ("bench",      "p-256",    P384_FIRST, &[ECDSA],            ECDSA),
    ("no-pss-rsa", "rsa-2048", PSS_FIRST,  &[PSS_REFUSED, RAW], RAW),
    ("lying-rsa",  "rsa-2048", PSS_FIRST,  &[PSS_REFUSED, RAW], RAW),
];

#[test]
fn nss_signs_by_the_route_of_the_cell() {
    tries(Program::Nss, NSS_TRIES);
}

#[test]
fn openssl_with_libp11_signs_by_the_route_of_the_cell() {
    tries(Program::OpenSsl, OPENSSL_TRIES);
}

fn tries(program: Program, rows: &[Tries]) {
    let Some(desk) = Desk::with_module(program, Module::Watched) else {
        return;
    };
    for (token, key, list, mechanisms, route) in rows {
        let cell = desk.cell(token, key, list, "1.2");
        assert_eq!(cell["route"], *route, "{program:?} {token} {key} {list}");
        let _ = std::fs::remove_file(desk.lab.path("calls.log"));
        let login = desk.log_in(token, key, list, "1.2");
        let said = format!("{program:?} {token} {key} {list}\n{login}");
        assert_eq!(mechanisms_tried(&desk.lab), *mechanisms, "{said}");
    }
}

/// The mechanisms of the C_SignInit calls that the fault-injecting module, which here does nothing but watch, saw.
fn mechanisms_tried(lab: &Lab) -> Vec<String> {
    let calls = lab.calls();
    let started = calls
        .iter()
        .filter_map(|line| line.strip_prefix("C_SignInit mech="));
    let named = |call: &str| {
        let (mechanism, rv) = call.split_once(" rv=").unwrap();
        let name = match mechanism {
            "0x01" => PKCS1,
            "0x03" => RAW,
            "0x0d" => PSS,
            "0x1041" => ECDSA,
            other => other,
        };
        match rv {
            "0x00000000" => name.to_owned(),
            _ => format!("{name} refused"),
        }
    };
    started.map(named).collect()
}

// --- a desk: tokens, one client program, servers for it

/// A real client program.
#[derive(Clone, Copy, Debug)]
enum Program {
    Nss,
    OpenSsl,
}

impl Program {
    /// cardcheck's rule for it.
    fn rule(self) -> &'static str {
        match self {
            Program::Nss => "firefox",
            Program::OpenSsl => "openssl",
        }
    }

    /// Is it installed?
    #[track_caller]
    fn need(self) -> Option<()> {
        match self {
            Program::Nss => need(&["openssl", "tstclnt", "certutil", "modutil"]),
            Program::OpenSsl => need(&["openssl"]).and_then(|()| need_engine()),
        }
    }

    /// A client that answers with this key, says [`HELLO`] and ends when the server does.
    fn client(self, lab: &Lab, token: &str, key: &str, port: u16, tls: &str) -> Command {
        match self {
            Program::Nss => tstclnt(lab, token, key, port, tls),
            Program::OpenSsl => s_client(lab, token, key, port, tls),
        }
    }
}

/// The same as `support::need`, for the engine of libp11: it is no program.
#[track_caller]
fn need_engine() -> Option<()> {
    let engine = Command::new("openssl").args(["engine", "pkcs11"]).output();
    if engine.unwrap().status.success() {
        return Some(());
    }
    let place = std::panic::Location::caller();
    let missing = "OpenSSL's engine pkcs11 (libp11) not installed; scripts/test installs it";
    assert!(std::env::var_os("CI").is_none(), "{place}: {missing}");
    eprintln!("SKIPPED at {place}: {missing}");
    None
}

/// What programs and cardcheck load.
#[derive(Clone, Copy)]
enum Module {
    /// SoftHSM2.
    Plain,
    /// SoftHSM2 behind our fault-injecting module, which writes down the calls.
    Watched,
}

struct Desk {
    lab: Lab,
    program: Program,
}

impl Desk {
    #[track_caller]
    fn of(program: Program) -> Option<Desk> {
        Desk::with_module(program, Module::Plain)
    }

    /// `None`: something is not installed.
    #[track_caller]
    fn with_module(program: Program, module: Module) -> Option<Desk> {
        program.need()?;
        let lab = Lab::new(&[
            "bench",
            "no-pss-rsa",
            "lying-rsa",
            "p-521",
            "rsa-1024",
            "healthy",
        ])?;
        make_server_certificate(&lab);
        make_module_link(&lab, module);
        if let Program::Nss = program {
            make_nss_database(&lab);
        }
        Some(Desk { lab, program })
    }

    /// Both the cell and the real login come to this, and in the same words.
    fn agree(&self, token: &str, key: &str, list: &str, tls: &str, expected: &Came) {
        let row = format!("{:?} {token} {key} {list} TLS {tls}", self.program);
        let cell = self.cell(token, key, list, tls);
        assert_eq!(came_of_cell(&cell), came_text(expected), "{row}: {cell:#}");

        let login = self.log_in(token, key, list, tls);
        assert_eq!(login.came(), expected.in_reality(), "{row}\n{login}");
        if let Some(text) = self.user_sees(&cell) {
            let seen = text.split(", ").all(|part| login.client.contains(part));
            assert!(seen, "{row}: the user does not see `{text}`\n{login}");
        }
    }

    /// The one cell of a run of `matrix`.
    fn cell(&self, token: &str, key: &str, list: &str, tls: &str) -> Value {
        let run = self.lab.matrix(token).args("--format json --client");
        let run = run.arg(self.program.rule()).arg("--key").arg(key);
        let report = run.arg("--sigalgs").arg(list).arg("--tls").arg(tls).run();
        report
            .report()
            .cell(key, "sigalgs", tls, self.program.rule())
            .clone()
    }

    /// What the cell promises that this program says. Firefox and tstclnt have the same words for a refused certificate
    /// only; of a failed signature Firefox says nothing.
    fn user_sees<'a>(&self, cell: &'a Value) -> Option<&'a str> {
        let same_words = matches!(self.program, Program::OpenSsl) || cell["stage"] == "select";
        cell["user_sees"].as_str().filter(|_| same_words)
    }

    fn log_in(&self, token: &str, key: &str, list: &str, tls: &str) -> Login {
        let server = Server::start(&self.lab, list, tls);
        let client = self
            .program
            .client(&self.lab, token, key, server.port, tls)
            .env("SOFTHSM2_CONF", self.lab.path(token).join("softhsm2.conf"))
            .env("CARDCHECK_FAULTS", self.lab.path("watch"));
        let client = run_logged(client, &self.lab.path("client.log"));
        Login {
            client,
            server: server.end(),
        }
    }
}

fn came_of_cell(cell: &Value) -> String {
    let text = |name: &str| cell[name].as_str().unwrap_or_default();
    match text("outcome") {
        "pass" => format!("in with {}", text("scheme")),
        "fail" => format!("out at {}", text("stage")),
        other => other.to_owned(),
    }
}

fn came_text(came: &Came) -> String {
    match came {
        In(scheme) => format!("in with {scheme}"),
        Out(stage) => format!("out at {stage}"),
        NotForThisKey => "not_applicable".into(),
    }
}
