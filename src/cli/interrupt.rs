//! Ctrl-C: once to stop after the signatures under way, twice to end at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use super::exit::Exit;
use super::speak;

/// Set by the first Ctrl-C or SIGTERM. The second ends the process on the spot, without destructors of a module that may
/// be the reason why the first didn't help.
pub(super) fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let status = i32::from(Exit::Interrupted.code());
        // fails only for signals that can't be caught
        let _ = signal_hook::flag::register_conditional_shutdown(signal, status, Arc::clone(&flag));
        let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
    }
    let watched = Arc::clone(&flag);
    std::thread::spawn(move || announce(&watched));
    flag
}

/// Says that the first Ctrl-C was heard: a card may take seconds to finish its signature.
fn announce(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
    }
    speak::say("\ninterrupted: finishing the call under way; Ctrl-C again ends at once");
}
