//! Programs that must not run for ever.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(5);

/// A program whose output goes to a file; it ends with this value at the latest.
pub(crate) struct Started {
    child: Child,
    command: String,
    log: PathBuf,
    until: Instant,
}

impl Started {
    pub(crate) fn start(mut command: Command, log: &Path) -> Started {
        let file = File::create(log).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        Started {
            child: command.spawn().unwrap(),
            command: format!("{command:?}"),
            log: log.to_owned(),
            until: Instant::now() + DEADLINE,
        }
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until it has ended; all that it said.
    pub(crate) fn end(mut self) -> String {
        self.wait_for(|program| program.child.try_wait().unwrap());
        self.said()
    }

    pub(crate) fn succeed(mut self) {
        let status = self.wait_for(|program| program.child.try_wait().unwrap());
        assert!(status.success(), "{}: {}", self.command, self.said());
    }

    /// Looks again and again until there is something.
    pub(crate) fn wait_for<T>(&mut self, look: impl Fn(&mut Started) -> Option<T>) -> T {
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

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
