//! The diagnose floor: one file for each finding, each a pure function over the facts of a run.
//!
//! A rule looks at tokens, keys, profiles and judged cells, and says what they mean in plain words, with remedies.
//! A new finding is a file here and a line in [`RULES`]. Where the facts don't decide, a finding says so; none guesses.
#![forbid(unsafe_code)]

mod always_authenticate;
mod case;
mod certificate_expired;
mod certificate_not_yet_valid;
mod certificate_unreadable;
mod client_list;
pub mod connect;
mod could_not_tell;
mod curve_not_for_scheme;
mod digestinfo_missing;
mod ecdsa_der_instead_of_raw;
mod ecdsa_hash_truncation;
mod ed25519_not_in_list;
mod eku_lacks_client_auth;
mod fails_now_and_then;
#[cfg(test)]
mod fixtures;
mod flawed;
mod hash_limit;
mod hash_on_token_only;
mod id_mismatch;
pub mod inspect;
mod intermediate_missing;
mod intermediate_on_token_not_sent;
mod issuer_not_in_ca_names;
mod key_not_for_signing;
mod key_too_small;
mod key_type_unusable;
mod ku_lacks_digital_signature;
mod login_lost;
mod login_not_enough;
mod module_crashed;
mod module_hung;
mod module_lost;
mod no_common_scheme;
mod objection;
mod orphan_certificate;
mod orphan_key;
mod pin_not_for_key;
mod pkcs1_hash_limited;
mod prose;
mod pss_hash_limited;
mod pss_listed_but_refused;
mod pss_missing;
mod pss_salt_wrong;
mod raw_rsa_only;
mod refusal;
mod remedy;
pub mod server;
mod server_refused;
mod sha1_only;
mod sign_refused;
mod signature_does_not_verify;
mod signature_malformed;
mod slow_card;
mod software;
mod tls13_needs_pss;
mod token_removed;
mod tried;
pub mod visit;
mod weak_certificate_signature;
mod what_if;
mod works_only_below_tls13;
mod wrong_key_for_certificate;

pub use remedy::breaks;
pub use software::everywhere;

use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;
use crate::model::token::Token;

/// Every rule, in order of precedence: a cell is explained by the first one that takes it, the fallbacks come last.
pub static RULES: &[&Rule] = &[
    // what is wrong with a key wherever it is used
    &wrong_key_for_certificate::RULE,
    &certificate_unreadable::RULE,
    &orphan_key::RULE,
    &orphan_certificate::RULE,
    &id_mismatch::RULE,
    &key_type_unusable::RULE,
    &key_not_for_signing::RULE,
    &always_authenticate::RULE,
    &slow_card::RULE,
    // what befell the token during the run, and says nothing of a key
    &module_hung::RULE,
    &module_crashed::RULE,
    &token_removed::RULE,
    &pin_not_for_key::RULE,
    &login_not_enough::RULE,
    &login_lost::RULE,
    &fails_now_and_then::RULE,
    // what servers will object to in a certificate
    &certificate_expired::RULE,
    &certificate_not_yet_valid::RULE,
    &eku_lacks_client_auth::RULE,
    &ku_lacks_digital_signature::RULE,
    &weak_certificate_signature::RULE,
    &intermediate_on_token_not_sent::RULE,
    &intermediate_missing::RULE,
    // what is wrong between a key, a server and a client
    &key_too_small::RULE,
    &issuer_not_in_ca_names::RULE,
    &sha1_only::RULE,
    &ed25519_not_in_list::RULE,
    &curve_not_for_scheme::RULE,
    &raw_rsa_only::RULE,
    &hash_on_token_only::RULE,
    &pss_hash_limited::RULE,
    &pkcs1_hash_limited::RULE,
    &pss_listed_but_refused::RULE,
    &tls13_needs_pss::RULE,
    &pss_missing::RULE,
    // signatures that came and are wrong
    &pss_salt_wrong::RULE,
    &digestinfo_missing::RULE,
    &ecdsa_der_instead_of_raw::RULE,
    &ecdsa_hash_truncation::RULE,
    &signature_does_not_verify::RULE,
    // what is left
    &works_only_below_tls13::RULE,
    &no_common_scheme::RULE,
    &sign_refused::RULE,
    &signature_malformed::RULE,
    &server_refused::RULE,
    &could_not_tell::RULE,
];

/// What a run found out.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The tokens.
    pub tokens: &'a [Token],
    /// Their keys, capabilities filled in.
    pub keys: &'a [Key],
    /// The servers.
    pub profiles: &'a [Profile],
    /// The judged cells. A cell whose `findings` is not empty counts as explained.
    pub cells: &'a [Cell],
    /// The moment at which it was found out, seconds since 1970-01-01 UTC: what validity is held against.
    pub now: i64,
}

/// A finding's rule.
#[derive(Debug)]
pub struct Rule {
    /// Stable, kebab case.
    pub id: &'static str,
    /// One line, for a list of all findings.
    pub title: &'static str,
    /// The long text: what it is, how it was told, what helps.
    pub explanation: &'static str,
    /// Looks for it. Takes only cells that no rule before explained.
    pub find: fn(&Facts<'_>) -> Vec<Finding>,
}

/// The rule of this id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// What the facts mean, the worst first. Every failed cell, and every one that could not be told, is explained by a finding.
pub fn diagnose(facts: &Facts<'_>) -> Vec<Finding> {
    let mut cells = facts.cells.to_vec();
    for cell in &mut cells {
        cell.findings.clear();
    }
    let finders = RULES.iter().map(|rule| rule.find);
    worst_first(look(facts, &mut cells, finders))
}

/// Lets each rule look at what those before it left over.
fn look<'a>(
    facts: &Facts<'_>,
    cells: &mut [Cell],
    finders: impl Iterator<Item = impl Fn(&Facts<'_>) -> Vec<Finding> + 'a>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for find in finders {
        let found = find(&Facts { cells, ..*facts });
        explain_cells(&found, cells);
        findings.extend(found);
    }
    findings
}

fn worst_first(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| (finding.severity, usize::MAX - finding.cells.len()));
    findings
}

/// Writes the ids of the findings into the cells that they explain. A login that fails for what is only worth a note was not
/// expected to work.
pub fn explain_cells(findings: &[Finding], cells: &mut [Cell]) {
    for finding in findings {
        for at in &finding.cells {
            let Some(cell) = cells.get_mut(*at) else {
                continue;
            };
            if !cell.findings.iter().any(|id| id == finding.id) {
                cell.findings.push(finding.id.to_owned());
            }
            if finding.severity == Severity::Note && cell.outcome == Outcome::Fail {
                cell.expected = Outcome::Fail;
            }
        }
    }
}

impl<'a> Facts<'a> {
    /// The key with this id, `k1`.
    pub fn key(&self, id: &str) -> Option<&'a Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The token that a key lies on.
    pub fn token_of(&self, key: &Key) -> Option<&'a Token> {
        self.tokens.iter().find(|token| token.id == key.token)
    }

    /// The key of a cell and its token.
    pub fn card(&self, cell: &Cell) -> Option<(&'a Key, &'a Token)> {
        let key = self.key(&cell.key)?;
        Some((key, self.token_of(key)?))
    }

    /// The server that a cell is about.
    pub fn profile_of(&self, cell: &Cell) -> Option<&'a Profile> {
        self.profiles
            .iter()
            .find(|profile| profile.name == cell.profile)
    }

    /// The list that a cell's server asked for.
    pub fn asked(&self, cell: &Cell) -> &'a [Scheme] {
        let profile = self.profile_of(cell);
        profile
            .and_then(|profile| profile.schemes(cell.version))
            .unwrap_or_default()
    }

    /// The schemes in that list which the cell's key fits.
    pub fn fitting(&self, cell: &Cell) -> Vec<Scheme> {
        let Some(key) = self.key(&cell.key) else {
            return Vec::new();
        };
        let fits = |scheme: &&Scheme| scheme.fits(&key.shape(), cell.version).is_ok();
        self.asked(cell).iter().filter(fits).copied().collect()
    }

    /// Did the server send names of CAs, and is no issuer of the cell's certificate, or of its chain on the token, among them?
    pub fn no_issuer_is_named(&self, cell: &Cell) -> bool {
        let (Some(key), Some(profile)) = (self.key(&cell.key), self.profile_of(cell)) else {
            return false;
        };
        let mut certificates = key.certificate.iter().chain(&key.chain_on_token);
        !profile.ca_names.is_empty()
            && !certificates.any(|certificate| profile.ca_names.contains(&certificate.issuer_der))
    }

    /// The tokens that hold keys of this sort, with those keys.
    pub fn tokens_with(&self, wanted: impl Fn(&Key) -> bool) -> Vec<(&'a Token, Vec<&'a Key>)> {
        let on = |token: &Token| {
            let keys = self.keys.iter().filter(|key| key.token == token.id);
            keys.filter(|key| wanted(key)).collect::<Vec<_>>()
        };
        let tokens = self.tokens.iter().map(|token| (token, on(token)));
        tokens.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// The token's keys that logged in somewhere: what is wrong with another of them is no fault of the card.
    pub fn logging_in(&self, token: &Token) -> Vec<&'a Key> {
        let logs_in = |key: &Key| {
            let mut cells = self.cells.iter().filter(|cell| cell.key == key.id);
            cells.any(|cell| cell.outcome == Outcome::Pass)
        };
        let keys = self.keys.iter().filter(|key| key.token == token.id);
        keys.filter(|key| logs_in(key)).collect()
    }

    /// The cells with this outcome that no rule explained yet, with their indexes.
    pub fn open(&self, outcome: Outcome) -> impl Iterator<Item = (usize, &'a Cell)> + use<'a> {
        let cells = self.cells.iter().enumerate();
        cells.filter(move |(_, cell)| cell.outcome == outcome && cell.findings.is_empty())
    }

    /// Indexes of the cells of these keys with this outcome that no rule explained yet.
    pub fn open_of(&self, keys: &[&Key], outcome: Outcome) -> Vec<usize> {
        let theirs = |cell: &Cell| keys.iter().any(|key| key.id == cell.key);
        let cells = self.open(outcome).filter(|(_, cell)| theirs(cell));
        cells.map(|(at, _)| at).collect()
    }

    /// The cells that failed at this stage and that no rule explained yet, with their indexes.
    pub fn failed_at(&self, stage: Stage) -> impl Iterator<Item = (usize, &'a Cell)> + use<'a> {
        self.open(Outcome::Fail)
            .filter(move |(_, cell)| cell.stage == Some(stage))
    }
}

#[cfg(test)]
mod tests {
    use super::fixtures::{Fixture, bad, ec, ed25519, refusing, rsa, working};
    use super::*;
    use crate::model::ckr::Ckr;
    use crate::model::key::Pairing;
    use crate::model::key_type::{Curve, KeyType};
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    /// Keys of every sort, on a token that lists the mechanism or on one that lists nothing.
    fn with_keys(listed: bool) -> Fixture {
        let fixture = match listed {
            true => Fixture::new().listing(Mechanism::RSA_PKCS_PSS),
            false => Fixture::new(),
        };
        let pkcs1 = working(rsa("k3", 2048), 0x0401, Route::RsaPkcs);
        fixture
            .key(rsa("k1", 2048))
            .key(rsa("k2", 1024))
            .key(refusing(pkcs1, 0x0804, Route::RsaPkcsPss))
            .key(bad(rsa("k4", 2048), 0x0804, Route::RsaPkcsPss))
            .key(ec("k5", Curve::P521))
            .key(ec("k6", Curve::BrainpoolP256r1))
            .key(ed25519("k7"))
            .key(Key {
                pairing: Pairing::WrongKey,
                ..rsa("k8", 2048)
            })
            .key(Key {
                can_sign: false,
                ..rsa("k9", 2048)
            })
            .key(Key {
                key_type: KeyType::Other,
                ..rsa("k10", 0)
            })
            .key(Key {
                token: "gone".into(),
                ..rsa("k11", 2048)
            })
            .key(Key {
                pairing: Pairing::None,
                certificate: None,
                bits: None,
                ..rsa("k12", 0)
            })
    }

    /// Every way in which a cell can end.
    fn ends() -> Vec<Cell> {
        let mut fixture = Fixture::new();
        let stages = [
            Stage::Select,
            Stage::Sign,
            Stage::Encode,
            Stage::ServerVerify,
            Stage::Transport,
        ];
        for stage in stages {
            for ckr in [
                None,
                Some(Ckr::MECHANISM_INVALID),
                Some(Ckr::PIN_LOCKED),
                Some(Ckr(0x8000_0001)),
            ] {
                for alert in [
                    None,
                    Some("decrypt_error"),
                    Some("bad_certificate"),
                    Some("alert 77"),
                ] {
                    for (scheme, route) in [
                        (None, None),
                        (Some(0x0804), Some(Route::RsaPkcsPss)),
                        (Some(0x0401), None),
                    ] {
                        let cell = fixture.fails("", "", V1_2, "", stage);
                        cell.ckr = ckr;
                        cell.alert = alert.map(str::to_owned);
                        cell.scheme = scheme.map(Scheme);
                        cell.route = route;
                    }
                }
            }
        }
        fixture.cell("", "", V1_2, "", Outcome::Fail);
        fixture.cell("", "", V1_2, "", Outcome::Error).reason = Some("no verifier".into());
        fixture.cell("", "", V1_2, "", Outcome::Pass);
        fixture.cells
    }

    /// A few of the ends for each combination, others for the next: all together would be more cells than any run has.
    fn all_cells(fixture: &mut Fixture) {
        const FEW: usize = 7;
        let mut turn = 0;
        let keys = (1..=13).map(|number| format!("k{number}"));
        for key in keys {
            for profile in [
                "openssl-3.0",
                "go",
                "pss-only",
                "ecdsa-only",
                "sha1-only",
                "gone",
            ] {
                for version in [V1_2, V1_3] {
                    for client in ["any", "firefox", "openssl", "netscape"] {
                        turn += 1;
                        let few = ends().into_iter().skip(turn % FEW).step_by(FEW);
                        fixture.cells.extend(few.map(|cell| Cell {
                            key: key.clone(),
                            profile: profile.into(),
                            version,
                            client: client.into(),
                            ..cell
                        }));
                    }
                }
            }
        }
    }

    #[test]
    fn every_cell_that_failed_or_could_not_be_told_is_explained_and_no_other() {
        for listed in [true, false] {
            let mut fixture = with_keys(listed);
            all_cells(&mut fixture);
            let findings = diagnose(&fixture.facts());
            explain_cells(&findings, &mut fixture.cells);
            for cell in &fixture.cells {
                let wants = matches!(cell.outcome, Outcome::Fail | Outcome::Error);
                assert_eq!(cell.findings.len(), usize::from(wants), "{cell:?}");
            }
            for finding in &findings {
                assert!(by_id(finding.id).is_some());
                assert!(finding.cause.ends_with('.'), "{}", finding.cause);
                assert!(
                    !finding.cause.contains("``") && !finding.cause.contains("  "),
                    "{}",
                    finding.cause
                );
            }
        }
    }

    #[test]
    fn the_worst_comes_first_and_then_what_explains_most() {
        let mut fixture = with_keys(false);
        all_cells(&mut fixture);
        let findings = diagnose(&fixture.facts());
        let order = |finding: &Finding| (finding.severity, usize::MAX - finding.cells.len());
        assert!(findings.is_sorted_by_key(order));
        assert_eq!(findings[0].severity, Severity::Error);
    }

    #[test]
    fn ids_are_distinct_and_every_rule_has_its_texts() {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(prose::distinct(ids.clone()), ids);
        for rule in RULES {
            assert!(
                rule.explanation.contains("How it is told:")
                    && rule.explanation.contains("What helps:"),
                "{}",
                rule.id
            );
            assert!(
                !rule.title.ends_with('.') && rule.explanation.ends_with('.'),
                "{}",
                rule.id
            );
        }
    }

    #[test]
    fn what_was_explained_before_is_diagnosed_afresh() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture
            .fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Transport)
            .findings = vec!["old".into()];
        assert_eq!(diagnose(&fixture.facts()).len(), 1);
    }

    #[test]
    fn a_healthy_token_has_no_findings() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.cell("k1", "openssl-3.0", V1_2, "firefox", Outcome::Pass);
        assert!(diagnose(&fixture.facts()).is_empty());
    }
}
