//! `cardcheck list`, and what it says is in the way: over readers of a pcscd of the test's own, OpenSC, and SoftHSM2.

#[path = "piv/mod.rs"]
mod piv;
#[path = "support/reader.rs"]
mod reader;
#[path = "support/running.rs"]
mod running;
mod support;

use std::cell::RefCell;
use std::fs;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::thread;

use piv::{Card, Setup, Slot};
use reader::{Readers, card, opensc};
use running::until;
use serde_json::Value;
use support::{Cardcheck, Lab, Ran, softhsm};

const ENVIRONMENT: i32 = 3;

/// What differs from one machine and run to the next.
fn steady(text: &str) -> String {
    let mut text = text.to_owned();
    for (module, name) in [(opensc(), "OPENSC"), (softhsm(), "SOFTHSM")] {
        text = text.replace(module.to_str().unwrap(), name);
    }
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("where no --module"));
    let lines = lines.map(|line| match line.split_once("(process ") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}(process N{after}")
        }
        None => line.to_owned(),
    });
    let lines = lines.map(|line| match line.split_once("smartcard framework ") {
        Some((before, _)) => format!("{before}smartcard framework N)"),
        None => line,
    });
    without_mechanisms(lines).join("\n").trim_end().to_owned()
}

/// Each version of a module has others.
fn without_mechanisms(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for line in lines {
        let lists = |line: &str| line.ends_with("that sign: ...");
        if line.contains("CKM_ that sign:") {
            kept.push("    N mechanisms; CKM_ that sign: ...".into());
        } else if !(line.starts_with("      ") && kept.last().is_some_and(|last| lists(last))) {
            kept.push(line);
        }
    }
    kept
}

fn screen(ran: &Ran) -> String {
    steady(&ran.stdout())
}

/// What it says on stderr.
fn said(ran: &Ran) -> String {
    steady(&ran.stderr())
}

fn by_opensc(cardcheck: Cardcheck, command: &str) -> Cardcheck {
    cardcheck.arg(command).arg("--module").arg(opensc())
}

/// A card with one key, whose screen is short.
fn one_key() -> Card {
    Card::new(Setup::four_keys().only(Slot::AUTHENTICATION))
}

#[test]
fn without_a_pin_it_shows_what_is_public_and_says_so() {
    let card = one_key();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = by_opensc(readers.cardcheck(), "list").run().exits(0);
    insta::assert_snapshot!(screen(&ran), @r##"
    readers, as pcscd sees them
      Virtual PIV 00 00: card in, ATR 3b:8b:80:01:80:f9:a0:00:00:03:08:00:00:10:00:c8

    module OPENSC (OpenSC smartcard framework N)
      known by --module
      token Card User 9A  PKCS#15 emulated, piv_II, serial 6b27732063617264, slot 0 (Virtual PIV 00 00)
        pkcs11:model=PKCS%2315%20emulated;manufacturer=piv_II;serial=6b27732063617264;token=Card%20User%209A
        PIN: nothing wrong with it; 4 to 8 characters; not logged in
        N mechanisms; CKM_ that sign: ...
        certificate Certificate for PIV Authentication  id 01, its key is not seen without a login
          subject CN=Card User 9A
          issuer CN=Test Issuing CA
          valid 2020-01-01 to 2049-12-31
          key usage: digitalSignature; extended: clientAuth
          pkcs11:token=Card%20User%209A;serial=6b27732063617264;id=%01;object=Certificate%20for%20PIV%20Authentication;type=cert
        no private key is seen without a login; --login would show those that are there
    "##);
    assert_eq!(card.stats().verified + card.stats().refused, 0);
}

#[test]
fn a_login_shows_the_private_keys() {
    let card = one_key();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let login = by_opensc(readers.cardcheck(), "list").arg("--login");
    let ran = login
        .arg("--pin-file")
        .arg(readers.path("pin"))
        .run()
        .exits(0);
    assert!(
        ran.screen().contains("key PIV AUTH key RSA-2048, id 01"),
        "{}",
        ran.stdout()
    );
    assert!(ran.screen().contains("logged in"), "{}", ran.stdout());
    assert_eq!(card.stats().verified, 1);
}

#[test]
fn a_wrong_pin_is_sent_once_and_what_is_public_is_shown() {
    let card = one_key();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let wrong = readers.path("wrong");
    fs::write(&wrong, "654321").unwrap();
    let login = by_opensc(readers.cardcheck(), "list").arg("--login");
    let ran = login.arg("--pin-file").arg(wrong).run().exits(ENVIRONMENT);
    assert!(
        ran.screen().contains("CKR_PIN_INCORRECT"),
        "{}",
        ran.stdout()
    );
    assert!(
        ran.screen().contains("its key is not seen without a login"),
        "{}",
        ran.stdout()
    );
    assert_eq!(card.stats().refused, 1);
}

#[test]
fn a_pin_without_login_is_told() {
    let ran = support::cardcheck()
        .args("list --pin-file x")
        .run()
        .exits(2);
    assert!(
        ran.stderr().contains("a PIN is of no use without --login"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn no_pcscd() {
    if support::need_file(&opensc()).is_none() {
        return;
    }
    let nowhere = || support::cardcheck().env("PCSCLITE_CSOCK_NAME", "/nowhere/pcscd.comm");
    let ran = by_opensc(nowhere(), "matrix").run().exits(ENVIRONMENT);
    insta::assert_snapshot!(said(&ran), @r##"
    error: pcscd does not run: nobody listens at /nowhere/pcscd.comm
    help: start it with `systemctl enable --now pcscd.socket`; if it is not there, install it (Debian: pcscd)
    "##);
    let ran = by_opensc(nowhere(), "list").run().exits(ENVIRONMENT);
    insta::assert_snapshot!(screen(&ran), @r##"
    readers: pcscd can't be asked, see below

    module OPENSC (OpenSC smartcard framework N)
      known by --module
      ✗ pcscd does not run: nobody listens at /nowhere/pcscd.comm
        next: start it with `systemctl enable --now pcscd.socket`; if it is not there, install it
          (Debian: pcscd)
      no slot
    "##);
}

#[test]
fn pcscd_hangs_up() {
    if support::need_file(&opensc()).is_none() {
        return;
    }
    // so does pcscd to whom polkit does not allow
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("pcscd.comm");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    let cardcheck = support::cardcheck().env("PCSCLITE_CSOCK_NAME", &socket);
    let ran = by_opensc(cardcheck, "matrix").run().exits(ENVIRONMENT);
    let said = said(&ran).replace(socket.to_str().unwrap(), "SOCKET");
    insta::assert_snapshot!(said, @r##"
    error: pcscd at SOCKET hung up without an answer
    help: so it does to a user whom polkit does not allow, mostly one who is not at the machine itself (ssh): allow org.debian.pcsc-lite.access_pcsc and .access_card in /etc/polkit-1/rules.d; `journalctl -u pcscd` says whether it is that, or whether pcscd could not start
    "##);
}

#[test]
fn no_reader() {
    let Some(readers) = Readers::with_cards(&[]) else {
        return;
    };
    let ran = by_opensc(readers.cardcheck(), "matrix")
        .run()
        .exits(ENVIRONMENT);
    insta::assert_snapshot!(said(&ran), @r##"
    error: pcscd runs and sees no reader
    help: connect the reader; if it is, `lsusb` must show it, and pcscd needs its driver (Debian: libccid)
    "##);
}

#[test]
fn no_card() {
    let card = one_key();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    card.pull();
    readers.await_cards(0);
    let ran = by_opensc(readers.cardcheck(), "matrix")
        .run()
        .exits(ENVIRONMENT);
    insta::assert_snapshot!(said(&ran), @r##"
    error: no card in reader `Virtual PIV 00 00`
    help: put the card into the reader, as far as it goes
    "##);
    let ran = by_opensc(readers.cardcheck(), "list")
        .run()
        .exits(ENVIRONMENT);
    insta::assert_snapshot!(screen(&ran), @r##"
    readers, as pcscd sees them
      Virtual PIV 00 00: no card

    module OPENSC (OpenSC smartcard framework N)
      known by --module
      ✗ no card in reader `Virtual PIV 00 00`
        next: put the card into the reader, as far as it goes
      1 slot without a token: Virtual PIV 00 00
    "##);
}

#[test]
fn a_card_that_the_module_does_not_know() {
    let card = one_key();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    // no application is found on it
    card.fault("status 6a82 on a4 always".parse().unwrap());
    let ran = by_opensc(readers.cardcheck(), "matrix")
        .run()
        .exits(ENVIRONMENT);
    insta::assert_snapshot!(said(&ran), @r##"
    error: the card in reader `Virtual PIV 00 00` is not one that this module knows (ATR 3b:8b:80:01:80:f9:a0:00:00:03:08:00:00:10:00:c8)
    help: name its issuer's module with --module; `cardcheck list` tries all that are found here
    "##);
}

/// A program of OpenSC's that has the card for itself.
struct Explorer(Child);

impl Explorer {
    fn start(readers: &Readers) -> Explorer {
        let exclusive = readers.path("exclusive.conf");
        let text = "app default {\n reader_driver pcsc {\n connect_exclusive = true;\n }\n}\n";
        fs::write(&exclusive, text).unwrap();
        let mut explorer = Command::new("opensc-explorer");
        explorer.args(["--mf", ""]).envs(readers.environment());
        explorer.env("OPENSC_CONF", exclusive);
        explorer.stdin(Stdio::piped()).stdout(Stdio::null());
        Explorer(explorer.stderr(Stdio::null()).spawn().unwrap())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_reader_that_another_program_holds() {
    let Some(readers) = Readers::with_card(&one_key()) else {
        return;
    };
    if support::need(&["opensc-explorer"]).is_none() {
        return;
    }
    let explorer = RefCell::new(Explorer::start(&readers));
    until("it has the card", || {
        // where somebody else was at the card just then, it has ended
        if explorer.borrow_mut().has_ended() {
            explorer.replace(Explorer::start(&readers));
        }
        let ran = by_opensc(readers.cardcheck(), "list").run();
        ran.screen().contains("held exclusively by a program")
    });
    let ran = by_opensc(readers.cardcheck(), "matrix")
        .run()
        .exits(ENVIRONMENT);
    insta::assert_snapshot!(said(&ran), @r##"
    error: another program holds reader `Virtual PIV 00 00` exclusively: it could be opensc-explorer (process N)
    help: end that program, or have it let the card go (GnuPG: `gpgconf --kill scdaemon`, and `pcsc-shared` in scdaemon.conf); cardcheck never does
    "##);
    drop(explorer);
    until("the card is free", || {
        by_opensc(readers.cardcheck(), "list").run().code() == Some(0)
    });
}

#[test]
fn one_card_that_is_known_and_one_that_is_not() {
    let (known, unknown) = (one_key(), Card::new(Setup::empty().numbered(7)));
    let Some(readers) = Readers::with_cards(&[("One", &known), ("Two", &unknown)]) else {
        return;
    };
    unknown.fault("status 6a82 on a4 always".parse().unwrap());
    let ran = by_opensc(readers.cardcheck(), "list").run().exits(0);
    let screen = ran.screen();
    assert!(
        screen.contains("the card in reader `Two 01 00` is not one that this module knows"),
        "{screen}"
    );
    assert!(screen.contains("slot 0 (One 00 00)"), "{screen}");
}

#[test]
fn softhsm_s_tokens_with_their_orphans() {
    let Some(lab) = Lab::new(&["orphans"]) else {
        return;
    };
    let list = |lab: &Lab| {
        support::cardcheck()
            .env("SOFTHSM2_CONF", lab.path("orphans").join("softhsm2.conf"))
            .arg("list")
            .arg("--module")
            .arg(softhsm())
    };
    let ran = list(&lab).run().exits(0);
    assert!(
        ran.screen()
            .contains("no private key is seen without a login"),
        "{}",
        ran.stdout()
    );
    assert!(!ran.screen().contains("pcscd"), "{}", ran.stdout());
    let login = list(&lab)
        .arg("--login")
        .arg("--pin-file")
        .arg(lab.path("pin"));
    let ran = login.run().exits(0);
    assert!(
        ran.screen()
            .contains("an orphan: no key for it on the token"),
        "{}",
        ran.stdout()
    );
    assert!(
        ran.screen()
            .contains("an orphan: no certificate for it on the token"),
        "{}",
        ran.stdout()
    );
}

#[test]
fn a_token_that_is_not_initialised() {
    let Some(lab) = Lab::new(&["uninitialised"]) else {
        return;
    };
    let ran = support::cardcheck()
        .env(
            "SOFTHSM2_CONF",
            lab.path("uninitialised").join("softhsm2.conf"),
        )
        .arg("list")
        .arg("--module")
        .arg(softhsm())
        .run()
        .exits(ENVIRONMENT);
    insta::assert_snapshot!(screen(&ran), @r##"
    module SOFTHSM (Implementation of PKCS11 2.6)
      known by --module
      an uninitialised token  SoftHSM v2, SoftHSM project, slot 0 (SoftHSM slot ID 0x0)
        ✗ the token in slot 0 is not initialised (CKF_TOKEN_INITIALIZED)
          next: initialise it with its issuer's tool, or for SoftHSM2 `softhsm2-util --init-token`;
            cardcheck never writes to a token
    "##);
}

#[test]
fn a_module_for_another_machine() {
    let dir = tempfile::tempdir().unwrap();
    let module = dir.path().join("other.so");
    let mut bytes = fs::read(of_this_machine()).unwrap();
    // e_machine: what is ours becomes the other one
    let other: u16 = if cfg!(target_arch = "x86_64") {
        183
    } else {
        62
    };
    bytes[18..20].copy_from_slice(&other.to_ne_bytes());
    fs::write(&module, bytes).unwrap();
    let ran = support::cardcheck()
        .arg("list")
        .arg("--module")
        .arg(&module)
        .run()
        .exits(ENVIRONMENT);
    let theirs = if cfg!(target_arch = "x86_64") {
        "aarch64"
    } else {
        "x86_64"
    };
    let told = format!(
        "is a library for {theirs}, and this cardcheck is built for {}",
        std::env::consts::ARCH
    );
    assert!(ran.stderr().contains(&told), "{}", ran.stderr());
    assert!(
        ran.stderr()
            .contains("help: install the module's package for"),
        "{}",
        ran.stderr()
    );
}

/// Any ELF file of this machine's.
fn of_this_machine() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

#[test]
fn all_modules_that_p11_kit_knows_are_looked_into() {
    let Some(lab) = Lab::new(&["healthy"]) else {
        return;
    };
    fs::create_dir_all(lab.path("config/pkcs11/modules")).unwrap();
    lab.write("config/pkcs11/pkcs11.conf", "user-config: only\n");
    let soft = format!("module: {}\n", softhsm().display());
    lab.write("config/pkcs11/modules/soft.module", soft);
    lab.write(
        "config/pkcs11/modules/gone.module",
        "module: /nowhere/gone.so\npriority: 9\n",
    );
    lab.write(
        "config/pkcs11/modules/trust.module",
        "module: /nowhere/trust.so\ntrust-policy: yes\n",
    );
    let list = support::cardcheck()
        .env("SOFTHSM2_CONF", lab.path("healthy").join("softhsm2.conf"))
        .env("XDG_CONFIG_HOME", lab.path("config"))
        .env("PCSCLITE_CSOCK_NAME", "/nowhere/pcscd.comm");
    let ran = list.args("list --format json").run();
    let report: Value = serde_json::from_str(&ran.stdout()).unwrap();
    let modules = report["modules"].as_array().unwrap();
    let known_by = |file: &str| {
        let name = format!("p11-kit ({file})");
        let knows = |module: &&Value| {
            let names = module["found_by"].as_array().unwrap();
            names.iter().any(|found| *found == name)
        };
        modules
            .iter()
            .find(knows)
            .unwrap_or_else(|| panic!("{file}: {report}"))
    };
    assert_eq!(
        known_by("gone.module"),
        &modules[0],
        "the highest priority comes first"
    );
    assert_eq!(
        known_by("gone.module")["obstacles"][0]["id"],
        "module-missing"
    );
    assert_eq!(known_by("trust.module")["state"], "not_loaded");
    let soft = known_by("soft.module");
    assert_eq!(soft["slots"][0]["token"]["label"], "healthy");
    assert_eq!(soft["slots"][0]["token"]["access"], "public");
    support::is_as_its_schema_says(&report);
}

#[test]
fn the_report_of_a_card_is_as_the_schema_says() {
    let Some(readers) = Readers::with_card(&card()) else {
        return;
    };
    let file = readers.path("list.json");
    let list = by_opensc(readers.cardcheck(), "list")
        .arg("--export-json")
        .arg(&file);
    list.run().exits(0);
    let report: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    support::is_as_its_schema_says(&report);
    assert_eq!(report["schema"], "cardcheck.list.v1");
    assert_eq!(report["pcscd"]["readers"][0]["holds"], "card");
    let token = &report["modules"][0]["slots"][0]["token"];
    assert!(token["mechanisms"].as_array().unwrap().len() > 20);
    let certificate = &token["certificates_without_key"][0];
    assert_eq!(
        certificate["key_usage"],
        serde_json::json!(["digitalSignature"])
    );
    assert_eq!(
        certificate["extended_key_usage"],
        serde_json::json!(["clientAuth"])
    );
}
