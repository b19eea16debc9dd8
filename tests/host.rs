//! The token's host as the system sees it: it lives as long as it is needed and no longer, says nothing where it shouldn't,
//! and opens nothing that it doesn't need.

#[path = "support/running.rs"]
mod running;
mod support;

use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use running::{Running, comes_true_in, hosts, is_alive, until, until_called};
use rustix::process::Signal;
use support::{Cardcheck, Lab, cardcheck};

const QUICK: &str = "--profile openssl-3.0 --client any --format json --quiet";
/// The host ends with its parent: at once, or when the call under way had its two seconds of grace.
const SOON: Duration = Duration::from_secs(4);

#[test]
fn nothing_is_left_when_all_is_done() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    in_own_tmp(&lab, lab.faulty("healthy", "").args(QUICK))
        .run()
        .exits(0);
    assert_nothing_left(&lab);
    assert!(ended_in_order(&lab), "{:?}", last_calls(&lab));
}

#[test]
fn a_terminated_run_ends_its_host_in_order() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let run = signing(&lab, "on C_Sign delay 50");
    run.send(Signal::TERM);
    let output = run.output();
    assert_eq!(output.status.code(), Some(130));
    assert_nothing_left(&lab);
    assert!(ended_in_order(&lab), "{:?}", last_calls(&lab));
}

#[test]
fn ctrl_c_twice_ends_a_host_that_hangs() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let run = signing(&lab, "on C_Sign after 1 hang");
    run.send(Signal::INT);
    std::thread::sleep(Duration::from_millis(100));
    run.send(Signal::INT);
    assert_eq!(run.output().status.code(), Some(130));
    assert_nothing_left(&lab);
}

#[test]
fn a_host_outlives_no_killed_parent() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    // a signature that takes a second is let finish, and the card is left as it should be
    let run = signing(&lab, "on C_Sign after 1 delay 1000");
    run.send(Signal::KILL);
    run.output();
    assert_nothing_left(&lab);
    assert!(ended_in_order(&lab), "{:?}", last_calls(&lab));
}

#[test]
fn a_hanging_host_outlives_no_killed_parent_either() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let run = signing(&lab, "on C_Sign after 1 hang");
    run.send(Signal::KILL);
    run.output();
    assert_nothing_left(&lab);
}

#[test]
fn a_host_that_is_killed_is_no_reason_to_end() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let run = signing(&lab, "on C_Sign delay 20");
    running::send(hosts(&lab)[0], Signal::KILL);
    let output = run.output();
    assert_eq!(hosts(&lab).len(), 2, "another took over");
    assert!(output.status.code().is_some_and(|code| code <= 1));
    assert_nothing_left(&lab);
}

#[test]
fn there_is_one_host_for_each_token_in_use() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    let both = lab.faulty("twins", "").args(QUICK).run().exits(0).report();
    assert_eq!(hosts(&lab).len(), 2);
    running::forget_calls(&lab);
    let serial = both.0["tokens"][1]["serial"].as_str().unwrap().to_owned();
    let one = lab.faulty("twins", "").args(QUICK);
    one.arg("--token").arg(serial).run().exits(0);
    assert_eq!(hosts(&lab).len(), 1);
}

#[test]
fn two_tokens_sign_side_by_side() {
    let Some(lab) = Lab::new(&["twins"]) else {
        return;
    };
    // each token says when it begins: a second signature that begins before the first one ends is another token's
    let rules = "on C_Sign stderr \"begins\" delay 60\non C_Sign stderr \"ends\"";
    let ran = lab
        .faulty("twins", rules)
        .args("--profile openssl-3.0 --client any")
        .run()
        .exits(0);
    let stderr = ran.stderr();
    let said = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("module: "));
    let mut under_way = 0;
    let most = said.map(|what| {
        match what {
            "begins" => under_way += 1,
            "ends" => under_way -= 1,
            _ => {}
        }
        under_way
    });
    assert_eq!(most.max(), Some(2), "{stderr}");
}

#[test]
fn what_the_module_prints_is_not_in_the_result() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    for noise in [
        "on C_Sign stdout \"{ says hello }\"",
        "on C_Sign times 1 flood 5",
        "on C_Initialize stdout \"hello\" stderr \"hello\"",
        "on C_Login flood 1 stdout \"hello\"",
    ] {
        let ran = lab.faulty("healthy", noise).args(QUICK).run().exits(0);
        ran.report();
        let said = ran.stderr();
        assert!(said.len() < 1 << 20, "{noise}: {} bytes", said.len());
    }
}

#[test]
fn neither_cardcheck_nor_its_host_opens_a_socket() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let run = signing(&lab, "on C_Sign delay 100");
    let pids = [run.pid(), hosts(&lab)[0]];
    for _ in 0..10 {
        for pid in pids {
            let open = open_files(pid);
            assert!(!open.is_empty(), "{pid} can't be looked at");
            let is_socket = |file: &&PathBuf| file.to_string_lossy().contains("socket:");
            assert_eq!(open.iter().find(is_socket), None, "{open:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_host_gets_nothing_that_its_parent_has_open() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    let json = lab.path("report.json");
    let slow = lab.faulty("healthy", "on C_Sign delay 100");
    let run = Running::start(slow.args(QUICK).arg("--export-json").arg(&json));
    until_called(&lab, "C_Sign ");
    assert!(open_files(run.pid()).contains(&json));
    let host = open_files(hosts(&lab)[0]);
    assert!(!host.contains(&json), "{host:?}");
}

#[test]
fn a_host_started_by_hand_says_whose_it_is() {
    let mut command = Command::new("script");
    let at_terminal = format!("{} token-host", env!("CARGO_BIN_EXE_cardcheck"));
    if support::need(&["script"]).is_none() {
        return;
    }
    command.args(["-qec", &at_terminal, "/dev/null"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{screen}");
    assert!(screen.contains("error:"), "{screen}");
    assert!(screen.contains("cardcheck's own"), "{screen}");
}

#[test]
fn garbage_on_its_pipe_is_an_error_and_no_panic() {
    let frames: [&[u8]; 6] = [
        b"",
        b"hello\n",
        &[0xff; 64],
        // frames of the right form with nothing sensible in them
        &[1, 0, 0, 0, 0xff],
        &[0, 0, 0, 0],
        &[
            16, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ],
    ];
    for frame in frames {
        let (code, stderr) = fed(frame);
        let due = if frame.is_empty() { 0 } else { 3 };
        // a beginning with nothing behind it is no whole frame: its end is the pipe's end
        assert_eq!(code, Some(due), "{frame:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{frame:?}: {stderr}");
    }
}

/// A host that is sent these bytes, and nothing else: its exit code and what it says.
fn fed(bytes: &[u8]) -> (Option<i32>, String) {
    let mut command = cardcheck().arg("token-host").into_command();
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut host = pipes.stderr(Stdio::piped()).spawn().unwrap();
    host.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = host.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), stderr)
}

/// A run that has logged in and signs.
fn signing(lab: &Lab, rules: &str) -> Running {
    let run = Running::start(in_own_tmp(lab, lab.faulty("healthy", rules).args(QUICK)));
    until("it signs", || {
        let calls = lab.calls();
        calls
            .iter()
            .filter(|call| call.starts_with("C_SignInit"))
            .count()
            > 1
    });
    run
}

/// With a directory for temporary files of its own.
fn in_own_tmp(lab: &Lab, cardcheck: Cardcheck) -> Cardcheck {
    let tmp = lab.path("tmp");
    std::fs::create_dir_all(&tmp).unwrap();
    cardcheck.env("TMPDIR", tmp)
}

/// No host of the run is there any more, nor a file that it would have made for a while.
#[track_caller]
fn assert_nothing_left(lab: &Lab) {
    let hosts = hosts(lab);
    assert!(!hosts.is_empty());
    let all_gone = || !hosts.iter().any(|&host| is_alive(host));
    assert!(comes_true_in(SOON, all_gone), "{hosts:?}");
    let files: Vec<_> = std::fs::read_dir(lab.path("tmp")).unwrap().collect();
    assert!(files.is_empty(), "{files:?}");
}

/// Were the session closed and the module finalised?
fn ended_in_order(lab: &Lab) -> bool {
    let ends =
        |call: &String, function| call.starts_with(function) && call.ends_with("rv=0x00000000");
    match last_calls(lab).as_slice() {
        [close, finalize] => ends(close, "C_CloseSession ") && ends(finalize, "C_Finalize "),
        _ => false,
    }
}

fn last_calls(lab: &Lab) -> Vec<String> {
    let calls = lab.calls();
    calls[calls.len().saturating_sub(2)..].to_vec()
}

/// What a process has open.
fn open_files(pid: u32) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd"));
    let links = entries.into_iter().flatten().flatten();
    links
        .filter_map(|link| std::fs::read_link(link.path()).ok())
        .collect()
}

#[test]
fn a_host_whose_pipes_are_files_ends_with_an_error() {
    let Some(lab) = Lab::new(&["empty"]) else {
        return;
    };
    let file = std::fs::File::open(lab.write("frames", [0xff; 64])).unwrap();
    let mut command = cardcheck().arg("token-host").into_command();
    let stdin = file.as_fd().try_clone_to_owned().unwrap();
    let output = command.stdin(stdin).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("error: token host:"), "{stderr}");
}
