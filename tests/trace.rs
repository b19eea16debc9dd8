//! `--trace-pkcs11`: every call, what it was given and what it gave, in a file that a bug report of the module can have
//! attached.

#[path = "support/running.rs"]
mod running;
mod support;

use std::path::{Path, PathBuf};

use running::{counted, forget_calls};
use support::{Cardcheck, Lab};

const QUICK: &str = "--profile openssl-3.0 --client any --format json --quiet";

/// A line of a trace: when, which process, and what.
#[derive(Debug)]
struct Line {
    process: u32,
    text: String,
}

#[test]
fn every_call_is_there_with_its_answer_and_in_its_order() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    // an error, a logout behind cardcheck's back and a new session are worth a trace more than what always works
    let rules = "on C_SignInit mech 0x0d ckr 0x70\non C_Sign after 20 times 1 logout";
    let trace = lab.path("trace");
    traced(lab.faulty("bench", rules), &trace).args(QUICK).run();
    let logged: Vec<_> = lab.calls().iter().map(|call| answered(call)).collect();
    let traced: Vec<_> = lines(&trace).iter().filter_map(Line::answer).collect();
    assert!(logged.len() > 100, "{}", logged.len());
    assert_eq!(traced, logged);
}

#[test]
fn each_answer_stands_below_its_call() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let trace = lab.path("trace");
    traced(lab.faulty("bench", ""), &trace).args(QUICK).run();
    let mut under_way: Option<String> = None;
    for line in lines(&trace) {
        match (line.call(), line.answer(), under_way.take()) {
            (Some(call), None, _) => under_way = Some(call),
            (None, Some((answered, _)), call) => assert_eq!(call, Some(answered)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_call_that_never_came_back_is_there_and_how_it_was_lost() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let lost = [
        ("hang", "# no answer from C_Sign in 1 s"),
        ("segfault", "# the module crashed: SIGSEGV in C_Sign"),
        (
            "exit 3",
            "# the module ended its process: exit status 3 in C_Sign",
        ),
    ];
    for (fault, told) in lost {
        let rules = counted(&lab, &format!("on C_Sign times 1 {fault}"));
        let trace = lab.path("trace");
        let run = traced(lab.faulty("bench", &rules), &trace).args(QUICK);
        run.args("--timeout 1s").run();
        let lines = lines(&trace);
        let at = lines.iter().position(|line| line.text.starts_with('#'));
        let at = at.unwrap_or_else(|| panic!("{fault}: {lines:?}"));
        assert_eq!(lines[at].text, told);
        assert_eq!(lines[at - 1].call().as_deref(), Some("C_Sign"), "{fault}");
        assert_eq!(lines[at - 1].process, lines[at].process, "{fault}");
        assert_ne!(lines[at + 1].process, lines[at].process, "a new host");
        forget_calls(&lab);
    }
}

#[test]
fn two_tokens_write_to_the_same_trace_line_by_line() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    let trace = lab.path("trace");
    traced(lab.faulty("twins", ""), &trace).args(QUICK).run();
    let lines = lines(&trace);
    let processes: std::collections::HashSet<_> = lines.iter().map(|line| line.process).collect();
    assert_eq!(processes.len(), 2);
    assert_eq!(
        lines.iter().filter_map(Line::answer).count(),
        lab.calls().len()
    );
}

#[test]
fn an_older_trace_is_not_added_to() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let trace = lab.write("trace", "old news\n");
    traced(lab.faulty("bench", ""), &trace).args(QUICK).run();
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(text.starts_with("# cardcheck"), "{text}");
    assert!(!text.contains("old news"));
}

#[test]
fn a_trace_that_can_not_be_written_is_told_before_anything_is_done() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    for nowhere in [lab.path("no/such/directory/trace"), lab.path("")] {
        let ran = traced(lab.faulty("bench", ""), &nowhere).args(QUICK).run();
        let ran = ran.exits(3);
        assert!(ran.stderr().contains("can't write"), "{}", ran.stderr());
        assert!(ran.stderr().contains("nothing was run"), "{}", ran.stderr());
        assert_eq!(lab.calls(), [""; 0], "the module was not even loaded");
    }
}

#[test]
fn a_trace_looks_so() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    let trace = lab.path("trace");
    let run = traced(lab.matrix("always-authenticate"), &trace)
        .args("--key rsa-2048 --sigalgs RSA-PSS+SHA256 --tls 1.3 --client firefox --format json");
    run.run().exits(0);
    let text = std::fs::read_to_string(&trace).unwrap();
    let interesting: Vec<_> = text.lines().filter(is_interesting).collect();
    let shown = [
        &interesting[..12],
        &["..."],
        &interesting[interesting.len() - 8..],
    ]
    .concat();
    insta::with_settings!({ filters => vec![
        (r"(?m)^\d\d:\d\d:\d\d\.\d{6} \d+", "[time] [pid]"),
        (r"in \d+\.\d{3} ms", "in [ms]"),
        (r"module /\S+;", "module [path];"),
        (r"\(/\S+\)", "([path])"),
        (r"(slotID|hSession|hKey|hObject)=\d+", "$1=[n]"),
        (r#"serialNumber="\w+""#, r#"serialNumber="[serial]""#),
        (r"=[0-9a-f]{20,}", "=[hex]"),
        (r"Version=\d+\.\d+", "Version=[n]"),
        (r"cardcheck \d+\.\d+\.\d+", "cardcheck [version]"),
    ] }, {
        insta::assert_snapshot!(shown.join("\n"), @r#"
        # cardcheck [version]: the calls of PKCS#11 module [path]; time in UTC, process, call or answer
        # No PIN and no key material is in here. Labels and serial numbers are: look through it before you pass it on.
        [time] [pid] loading the module([path])
        [time] [pid] C_GetFunctionList()
        [time] [pid] C_Initialize(flags=0x2)
        [time] [pid] C_Initialize = CKR_OK in [ms]
        [time] [pid] C_GetInfo()
        [time] [pid] C_GetInfo = CKR_OK in [ms], manufacturerID="SoftHSM", libraryDescription="Implementation of PKCS11", libraryVersion=[n], cryptokiVersion=[n]
        [time] [pid] C_GetSlotList(tokenPresent=1)
        [time] [pid] C_GetSlotList = CKR_OK in [ms], count=2
        [time] [pid] C_GetSlotList(tokenPresent=1)
        [time] [pid] C_GetSlotList = CKR_OK in [ms], count=2
        ...
        [time] [pid] C_Login(hSession=[n], userType=CKU_CONTEXT_SPECIFIC, pPin=[a PIN])
        [time] [pid] C_Login = CKR_OK in [ms]
        [time] [pid] C_Sign(hSession=[n], pData=[hex] (32 bytes), *pulSignatureLen=8192)
        [time] [pid] C_Sign = CKR_OK in [ms], pSignature=[hex]... (256 bytes)
        [time] [pid] C_CloseSession(hSession=[n])
        [time] [pid] C_CloseSession = CKR_OK in [ms]
        [time] [pid] C_Finalize()
        [time] [pid] C_Finalize = CKR_OK in [ms]
        "#);
    });
}

/// Attributes and mechanisms come by the hundred, and another SoftHSM2 has others.
fn is_interesting(line: &&str) -> bool {
    let dull = ["C_GetAttributeValue", "C_GetMechanism", "C_FindObjects"];
    !dull.iter().any(|dull| line.contains(dull))
}

#[test]
fn neither_the_pin_nor_its_length_is_in_a_trace() {
    let Some(lab) = Lab::new(&["always-authenticate"]) else {
        return;
    };
    let trace = lab.path("trace");
    traced(lab.faulty("always-authenticate", ""), &trace)
        .args(QUICK)
        .run();
    let logins: Vec<_> = lines(&trace)
        .into_iter()
        .filter(|line| line.call().as_deref() == Some("C_Login"))
        .collect();
    assert!(logins.len() > 2, "{logins:?}");
    for login in logins {
        let (_, arguments) = login.text.split_once("userType=").unwrap();
        let arguments = arguments.split_once(", ").unwrap().1;
        assert_eq!(arguments, "pPin=[a PIN])", "and nothing of its length");
    }
}

impl Line {
    /// The function that begins here.
    fn call(&self) -> Option<String> {
        let (function, _) = self.text.split_once('(')?;
        let is_name = function.starts_with("C_") && !function.contains(' ');
        is_name.then(|| function.to_owned())
    }

    /// The function that ends here, and the name of its answer.
    fn answer(&self) -> Option<(String, String)> {
        let (function, rest) = self.text.split_once(" = ")?;
        let (answer, _) = rest.split_once(" in ")?;
        Some((function.to_owned(), answer.to_owned()))
    }
}

fn traced(cardcheck: Cardcheck, trace: &Path) -> Cardcheck {
    cardcheck.arg("--trace-pkcs11").arg(trace)
}

/// The lines below the two at the top that say what the file is. Loading the library and asking it for its functions is no
/// call that a module could log.
fn lines(trace: &PathBuf) -> Vec<Line> {
    let text = std::fs::read_to_string(trace).unwrap();
    let lines = text.lines().skip_while(|line| line.starts_with('#'));
    let lines = lines.map(|line| {
        let mut words = line.splitn(3, ' ');
        let (_time, process) = (words.next(), words.next().unwrap());
        Line {
            process: process.parse().unwrap(),
            text: words.next().unwrap().to_owned(),
        }
    });
    lines
        .filter(|line| line.text.starts_with("C_") || line.text.starts_with('#'))
        .filter(|line| !line.text.starts_with("C_GetFunctionList"))
        .collect()
}

/// A line of the module's own log as function and answer.
fn answered(call: &str) -> (String, String) {
    let function = call.split(' ').next().unwrap();
    let (_, rv) = call.split_once("rv=0x").unwrap();
    let rv = u64::from_str_radix(rv, 16).unwrap();
    let answer = match rv {
        0 => "CKR_OK".to_owned(),
        rv => cardcheck::model::ckr::Ckr(rv).to_string(),
    };
    (function.to_owned(), answer)
}
