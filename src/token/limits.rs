//! What a token's host may not do, and that it doesn't outlive its parent.
#![forbid(unsafe_code)]

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, Rlimit, Signal, getpid, kill_process, setrlimit};

/// Memory that a leaking module may take, bytes (RLIMIT_DATA): then it fails, and not the machine.
const MOST_MEMORY: u64 = 2 << 30;

/// How long a call under way may go on when the parent is gone: a card should be let finish.
const GRACE: Duration = Duration::from_secs(2);

/// Gives up what a token's host doesn't need: it holds the PIN, and runs code that nobody here has read.
///
/// Where the system doesn't have such a limit, it is left out: none of them is needed for a right result.
pub(super) fn apply() {
    leave_no_core_file();
    let memory = Rlimit {
        current: Some(MOST_MEMORY),
        maximum: Some(MOST_MEMORY),
    };
    let _ = setrlimit(Resource::Data, memory);
    on_linux();
}

/// This process holds the PIN: if it crashes, the system doesn't write its memory to a file. Nor that of processes that
/// it starts.
pub fn leave_no_core_file() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // a system without the limit leaves none either
    let _ = setrlimit(Resource::Core, none);
}

#[cfg(target_os = "linux")]
fn on_linux() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    // RLIMIT_CORE does not count where core files go to a program (core(5)); this does, and no other process of the same
    // user may look into the memory either
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = rustix::thread::set_no_new_privs(true);
    // when memory runs out it is the module's process that ends, not the one with the results
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

#[cfg(not(target_os = "linux"))]
fn on_linux() {}

/// Ends this process soon after the parent's end of the pipe is closed, however that came about and whatever the module is
/// doing. When nothing is under way, the host has seen the end of the pipe itself by then, and ended in order.
pub(super) fn end_with_parent(requests: OwnedFd) {
    std::thread::spawn(move || {
        // no event is asked for: what is left is POLLHUP
        let mut pipe = [PollFd::new(&requests, PollFlags::empty())];
        while poll(&mut pipe, None).is_err() {}
        std::thread::sleep(GRACE);
        // not `exit`, which would run the module's destructors while it is at work
        let _ = kill_process(getpid(), Signal::KILL);
    });
}
