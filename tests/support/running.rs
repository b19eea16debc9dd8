//! A run that is looked at while it goes on: its hosts, and what the system tells of a process.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part

use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{self, Cardcheck, Lab};

/// `cardcheck matrix` through the fault-injecting module, with nothing said of a PIN.
pub fn faulty_without_pin(lab: &Lab, token: &str, rules: &str) -> Cardcheck {
    // writes the rules
    lab.faulty(token, rules);
    support::cardcheck()
        .env("SOFTHSM2_CONF", lab.path(token).join("softhsm2.conf"))
        .env("CARDCHECK_FAULTS", lab.path("faults"))
        .arg("matrix")
        .arg("--module")
        .arg(support::faulty_module())
}

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run that was started; ended with whatever it holds when it is dropped.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(cardcheck: Cardcheck) -> Running {
        let mut command = cardcheck.into_command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(Some(command.spawn().unwrap()))
    }

    pub fn pid(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    pub fn send(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits for its end.
    pub fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // a test that failed leaves nothing behind
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    // it may have ended meanwhile
    let _ = kill_process(pid, signal);
}

/// The processes that loaded the module so far, in their order: each one says who it is when it initialises.
pub fn hosts(lab: &Lab) -> Vec<u32> {
    let calls = lab.calls();
    let pid = |call: &String| {
        let rest = call.strip_prefix("C_Initialize pid=")?;
        rest.split(' ').next()?.parse().ok()
    };
    calls.iter().filter_map(pid).collect()
}

/// Is it there, and not only waiting for its parent to notice that it ended?
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // the name is in brackets, and may hold some itself
    let state = stat.rsplit(')').next().unwrap().trim_start().chars().next();
    !matches!(state, None | Some('Z' | 'X'))
}

/// Waits until it is so.
#[track_caller]
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    assert!(
        comes_true_in(PATIENCE, is_so),
        "not within {PATIENCE:?}: {what}"
    );
}

/// Is it so in this time?
pub fn comes_true_in(time: Duration, is_so: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() >= time {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Waits until the module logged a call that begins so.
#[track_caller]
pub fn until_called(lab: &Lab, call: &str) {
    until(call, || {
        lab.calls().iter().any(|line| line.starts_with(call))
    });
}

/// These rules, and counts which all hosts of a run share.
pub fn counted(lab: &Lab, rules: &str) -> String {
    format!("counts {}\n{rules}", counts(lab).display())
}

fn counts(lab: &Lab) -> PathBuf {
    lab.path("counts")
}

/// Begins anew in the same lab: no call was logged, none counted.
pub fn forget_calls(lab: &Lab) {
    // neither may be there yet
    let _ = std::fs::remove_file(lab.path("calls.log"));
    let _ = std::fs::remove_dir_all(counts(lab));
}
