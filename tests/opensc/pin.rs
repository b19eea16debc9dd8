//! The PIN at a card that counts: it is never sent when it is known to be wrong, nor when a wrong one would lock the card.

use crate::log_in;
use crate::reader::{Readers, card};
use crate::support::Ran;

/// A run with this PIN.
fn with_pin(readers: &Readers, pin: &str, arguments: &str) -> Ran {
    std::fs::write(readers.path("pin"), pin).unwrap();
    log_in(readers).args(arguments).run()
}

#[test]
fn a_wrong_pin_goes_to_the_card_once() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = with_pin(&readers, "654321", "");
    insta::assert_snapshot!(ran.exits(3).stderr(), @r"
    error: token `Card User 9A`: C_Login: CKR_PIN_INCORRECT
    help: it was sent once and will not be sent again in this run; check the PIN before the next one: each wrong PIN costs a try
    ");
    assert_eq!((card.stats().refused, card.stats().tries_left), (1, 2));
}

#[test]
fn at_the_last_try_nothing_is_sent_unless_the_user_says_so() {
    let card = card();
    card.set_tries_left(1);
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = with_pin(&readers, "123456", "");
    insta::assert_snapshot!(ran.exits(3).stderr(), @r"
    error: token `Card User 9A`: one try is left (CKF_USER_PIN_FINAL_TRY): a wrong PIN would lock the token
    help: check the PIN with its owner; then --allow-final-try sends it
    ");
    assert_eq!((card.stats().verified, card.stats().tries_left), (0, 1));

    with_pin(&readers, "123456", "--allow-final-try").exits(0);
    assert_eq!((card.stats().verified, card.stats().tries_left), (1, 3));
}

#[test]
fn a_wrong_pin_at_the_last_try_locks_the_card_and_that_is_said() {
    let card = card();
    card.set_tries_left(1);
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = with_pin(&readers, "654321", "--allow-final-try");
    insta::assert_snapshot!(ran.exits(3).stderr(), @r"
    error: token `Card User 9A`: C_Login: CKR_PIN_LOCKED
    help: unblock it with the PUK or the issuer's tool; cardcheck never does
    ");
    assert_eq!((card.stats().refused, card.stats().tries_left), (1, 0));
}

#[test]
fn a_locked_card_is_told_and_not_asked() {
    let card = card();
    card.set_tries_left(0);
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    let ran = with_pin(&readers, "123456", "");
    insta::assert_snapshot!(ran.exits(3).stderr(), @r"
    error: token `Card User 9A`: the PIN is locked (CKF_USER_PIN_LOCKED)
    help: unblock it with the PUK or the issuer's tool; cardcheck never does
    ");
    assert_eq!((card.stats().verified, card.stats().refused), (0, 0));
}

#[test]
fn a_pin_of_a_length_that_can_t_be_is_not_sent() {
    let card = card();
    let Some(readers) = Readers::with_card(&card) else {
        return;
    };
    for pin in ["12", "123456789"] {
        let ran = with_pin(&readers, pin, "").exits(3);
        assert!(
            ran.stderr()
                .contains("this token's PINs have 4 to 8; it was not sent"),
            "{}",
            ran.stderr()
        );
    }
    assert_eq!((card.stats().verified, card.stats().refused), (0, 0));
}
