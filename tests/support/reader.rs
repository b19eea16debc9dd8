//! Readers with virtual PIV cards in them, a pcscd of their own, and OpenSC.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cardcheck::token::discover;
use tempfile::TempDir;

use crate::piv::pcscd::{Pcscd, SOCKET_VARIABLE};
use crate::piv::{Card, Reader, Setup};
use crate::running::until;
use crate::support::{self, Cardcheck};

/// What OpenSC finds in the reader's name when the test says nothing of it.
pub const NAME: &str = "Virtual PIV";

/// How many signatures the trials of an RSA key take, one for each mechanism and hash that OpenSC lists for it.
pub const RSA_TRIALS: u32 = 21;

/// A pcscd with readers, ended when it is dropped.
pub struct Readers {
    // first: nobody is to ask a reader that is gone
    pcscd: Pcscd,
    readers: Vec<Reader>,
    dir: TempDir,
}

impl Readers {
    /// One reader with this card. `None`: pcscd or OpenSC is not installed, which only CI takes for a failure.
    #[track_caller]
    pub fn with_card(card: &Card) -> Option<Readers> {
        Readers::with_cards(&[(NAME, card)])
    }

    /// A reader of this name for each card.
    #[track_caller]
    pub fn with_cards(cards: &[(&str, &Card)]) -> Option<Readers> {
        support::need(&["pcscd", "opensc-tool"])?;
        support::need_file(&opensc())?;
        let dir = tempfile::tempdir().unwrap();
        let mut readers = Vec::new();
        let mut sockets = Vec::new();
        for (at, (name, card)) in cards.iter().enumerate() {
            let socket = dir.path().join(format!("reader-{at}"));
            readers.push(Reader::listen(&socket, card).unwrap());
            sockets.push((*name, socket));
        }
        let pcscd = Pcscd::start(dir.path(), driver(), &sockets).unwrap();
        if let Some((_, first)) = cards.first() {
            std::fs::write(dir.path().join("pin"), first.pin()).unwrap();
        }
        // nothing that the machine's own says
        std::fs::write(dir.path().join("opensc.conf"), "app default {\n}\n").unwrap();
        let readers = Readers {
            pcscd,
            readers,
            dir,
        };
        readers.await_cards(cards.len());
        Some(readers)
    }

    /// pcscd sees that many cards.
    pub fn await_cards(&self, count: usize) {
        until(&format!("pcscd sees {count} cards"), || {
            self.cards_seen() == count
        });
    }

    fn cards_seen(&self) -> usize {
        let output = self.run("opensc-tool", &["--list-readers"]);
        output.lines().filter(|line| line.contains(" Yes ")).count()
    }

    /// Takes the card out of this reader and puts another in.
    pub fn put(&self, reader: usize, card: &Card) {
        self.readers[reader].put(card);
    }

    /// What programs need to find it.
    pub fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [
            (SOCKET_VARIABLE, self.pcscd.socket().to_owned()),
            ("OPENSC_CONF", self.path("opensc.conf")),
            // OpenSC keeps files of a card's there, if it is told to
            ("XDG_CACHE_HOME", self.path("cache")),
        ]
    }

    /// What another program says of the cards: stdout, then stderr.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        let output = command
            .args(arguments)
            .envs(self.environment())
            .output()
            .unwrap();
        [output.stdout, output.stderr]
            .map(|said| String::from_utf8_lossy(&said).into_owned())
            .concat()
    }

    pub fn cardcheck(&self) -> Cardcheck {
        let environment = self.environment().into_iter();
        environment.fold(support::cardcheck(), |run, (name, value)| {
            run.env(name, value)
        })
    }

    /// `cardcheck matrix` by OpenSC, the PIN from a file.
    pub fn matrix(&self) -> Cardcheck {
        self.matrix_without_pin()
            .arg("--pin-file")
            .arg(self.path("pin"))
    }

    pub fn matrix_without_pin(&self) -> Cardcheck {
        self.cardcheck().arg("matrix").arg("--module").arg(opensc())
    }

    /// `cardcheck connect` by OpenSC to this server, the PIN from a file.
    pub fn connect(&self, server: &str) -> Cardcheck {
        let connect = self.cardcheck().arg("connect").arg(server);
        let connect = connect.arg("--module").arg(opensc());
        connect.arg("--pin-file").arg(self.path("pin"))
    }

    /// A path in a directory that goes with this.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn pcscd(&self) -> &Pcscd {
        &self.pcscd
    }

    pub fn pcscd_mut(&mut self) -> &mut Pcscd {
        &mut self.pcscd
    }
}

/// A card with PIV's four keys.
pub fn card() -> Card {
    Card::new(Setup::four_keys())
}

/// Built once.
fn driver() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| support::example("libifd_piv.so", "ifd_piv"))
}

/// OpenSC's module, wherever this system has it.
pub fn opensc() -> PathBuf {
    discover::find(OPENSC).unwrap_or_else(|| Path::new("/usr/lib").join(OPENSC))
}

const OPENSC: &str = "opensc-pkcs11.so";
