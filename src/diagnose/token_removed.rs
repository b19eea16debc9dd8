//! `token-removed`: the card was taken out while it was being used.

use super::case::by_token;
use super::prose::{self, distinct, sentence};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::cell::Stage;
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: Rule = Rule {
    id: "token-removed",
    title: "the card was taken out during the run",
    explanation: "\
The module said in the middle of a handshake that there is no card any more. A card that is not pushed in whole, a worn contact \
or a reader that is reset by its USB port looks the same. cardcheck waits as long as --timeout for the same card, known by its \
serial number, to come back, logs in again and goes on; another card in its place never gets the PIN.

How it is told: CKR_DEVICE_REMOVED or CKR_TOKEN_NOT_PRESENT.

What helps: leave the card in, and run again; if nobody touched it, another reader or another port.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let gone = facts
        .failed_at(Stage::Sign)
        .filter(|(_, cell)| cell.ckr.is_some_and(Ckr::is_about_removal));
    by_token(facts, gone)
        .iter()
        .map(|case| {
            let token = sentence(&case.token_named());
            let codes = case.cells.iter().filter_map(|(_, cell)| cell.ckr);
            let codes = distinct(codes.map(|ckr| ckr.to_string()));
            let cause = format!(
                "{token} was gone in the middle of a login with {}: {}. The cells that it cost say nothing of the card.",
                case.keys_named(),
                prose::and(&codes),
            );
            let title = format!("{token} was taken out during the run");
            let remedies = vec![
                card("Leave the card in, and run again"),
                card("If nobody touched it: try another reader, another USB port, and the card's contacts"),
            ];
            case.finding(RULE.id, Severity::Error, title, cause, remedies)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    fn refused_with(ckr: Ckr) -> Fixture {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture
            .fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign)
            .ckr = Some(ckr);
        fixture
    }

    #[test]
    fn a_card_that_is_gone_is_told() {
        for ckr in [Ckr::DEVICE_REMOVED, Ckr::TOKEN_NOT_PRESENT] {
            let found = find(&refused_with(ckr).facts());
            assert!(found[0].cause.contains(&ckr.to_string()));
        }
    }

    #[test]
    fn a_device_error_is_no_removal() {
        assert!(find(&refused_with(Ckr(0x30)).facts()).is_empty());
    }
}
