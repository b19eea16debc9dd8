//! `module-hung`: a call of the module did not come back in time.

use super::{Facts, Rule, module_lost};
use crate::model::finding::Finding;
use crate::model::lost::Lost;

pub(super) static RULE: Rule = Rule {
    id: "module-hung",
    title: "the module gave no answer",
    explanation: "\
A call of the PKCS#11 module did not come back within the deadline (--timeout, 30 s if not given). Modules hang when a card \
was pulled in the middle of a signature (OpenSC 0.23 never returns from the next C_Sign), when another program holds the \
reader, or when the card waits for something that nobody sees. A real client hangs with it: Firefox shows a page that loads \
for ever. cardcheck ends the module's process and starts another one; a key and mechanism over which that happened twice is \
not asked again.

How it is told: C_SignInit, C_Login or C_Sign of the handshake was under way when the deadline passed.

What helps: a longer --timeout if the card is only slow; pulling the card and putting it back; ending other programs that use \
it; a newer version of the module. --trace-pkcs11 writes what its makers want to see, without the PIN.",
    find,
};

const ADVICE: &[&str] = &[
    "give it a longer --timeout, if the card is only slow",
    "pull the card, put it back, and end other programs that use it",
    "try a newer version of the module, or another one for this card; --trace-pkcs11 writes what its makers want to see",
];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    module_lost::find(facts, RULE.id, "hangs", Lost::hung, ADVICE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::cell::Stage;
    use crate::model::function::Function;
    use crate::model::lost::How;
    use crate::model::version::TlsVersion::V1_2;
    use std::time::Duration;

    fn lost(how: How) -> Fixture {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        let cell = fixture.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign);
        cell.lost = Some(Lost {
            during: Some(Function::Sign),
            how,
            last_words: None,
        });
        fixture
    }

    #[test]
    fn a_hang_is_told_with_its_function_and_its_deadline() {
        let found = find(&lost(How::NoAnswer(Duration::from_secs(30))).facts());
        assert_eq!(found[0].title, "The module of token `card` hangs in C_Sign");
        let cause = &found[0].cause;
        assert!(cause.contains("no answer from C_Sign in 30 s"), "{cause}");
    }

    #[test]
    fn a_crash_and_a_refusal_are_no_hang() {
        assert!(find(&lost(How::Signal("SIGSEGV".into())).facts()).is_empty());
        let mut refused = Fixture::new().key(rsa("k1", 2048));
        refused.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign);
        assert!(find(&refused.facts()).is_empty());
    }
}
