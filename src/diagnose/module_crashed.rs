//! `module-crashed`: a call of the module took its process with it.

use super::{Facts, Rule, module_lost};
use crate::model::finding::Finding;

pub(super) static RULE: Rule = Rule {
    id: "module-crashed",
    title: "the module crashed",
    explanation: "\
The process that had loaded the PKCS#11 module ended in the middle of a call: by a signal (SIGSEGV, SIGABRT), or because the \
module called exit. A real client that loads the module crashes with it. cardcheck loads it in a process apart, starts another \
one and goes on; a key and mechanism over which that happened twice is not asked again.

How it is told: how that process ended, and which function it had been about to call. What it said last on stderr is quoted.

What helps: a newer version of the module, or another one for the card. --trace-pkcs11 writes what its makers want to see, \
without the PIN.",
    find,
};

const ADVICE: &[&str] = &[
    "try a newer version of the module, or another one for this card; --trace-pkcs11 writes what its makers want to see",
];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    module_lost::find(facts, RULE.id, "crashes", |lost| !lost.hung(), ADVICE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa, working};
    use crate::model::cell::Stage;
    use crate::model::function::Function;
    use crate::model::lost::{How, Lost};
    use crate::model::route::Route;
    use crate::model::scheme::Scheme;
    use crate::model::version::TlsVersion::V1_2;
    use std::time::Duration;

    fn lost(how: How) -> Fixture {
        let mut fixture = Fixture::new().key(working(rsa("k1", 2048), 0x0401, Route::RsaPkcs));
        let cell = fixture.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign);
        cell.scheme = Some(Scheme(0x0804));
        cell.route = Some(Route::RsaPkcsPss);
        cell.lost = Some(Lost {
            during: Some(Function::SignInit),
            how,
            last_words: None,
        });
        fixture
    }

    #[test]
    fn a_crash_over_pss_is_told_and_pkcs1_offered_where_that_works() {
        let found = find(&lost(How::Signal("SIGSEGV".into())).facts());
        assert_eq!(
            found[0].title,
            "The module of token `card` crashes in C_SignInit"
        );
        let cause = &found[0].cause;
        assert!(cause.contains("SIGSEGV in C_SignInit"), "{cause}");
        assert!(cause.contains("by CKM_RSA_PKCS_PSS"), "{cause}");
        let changes = found[0]
            .remedies
            .iter()
            .filter(|remedy| remedy.change.is_some());
        assert!(changes.count() > 0);
    }

    #[test]
    fn a_hang_is_no_crash() {
        let hung = lost(How::NoAnswer(Duration::from_secs(30)));
        assert!(find(&hung.facts()).is_empty());
    }
}
