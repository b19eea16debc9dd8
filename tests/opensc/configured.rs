//! What opensc.conf can change of a PIV card, as a program sees it. It can't take PSS away: OpenSC pads it itself for every card that
//! does raw RSA, as PIV's do, and no option of 0.23 forbids that (`disable_hw_pkcs1_padding`, `card_atr` with other types and
//! flags, and `card_drivers` were tried). A card without PSS is made of SoftHSM2 (`softhsm/tokens`).

use crate::piv::Card;
use crate::reader::{Readers, card};
use crate::{ONE_SERVER, log_in};

fn configured(card: &Card, configuration: &str) -> Option<Readers> {
    let readers = Readers::with_card(card)?;
    std::fs::write(readers.path("opensc.conf"), configuration).unwrap();
    Some(readers)
}

/// As before OpenSC 0.12, which knew no CKA_ALWAYS_AUTHENTICATE: the PIN goes to the card from OpenSC's own cache.
#[test]
fn a_module_that_hides_that_a_key_wants_the_pin_each_time_is_believed() {
    let card = card();
    let hidden =
        "app default {\n framework pkcs15 {\n pin_cache_ignore_user_consent = true;\n }\n}\n";
    let Some(readers) = configured(&card, hidden) else {
        return;
    };
    let ran = readers
        .matrix()
        .args(ONE_SERVER)
        .args("--key 02 --format json")
        .run()
        .exits(0);
    assert_eq!(ran.stderr(), "");
    let report = ran.report();
    assert_eq!(report.key("SIGN key")["always_authenticate"], false);
    assert!(report.findings().is_empty());
    assert!(
        card.stats().verified >= card.stats().signatures,
        "{}",
        card.stats()
    );
}

#[test]
fn a_card_that_the_module_does_not_know_is_no_empty_reader() {
    let card = card();
    let Some(readers) = configured(&card, "app default {\n card_drivers = cardos;\n}\n") else {
        return;
    };
    let ran = log_in(&readers).run().exits(3);
    insta::assert_snapshot!(ran.stderr(), @r"
    error: the card in reader `Virtual PIV 00 00` is not one that this module knows (ATR 3b:8b:80:01:80:f9:a0:00:00:03:08:00:00:10:00:c8)
    help: name its issuer's module with --module; `cardcheck list` tries all that are found here
    ");
}

#[test]
fn padding_on_the_host_locks_and_caches_change_nothing_that_is_seen() {
    let card = card();
    for configuration in [
        "app default {\n disable_hw_pkcs1_padding = sign;\n}\n",
        "app default {\n framework pkcs15 {\n use_pin_caching = false;\n use_file_caching = public;\n }\n}\n",
        "app opensc-pkcs11 {\n pkcs11 {\n lock_login = true;\n }\n}\n",
        "app opensc-pkcs11 {\n pkcs11 {\n atomic = true;\n }\n}\n",
    ] {
        card.insert();
        let Some(readers) = configured(&card, configuration) else {
            return;
        };
        let report = log_in(&readers)
            .args("--format json")
            .run()
            .exits(0)
            .report();
        assert!(report.findings().is_empty(), "{configuration}");
    }
    assert_eq!(card.stats().requests, card.stats().signatures);
}
