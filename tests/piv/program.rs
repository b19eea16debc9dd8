//! The virtual PIV card as a program, for people and scripts; `--help` tells how.

#[path = "mod.rs"]
mod piv;

mod control;

use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use clap::Parser;
use piv::{Card, Credential, Fault, PrivateKey, Reader, Setup, Slot, pcscd, plug_into_vpcd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// A virtual PIV card in a reader, with a pcscd of its own or at a vpcd that runs. It is there until stdin ends,
/// SIGTERM or Ctrl-C.
#[derive(Parser)]
struct Arguments {
    /// A key and its certificate, PEM files: 9a=KEY.pem,CERT.pem. Without one: keys in 9a, 9c, 9d and 9e, made on the spot
    #[arg(long, value_name = "SLOT=KEY[,CERT]")]
    key: Vec<String>,

    #[arg(long, default_value = "123456")]
    pin: String,

    #[arg(long, default_value_t = 3)]
    tries: u8,

    /// The last byte of the card's GUID: another number is another card
    #[arg(long, default_value_t = 0)]
    number: u8,

    /// Behave as a YubiKey, in a reader of that name
    #[arg(long)]
    yubikey: bool,

    /// Use the vpcd that listens at this port of this machine; without it a pcscd of its own is started
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Take commands on this Unix socket, a line each: pull, insert, tries N, stats, heal, fault FAULT
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,

    /// From the start: `status 6f00 times 2 after 3`, `delay 200 always`, `hang`, `corrupt`, `pull on 20`, `pull-after`
    #[arg(long)]
    fault: Vec<Fault>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let card = Card::new(arguments.setup()?);
    for fault in &arguments.fault {
        card.fault(fault.clone());
    }
    if let Some(socket) = &arguments.control {
        control::listen(socket, &card)?;
    }
    match arguments.port {
        Some(port) => {
            println!("ready");
            thread::spawn(move || plug_into_vpcd(&card, port));
            wait_for_the_end()
        }
        None => with_own_pcscd(&card, arguments.reader_name()),
    }
}

fn with_own_pcscd(card: &Card, name: &str) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let socket = dir.path().join("reader");
    let reader = Reader::listen(&socket, card)?;
    let pcscd = pcscd::Pcscd::start(dir.path(), &driver()?, &[(name, socket)])?;
    println!("{}={}", pcscd::SOCKET_VARIABLE, pcscd.socket().display());
    println!("ready");
    let waited = wait_for_the_end();
    drop((pcscd, reader));
    waited
}

/// cargo puts it beside this program.
fn driver() -> Result<PathBuf, Box<dyn Error>> {
    let driver = std::env::current_exe()?.with_file_name("libifd_piv.so");
    match driver.is_file() {
        true => Ok(driver),
        false => Err(format!(
            "{} is missing: cargo build --example ifd_piv",
            driver.display()
        )
        .into()),
    }
}

/// Waits for the end of stdin, Ctrl-C or the wish of another process.
fn wait_for_the_end() -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (end, ended) = mpsc::channel();
    let at_signal = end.clone();
    thread::spawn(move || signals.forever().next().map(|_| at_signal.send(())));
    thread::spawn(move || {
        // what can't be read has ended
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        end.send(())
    });
    Ok(ended.recv()?)
}

impl Arguments {
    fn setup(&self) -> Result<Setup, Box<dyn Error>> {
        let mut setup = match self.key.is_empty() {
            true => Setup::four_keys(),
            false => Setup::empty(),
        };
        for key in &self.key {
            let (slot, credential) = credential(key)?;
            setup.credentials.insert(slot, credential);
        }
        setup.pin.clone_from(&self.pin);
        setup.tries = self.tries;
        setup.yubikey = self.yubikey.then_some(12_345_678 + u32::from(self.number));
        Ok(setup.numbered(self.number))
    }

    fn reader_name(&self) -> &'static str {
        match self.yubikey {
            // ykcs11 looks at no other
            true => "Yubico YubiKey OTP+FIDO+CCID",
            false => "Virtual PIV",
        }
    }
}

/// `9a=KEY.pem,CERT.pem`
fn credential(text: &str) -> Result<(Slot, Credential), Box<dyn Error>> {
    let (slot, files) = text.split_once('=').ok_or("--key wants SLOT=KEY[,CERT]")?;
    let (key, certificate) = match files.split_once(',') {
        Some((key, certificate)) => (key, Some(certificate)),
        None => (files, None),
    };
    let key = PrivateKeyDer::from_pem_file(Path::new(key))?;
    let certificate = certificate.map(CertificateDer::from_pem_file).transpose()?;
    let credential = Credential {
        key: PrivateKey::from_pkcs8(key.secret_der())?,
        certificate: certificate.map(|certificate| certificate.to_vec()),
    };
    Ok((Slot(u8::from_str_radix(slot, 16)?), credential))
}
