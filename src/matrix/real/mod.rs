//! Servers of other makes, started on loopback for as long as the run takes: `openssl s_server`, nginx, Apache.
//!
//! What such a server asks for is read off the wire before any token signs: of the list that it was given it may know less.

mod anchors;
mod process;
mod software;

use std::collections::HashMap;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use super::venue::{Venue, curve_not_offered};
use crate::model::choice::Choice;
use crate::model::key::Key;
use crate::model::key_type::KeyType;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::{Sign, SignError, SignStep, Signed};
use crate::tls::{Attempt, Authority, Client, End, Server, attempt_over};
use process::Process;
pub use software::Software;

/// How long a server may be silent. It is on this machine and has nothing to wait for but the client.
const PATIENCE: Duration = Duration::from_secs(30);

/// Real servers, each started when it is first asked for and ended with this value.
pub struct RealServers<'a> {
    software: Software,
    name: String,
    authority: &'a Authority,
    /// Configurations, the server's key; nobody else may read it.
    dir: TempDir,
    running: Mutex<HashMap<Server, Arc<Mutex<Running>>>>,
    /// Schemes that were asked about, and whether the software knows them.
    known: Mutex<HashMap<Scheme, bool>>,
}

/// What came of starting a server.
type Running = Result<Up, String>;

/// A server that is up.
struct Up {
    process: Process,
    /// What it asks for.
    schemes: Vec<Scheme>,
}

impl<'a> RealServers<'a> {
    /// Looks for the program; no server is started yet.
    ///
    /// # Errors
    /// It isn't there, or doesn't run; a sentence.
    pub fn new(software: Software, authority: &'a Authority) -> Result<RealServers<'a>, String> {
        let name = software.version()?;
        let dir = tempfile::Builder::new().prefix("cardcheck-").tempdir();
        let dir = dir.map_err(|error| format!("no temporary directory: {error}"))?;
        let write = |name: &str, content: &str| std::fs::write(dir.path().join(name), content);
        write("server.crt", authority.certificate_pem())
            .and_then(|()| write("server.key", &authority.key_pem()))
            .map_err(|error| format!("the server's certificate can't be written: {error}"))?;
        Ok(RealServers {
            software,
            name,
            authority,
            dir,
            running: Mutex::default(),
            known: Mutex::default(),
        })
    }

    /// The server that asks for this, started if it isn't.
    fn at(&self, server: &Server) -> Arc<Mutex<Running>> {
        let entry = Arc::clone(
            lock(&self.running)
                .entry(server.clone())
                .or_insert_with(|| Arc::new(Mutex::new(Err(String::new())))),
        );
        {
            let mut running = lock(&entry);
            if running.as_ref().err().is_some_and(String::is_empty) {
                *running = self.start(server);
            }
        }
        entry
    }

    /// With the whole list; if such a server doesn't come up, with the schemes that one comes up with.
    fn start(&self, server: &Server) -> Running {
        let mut wanted = server.clone();
        wanted
            .schemes
            .retain(|scheme| scheme.openssl_name().is_some());
        let why = match self.up(&wanted) {
            Ok(up) => return Ok(up),
            Err(why) => why,
        };
        wanted.schemes.retain(|scheme| self.knows(*scheme, server));
        match wanted.schemes.is_empty() {
            true => Err(why),
            false => self.up(&wanted),
        }
    }

    /// Some servers take connections and end then: one is up when it has asked for a certificate.
    fn up(&self, server: &Server) -> Running {
        let process = self.process(server)?;
        let schemes = self.read_request(&process, server)?;
        Ok(Up { process, schemes })
    }

    fn process(&self, server: &Server) -> Result<Process, String> {
        let dir = tempfile::tempdir_in(self.dir.path()).map_err(|error| error.to_string())?;
        let written = anchors::write(&dir.path().join("names.pem"), &server.ca_names);
        written.map_err(|error| format!("the CA names can't be sent: {error}"))?;
        Process::start(&self.software, server, self.dir.path(), dir)
    }

    /// Does a server with this scheme alone come up?
    fn knows(&self, scheme: Scheme, server: &Server) -> bool {
        if let Some(known) = lock(&self.known).get(&scheme) {
            return *known;
        }
        let alone = Server {
            schemes: vec![scheme],
            ca_names: Vec::new(),
            ..server.clone()
        };
        let known = self.up(&alone).is_ok();
        lock(&self.known).insert(scheme, known);
        known
    }

    /// What the server puts on the wire, told by a connection without a certificate.
    fn read_request(&self, process: &Process, server: &Server) -> Result<Vec<Scheme>, String> {
        let nobody = Client {
            chain: Vec::new(),
            rule: Arc::new(|_| Choice::NoCertificate { why: String::new() }),
            sign: Arc::new(Nobody),
        };
        let attempt = self.over(process, server, nobody);
        match (attempt.request, attempt.end) {
            // Apache sorts them
            (Some(request), _) if sorted(&request.ca_names) == sorted(&server.ca_names) => {
                Ok(request.schemes)
            }
            (Some(_), _) => Err(format!("{} sends other CA names", self.name)),
            (None, End::CouldNotTell { why } | End::ClientStopped { why }) => {
                Err(format!("{}: {why}", self.name))
            }
            (None, _) => Err(format!("{} asked for no certificate", self.name)),
        }
    }

    fn over(&self, process: &Process, server: &Server, client: Client) -> Attempt {
        let stream = TcpStream::connect(process.address()).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        });
        match stream {
            Ok(stream) => attempt_over(
                stream,
                self.authority,
                server.version,
                client,
                self.software.question(),
            ),
            Err(error) => Attempt::not_made(format!("{}: no connection: {error}", self.name)),
        }
    }
}

impl Venue for RealServers<'_> {
    fn sent(&self, server: &Server) -> Result<Vec<Scheme>, String> {
        let entry = self.at(server);
        let running = lock(&entry);
        running
            .as_ref()
            .map(|up| up.schemes.clone())
            .map_err(Clone::clone)
    }

    /// One connection at a time with each server: `s_server` takes no second one before the first has ended.
    fn attempt(&self, server: &Server, client: Client) -> Attempt {
        let entry = self.at(server);
        let running = lock(&entry);
        match &*running {
            Ok(up) => self.over(&up.process, server, client),
            Err(why) => Attempt::not_made(why.clone()),
        }
    }

    fn objection(&self, key: &Key, server: &Server) -> Option<String> {
        too_small(key, server)
            .or_else(|| curve_not_offered(key, server))
            .map(|why| format!("{why}: {} can't tell", self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// They take anybody's certificate, and so look at no key's size.
fn too_small(key: &Key, server: &Server) -> Option<String> {
    let least = server.min_rsa_bits;
    let small = key.key_type == KeyType::Rsa && key.bits.is_some_and(|bits| bits < least);
    let why = || {
        format!(
            "the server's policy takes RSA keys of {least} bits or more, and here any certificate"
        )
    };
    small.then(why)
}

/// Signs nothing.
struct Nobody;

impl Sign for Nobody {
    fn sign(&self, _: Scheme, _: Route, _: &[u8]) -> Result<Signed, SignError> {
        Err(SignError::other(SignStep::Prepare, "nobody signs here"))
    }
}

fn sorted(names: &[Vec<u8>]) -> Vec<&[u8]> {
    let mut names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    names.sort_unstable();
    names
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path as configuration files want it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
