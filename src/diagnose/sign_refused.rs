//! `sign-refused`: the token refused to sign, for a reason that no other finding names.

use super::case::{Case, cases};
use super::prose::{self, sentence};
use super::refusal::{cure, is_about_mechanism, meaning};
use super::remedy::{self, card};
use super::{Facts, Rule};
use crate::model::cell::Stage;
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Remedy, Severity};

pub(super) static RULE: Rule = Rule {
    id: "sign-refused",
    title: "the token refused to sign",
    explanation: "\
C_SignInit or C_Sign answered with an error, and none of the more exact findings fits. The code, CKR_..., is the module's own: \
CKR_MECHANISM_INVALID and CKR_KEY_FUNCTION_NOT_PERMITTED are about what the key may do, CKR_PIN_... and \
CKR_USER_NOT_LOGGED_IN about the login, CKR_DEVICE_REMOVED and CKR_TOKEN_NOT_PRESENT about the card. CKR_GENERAL_ERROR, \
CKR_FUNCTION_FAILED and CKR_DEVICE_ERROR tell nothing: the symptom alone does not say which mechanism is at fault.

Behind the code stands a status word of the card, which PKCS#11 does not pass on. With OpenSC on a PIV card 6F00 becomes \
CKR_GENERAL_ERROR, 6982 CKR_USER_NOT_LOGGED_IN, 6983 CKR_PIN_LOCKED, 6985 CKR_FUNCTION_FAILED, 6A80 CKR_DATA_INVALID and 6581 \
CKR_DEVICE_ERROR. OpenSC 0.23 sends a command that failed a second time without saying so: the card sees two for one C_Sign, and a \
refusal takes twice as long as it needs.

How it is told: the first code that the token gave in the handshake.

What helps: depends on the code; the finding says it.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    cases(facts, facts.failed_at(Stage::Sign), |cell| cell.ckr)
        .iter()
        .map(finding)
        .collect()
}

fn finding(case: &Case<'_>) -> Finding {
    let ckr = case.cells.first().and_then(|(_, cell)| cell.ckr);
    let token = sentence(&case.token_named());
    let title = match ckr {
        Some(ckr) => format!("{token} refuses to sign: {ckr}"),
        None => format!("{token} gave no signature"),
    };
    let (with, keys) = (case.mechanisms_named(), case.keys_named());
    let cause = match ckr {
        Some(ckr) => format!(
            "{token} refused to sign{with} with {keys}: {ckr}. {}",
            meaning(ckr).unwrap_or("Could not tell more from this code.")
        ),
        None => format!(
            "{token} gave no signature{with} with {keys}, and no code either: {}.",
            prose::and(&reasons(case))
        ),
    };
    case.finding(RULE.id, Severity::Error, title, cause, remedies(case, ckr))
}

fn reasons<'a>(case: &Case<'a>) -> Vec<&'a str> {
    match case.reasons() {
        reasons if reasons.is_empty() => vec!["could not tell why"],
        reasons => reasons,
    }
}

/// A list without PSS, where it was PSS that was refused and nothing speaks against PKCS1; else what the code suggests.
fn remedies(case: &Case<'_>, ckr: Option<Ckr>) -> Vec<Remedy> {
    let mut remedies = match case.is_pss() && ckr.is_some_and(is_about_mechanism) {
        true => remedy::without_pss(case).remedies(case),
        false => Vec::new(),
    };
    let cure = ckr.map_or("Run again, with no other program at the card", cure);
    remedies.push(card(cure));
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    fn refused_with(codes: &[u64]) -> Fixture {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        for code in codes {
            fixture
                .fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign)
                .ckr = Some(Ckr(*code));
        }
        fixture
    }

    #[test]
    fn each_code_is_a_finding_with_its_meaning() {
        let found = find(&refused_with(&[0xa4, 0x32, 0xa4]).facts());
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0].title,
            "Token `card` refuses to sign: CKR_PIN_LOCKED"
        );
        assert!(found[0].cause.contains("A PIN is locked"));
        assert_eq!(found[0].cells, [0, 2]);
    }

    #[test]
    fn a_code_that_nobody_knows_is_not_explained_away() {
        let found = find(&refused_with(&[0x8000_0001]).facts());
        assert!(
            found[0]
                .cause
                .ends_with("Could not tell more from this code.")
        );
    }

    #[test]
    fn a_refusal_by_the_server_is_not_the_token_s() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::ServerVerify);
        assert!(find(&fixture.facts()).is_empty());
    }
}
