//! The virtual PIV card itself: what it makes of any bytes, what OpenSC's own tools say of it, and that nothing of it is left
//! behind.

#[path = "mod.rs"]
mod piv;
#[path = "../support/reader.rs"]
mod reader;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use piv::{Card, Fault, Setup, Slot};
use proptest::prelude::*;
use reader::{Readers, card};
use running::{is_alive, until};

const SELECT: &[u8] = &[0, 0xa4, 4, 0, 5, 0xa0, 0, 0, 3, 8, 0];
const VERIFY: &[u8] = b"\x00\x20\x00\x80\x08123456\xff\xff";

fn answer(card: &Card, apdu: &[u8]) -> Vec<u8> {
    card.answer(apdu).expect("it is in")
}

/// All of an answer, however many times it has to be asked for, and the last status word.
fn whole(card: &Card, apdu: &[u8]) -> (Vec<u8>, u16) {
    let mut data = Vec::new();
    let mut piece = answer(card, apdu);
    loop {
        let status = piece.split_off(piece.len() - 2);
        data.extend(piece);
        match status[..] {
            [0x61, _] => piece = answer(card, &[0, 0xc0, 0, 0, 0]),
            [high, low] => return (data, u16::from_be_bytes([high, low])),
            _ => unreachable!("two bytes"),
        }
    }
}

/// A command in APDUs of at most so many bytes of data.
fn chained(instruction: u8, p1: u8, p2: u8, data: &[u8], most: usize) -> Vec<Vec<u8>> {
    let pieces = data.chunks(most).count();
    let apdu = |(at, piece): (usize, &[u8])| {
        let class = if at + 1 == pieces { 0 } else { 0x10 };
        [
            &[class, instruction, p1, p2, piece.len() as u8],
            piece,
            &[0],
        ]
        .concat()
    };
    data.chunks(most).enumerate().map(apdu).collect()
}

fn extended(instruction: u8, p1: u8, p2: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16).to_be_bytes();
    [
        &[0, instruction, p1, p2, 0, length[0], length[1]],
        data,
        &[0, 0],
    ]
    .concat()
}

/// A challenge for RSA-2048 in its template.
fn challenge(bytes: &[u8]) -> Vec<u8> {
    let mut block = [0; 256].to_vec();
    block[256 - bytes.len()..].copy_from_slice(bytes);
    [&[0x7c, 0x82, 1, 6, 0x82, 0, 0x81, 0x82, 1, 0][..], &block].concat()
}

proptest! {
    #[test]
    fn any_bytes_are_answered(apdus in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
        let card = card();
        answer(&card, SELECT);
        for apdu in apdus {
            prop_assert!(answer(&card, &apdu).len() >= 2, "{apdu:02x?}");
        }
    }

    #[test]
    fn commands_of_its_own_with_any_data_are_answered(
        instruction in prop::sample::select(&[0xa4, 0xcb, 0x20, 0x87, 0xc0, 0xfd, 0xf8][..]),
        p1 in any::<u8>(),
        p2 in prop::sample::select(&[0x80, 0x9a, 0x9c, 0x9d, 0x9e, 0xff][..]),
        data in prop::collection::vec(any::<u8>(), 1..400),
    ) {
        let card = card();
        answer(&card, SELECT);
        answer(&card, VERIFY);
        answer(&card, &extended(instruction, p1, p2, &data));
        answer(&card, &extended(0x87, 0x07, 0x9a, &[&[0x7c][..], &data].concat()));
    }

    #[test]
    fn chained_and_extended_commands_come_to_the_same(bytes in prop::collection::vec(any::<u8>(), 1..200), most in 1..255_usize) {
        let card = Card::new(Setup::four_keys().only(Slot::AUTHENTICATION));
        answer(&card, SELECT);
        answer(&card, VERIFY);
        let template = challenge(&bytes);
        let at_once = whole(&card, &extended(0x87, 0x07, 0x9a, &template));
        let pieces = chained(0x87, 0x07, 0x9a, &template, most);
        let (last, first) = pieces.split_last().unwrap();
        for piece in first {
            prop_assert_eq!(answer(&card, piece), [0x90, 0]);
        }
        prop_assert_eq!(whole(&card, last), at_once.clone());
        prop_assert_eq!(at_once.1, 0x9000);
    }
}

#[test]
fn the_signature_key_wants_the_pin_each_time() {
    let card = card();
    let sign = extended(0x87, 0x07, 0x9c, &challenge(&[2]));
    answer(&card, SELECT);
    answer(&card, VERIFY);
    assert_eq!(whole(&card, &sign).1, 0x9000);
    assert_eq!(whole(&card, &sign).1, 0x6982);
    answer(&card, VERIFY);
    assert_eq!(whole(&card, &sign).1, 0x9000);
    assert_eq!((card.stats().requests, card.stats().signatures), (3, 2));
}

#[test]
fn three_wrong_pins_lock_it() {
    let card = card();
    answer(&card, SELECT);
    let wrong = b"\x00\x20\x00\x80\x08654321\xff\xff";
    let ask = [0, 0x20, 0, 0x80];
    assert_eq!(answer(&card, wrong), [0x63, 0xc2]);
    assert_eq!(answer(&card, &ask), [0x63, 0xc2]);
    assert_eq!(answer(&card, wrong), [0x63, 0xc1]);
    assert_eq!(answer(&card, wrong), [0x69, 0x83]);
    assert_eq!(answer(&card, VERIFY), [0x69, 0x83]);
    assert_eq!((card.stats().refused, card.stats().tries_left), (3, 0));
}

#[test]
fn faults_strike_when_they_are_due() {
    let card = card();
    let sign = extended(
        0x87,
        0x14,
        0x9e,
        &[&[0x7c, 0x34, 0x82, 0, 0x81, 0x30][..], &[7; 48]].concat(),
    );
    answer(&card, SELECT);
    let (good, _) = whole(&card, &sign);
    card.fault("status 6f00 times 2 after 1".parse().unwrap());
    let words: Vec<u16> = (0..4).map(|_| whole(&card, &sign).1).collect();
    assert_eq!(words, [0x9000, 0x6f00, 0x6f00, 0x9000]);
    card.fault(Fault::corrupt());
    let (bad, word) = whole(&card, &sign);
    assert!(bad.len() == good.len() && bad != good && word == 0x9000);
    card.fault(Fault::pull_after());
    assert_eq!(whole(&card, &sign).1, 0x9000);
    assert_eq!(card.answer(&sign), None);
}

#[test]
fn opensc_s_own_test_of_a_token_has_no_complaint() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let module = reader::opensc();
    let arguments = [
        "--module",
        module.to_str().unwrap(),
        "--login",
        "--pin",
        "123456",
        "--test",
    ];
    let said = readers.run("pkcs11-tool", &arguments);
    assert!(said.contains("\nNo errors\n"), "{said}");
    assert!(card.stats().signatures > 4);
    assert!(
        readers
            .run("opensc-tool", &["--name"])
            .contains("Personal Identity Verification Card")
    );
}

#[test]
fn pcscd_ends_with_the_test_that_panics() {
    let Some(readers) = Readers::with_card(&card()) else {
        return;
    };
    let (pid, dir) = (readers.pcscd().pid(), readers.path(""));
    assert!(is_alive(pid) && dir.exists());
    let panicked = thread::spawn(move || {
        let _readers = readers;
        // not `panic!`, whose message would look like a failure
        std::panic::resume_unwind(Box::new("as a failing test does"));
    });
    assert!(panicked.join().is_err());
    assert!(!is_alive(pid) && !dir.exists());
}

#[test]
fn it_uses_no_network_and_sees_no_other_pcscd() {
    let (mine, yours) = (card(), card());
    let (Some(one), Some(_other)) = (
        Readers::with_card(&mine),
        Readers::with_cards(&[("Other", &yours)]),
    ) else {
        return;
    };
    let said = one.run("opensc-tool", &["--list-readers"]);
    assert!(
        said.contains(reader::NAME) && !said.contains("Other"),
        "{said}"
    );
    let sockets = format!("/proc/{}/fd", one.pcscd().pid());
    let mine: Vec<String> = std::fs::read_dir(sockets)
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .map(|target| target.display().to_string())
        .collect();
    let tcp = std::fs::read_to_string(format!("/proc/{}/net/tcp", one.pcscd().pid())).unwrap();
    let inode = |line: &str| {
        format!(
            "socket:[{}]",
            line.split_whitespace().nth(9).unwrap_or_default()
        )
    };
    assert!(
        mine.iter().any(|target| target.starts_with("socket:")),
        "{mine:?}"
    );
    assert!(
        tcp.lines().all(|line| !mine.contains(&inode(line))),
        "{tcp}\n{mine:?}"
    );
}

#[test]
fn a_card_is_put_in_and_pulled() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    card.pull();
    readers.await_cards(0);
    card.insert();
    readers.await_cards(1);
    let other = Card::new(Setup::four_keys().numbered(9));
    readers.put(0, &other);
    readers.await_cards(1);
    until("the other card is asked", || {
        readers.run("opensc-tool", &["--name"]);
        other.stats().apdus > 0
    });
}

#[test]
fn the_program_brings_up_a_card_and_takes_commands() {
    if support::need(&["pcscd", "opensc-tool"]).is_none() {
        return;
    }
    support::example("libifd_piv.so", "ifd_piv");
    let program = support::example("piv_card", "piv_card");
    let dir = tempfile::tempdir().unwrap();
    let control = dir.path().join("control");
    let mut command = Command::new(program);
    command
        .args(["--yubikey", "--fault", "status 6581"])
        .arg("--control")
        .arg(&control);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let variable = said.next().unwrap();
    assert_eq!(said.next().as_deref(), Some("ready"));
    let (name, socket) = variable.split_once('=').unwrap();
    until("OpenSC sees it", || {
        let output = Command::new("opensc-tool")
            .arg("--name")
            .env(name, socket)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).contains("Personal Identity Verification Card")
    });
    let mut stream = UnixStream::connect(&control).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut ask = |line: &str| {
        writeln!(stream, "{line}").unwrap();
        answers.next().unwrap()
    };
    assert_eq!(ask("pull"), "ok");
    assert!(ask("stats").contains("present=false"));
    assert_eq!(ask("fly"), "error: no command `fly`");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!std::path::Path::new(socket).exists());
}

#[test]
fn it_can_be_put_into_vpcd_s_reader() {
    let vpcd = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = vpcd.local_addr().unwrap().port();
    let card = card();
    let plugged = card.clone();
    thread::spawn(move || piv::plug_into_vpcd(&plugged, port));
    let (mut stream, _) = vpcd.accept().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream.write_all(&[0, 1, 1]).unwrap();
    stream.write_all(&[0, 1, 4]).unwrap();
    let mut atr = [0; 18];
    stream.read_exact(&mut atr).unwrap();
    assert_eq!(atr[..4], [0, 16, 0x3b, 0x8b]);
    card.pull();
    assert_eq!(stream.read(&mut atr).unwrap(), 0);
    card.insert();
    assert!(vpcd.accept().is_ok());
}
