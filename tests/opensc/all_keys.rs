//! A card on which nothing is wrong.

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use crate::ONE_SERVER;
use crate::piv::{Card, Setup, Slot};
use crate::reader::{Readers, card};

const KEYS: [&str; 4] = ["PIV AUTH key", "SIGN key", "KEY MAN key", "CARD AUTH key"];

#[test]
fn all_four_keys_log_in_and_the_counts_are_the_card_s_own() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = readers
        .matrix()
        .args("--profile openssl-1.1.1,openssl-3.0,go,schannel-2022 --format json")
        .run()
        .exits(0);
    let (report, seen) = (ran.report(), card.stats());
    for key in KEYS {
        for (profile, tls) in [("openssl-1.1.1", "1.2"), ("go", "1.3")] {
            for client in ["firefox", "chrome", "openssl", "java"] {
                assert_eq!(report.cell(key, profile, tls, client)["outcome"], "pass");
            }
        }
    }
    assert_eq!(report.findings(), ["always-authenticate"]);
    assert_eq!(report.0["summary"]["signatures"], seen.signatures);
    assert_eq!(seen.requests, seen.signatures, "none was made twice");
    assert_eq!((seen.refused, seen.tries_left), (0, 3));
}

/// 9C is PIV's key for documents: the PIN goes to the card right before each of its signatures, and not for the other keys'.
#[test]
fn the_key_that_wants_the_pin_each_time_is_announced_and_gets_it_as_often_as_it_signs() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let one_key = |key: &str| {
        let before = card.stats();
        let ran = readers.matrix().args(ONE_SERVER).args(key).run().exits(0);
        let after = card.stats();
        let (pins, signatures) = (
            after.verified - before.verified,
            after.signatures - before.signatures,
        );
        (ran, pins, signatures)
    };
    let (ran, pins, signatures) = one_key("--key 02");
    assert_eq!(pins, signatures + 1, "the login is one");
    let announced = format!(
        "key `SIGN key` on `Card User 9A` wants the PIN for every signature (CKA_ALWAYS_AUTHENTICATE): \
         cardcheck sends it up to {} times in this run",
        // the login is none; a client may go on to a second mechanism in each of the two handshakes
        pins - 1 + 2
    );
    assert!(ran.stderr().contains(&announced), "{}", ran.stderr());
    let (_, pins, signatures) = one_key("--key 01");
    assert!(signatures > 1);
    assert_eq!(pins, 1);
}

/// As on most real PIV cards: 9D holds a key for encryption, whose certificate says so.
#[test]
fn a_key_for_encryption_beside_one_that_logs_in_is_a_note_and_no_failure() {
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let setup = Setup::four_keys().only(Slot::AUTHENTICATION);
    let card = Card::new(setup.with_for_encryption(Slot::KEY_MANAGEMENT, &rsa));
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let matrix = || readers.matrix().args(ONE_SERVER).args("--format json");
    let report = matrix().run().exits(0).report();
    assert_eq!(report.finding("key-not-for-signing")["severity"], "note");
    let cell = report.cell("KEY MAN key", "openssl-3.0", "1.3", "firefox");
    assert_eq!(
        (&cell["outcome"], &cell["expected"]),
        (&"fail".into(), &"fail".into())
    );

    let report = matrix().args("--key 03").run().exits(1).report();
    assert_eq!(report.finding("key-not-for-signing")["severity"], "error");
}
