//! What a token's refusals mean, by CKR.

use super::remedy::NEWER_MODULE;
use crate::model::ckr::Ckr;

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The mechanism, its parameter, or the key together with it.
    Mechanism,
    /// The PIN or the login.
    Login,
    /// The token, the reader or the session is gone.
    Connection,
    /// The code doesn't say.
    Unclear,
}

struct Row {
    code: u64,
    about: About,
    /// A sentence.
    meaning: &'static str,
    /// What to do; a sentence.
    cure: &'static str,
}

const fn row(code: u64, about: About, meaning: &'static str, cure: &'static str) -> Row {
    Row {
        code,
        about,
        meaning,
        cure,
    }
}

#[rustfmt::skip] // one row, one code
const TABLE: &[Row] = &[
    row(0x0005, About::Unclear, "The code means `some error` and tells no more.", SEE_LOG),
    row(0x0006, About::Unclear, "The code means `it failed` and tells no more.", SEE_LOG),
    row(0x0007, About::Mechanism, "The module doesn't take the arguments of the call.", NEWER_MODULE),
    row(0x0020, About::Mechanism, "The token doesn't take the data to be signed.", NEWER_MODULE),
    row(0x0021, About::Mechanism, "The token doesn't take data of this length.", NEWER_MODULE),
    row(0x0030, About::Unclear, "The token or the reader reports trouble.", "Try another reader and another card"),
    row(0x0031, About::Unclear, "The token has no memory left for it.", SEE_LOG),
    row(0x0032, About::Connection, "The card was taken out.", "Put the card in and run again"),
    row(0x0054, About::Mechanism, "The module doesn't have this function.", NEWER_MODULE),
    row(0x0060, About::Connection, "The key's handle is no longer valid.", "Run again"),
    row(0x0062, About::Mechanism, "The key's size is not for this mechanism.", NEWER_MODULE),
    row(0x0063, About::Mechanism, "The key's type is not for this mechanism.", NEWER_MODULE),
    row(0x0068, About::Mechanism, "The key's attributes don't permit it.", PERMIT),
    row(0x0070, About::Mechanism, "The token doesn't have the mechanism, or not for this key.", NEWER_MODULE),
    row(0x0071, About::Mechanism, "The token doesn't take the mechanism's parameter.", NEWER_MODULE),
    row(0x0082, About::Connection, "The key's handle is no longer valid.", "Run again"),
    row(0x0090, About::Unclear, "An operation that began before is still active.", "Run again"),
    row(0x00a0, About::Login, "The PIN was wrong.", "Give the right PIN; mind how many tries are left"),
    row(0x00a1, About::Login, "The PIN has characters that the token doesn't take.", "Give the right PIN"),
    row(0x00a2, About::Login, "The PIN is too short or too long.", "Give the right PIN"),
    row(0x00a3, About::Login, "The PIN has expired.", "Set a new PIN"),
    row(0x00a4, About::Login, "A PIN is locked: where the login worked, one that the card keeps for this key.", "Unlock it with the PUK or at the issuer's"),
    row(0x00b0, About::Connection, "The session was closed.", "Run again, with no other program at the card"),
    row(0x00b3, About::Connection, "The session was lost.", "Run again, with no other program at the card"),
    row(0x00e0, About::Connection, "There is no card in the reader.", "Put the card in and run again"),
    row(0x00e1, About::Connection, "The module doesn't know this card.", "Use the module that belongs to the card"),
    row(0x0101, About::Login, "The login was lost, or this key wants the PIN before each signature.", "Run again, with no other program at the card"),
    row(0x0102, About::Login, "No PIN has been set yet.", "Set a PIN"),
    row(0x0140, About::Mechanism, "The token doesn't have this curve.", NEWER_MODULE),
];

const PERMIT: &str =
    "Have the key's attributes changed by whoever issued the card, or use another key";
const SEE_LOG: &str = "Look at the module's own log, and try a newer version of it";

/// Is the refusal about the mechanism, as far as the code tells? A code that tells nothing counts too: modules answer a
/// mechanism that they can't do with CKR_GENERAL_ERROR or CKR_DEVICE_ERROR.
pub(super) fn is_about_mechanism(ckr: Ckr) -> bool {
    matches!(about(ckr), About::Mechanism | About::Unclear)
}

/// What the refusal is about.
pub(super) fn about(ckr: Ckr) -> About {
    row_of(ckr).map_or(About::Unclear, |row| row.about)
}

/// What the code means, a sentence; `None` if it is not one that signing gives.
pub(super) fn meaning(ckr: Ckr) -> Option<&'static str> {
    row_of(ckr).map(|row| row.meaning)
}

/// What to do about it, a sentence.
pub(super) fn cure(ckr: Ckr) -> &'static str {
    row_of(ckr).map_or(SEE_LOG, |row| row.cure)
}

fn row_of(ckr: Ckr) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.code == ckr.0)
}
