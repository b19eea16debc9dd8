//! A pcscd of one's own: its readers are the virtual ones, its socket is a file that `PCSCLITE_CSOCK_NAME` names, and no
//! network is used. Other pcscds on the machine neither see it nor are seen.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Programs find pcscd's socket by it: libpcsclite reads it.
pub const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// Ended when it is dropped; or when the thread that started it ends in another way, where `setpriv` is there to see to that.
pub struct Pcscd {
    child: Child,
    config: PathBuf,
    socket: PathBuf,
    log: PathBuf,
}

/// Hides the machine's /run: pcscd would write its process id there, and ask polkit, over D-Bus, whether we may.
const OWN_RUN: &str = "mount -t tmpfs run /run && mkdir /run/pcscd";

/// pcscd takes its socket from whoever starts it, as from systemd: the first descriptor after stderr (sd_listen_fds(3)).
const START: &str = "exec 3<&0 </dev/null
export LISTEN_FDS=1 LISTEN_PID=$$
command -v setpriv >/dev/null && tied='setpriv --pdeathsig KILL --'
exec ${tied:-} pcscd --foreground --config \"$1\"";

impl Pcscd {
    /// Starts one in this directory, with these readers: a name, and the socket of a [`Reader`](super::Reader).
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(dir: &Path, driver: &Path, readers: &[(&str, PathBuf)]) -> io::Result<Pcscd> {
        let config = dir.join("readers");
        fs::create_dir(&config)?;
        for (at, (name, reader)) in readers.iter().enumerate() {
            let (reader, driver) = (reader.display(), driver.display());
            let text = format!(
                "FRIENDLYNAME \"{name}\"\nDEVICENAME {reader}\nLIBPATH {driver}\nCHANNELID {at}\n"
            );
            fs::write(config.join(format!("{at}")), text)?;
        }
        let (socket, log) = (dir.join("pcscd.comm"), dir.join("pcscd.log"));
        Ok(Pcscd {
            child: spawn(&config, &socket, &log)?,
            config,
            socket,
            log,
        })
    }

    /// Ends it; its socket is gone.
    pub fn stop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.socket);
    }

    /// Starts it again where it was, with the readers that it had, but for those that were unplugged.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start_again(&mut self) -> io::Result<()> {
        self.child = spawn(&self.config, &self.socket, &self.log)?;
        Ok(())
    }

    /// Unplugs this reader: after the next start it is not there.
    ///
    /// # Errors
    /// There is no such reader.
    pub fn unplug(&self, reader: usize) -> io::Result<()> {
        fs::remove_file(self.config.join(reader.to_string()))
    }

    /// What [`SOCKET_VARIABLE`] has to say.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

fn spawn(config: &Path, socket: &Path, log: &Path) -> io::Result<Child> {
    let listener = OwnedFd::from(UnixListener::bind(socket)?);
    let output = File::create(log)?;
    command(config)
        .stdin(listener)
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
}

fn command(config: &Path) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = match may_have_own_run() {
        true => {
            let mut command = Command::new("unshare");
            let script = format!("{OWN_RUN}\n{START}");
            command.args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
            command
        }
        // a container may forbid it; then the machine's /run is the container's own
        false => {
            let mut command = Command::new("sh");
            command.args(["-c", START, "sh"]);
            command
        }
    };
    // not everybody's PATH has the place where pcscd lies
    command
        .arg(config)
        .env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

fn may_have_own_run() -> bool {
    let mut trial = Command::new("unshare");
    trial.args(["--map-root-user", "--mount", "sh", "-c", OWN_RUN]);
    let trial = trial
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    trial.status().is_ok_and(|status| status.success())
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        self.stop();
    }
}
