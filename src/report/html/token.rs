//! Tokens, with their mechanisms and what lies on them beside the keys.

use super::key::{Said, about, answer, yes_or_no};
use crate::model::capability::Answer;
use crate::model::run::Run;
use crate::model::token::{MechanismFacts, Token};

/// A token.
pub(super) struct TokenView<'a> {
    pub(super) token: &'a Token,
    /// What is told of it, each with its name.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What C_GetMechanismList holds.
    pub(super) mechanisms: Vec<MechanismRow>,
    /// Certificates that no key belongs to.
    pub(super) orphans: Vec<Vec<(&'static str, String)>>,
}

/// A mechanism, with what C_GetMechanismInfo says of it.
pub(super) struct MechanismRow {
    pub(super) name: String,
    pub(super) info: Said,
    /// Key sizes, may it sign, is it in hardware.
    pub(super) told: [String; 3],
}

impl<'a> TokenView<'a> {
    /// Every token.
    pub(super) fn all(run: &'a Run) -> Vec<TokenView<'a>> {
        let view = |token: &'a Token| TokenView {
            token,
            facts: facts(token),
            mechanisms: mechanisms(token),
            orphans: token.orphan_certificates.iter().map(about).collect(),
        };
        run.tokens.iter().map(view).collect()
    }
}

fn facts(token: &Token) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("model", token.model.clone()),
        ("manufacturer", token.manufacturer.clone()),
        ("serial number", token.serial.clone()),
        ("slot", token.slot.to_string()),
        ("PIN", token.pin.name().replace('_', " ")),
        (
            "PIN verifications in this run",
            token.verifications.to_string(),
        ),
        (
            "unreadable certificates",
            token.unreadable_certificates.join(", "),
        ),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn mechanisms(token: &Token) -> Vec<MechanismRow> {
    let listed = token.mechanisms.iter().filter(|facts| facts.listed);
    listed.map(MechanismRow::of).collect()
}

impl MechanismRow {
    /// What it says counts only if it says CKR_OK.
    fn of(facts: &MechanismFacts) -> MechanismRow {
        let told = [
            format!("{} to {}", facts.min_bits, facts.max_bits),
            yes_or_no(facts.sign).into(),
            yes_or_no(facts.hardware).into(),
        ];
        MechanismRow {
            name: facts.mechanism.to_string(),
            info: answer(facts.info),
            told: match facts.info {
                Answer::Ok => told,
                _ => Default::default(),
            },
        }
    }
}
