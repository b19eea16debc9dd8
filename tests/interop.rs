//! Real programs do what cardcheck's cells say: `openssl s_server` asks with a list, `openssl s_client` with libp11's engine
//! and NSS's `tstclnt` answer it with the keys of the same throw-away tokens, and a run of `matrix` says the same.

mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Lab, PIN, need};

/// What a login came to.
#[derive(Debug, PartialEq)]
enum Came<'a> {
    /// Logged in with this scheme.
    In(&'a str),
    /// Failed at this stage.
    Out(&'a str),
    /// The key's type has no scheme in the list.
    NotForThisKey,
}
use Came::{In, NotForThisKey, Out};

const PSS_FIRST: &str = "RSA-PSS+SHA256:RSA+SHA256";
const PKCS1_FIRST: &str = "RSA+SHA256:RSA-PSS+SHA256";
const LARGE_FIRST: &str = "RSA+SHA512:RSA-PSS+SHA384:RSA-PSS+SHA256:RSA+SHA256";
const PSS_ONLY: &str = "RSA-PSS+SHA384";
const PKCS1_ONLY: &str = "RSA+SHA256";
/// RSA+SHA256 alone is nothing that OpenSSL's server can ask for in TLS 1.3: it ends with internal_error.
const NO_PSS: &str = "RSA+SHA256:ECDSA+SHA256";
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

/// The same with `firefox` only: OpenSSL refuses RSA-1024 at once, and libp11 0.4.12 can use no token that holds an Ed25519 key.
#[rustfmt::skip]
const FIREFOX_ONLY: &[(&str, &str, &str, &str, Came<'_>)] = &[
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

/// What no client has a way around: PKCS1 refused where nothing else is asked for, ECDSA refused.
const REFUSALS: &str = "on C_SignInit mech 0x01,0x1041 ckr 0x70";

#[rustfmt::skip]
const REFUSED: &[(&str, &str, &str, &str, Came<'_>)] = &[
    ("bench", "rsa-2048", PKCS1_ONLY, "1.2", Out("sign")),
    ("bench", "p-256",    P384_FIRST, "1.2", Out("sign")),
    ("bench", "p-256",    P384_FIRST, "1.3", Out("sign")),
];

#[test]
fn both_fail_where_the_token_refuses_to_sign() {
    for program in [Program::Nss, Program::OpenSsl] {
        let Some(desk) = Desk::with_faults(program, Some(REFUSALS)) else {
            continue;
        };
        for (token, key, list, tls, came) in REFUSED {
            desk.agree(token, key, list, tls, came);
        }
    }
}

const PSS: &str = "CKM_RSA_PKCS_PSS";
const PSS_REFUSED: &str = "CKM_RSA_PKCS_PSS refused";
const PKCS1: &str = "CKM_RSA_PKCS";
const RAW: &str = "CKM_RSA_X_509";
const ECDSA: &str = "CKM_ECDSA";

/// token, key, list (TLS 1.2); what the real program signs with, or tries last; the route of the cell.
type SignedBy = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

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
    sign_by(Program::Nss, NSS_SIGNS_BY);
}

#[test]
fn openssl_with_libp11_signs_by_the_route_of_the_cell() {
    sign_by(Program::OpenSsl, OPENSSL_SIGNS_BY);
}

/// The module does nothing but watch.
const NO_FAULT: &str = "";

fn sign_by(program: Program, rows: &[SignedBy]) {
    let Some(desk) = Desk::with_faults(program, Some(NO_FAULT)) else {
        return;
    };
    for (token, key, list, mechanisms, route) in rows {
        let cell = desk.cell(token, key, list, "1.2");
        assert_eq!(cell["route"], *route, "{program:?} {token} {key} {list}");
        std::fs::remove_file(desk.lab.path("calls.log")).unwrap();
        let login = desk.log_in(token, key, list, "1.2");
        let last = last_mechanism(&desk.lab);
        let row = format!("{program:?} {token} {key} {list}: {last}\n{login}");
        assert!(mechanisms.contains(&last.as_str()), "{row}");
    }
}

/// The mechanism of the last C_SignInit that the fault-injecting module saw.
fn last_mechanism(lab: &Lab) -> String {
    let calls = lab.calls();
    let started = |line: &String| Some(line.strip_prefix("C_SignInit mech=")?.to_owned());
    let call = calls.iter().rev().find_map(started).unwrap_or_default();
    let (mechanism, rv) = call.split_once(" rv=").unwrap_or_default();
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
}

// --- a desk: tokens, a client program, servers for it

/// What a client says once it is logged in, and what ends the connection; the server sends the former back from behind.
const HELLO: &str = "hello\nCLOSE\n";
const ANSWER: &str = "olleh";

struct Desk {
    lab: Lab,
    program: Program,
    /// Rules for the fault-injecting module, which then stands between everybody and SoftHSM2.
    faults: Option<&'static str>,
}

impl Desk {
    /// `None`: something is not installed.
    #[track_caller]
    fn of(program: Program) -> Option<Desk> {
        Desk::with_faults(program, None)
    }

    #[track_caller]
    fn with_faults(program: Program, faults: Option<&'static str>) -> Option<Desk> {
        program.need()?;
        let lab = Lab::new(TOKENS)?;
        lab.write("hello", HELLO);
        make_server_certificate(&lab);
        write_rules(&lab, faults.unwrap_or_default());
        let desk = Desk {
            lab,
            program,
            faults,
        };
        if let Program::Nss = program {
            desk.make_nss_database();
        }
        Some(desk)
    }

    /// Both the cell and the real login come to this, and the user sees what the cell says.
    fn agree(&self, token: &str, key: &str, list: &str, tls: &str, expected: &Came) {
        let row = format!("{:?} {token} {key} {list} TLS {tls}", self.program);
        let cell = self.cell(token, key, list, tls);
        assert_eq!(came_of(&cell), *expected, "{row}: {cell:#}");

        let login = self.log_in(token, key, list, tls);
        match *expected {
            In(scheme) => assert_eq!(login.scheme().as_deref(), Some(scheme), "{row}\n{login}"),
            Out("sign") => assert!(login.failed_to_sign(), "{row}\n{login}"),
            Out(_) | NotForThisKey => assert!(login.had_no_certificate(), "{row}\n{login}"),
        }
        if let Some(text) = self.user_sees(&cell) {
            assert!(login.client.contains(text), "{row}: no `{text}`\n{login}");
        }
    }

    /// The one cell of a run of `matrix`.
    fn cell(&self, token: &str, key: &str, list: &str, tls: &str) -> Value {
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

    /// What the user of this program must see, by the cell. Of a failed signature Firefox says nothing, and tstclnt this. The
    /// beginnings of OpenSSL's messages vary with its versions.
    fn user_sees<'a>(&self, cell: &'a Value) -> Option<&'a str> {
        let text = cell["user_sees"].as_str()?;
        match self.program {
            Program::Nss if cell["ckr"] == "CKR_MECHANISM_INVALID" => {
                Some("SEC_ERROR_INVALID_ALGORITHM")
            }
            Program::Nss => Some(text),
            Program::OpenSsl => text.rsplit([',', ':']).next().map(str::trim),
        }
    }

    fn log_in(&self, token: &str, key: &str, list: &str, tls: &str) -> Login {
        let server = Server::start(&self.lab, list, tls);
        let client = match self.program {
            Program::Nss => self.tstclnt(token, key, server.port, tls),
            Program::OpenSsl => self.s_client(token, key, server.port, tls),
        };
        let client = Running::start(client, &self.lab.path("client.log")).end();
        Login {
            client,
            server: server.running.end(),
        }
    }

    fn module(&self) -> PathBuf {
        match self.faults {
            None => support::softhsm(),
            Some(_) => support::faulty_module(),
        }
    }

    fn s_client(&self, token: &str, key: &str, port: u16, tls: &str) -> Command {
        let uri = format!("pkcs11:token={token};object={key};type=private;pin-value={PIN}");
        let mut openssl = self.command("openssl", token);
        openssl
            .args(["s_client", "-quiet", &version_flag(tls)])
            .args(["-connect", &format!("127.0.0.1:{port}")])
            .args(["-engine", "pkcs11", "-keyform", "engine", "-key", &uri])
            .arg("-cert")
            .arg(self.lab.path(format!("keys/{key}.cert.pem")))
            .env("PKCS11_MODULE_PATH", self.module())
            .stdin(File::open(self.lab.path("hello")).unwrap());
        openssl
    }

    fn tstclnt(&self, token: &str, key: &str, port: u16, tls: &str) -> Command {
        let mut tstclnt = self.command("tstclnt", token);
        tstclnt
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-V", &format!("tls{tls}:tls{tls}")])
            .args(["-d", &self.nss_database(), "-w", PIN])
            .args(["-n", &format!("{token}:{key}")])
            .arg("-o") // any server certificate will do
            .arg("-A")
            .arg(self.lab.path("hello"));
        tstclnt
    }

    fn make_nss_database(&self) {
        std::fs::create_dir(self.lab.path("nss")).unwrap();
        let database = self.nss_database();
        let mut certutil = self.command("certutil", TOKENS[0]);
        certutil.args(["-N", "--empty-password", "-d", &database]);
        succeed(&self.lab, certutil);
        let mut modutil = self.command("modutil", TOKENS[0]);
        modutil.args(["-force", "-dbdir", &database, "-add", "tokens", "-libfile"]);
        modutil.arg(self.module());
        succeed(&self.lab, modutil);
    }

    fn nss_database(&self) -> String {
        format!("sql:{}", self.lab.path("nss").display())
    }

    /// A program that finds this token.
    fn command(&self, program: &str, token: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("SOFTHSM2_CONF", self.lab.path(token).join("softhsm2.conf"))
            .env("CARDCHECK_FAULTS", self.lab.path("rules"))
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
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

fn succeed(lab: &Lab, command: Command) {
    let running = Running::start(command, &lab.path("preparation.log"));
    running.succeed();
}

fn version_flag(tls: &str) -> String {
    format!("-tls{}", tls.replace('.', "_"))
}

/// What both ends of a connection said.
struct Login {
    client: String,
    server: String,
}

impl Login {
    /// The scheme that the server saw, if the client got in.
    fn scheme(&self) -> Option<String> {
        if !self.client.contains(ANSWER) {
            return None;
        }
        let hash = self.server_said("Hash used: ")?.to_lowercase();
        match (self.server_said("Signature type: ")?, hash.as_str()) {
            ("RSA-PSS", _) => Some(format!("rsa_pss_rsae_{hash}")),
            ("RSA", _) => Some(format!("rsa_pkcs1_{hash}")),
            ("ECDSA", "sha256") => Some(ECDSA_256.into()),
            ("ECDSA", "sha384") => Some(ECDSA_384.into()),
            ("ECDSA", _) => Some(format!("ecdsa_{hash}")),
            (other, _) => Some(other.into()),
        }
    }

    /// An empty certificate came.
    fn had_no_certificate(&self) -> bool {
        self.server.contains("peer did not return a certificate")
    }

    /// A certificate came, and then no signature.
    fn failed_to_sign(&self) -> bool {
        self.server.contains("CONNECTION FAILURE") && !self.had_no_certificate()
    }

    fn server_said(&self, label: &str) -> Option<&str> {
        self.server
            .lines()
            .find_map(|line| line.strip_prefix(label))
    }
}

impl std::fmt::Display for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Login { client, server } = self;
        write!(f, "client:\n{client}\nserver:\n{server}")
    }
}

// --- programs that must not run for ever

const DEADLINE: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(5);

/// `openssl s_server`, waiting for its one connection.
struct Server {
    running: Running,
    port: u16,
}

impl Server {
    fn start(lab: &Lab, list: &str, tls: &str) -> Server {
        let mut openssl = Command::new("openssl");
        openssl
            .args(["s_server", "-rev", "-naccept", "1"])
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
        let mut running = Running::start(openssl, &lab.path("server.log"));
        let port = running.wait_for(|running| {
            let said = running.said();
            let (line, _) = said.split_once("ACCEPT 127.0.0.1:")?.1.split_once('\n')?;
            line.parse().ok()
        });
        Server { running, port }
    }
}

/// A program whose output goes to a file; it ends with this value at the latest.
struct Running {
    child: Child,
    command: String,
    log: PathBuf,
    until: Instant,
}

impl Running {
    fn start(mut command: Command, log: &Path) -> Running {
        let file = File::create(log).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        Running {
            child: command.spawn().unwrap(),
            command: format!("{command:?}"),
            log: log.to_owned(),
            until: Instant::now() + DEADLINE,
        }
    }

    /// What it has said so far.
    fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until it has ended; all that it said.
    fn end(mut self) -> String {
        self.wait_for(|running| running.child.try_wait().unwrap());
        self.said()
    }

    fn succeed(mut self) {
        let status = self.wait_for(|running| running.child.try_wait().unwrap());
        assert!(status.success(), "{}: {}", self.command, self.said());
    }

    /// Looks again and again until there is something.
    fn wait_for<T>(&mut self, look: impl Fn(&mut Running) -> Option<T>) -> T {
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let late = Instant::now() > self.until;
            assert!(!late, "{}: no end of it:\n{}", self.command, self.said());
            std::thread::sleep(MOMENT);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
            Program::OpenSsl => {
                need(&["openssl"])?;
                need_engine()
            }
        }
    }
}

/// As `support::need`, for libp11's engine, which is no program.
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
