//! A desk: tokens, a client program, servers for it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lists::{ECDSA_256, ECDSA_384};
use crate::started::Started;
use crate::support::{self, Lab};

/// What a login came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Came<'a> {
    /// Logged in with this scheme.
    In(&'a str),
    /// Failed at this stage.
    Out(&'a str),
    /// The key's type has no scheme in the list.
    NotForThisKey,
}
use Came::{In, NotForThisKey, Out};

/// token, key, the server's list, version; what comes of it.
pub(crate) type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Came<'static>,
);

/// A real client program.
pub(crate) trait Program {
    /// cardcheck's rule for it.
    fn rule(&self) -> &'static str;

    /// Is it installed?
    fn need(&self) -> Option<()>;

    /// What it needs before its first login.
    fn prepare(&self, _desk: &Desk) {}

    /// A login: sends [`HELLO`], or asks for a page.
    fn log_in(&self, desk: &Desk, login: &Wanted<'_>) -> Command;

    /// Does it speak HTTP, and nothing else?
    fn is_browser(&self) -> bool {
        false
    }

    /// Rules for the fault-injecting module that it can't do without.
    fn crutches(&self) -> Option<&'static str> {
        None
    }

    /// What its user must see, by the cell.
    fn user_sees<'a>(&self, cell: &'a Value) -> Option<&'a str> {
        cell["user_sees"].as_str()
    }

    /// Does what was said belong to a failure at this stage?
    fn failed_at(&self, stage: &str, login: &Login) -> bool {
        match stage {
            "sign" => login.failed_to_sign(),
            _ => login.had_no_certificate(),
        }
    }
}

/// A login that is to be made.
pub(crate) struct Wanted<'a> {
    pub(crate) token: &'a str,
    pub(crate) key: &'a str,
    pub(crate) tls: &'a str,
    pub(crate) port: u16,
}

/// What a client says once it is logged in, and what ends the connection; the server sends the former back from behind.
const HELLO: &str = "hello\nCLOSE\n";
const ANSWER: &str = "olleh";

pub(crate) struct Desk {
    pub(crate) lab: Lab,
    program: &'static dyn Program,
    /// Rules for the fault-injecting module, which then stands between everybody and SoftHSM2.
    faults: Option<&'static str>,
}

impl Desk {
    /// `None`: something is not installed.
    pub(crate) fn of(program: &'static dyn Program, tokens: &[&str]) -> Option<Desk> {
        Desk::with_faults(program, tokens, None)
    }

    pub(crate) fn with_faults(
        program: &'static dyn Program,
        tokens: &[&str],
        faults: Option<&'static str>,
    ) -> Option<Desk> {
        program.need()?;
        let lab = Lab::new(tokens)?;
        lab.write("hello", HELLO);
        make_server_certificate(&lab);
        write_rules(&lab, faults.or(program.crutches()).unwrap_or_default());
        let desk = Desk {
            lab,
            program,
            faults,
        };
        program.prepare(&desk);
        Some(desk)
    }

    /// All rows agree.
    pub(crate) fn all_agree(&self, rows: &[Row]) {
        for (token, key, list, tls, came) in rows {
            self.agree(token, key, list, tls, came);
        }
    }

    /// Both the cell and the real login come to this, and the user sees what the cell says.
    pub(crate) fn agree(&self, token: &str, key: &str, list: &str, tls: &str, expected: &Came) {
        let row = format!("{} {token} {key} {list} TLS {tls}", self.program.rule());
        let cell = self.cell(token, key, list, tls);
        assert_eq!(came_of(&cell), *expected, "{row}: {cell:#}");

        let login = self.log_in(token, key, list, tls);
        let scheme = login.scheme();
        match *expected {
            In(wanted) => assert_eq!(scheme.as_deref(), Some(wanted), "{row}\n{login}"),
            Out(stage) => assert!(self.program.failed_at(stage, &login), "{row}\n{login}"),
            NotForThisKey => assert!(self.program.failed_at("select", &login), "{row}\n{login}"),
        }
        if let Some(text) = self.program.user_sees(&cell) {
            assert!(login.client.contains(text), "{row}: no `{text}`\n{login}");
        }
    }

    /// The one cell of a run of `matrix`.
    pub(crate) fn cell(&self, token: &str, key: &str, list: &str, tls: &str) -> Value {
        let client = self.program.rule();
        let run = match self.faults {
            None => self.lab.matrix(token),
            Some(rules) => self.lab.faulty(token, rules),
        };
        let run = run.args("--format json");
        let run = run.arg("--client").arg(client).arg("--key").arg(key);
        let ran = run.arg("--sigalgs").arg(list).arg("--tls").arg(tls).run();
        ran.report().cell(key, "sigalgs", tls, client).clone()
    }

    pub(crate) fn log_in(&self, token: &str, key: &str, list: &str, tls: &str) -> Login {
        let browser = self.program.is_browser();
        let server = Server::start(&self.lab, list, tls, browser);
        let wanted = Wanted {
            token,
            key,
            tls,
            port: server.port,
        };
        let client = self.program.log_in(self, &wanted);
        let client = Started::start(client, &self.lab.path("client.log")).end();
        let server = match browser {
            // it comes back for more, so its server never ends
            true => server.program.said(),
            false => server.program.end(),
        };
        Login { client, server }
    }

    /// The module for the program.
    pub(crate) fn module(&self) -> PathBuf {
        match self.faults.or(self.program.crutches()) {
            None => support::softhsm(),
            Some(_) => support::faulty_module(),
        }
    }

    /// A program that finds this token.
    pub(crate) fn command(&self, program: &str, token: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("SOFTHSM2_CONF", self.lab.path(token).join("softhsm2.conf"))
            .env("CARDCHECK_FAULTS", self.lab.path("rules"))
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Makes a database for NSS at this path that knows the tokens.
    pub(crate) fn make_nss_database(&self, path: &str, token: &str) {
        std::fs::create_dir_all(self.lab.path(path)).unwrap();
        let database = format!("sql:{}", self.lab.path(path).display());
        let mut certutil = self.command("certutil", token);
        certutil.args(["-N", "--empty-password", "-d", &database]);
        succeed(&self.lab, certutil);
        let mut modutil = self.command("modutil", token);
        modutil.args(["-force", "-dbdir", &database, "-add", "tokens", "-libfile"]);
        modutil.arg(self.module());
        succeed(&self.lab, modutil);
    }
}

fn came_of(cell: &Value) -> Came<'_> {
    let text = |name: &str| cell[name].as_str().unwrap_or_default();
    match text("outcome") {
        "pass" => In(text("scheme")),
        "not_applicable" => NotForThisKey,
        _ => Out(text("stage")),
    }
}

/// As `Lab::faulty` does for cardcheck: these faults, and the log that `Lab::calls` reads.
fn write_rules(lab: &Lab, faults: &str) {
    let (module, log) = (support::softhsm(), lab.path("calls.log"));
    let (module, log) = (module.display(), log.display());
    lab.write("rules", format!("module {module}\nlog {log}\n{faults}\n"));
}

fn make_server_certificate(lab: &Lab) {
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-nodes", "-newkey", "rsa:2048"])
        .args(["-subj", "/CN=localhost", "-days", "2", "-keyout"])
        .arg(lab.path("server.key"))
        .arg("-out")
        .arg(lab.path("server.crt"));
    succeed(lab, openssl);
}

pub(crate) fn succeed(lab: &Lab, command: Command) {
    let program = Started::start(command, &lab.path("preparation.log"));
    program.succeed();
}

pub(crate) fn version_flag(tls: &str) -> String {
    format!("-tls{}", tls.replace('.', "_"))
}

/// As `support::need`, for libp11's engine, which is no program.
#[track_caller]
pub(crate) fn need_engine() -> Option<()> {
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

/// What both ends of a connection said.
pub(crate) struct Login {
    pub(crate) client: String,
    pub(crate) server: String,
}

impl Login {
    /// The scheme that the server saw, if the client got in.
    fn scheme(&self) -> Option<String> {
        let (kind, hash) = self.signed()?;
        let hash = hash.to_lowercase();
        Some(match (kind, hash.as_str()) {
            ("RSA-PSS", _) => format!("rsa_pss_rsae_{hash}"),
            ("RSA", _) => format!("rsa_pkcs1_{hash}"),
            ("ECDSA", "sha256") => ECDSA_256.into(),
            ("ECDSA", "sha384") => ECDSA_384.into(),
            ("ECDSA", _) => format!("ecdsa_{hash}"),
            (other, _) => other.to_lowercase(),
        })
    }

    /// The server tells it on its screen, and browsers on its page. Ed25519 has no hash.
    fn signed(&self) -> Option<(&str, &str)> {
        if self.client.contains(ANSWER) {
            let hash = said(&self.server, "Hash used: ").unwrap_or_default();
            return Some((said(&self.server, "Signature type: ")?, hash));
        }
        let hash = said(&self.client, "Peer signing digest: ").unwrap_or_default();
        Some((said(&self.client, "Peer signature type: ")?, hash))
    }

    /// An empty certificate came.
    pub(crate) fn had_no_certificate(&self) -> bool {
        self.server.contains("peer did not return a certificate")
    }

    /// A certificate came, and then no signature.
    pub(crate) fn failed_to_sign(&self) -> bool {
        self.server.contains("CONNECTION FAILURE") && !self.had_no_certificate()
    }
}

fn said<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(label))
}

impl std::fmt::Display for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Login { client, server } = self;
        write!(f, "client:\n{client}\nserver:\n{server}")
    }
}

/// `openssl s_server`, waiting for its one connection, or showing a page to browsers as often as they ask.
struct Server {
    program: Started,
    port: u16,
}

impl Server {
    fn start(lab: &Lab, list: &str, tls: &str, page: bool) -> Server {
        let mut openssl = Command::new("openssl");
        let way: &[&str] = match page {
            true => &["-www"],
            false => &["-rev", "-naccept", "1"],
        };
        openssl
            .arg("s_server")
            .args(way)
            .args(["-accept", "127.0.0.1:0"]) // any free port; it says which
            .args(["-client_sigalgs", list, &version_flag(tls)])
            .args(["-Verify", "1", "-verify_return_error"])
            // no security level of the server's stands in the way: what is asked here is what the client does
            .args(["-cipher", "DEFAULT@SECLEVEL=0"]);
        for (option, file) in [
            ("-key", "server.key"),
            ("-cert", "server.crt"),
            ("-CAfile", "keys/ca.cert.pem"),
        ] {
            openssl.arg(option).arg(lab.path(file));
        }
        openssl.stdin(Stdio::null());
        let mut program = Started::start(openssl, &lab.path("server.log"));
        let port = program.wait_for(|program| {
            let said = program.said();
            let (line, _) = said.split_once("ACCEPT 127.0.0.1:")?.1.split_once('\n')?;
            line.parse().ok()
        });
        Server { program, port }
    }
}
