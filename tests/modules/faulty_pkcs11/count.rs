//! Counts of calls: of this process, or of all that share a directory.

use std::fs::OpenOptions;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) enum Count {
    OfProcess(AtomicU64),
    Shared(PathBuf),
}

impl Default for Count {
    fn default() -> Self {
        Self::OfProcess(AtomicU64::new(0))
    }
}

impl Count {
    /// Counts a call; how many there were before it. `None`: it could not be counted.
    pub(crate) fn next(&self) -> Option<u64> {
        match self {
            Self::OfProcess(calls) => Some(calls.fetch_add(1, Ordering::Relaxed)),
            Self::Shared(file) => append(file)
                .inspect_err(|error| eprintln!("faulty_pkcs11: {}: {error}", file.display()))
                .ok(),
        }
    }
}

/// Appends a byte; how many there were before it. No lock is needed: O_APPEND puts the byte at the end, whoever else
/// writes, and leaves this opening's own position behind it.
fn append(path: &Path) -> io::Result<u64> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(b".")?;
    Ok(file.stream_position()? - 1)
}
