//! A token's host as its parent sees it: a process that is asked one thing at a time, and has to answer in time.
#![forbid(unsafe_code)]

use std::io::{ErrorKind, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::launch::Launch;
use super::noise::Noise;
use super::protocol::{Reply, Request};
use super::trace::Trace;
use super::wire::{self, Frames};
use crate::model::function::Function;
use crate::model::lost::{How, Lost};

/// A process that ends by itself does so in this time; else it is ended.
const ENDING: Duration = Duration::from_secs(2);

/// How often the user's wish to end is looked for while the module works.
const LOOK_UP: Duration = Duration::from_millis(100);

/// A token's host that runs.
pub(super) struct Process {
    launch: Launch,
    child: Child,
    /// `None`: the host has been told to end.
    requests: Option<ChildStdin>,
    replies: ChildStdout,
    frames: Frames,
    noise: Noise,
    /// The function under way.
    calling: Option<Function>,
    since: Instant,
    /// The module didn't take the PIN.
    pin_in_doubt: bool,
    /// C_Login calls, of all processes of this host.
    logins: Arc<AtomicUsize>,
}

impl Process {
    /// Starts a host that has loaded nothing yet.
    ///
    /// # Errors
    /// The system would not start it.
    pub(super) fn start(launch: &Launch, logins: Arc<AtomicUsize>) -> Result<Process, Lost> {
        let mut command = Command::new(&launch.program);
        command
            .arg0(env!("CARGO_PKG_NAME"))
            .args(&launch.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // the terminal's Ctrl-C is for the parent, which ends the host in order
            .process_group(0);
        for name in &launch.without_variables {
            command.env_remove(name);
        }
        let mut child = command
            .spawn()
            .map_err(|error| unusable(format!("the token's host could not be started: {error}")))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(replies), Some(stderr)) = pipes else {
            return Err(unusable("the token's host has no pipes".into()));
        };
        Ok(Process {
            launch: launch.clone(),
            child,
            requests: Some(requests),
            replies,
            frames: Frames::default(),
            noise: Noise::of(stderr, Arc::clone(&launch.listener)),
            calling: None,
            since: Instant::now(),
            pin_in_doubt: false,
            logins,
        })
    }

    /// Asks, and waits for the reply as long as each call of the module may take. `typing`: a person types the PIN at a
    /// pad where there is a C_Login.
    ///
    /// # Errors
    /// The module hung or took its process with it; the process is gone, and this must not be asked again.
    pub(super) fn ask(&mut self, request: &Request, typing: bool) -> Result<Reply, Lost> {
        self.calling = None;
        self.since = Instant::now();
        let sent = self.requests.as_mut();
        let sent = sent.map(|pipe| wire::write(pipe, request));
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.ended());
        }
        loop {
            match self.frames.next() {
                Ok(Some(Reply::Calling(function))) => self.called(function),
                Ok(Some(Reply::PinInDoubt)) => self.pin_in_doubt = true,
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => self.wait(typing)?,
                Err(_) => return Err(self.garbled()),
            }
        }
    }

    /// Did the lost request's call of C_Login begin?
    pub(super) fn was_logging_in(&self) -> bool {
        self.calling == Some(Function::Login)
    }

    /// Was there a C_Login, whoever wanted it, that came back without saying that the PIN is right?
    pub(super) fn is_pin_in_doubt(&self) -> bool {
        self.pin_in_doubt
    }

    /// Closes the session and finalises the module.
    ///
    /// # Errors
    /// The module hung or crashed over it.
    pub(super) fn close(mut self) -> Result<(), Lost> {
        match self.ask(&Request::Close, false)? {
            Reply::Closed => {}
            _ => return Err(self.garbled()),
        }
        // what happens from here on is the module's destructors'
        self.calling = None;
        match self.wait_for_end() {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.lost(how(status))),
            None => {
                self.kill();
                Err(self.lost(How::NoAnswer(ENDING)))
            }
        }
    }

    fn called(&mut self, function: Function) {
        self.calling = Some(function);
        self.since = Instant::now();
        if function == Function::Login {
            self.logins.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for more bytes.
    fn wait(&mut self, typing: bool) -> Result<(), Lost> {
        loop {
            let limit = self.launch.deadline(typing && self.was_logging_in());
            let Some(left) = limit.checked_sub(self.since.elapsed()) else {
                self.kill();
                return Err(self.lost(How::NoAnswer(limit)));
            };
            if !self.readable(left.min(LOOK_UP)) {
                continue;
            }
            let mut bytes = [0; 4096];
            return match self.replies.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => Err(self.ended()),
                Ok(count) => {
                    self.frames.push(bytes.get(..count).unwrap_or_default());
                    Ok(())
                }
            };
        }
    }

    fn readable(&self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).ok();
        let mut pipe = [PollFd::new(&self.replies, PollFlags::IN)];
        // an interrupted wait is a short one
        poll(&mut pipe, patience.as_ref()).is_ok_and(|ready| ready > 0)
    }

    /// The pipe is closed: why?
    fn ended(&mut self) -> Lost {
        match self.wait_for_end() {
            Some(status) => self.lost(how(status)),
            None => {
                self.kill();
                self.lost(How::Unusable(
                    "the module closed cardcheck's own pipe".into(),
                ))
            }
        }
    }

    /// The module may be in the middle of a call, which a card should be let finish: the host ends at the end of its pipe.
    fn garbled(&mut self) -> Lost {
        self.requests = None;
        if self.wait_for_end().is_none() {
            self.kill();
        }
        self.lost(How::Unusable(
            "the module wrote into cardcheck's own pipe".into(),
        ))
    }

    fn lost(&self, how: How) -> Lost {
        let last_words = match how {
            How::NoAnswer(_) => None,
            // they may be anything, names too
            _ if self.launch.discreet => None,
            _ => self.noise.last_words(),
        };
        let lost = Lost {
            during: self.calling,
            how,
            last_words,
        };
        let trace = self.launch.trace.as_deref().map(Trace::open);
        if let Some(Ok(trace)) = trace {
            trace.line(self.child.id(), &format!("# {lost}"));
        }
        lost
    }

    /// The exit status, if it comes in time.
    fn wait_for_end(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + ENDING;
        let mut pause = Duration::from_micros(100);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LOOK_UP);
        }
        None
    }

    /// Ends the process, and waits for it: but not for ever, since one that hangs in a driver doesn't end.
    fn kill(&mut self) {
        // with whatever the module started; all may have ended meanwhile
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.wait_for_end();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.kill();
        }
    }
}

fn how(status: ExitStatus) -> How {
    match (status.signal(), status.code()) {
        (Some(signal), _) => How::Signal(signal_name(signal)),
        (None, code) => How::Exit(code.unwrap_or_default()),
    }
}

fn signal_name(signal: i32) -> String {
    let name = signal_hook::low_level::signal_name(signal);
    name.map_or_else(|| format!("signal {signal}"), str::to_owned)
}

fn unusable(why: String) -> Lost {
    Lost {
        during: Some(Function::Load),
        how: How::Unusable(why),
        last_words: None,
    }
}
