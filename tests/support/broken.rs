//! Modules that cannot even be loaded, or have nothing to call.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{faulty_module, need, root, text};

/// Builds `tests/modules/broken/NAME.c` in this directory. `None`: there is no C compiler, which only CI takes for a failure.
#[track_caller]
pub fn build(dir: &Path, name: &str) -> Option<PathBuf> {
    need(&["cc"])?;
    let source = root().join(format!("tests/modules/broken/{name}.c"));
    let module = dir.join(format!("{name}.so"));
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"])
        .args([&module, &source])
        .output()
        .unwrap();
    assert!(made.status.success(), "{name}: {}", text(&made.stderr));
    Some(module)
}

/// A module of which only the beginning has been copied: whoever loads it gets SIGBUS.
pub fn truncated(dir: &Path) -> PathBuf {
    // The headers are there. The loader maps all that they promise, and then touches what the file no longer holds.
    const KEPT: u64 = 64 << 10;
    let module = dir.join("truncated.so");
    fs::copy(faulty_module(), &module).unwrap();
    let file = OpenOptions::new().write(true).open(&module).unwrap();
    file.set_len(KEPT).unwrap();
    module
}
