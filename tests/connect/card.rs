//! A card as people have it, by OpenSC: PIV's keys at a portal that trusts their issuer.

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use crate::piv::{Card, Fault, Setup, Slot, issuers};
use crate::pki::Pki;
use crate::programs::s_server;
use crate::reader::{RSA_TRIALS, Readers};
use crate::scene::{STRICT, login, part, report};
use crate::support::Cardcheck;
use crate::truth::Peer;

/// A card in a reader, and a server that trusts these CAs.
struct Portal {
    readers: Readers,
    pki: Pki,
    server: Peer,
}

impl Portal {
    /// `None`: a program is missing, which only CI takes for a failure.
    fn of(card: &Card, trusted: &[&str]) -> Option<Portal> {
        let readers = Readers::with_card(card)?;
        let pki = Pki::new(1);
        std::fs::write(pki.path("clients.pem"), trusted.concat()).unwrap();
        let server = s_server(&pki, STRICT);
        Some(Portal {
            readers,
            pki,
            server,
        })
    }

    fn connect(&self) -> Cardcheck {
        self.readers
            .connect(&self.server.address.to_string())
            .args("--server-name localhost --server-timeout 25s --ca")
            .arg(self.pki.path("ca.pem"))
    }
}

/// As most are: a key for logins, one for documents, one for encryption.
fn card() -> Card {
    let rsa = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let setup = Setup::empty()
        .with(Slot::AUTHENTICATION, &rsa())
        .with(Slot::SIGNATURE, &rsa())
        .with_for_encryption(Slot::KEY_MANAGEMENT, &rsa());
    Card::new(setup)
}

#[test]
fn who_of_its_keys_is_let_in_is_told_and_each_pin_was_announced() {
    let card = card();
    let [root, issuing] = issuers();
    let Some(portal) = Portal::of(&card, &[&root, &issuing]) else {
        return;
    };
    let ran = portal.connect().args("--client firefox").run().exits(0);
    insta::assert_snapshot!(part(&ran, "which certificate fits what it asks for"), @r"
    ✓ PIV AUTH key (RSA-2048)  CN=Card User 9A
        fits
    ✓ SIGN key (RSA-2048)  CN=Card User 9C
        fits
    ✗ KEY MAN key (RSA-2048)  CN=Card User 9D
        does not fit: Its keyUsage has no digitalSignature, and a login is a signature; it has
          keyEncipherment.
    ");
    insta::assert_snapshot!(part(&ran, "who is let in"), @r"
    key           TLS       client        result
    PIV AUTH key  1.2, 1.3  any, firefox  ✓ rsa_pss_rsae_sha256
    SIGN key      1.2, 1.3  any, firefox  ✓ rsa_pss_rsae_sha256
    KEY MAN key   1.2, 1.3  any, firefox  ✗ sign: C_SignInit: CKR_KEY_TYPE_INCONSISTENT
    ");

    let seen = card.stats();
    let announced = ran.announced_pins().unwrap();
    assert!(
        (2..=1 + announced).contains(&(seen.verified as usize)),
        "{seen:?}, {announced} and a login announced"
    );
    assert_eq!((seen.refused, seen.tries_left), (0, 3));
}

#[test]
fn what_no_card_has_room_for_comes_from_a_file_and_is_proven() {
    let card = card();
    let [root, issuing] = issuers();
    let Some(portal) = Portal::of(&card, &[&root]) else {
        return;
    };
    let with_chain = |connect: Cardcheck| {
        let file = portal.pki.path("issuing.pem");
        std::fs::write(&file, &issuing).unwrap();
        connect.arg("--chain").arg(file)
    };
    let connect = || portal.connect().args("--key 01 --tls 1.3");
    let found = report(connect(), 1);
    let refused = login(&found, "PIV AUTH key", "1.3", "any");
    assert_eq!(refused["alert"], "unknown_ca");
    found.finding("refused-by-server");

    let found = report(with_chain(connect()), 0);
    let let_in = login(&found, "PIV AUTH key", "1.3", "any");
    assert_eq!(let_in["outcome"], "pass");
    let needed = found.finding("intermediate-needed");
    let remedies = needed["remedies"].as_array().unwrap();
    assert!(
        remedies.iter().any(|remedy| remedy["proven"] == true),
        "{needed:#}"
    );
}

#[test]
fn pulled_during_a_login_it_is_not_sent_the_pin_again_and_no_server_is_blamed() {
    let card = card();
    card.fault(Fault::pull().after(RSA_TRIALS));
    let [root, issuing] = issuers();
    let Some(portal) = Portal::of(&card, &[&root, &issuing]) else {
        return;
    };
    let connect = portal.connect().args("--key 01 --timeout 2s --format json");
    let ran = connect.run().exits(1);
    assert!(!ran.stderr().contains("put it back"), "it would be in vain");
    let found = ran.report();
    // OpenSC says CKR_DEVICE_REMOVED, CKR_GENERAL_ERROR, or nothing more: what pcscd has told it by then
    for cell in found.0["cells"].as_array().unwrap() {
        let why = cell["reason"].as_str().unwrap();
        match cell["outcome"].as_str().unwrap() {
            "fail" => assert_eq!(cell["stage"], "sign", "{cell:#}"),
            "skipped" => assert!(why.ends_with("run again"), "{why}"),
            other => panic!("{other}: {why}"),
        }
    }
    assert_eq!(found.0["cells"][0]["outcome"], "fail");
    for finding in found.0["findings"].as_array().unwrap() {
        for remedy in finding["remedies"].as_array().unwrap() {
            assert_ne!(remedy["where"], "server", "{finding:#}");
        }
    }
    assert_eq!(card.stats().verified, 1);
}
