//! What the clients' rules say to a changed server: planned, not tried. The proof by handshakes is the matrix floor's.

use super::Facts;
use super::case::{Case, is_real};
use super::prose::{self, distinct};
use super::tried::{Works, works};
use crate::clients::{Card, Client, by_name};
use crate::model::cell::{Cell, Outcome};
use crate::model::choice::Choice;
use crate::model::finding::Change;
use crate::model::key::KeyType;
use crate::model::profile::{Profile, TlsVersion};
use crate::model::request::Request;

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
        Choice::NoCertificate { .. } => false,
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
