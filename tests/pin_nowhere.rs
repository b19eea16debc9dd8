//! The PIN shows nowhere: in no output, no file, no list of processes, no environment but the one it was given in, no core
//! file, and in memory only where it has to be.

#[path = "support/running.rs"]
mod running;
mod support;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Output};

use running::{Running, counted, faulty_without_pin, forget_calls, hosts, until};
use support::relay::Relay;
use support::{Cardcheck, Lab, Ran};

/// Nothing else looks like it.
const PIN: &str = "Zx81-never-shown";
const TOKEN: &str = "always-authenticate";
const SHORT: &str = "--profile openssl-3.0 --client any";

#[test]
fn the_pin_is_in_no_output_and_no_file() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    for rules in [
        "",
        "on C_SignInit mech 0x0d ckr 0x70",
        "on C_Login after 3 ckr 0xa0",
    ] {
        for format in ["table", "json"] {
            let ran = exporting(&lab, lab.faulty(TOKEN, rules))
                .args(SHORT)
                .args("--format")
                .arg(format)
                .run();
            assert!(ran.code().is_some_and(|code| code <= 1), "{}", ran.stderr());
            assert_shows_nothing(&lab, &ran);
        }
    }
}

#[test]
fn the_pin_is_in_no_output_when_it_is_wrong_or_not_sent() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    for rules in [
        "on C_Login ckr 0xa0",
        "on C_Login ckr 0xa2",
        "token-pin-len 4 8",
        "token-flags set 0x20000",
    ] {
        let ran = exporting(&lab, lab.faulty(TOKEN, rules)).run().exits(3);
        assert_shows_nothing(&lab, &ran);
    }
}

#[test]
fn a_crash_shows_no_pin_and_leaves_no_core_file() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    let faults = [
        "on C_Login times 1 segfault",
        "on C_Login times 1 abort",
        // with the PIN of the one operation just sent
        "on C_Login after 2 times 1 segfault",
        "on C_Sign after 2 times 1 segfault",
        "on C_Sign after 2 times 1 abort",
        "on C_Sign after 2 times 1 stack-overflow",
    ];
    for fault in faults {
        let work = lab.path("work");
        std::fs::create_dir_all(&work).unwrap();
        let cardcheck = exporting(&lab, lab.faulty(TOKEN, &counted(&lab, fault)));
        let run = with_core_files(cardcheck.args(SHORT), &work);
        let ran = Ran::of(run);
        assert!(
            ran.stderr().contains("the module crashed"),
            "{fault}: {}",
            ran.stderr()
        );
        assert_shows_nothing(&lab, &ran);
        let left: Vec<_> = std::fs::read_dir(&work).unwrap().collect();
        assert!(left.is_empty(), "{fault}: {left:?}");
        forget_calls(&lab);
    }
}

#[test]
fn a_host_may_leave_no_core_file_and_gain_no_rights() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    let run = signing(&lab, lab.faulty(TOKEN, SLOW));
    let about = |what| std::fs::read_to_string(format!("/proc/{}/{what}", hosts(&lab)[0])).unwrap();
    let limits = about("limits");
    assert_eq!(core_file_limits(&limits), ["0", "0"], "{limits}");
    let status = about("status");
    assert!(
        status.lines().any(|line| line == "NoNewPrivs:\t1"),
        "{status}"
    );
    drop(run);
}

#[test]
fn the_pin_is_in_no_command_line_and_not_in_the_host_s_environment() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    let cardcheck = faulty_without_pin(&lab, TOKEN, SLOW);
    let run = signing(
        &lab,
        cardcheck.args("--pin-env CARD_PIN").env("CARD_PIN", PIN),
    );
    let host = hosts(&lab)[0];
    for (pid, what) in [(run.pid(), "cmdline"), (host, "cmdline"), (host, "environ")] {
        let Ok(text) = std::fs::read(format!("/proc/{pid}/{what}")) else {
            // not even its own user may look into a host; who may tells what is there
            skipped("/proc/PID/environ of the host can't be read");
            continue;
        };
        assert!(!text.is_empty(), "{what}");
        assert_eq!(count(&text, PIN.as_bytes()), 0, "{what} of {pid}");
        assert_eq!(
            count(&text, b"CARD_PIN"),
            usize::from(pid != host && what == "cmdline")
        );
    }
    drop(run);
}

#[test]
fn the_pin_is_in_memory_only_where_it_has_to_be() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    let run = signing(&lab, lab.faulty(TOKEN, SLOW));
    let (parent, host) = (in_memory(run.pid()), in_memory(hosts(&lab)[0]));
    let (Some(parent), Some(host)) = (parent, host) else {
        return skipped("the memory of other processes can't be read");
    };
    // to log in again after a crash
    assert_eq!(parent.len(), 1, "{parent:?}");
    // for the next signature; SoftHSM2 wipes its own
    assert_eq!(host.len(), 1, "{host:?}");
}

#[test]
fn while_it_talks_to_a_server_that_exists_cardcheck_itself_has_no_pin() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    let server = serving(&lab);
    let counting = Relay::start(move |_| Some(server.address));
    let probe = support::cardcheck().arg("probe");
    probe.arg(counting.address.to_string()).run();
    let probed = counting.seen();
    // the login is taken, and nothing more
    let relay = Relay::start(move |before| (before < probed).then_some(server.address));
    let connect = lab
        .faulty_by("connect", TOKEN, "")
        .arg(relay.address.to_string())
        .args("--insecure --key rsa-2048 --tls 1.3 --server-timeout 30s --pin-file")
        .arg(lab.path("pin"));
    let run = Running::start(connect);
    until("it knocks with a key", || relay.seen() > probed);
    let (parent, host) = (in_memory(run.pid()), in_memory(hosts(&lab)[0]));
    let (Some(parent), Some(host)) = (parent, host) else {
        return skipped("the memory of other processes can't be read");
    };
    assert_eq!(parent.len(), 0, "{parent:?}");
    // for the signature
    assert_eq!(host.len(), 1, "{host:?}");
}

#[test]
fn a_pin_that_was_forgotten_is_not_sent_to_a_new_host_and_that_is_said() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    let server = serving(&lab);
    let connect = |rules: &str| {
        lab.faulty_by("connect", TOKEN, rules)
            .arg(server.address.to_string())
            .args("--insecure --key rsa-2048 --format json --pin-file")
            .arg(lab.path("pin"))
    };
    let all = connect("").run().report();
    let signatures = lab.count_calls("C_Sign");
    assert_eq!(all.0["summary"]["pass"], 2);
    forget_calls(&lab);
    // over the first of the two logins
    let last_but_one = format!("on C_Sign after {} times 1 segfault", signatures - 2);
    let ran = connect(&counted(&lab, &last_but_one)).run();
    let found = ran.report();
    let reasons: Vec<&str> = found.0["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["reason"].as_str().unwrap())
        .collect();
    assert!(reasons[0].contains("the module crashed"), "{reasons:?}");
    assert!(
        reasons[1].contains("the PIN was forgotten before a server was talked to; run again"),
        "{reasons:?}"
    );
    let outcomes = ["/cells/0/outcome", "/cells/1/outcome"].map(|at| found.0.pointer(at).unwrap());
    assert_eq!(
        outcomes,
        ["fail", "skipped"],
        "what is not tried is no failure"
    );
    assert_shows_nothing(&lab, &ran);
}

/// `cardcheck serve`, as somebody's server.
struct Serving {
    address: SocketAddr,
    _running: Running,
}

fn serving(lab: &Lab) -> Serving {
    let ports = lab.path("ports");
    let serve =
        support::cardcheck().args("serve --listen 127.0.0.1:0 --profile openssl-3.0 --port-file");
    let running = Running::start(serve.arg(&ports));
    let port = || {
        let written = std::fs::read_to_string(&ports).ok()?;
        let line = written.lines().find(|line| line.ends_with("openssl-3.0"))?;
        line.split(' ').next()?.parse::<u16>().ok()
    };
    until("it serves", || port().is_some());
    Serving {
        address: (Ipv4Addr::LOCALHOST, port().unwrap()).into(),
        _running: running,
    }
}

#[test]
fn cardcheck_itself_leaves_no_core_file_either() {
    let Some(lab) = lab_with_own_pin() else {
        return;
    };
    let run = signing(&lab, lab.faulty(TOKEN, SLOW));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", run.pid())).unwrap();
    assert_eq!(core_file_limits(&limits), ["0", "0"], "{limits}");
}

/// Slow enough to look around in the middle of a signature.
const SLOW: &str = "on C_Sign after 1 delay 3000";

/// The soft and the hard one, as /proc/PID/limits has them.
fn core_file_limits(limits: &str) -> Vec<&str> {
    let mut lines = limits.lines();
    let core = lines.find(|line| line.starts_with("Max core file size"));
    core.unwrap().split_whitespace().skip(4).take(2).collect()
}

/// A run in the middle of a signature, the PIN of which was just sent.
fn signing(lab: &Lab, cardcheck: Cardcheck) -> Running {
    let run = Running::start(cardcheck.args(SHORT).args("--key rsa-2048"));
    until("it signs", || lab.count_calls("C_SignInit") > 1);
    until("it sent the PIN", || lab.count_calls("C_Login") > 2);
    run
}

/// A lab whose token has a PIN that is easy to tell from all else.
fn lab_with_own_pin() -> Option<Lab> {
    let lab = Lab::new(&[TOKEN])?;
    let changed = Command::new("pkcs11-tool")
        .env("SOFTHSM2_CONF", lab.path(TOKEN).join("softhsm2.conf"))
        .arg("--module")
        .arg(support::softhsm())
        .args(["--token-label", TOKEN, "--login", "--pin", support::PIN])
        .args(["--change-pin", "--new-pin", PIN])
        .output()
        .unwrap();
    assert!(changed.status.success(), "{changed:?}");
    lab.write("pin", format!("{PIN}\n"));
    Some(lab)
}

/// With everything written that can be written.
fn exporting(lab: &Lab, cardcheck: Cardcheck) -> Cardcheck {
    EXPORTS
        .into_iter()
        .fold(cardcheck, |cardcheck, (option, file)| {
            cardcheck.arg(option).arg(lab.path(file))
        })
}

const EXPORTS: [(&str, &str); 3] = [
    ("--export-json", "report.json"),
    ("--export-table", "report.txt"),
    ("--trace-pkcs11", "trace"),
];

/// Runs where a crash would leave a core file in this directory.
fn with_core_files(cardcheck: Cardcheck, dir: &Path) -> Output {
    let command = cardcheck.into_command();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(dir);
    shell.output().unwrap()
}

/// The PIN is not on the screen nor in a file that was written; the one it was read from aside.
#[track_caller]
fn assert_shows_nothing(lab: &Lab, ran: &Ran) {
    let files = EXPORTS.map(|(_, file)| std::fs::read(lab.path(file)).unwrap_or_default());
    let screen = [ran.stdout().into_bytes(), ran.stderr().into_bytes()];
    for text in screen.iter().chain(&files) {
        let shown = String::from_utf8_lossy(text);
        assert_eq!(count(text, PIN.as_bytes()), 0, "{shown}");
        // nor as a trace would write bytes
        assert_eq!(count(text, hex::encode(PIN).as_bytes()), 0, "{shown}");
    }
}

/// Where the PIN is in the memory of a process, each place with the name of its mapping. `None`: it can't be read.
fn in_memory(pid: u32) -> Option<Vec<String>> {
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let readable = maps.lines().filter_map(Mapping::parse);
    Some(
        readable
            .flat_map(|mapping| mapping.places(&memory))
            .collect(),
    )
}

struct Mapping<'a> {
    from: u64,
    to: u64,
    name: &'a str,
}

impl<'a> Mapping<'a> {
    /// A line of /proc/PID/maps: `from-to rwxp offset device inode name`. `None`: not to be read.
    fn parse(line: &'a str) -> Option<Mapping<'a>> {
        let mut words = line.split_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let rights = words.next()?;
        let name = words.nth(3).unwrap_or("without a name");
        let number = |hex| u64::from_str_radix(hex, 16).ok();
        let is_memory = rights.starts_with('r') && !name.starts_with("[v");
        is_memory.then_some(Mapping {
            from: number(from)?,
            to: number(to)?,
            name,
        })
    }

    fn places(&self, memory: &File) -> Vec<String> {
        let mut bytes = vec![0; usize::try_from(self.to - self.from).unwrap()];
        // a mapping of a file may be longer than the file
        let read = memory.read_at(&mut bytes, self.from).unwrap_or(0);
        let found = count(&bytes[..read], PIN.as_bytes());
        vec![self.name.to_owned(); found]
    }
}

fn count(text: &[u8], what: &[u8]) -> usize {
    text.windows(what.len())
        .filter(|window| window == &what)
        .count()
}

fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("SKIPPED: {why}");
}
