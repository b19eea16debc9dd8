//! `pss-salt-wrong`: the token's PSS signatures have a salt that is not as long as the hash.

use super::case::Case;
use super::flawed::{self, Mistake, REFUSED};
use super::prose;
use super::remedy;
use super::tried;
use super::{Facts, Rule};
use crate::model::autopsy::Flaw;
use crate::model::finding::{Finding, Remedy};

pub(super) static RULE: Rule = Rule {
    id: "pss-salt-wrong",
    title: "the token's RSA-PSS signatures have a salt of the wrong length",
    explanation: "\
RSA-PSS mixes a salt into each signature. TLS wants it as long as the hash (RFC 8446 4.2.3), and a client says so in the \
mechanism's parameter. Some tokens take the parameter and don't look at it: TPMs are known for the longest salt that fits. The \
signature is a good one, but not for TLS; servers refuse it, mostly with decrypt_error.

How it is told: the token answered CKR_OK, the signature does not check, and undone with the certificate's public key it is a \
sound PSS encoding of the right hash with a salt of another length. The length is given.

What helps: over TLS 1.2 a server that asks its clients for no RSA-PSS. At the card: a newer module, or one that makes the PSS \
padding itself over raw RSA; or a key of another type.",
    find,
};

static MISTAKE: Mistake = Mistake {
    id: RULE.id,
    is: |flaw| matches!(flaw, Flaw::SaltLength(_)),
    does: "makes RSA-PSS signatures with a wrong salt",
    fault,
    consequence: REFUSED,
    remedies,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    flawed::find(facts, &MISTAKE)
}

fn fault(flaws: &[Flaw]) -> String {
    let lengths: Vec<String> = flaws
        .iter()
        .filter_map(|flaw| flaw.salt_length())
        .map(|len| len.to_string())
        .collect();
    format!(
        "the salt is {} bytes long, where TLS wants one as long as the hash (RFC 8446 4.2.3)",
        prose::and(&lengths)
    )
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let mut remedies = match tried::pkcs1_on_all(case) {
        true => remedy::without_pss(case).remedies(case),
        false => Vec::new(),
    };
    remedies.extend(remedy::software_padding(case));
    remedies.push(remedy::card(remedy::OTHER_KEY));
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, flawed, offers_a_change, rsa, working};
    use crate::model::finding::Severity;
    use crate::model::key::Key;
    use crate::model::route::Route;

    fn salted(len: u16) -> Key {
        let key = flawed(
            rsa("k1", 2048),
            0x0804,
            Route::RsaPkcsPss,
            Flaw::SaltLength(len),
        );
        working(key, 0x0401, Route::RsaPkcs)
    }

    #[test]
    fn the_length_of_the_salt_is_told_and_pkcs1_offered() {
        let mut fixture = Fixture::new().key(salted(222));
        fixture.signs_badly("firefox", 0x0804, Route::RsaPkcsPss);
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cells, [0]);
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` signed with key `k1` by rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS) and answered CKR_OK, but the salt is 222 bytes long, where TLS wants one as long as the hash (RFC 8446 4.2.3). Servers refuse that, mostly with decrypt_error.
        ");
        assert!(offers_a_change(&found[0]));
    }

    #[test]
    fn a_salt_that_no_login_met_is_a_warning() {
        let found = find(&Fixture::new().key(salted(0)).facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        insta::assert_snapshot!(found[0].cause, @r"
        In trials token `card` signed with key `k1` by rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS) and answered CKR_OK, but the salt is 0 bytes long, where TLS wants one as long as the hash (RFC 8446 4.2.3). No login of this run met that.
        ");
    }

    #[test]
    fn another_mistake_is_another_finding() {
        let key = flawed(
            rsa("k1", 2048),
            0x0804,
            Route::RsaPkcsPss,
            Flaw::OtherPadding,
        );
        assert!(find(&Fixture::new().key(key).facts()).is_empty());
    }
}
