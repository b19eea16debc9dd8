//! Which programs may hold a reader: those that have libpcsclite loaded and mean the same pcscd. Who is connected to whom
//! over a Unix socket isn't in /proc, so this is who it could be. Other users' processes are seen by root only.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::model::reader::Program;

/// Where pcscd listens, unless [`SOCKET_VARIABLE`] says otherwise.
pub(super) const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// libpcsclite reads it.
pub(super) const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// What programs that use PC/SC have loaded.
const LIBRARY: &str = "/libpcsclite";

/// Programs that may be connected to the pcscd at this socket; neither this process nor its hosts.
pub(super) fn of(socket: &Path) -> Vec<Program> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut programs: Vec<Program> = pids.filter_map(|pid| user_of(socket, pid)).collect();
    programs.sort_by_key(|program| program.pid);
    programs
}

fn user_of(socket: &Path, pid: u32) -> Option<Program> {
    let of_process = |file: &str| PathBuf::from(format!("/proc/{pid}/{file}"));
    let own = std::process::id();
    if pid == own || parent(&of_process("stat")) == Some(own) {
        return None;
    }
    let loaded = fs::read_to_string(of_process("maps")).ok()?;
    let environment = fs::read(of_process("environ")).ok()?;
    if !loaded.contains(LIBRARY) || socket_of(&environment) != socket {
        return None;
    }
    let name = fs::read_to_string(of_process("comm")).ok()?;
    Some(Program {
        pid,
        name: name.trim_end().to_owned(),
    })
}

/// The parent's process id in /proc/PID/stat: `PID (NAME) STATE PPID ..`, where the name may hold brackets itself.
fn parent(stat: &Path) -> Option<u32> {
    let stat = fs::read_to_string(stat).ok()?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(1)?.parse().ok()
}

/// The pcscd that a process with this environment talks to.
fn socket_of(environment: &[u8]) -> &Path {
    let named = environment.split(|byte| *byte == 0).find_map(|variable| {
        variable
            .strip_prefix(SOCKET_VARIABLE.as_bytes())?
            .strip_prefix(b"=")
    });
    named.map_or(Path::new(SOCKET), |path| Path::new(OsStr::from_bytes(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_says_which_pcscd_is_meant() {
        assert_eq!(socket_of(b"A=1\0B=2\0"), Path::new(SOCKET));
        let other = b"A=1\0PCSCLITE_CSOCK_NAME=/tmp/x\0B=2\0";
        assert_eq!(socket_of(other), Path::new("/tmp/x"));
    }

    #[test]
    fn a_parent_is_found_behind_any_name() {
        let own = parent(Path::new("/proc/self/stat"));
        assert_eq!(own, Some(std::os::unix::process::parent_id()));
    }
}
