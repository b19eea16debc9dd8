//! A server process: started, waited for, ended.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Software;
use crate::tls::Server;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(5);
/// Between the look for a free port and the server's start another program may take it.
const TRIES: usize = 3;

/// A server that listens; it ends with this value.
pub(super) struct Process {
    child: Child,
    address: SocketAddr,
    /// Its own files, gone when it is.
    _dir: TempDir,
}

impl Process {
    /// Starts it and waits until it takes connections. `certificates` holds `server.crt` and `server.key`, `dir` its own files.
    ///
    /// # Errors
    /// It ended at once or never listened; its last words.
    pub(super) fn start(
        software: &Software,
        server: &Server,
        certificates: &Path,
        dir: TempDir,
    ) -> Result<Process, String> {
        let log = dir.path().join("log");
        let mut last = String::new();
        for _ in 0..TRIES {
            let address = free_address().map_err(|error| format!("no free port: {error}"))?;
            let command = software.command(server, address, certificates, dir.path());
            let child = command.and_then(|mut command| {
                let file = File::create(&log)?;
                command
                    .stdin(Stdio::null())
                    .stdout(file.try_clone()?)
                    .stderr(file)
                    .spawn()
            });
            let child = child.map_err(|error| format!("{software} does not start: {error}"))?;
            let mut process = Starting { child, address };
            match process.listens() {
                Ok(()) => {
                    let Starting { child, address } = process;
                    return Ok(Process {
                        child,
                        address,
                        _dir: dir,
                    });
                }
                Err(why) => last = format!("{software} {why}{}", last_words(&log)),
            }
            end(&mut process.child);
            if !last.to_ascii_lowercase().contains("in use") {
                break;
            }
        }
        Err(last)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

struct Starting {
    child: Child,
    address: SocketAddr,
}

impl Starting {
    fn listens(&mut self) -> Result<(), &'static str> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return Err("ended at once");
            }
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            sleep(MOMENT);
        }
        Err("does not listen")
    }
}

fn end(child: &mut Child) {
    // it may have ended by itself
    let _ = child.kill();
    let _ = child.wait();
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// The first line that says something; a server's reason comes before its consequences.
fn last_words(log: &PathBuf) -> String {
    let said = std::fs::read(log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    let line = said.lines().map(str::trim).find(|line| !line.is_empty());
    line.map_or(String::new(), |line| format!(": {line}"))
}
