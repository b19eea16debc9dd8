//! A running `cardcheck serve`, and its index page.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{cardcheck, is_as_its_schema_says};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
const MOMENT: Duration = Duration::from_millis(10);

pub(crate) struct House {
    child: Child,
    dir: PathBuf,
    /// The index page's port, then each door's, with their names.
    ports: Vec<(String, u16)>,
}

impl House {
    /// Starts it with these arguments, its files in `dir`.
    pub(crate) fn open(dir: &Path, args: &[&str]) -> House {
        let dir = dir.to_owned();
        let file = |name: &str| File::create(dir.join(name)).unwrap();
        let mut command = cardcheck()
            .args("serve --listen 127.0.0.1:0 --port-file")
            .arg(dir.join("ports"))
            .arg("--ca-out")
            .arg(dir.join("ca.pem"))
            .into_command();
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(file("serve.out"))
            .stderr(file("serve.err"));
        let mut house = House {
            child: command.spawn().unwrap(),
            ports: Vec::new(),
            dir,
        };
        house.ports = until("the ports are open", || {
            let ports = std::fs::read_to_string(house.dir.join("ports")).ok()?;
            let port = |line: &str| {
                let (port, name) = line.split_once(' ').unwrap();
                (name.to_owned(), port.parse().unwrap())
            };
            Some(ports.lines().map(port).collect())
        });
        house
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub(crate) fn port(&self, door: &str) -> u16 {
        let found = self.ports.iter().find(|(name, _)| name == door);
        found
            .unwrap_or_else(|| panic!("no {door} in {:?}", self.ports))
            .1
    }

    /// `https://localhost:...`.
    #[track_caller]
    pub(crate) fn url(&self, door: &str) -> String {
        format!("https://localhost:{}/", self.port(door))
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// A page of the index, by curl.
    pub(crate) fn page(&self, path: &str) -> String {
        self.page_as(path, "*/*")
    }

    pub(crate) fn page_as(&self, path: &str, accept: &str) -> String {
        let mut curl = Command::new("curl");
        let url = format!("http://localhost:{}{path}", self.port("index"));
        said(curl.args(["-sS", "-H", &format!("Accept: {accept}"), &url]))
    }

    /// All visits, the newest first.
    pub(crate) fn visits(&self) -> Vec<Value> {
        let visits: Vec<Value> = serde_json::from_str(&self.page("/visits.json")).unwrap();
        visits.iter().for_each(is_as_its_schema_says);
        visits
    }

    /// The newest visit, once it is like this.
    #[track_caller]
    pub(crate) fn visit(&self, like: impl Fn(&Value) -> bool) -> Value {
        until("such a visit", || {
            let mut visits = self.visits().into_iter();
            visits.find(|visit| like(visit))
        })
    }

    /// What it said on stdout so far.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.dir.join("serve.out")).unwrap()
    }

    pub(crate) fn warned(&self) -> String {
        std::fs::read_to_string(self.dir.join("serve.err")).unwrap()
    }

    /// Waits for its end.
    pub(crate) fn code(mut self) -> Option<i32> {
        until("it ends", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // a test that failed leaves nothing behind
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        std::thread::sleep(MOMENT);
    }
}

/// What a program says, on either stream.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
