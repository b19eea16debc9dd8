//! What the clients' rules say to a changed server: planned, not tried. The proof by handshakes is the matrix floor's.

use super::Facts;
use super::case::{Case, is_real};
use super::prose::{self, distinct};
use super::tried::{Works, works};
use crate::clients::{self, Card, Client, by_name};
use crate::model::cell::{Cell, Outcome};
use crate::model::choice::Choice;
use crate::model::finding::Change;
use crate::model::key_type::KeyType;
use crate::model::profile::Profile;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

/// The clients all of whose cells in this case would come to a signature that nothing speaks against.
pub(super) fn helped(case: &Case<'_>, change: &Change) -> Vec<String> {
    let all_pass = |client: &&str| {
        let mut cells = case
            .cells
            .iter()
            .filter(|(_, cell)| cell.client == **client);
        cells.all(|(_, cell)| passes(&case.facts, cell, change) == Some(true))
    };
    let clients = case.clients().into_iter().filter(all_pass);
    clients.map(str::to_owned).collect()
}

/// Logins at the case's servers that work today and would stop, for people; empty if there are none.
pub(super) fn stops(case: &Case<'_>, change: &Change) -> Vec<String> {
    let profiles = case.profiles();
    let at_these = |cell: &&Cell| {
        cell.outcome == Outcome::Pass
            && is_real(&cell.client)
            && profiles.iter().any(|profile| profile.name == cell.profile)
    };
    let stopping = case
        .facts
        .cells
        .iter()
        .filter(at_these)
        .filter(|cell| passes(&case.facts, cell, change) == Some(false));
    let names = stopping.filter_map(|cell| {
        let key = case.facts.key(&cell.key)?;
        Some(format!(
            "{} with {}",
            prose::quoted(&key.name_for_people()),
            cell.client
        ))
    });
    let names = distinct(names);
    if names.is_empty() {
        return Vec::new();
    }
    vec![format!("logins that work today: {}", prose::and(&names))]
}

/// Real clients by what the order of a server's list is to them: those that take PKCS1 with the case's first key once it stands
/// before PSS, and those that take PSS all the same. Clients that take PKCS1 either way are neither.
pub(super) fn by_order(case: &Case<'_>) -> (Vec<&'static str>, Vec<&'static str>) {
    let key = case.keys().first().copied();
    let Some(card) = key.zip(case.token).map(|(key, token)| Card { key, token }) else {
        return (Vec::new(), Vec::new());
    };
    let takes_pss = |client: &dyn Client, schemes: &[Scheme]| {
        let request = Request {
            version: TlsVersion::V1_2,
            schemes: schemes.to_vec(),
            ca_names: Vec::new(),
        };
        let scheme = client.choose(&card, &request).scheme();
        scheme.is_some_and(|scheme| scheme.is_pss())
    };
    let (pss, pkcs1) = (Scheme(0x0804), Scheme(0x0401));
    let real = clients::ALL.iter().filter(|client| is_real(client.name()));
    let taking = real.filter(|client| takes_pss(**client, &[pss, pkcs1]));
    let (ignore, follow): (Vec<_>, Vec<_>) =
        taking.partition(|client| takes_pss(**client, &[pkcs1, pss]));
    let names = |clients: Vec<&&'static dyn Client>| {
        let names = clients.into_iter().map(|client| client.name());
        names.collect()
    };
    (names(follow), names(ignore))
}

/// What the cell's client would do if the server had sent no CA names; `None` if its rule is not known.
pub(super) fn without_ca_names(facts: &Facts<'_>, cell: &Cell) -> Option<Choice> {
    let (card, client, profile) = who(facts, cell)?;
    let request = Request {
        version: cell.version,
        schemes: profile.schemes(cell.version)?.to_vec(),
        ca_names: Vec::new(),
    };
    Some(client.choose(&card, &request))
}

/// Would the cell pass at the changed server? `None` if its client's rule or its key is not known.
fn passes(facts: &Facts<'_>, cell: &Cell, change: &Change) -> Option<bool> {
    let (card, client, profile) = who(facts, cell)?;
    let changed = change.apply(profile);
    let versions = [cell.version, TlsVersion::V1_2];
    let Some(version) = versions
        .into_iter()
        .find(|version| changed.schemes(*version).is_some())
    else {
        return Some(false);
    };
    let request = Request {
        version,
        schemes: changed.schemes(version).unwrap_or_default().to_vec(),
        ca_names: changed.ca_names,
    };
    Some(match client.choose(&card, &request) {
        Choice::NoCertificate { .. } | Choice::GiveUp { .. } => false,
        Choice::Sign { scheme, routes } => {
            large_enough(&card, profile)
                && routes
                    .iter()
                    .any(|route| works(card.key, scheme, *route) != Works::No)
        }
    })
}

fn large_enough(card: &Card<'_>, profile: &Profile) -> bool {
    card.key.key_type != KeyType::Rsa
        || card
            .key
            .bits
            .is_none_or(|bits| bits >= profile.min_rsa_bits)
}

fn who<'a>(facts: &Facts<'a>, cell: &Cell) -> Option<(Card<'a>, &'static dyn Client, &'a Profile)> {
    let key = facts.key(&cell.key)?;
    let token = facts.token_of(key)?;
    Some((
        Card { key, token },
        by_name(&cell.client)?,
        facts.profile_of(cell)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::by_token;
    use crate::diagnose::client_list;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::V1_2;

    /// One key that can't do PSS, and one that can do nothing else.
    fn two_keys() -> Fixture {
        let pkcs1 = working(rsa("k1", 2048), 0x0401, Route::RsaPkcs);
        let pss = refusing(rsa("k2", 2048), 0x0401, Route::RsaPkcs);
        let mut fixture = Fixture::new()
            .listing(Mechanism::RSA_PKCS_PSS)
            .key(refusing(pkcs1, 0x0804, Route::RsaPkcsPss))
            .key(working(pss, 0x0804, Route::RsaPkcsPss));
        fixture.refuses_pss("k1", V1_2, "firefox", Route::RsaPkcsPss);
        fixture.refuses_pss("k1", V1_2, "netscape", Route::RsaPkcsPss);
        fixture.cell("k2", "openssl-1.1.1", V1_2, "firefox", Outcome::Pass);
        fixture.cell("k2", "openssl-3.0", V1_2, "firefox", Outcome::Pass);
        fixture
    }

    #[test]
    fn only_clients_whose_rule_is_known_are_helped() {
        let fixture = two_keys();
        let facts = fixture.facts();
        let case = &by_token(&facts, facts.open(Outcome::Fail))[0];
        assert_eq!(helped(case, &client_list::without_pss(case)), ["firefox"]);
        assert!(helped(case, &Change::Tls12Only).is_empty());
    }

    #[test]
    fn a_login_that_would_stop_is_named() {
        let fixture = two_keys();
        let facts = fixture.facts();
        let case = &by_token(&facts, facts.open(Outcome::Fail))[0];
        let without = client_list::without_pss(case);
        assert_eq!(
            stops(case, &without),
            ["logins that work today: `k2` with firefox"]
        );
        assert!(stops(case, &Change::Tls12Only).is_empty());
    }
}
