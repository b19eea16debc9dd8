//! Refused logins again, with other certificates behind the key's own: does the server lack an intermediate, or have one too many?

use std::sync::atomic::Ordering;

use super::Table;
use super::plan::{Job, Plan};
use super::run::{Bench, Event, handshake_with};
use crate::clients::{ANY_LEAF_FIRST, Card};
use crate::model::alert::Alert;
use crate::model::cell::{Cell, Outcome};
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::connected::Retry;
use crate::model::path::path;
use crate::model::version::TlsVersion;
use crate::tls::{Attempt, End};

/// Alerts that leave no doubt that the chain is not the trouble: the signature is bad, or the certificate itself.
const NOT_ABOUT_THE_CHAIN: &[Alert] = &[Alert(43), Alert(44), Alert(45), Alert(51)];

/// Logins that a key and version is tried again with at most: all that is at hand, and the certificate alone.
pub const MOST_RETRIES: usize = 2;

/// One login a key and version that the server refused, with every other chain that is at hand, until one is accepted.
pub(super) fn retry(
    table: &Table<'_>,
    plan: &Plan,
    attempts: &[Option<Attempt>],
    bench: &Bench<'_>,
    from_file: &[Certificate],
    signatures: &mut [usize],
) -> Vec<Retry> {
    let mut retries: Vec<Retry> = Vec::new();
    let mut done: Vec<(usize, TlsVersion)> = Vec::new();
    for (job, attempt) in plan.jobs.iter().zip(attempts) {
        let at = (job.key, job.server.version);
        let refused = attempt.as_ref().is_some_and(|made| is_refused(job, made));
        if !refused || done.contains(&at) {
            continue;
        }
        done.push(at);
        let alert = attempt.as_ref().and_then(alert);
        for chain in other_chains(table, job, from_file) {
            if bench.cancelled.load(Ordering::Relaxed) {
                return retries;
            }
            let Some((mut retry, asked)) = again(table, job, bench, &chain) else {
                continue;
            };
            retry.refused_with.clone_from(&alert);
            if let Some(sum) = signatures.get_mut(job.key) {
                *sum += asked;
            }
            let accepted = retry.accepted;
            retries.push(retry);
            if accepted {
                break;
            }
        }
    }
    retries
}

fn is_refused(job: &Job, made: &Attempt) -> bool {
    let sent = matches!(job.choice, Choice::Sign { .. });
    let about_chain = match &made.end {
        End::Refused { alert, .. } => {
            alert.is_none_or(|alert| !NOT_ABOUT_THE_CHAIN.contains(&alert))
        }
        _ => false,
    };
    sent && about_chain
}

/// All that is at hand behind the key's own certificate, and nothing behind it; but for what the client has sent.
fn other_chains(table: &Table<'_>, job: &Job, from_file: &[Certificate]) -> Vec<Vec<Certificate>> {
    let (Some(card), Some(client)) = (table.card(job.key), table.clients.get(job.client)) else {
        return Vec::new();
    };
    let sent = client.intermediates(&card, &job.server.ca_names).to_vec();
    let mut chains = vec![all_at_hand(&card, from_file), Vec::new()];
    chains.retain(|chain| *chain != sent);
    chains.dedup();
    chains
}

/// A root needs no sending: who doesn't have it doesn't trust it.
fn all_at_hand(card: &Card<'_>, from_file: &[Certificate]) -> Vec<Certificate> {
    let Some(leaf) = &card.key.certificate else {
        return Vec::new();
    };
    let pool = [&card.key.chain_on_token, from_file].concat();
    let mut issuers = path(leaf, &pool, &[]).issuers;
    issuers.retain(|issuer| !issuer.is_self_issued());
    issuers
}

fn again(
    table: &Table<'_>,
    job: &Job,
    bench: &Bench<'_>,
    behind: &[Certificate],
) -> Option<(Retry, usize)> {
    let key = table.keys.get(job.key)?;
    let client = table.clients.get(job.client)?;
    let card = table.card(job.key)?;
    let leaf = key.certificate.as_ref()?;
    let all = std::iter::once(leaf).chain(behind);
    let chain = all.map(|certificate| certificate.der.clone()).collect();
    (bench.listener)(Event::Planned(1));
    let made = handshake_with(table, job, bench, chain)?;
    let retry = Retry {
        key: key.id.clone(),
        version: job.server.version,
        client: client.name().to_owned(),
        before: client.intermediates(&card, &job.server.ca_names).len(),
        refused_with: None,
        sent: behind.iter().map(|one| one.subject.clone()).collect(),
        accepted: made.end == End::Accepted,
        answer: answer(&made.end),
    };
    Some((retry, made.signatures))
}

fn alert(made: &Attempt) -> Option<String> {
    match &made.end {
        End::Refused { alert, .. } => alert.map(|alert| alert.to_string()),
        _ => None,
    }
}

fn answer(end: &End) -> Option<String> {
    match end {
        End::Accepted => None,
        End::Refused {
            alert: Some(alert), ..
        } => Some(alert.to_string()),
        End::Refused { why, .. } => why.clone(),
        End::SignFailed(error) => Some(error.to_string()),
        End::ClientStopped { why } | End::CouldNotTell { why } => Some(why.clone()),
    }
}

/// `any` tells what the card could do: it counts as let in if it was with other certificates.
pub(super) fn take_what_works(cells: &mut [Cell], retries: &[Retry]) {
    for retry in retries.iter().filter(|retry| retry.accepted) {
        let same = |cell: &&mut Cell| {
            cell.key == retry.key
                && cell.version == retry.version
                && cell.client == ANY_LEAF_FIRST.name()
                && cell.outcome == Outcome::Fail
        };
        for cell in cells.iter_mut().filter(same) {
            let before = match &cell.alert {
                Some(alert) => format!("refused with {alert} before"),
                None => "refused before".to_owned(),
            };
            let with = match retry.sent.is_empty() {
                true => "with the certificate alone".to_owned(),
                false => format!(
                    "with {} sent behind the certificate",
                    retry.sent.join(" and ")
                ),
            };
            cell.reason = Some(format!("accepted {with}; {before}"));
            cell.outcome = Outcome::Pass;
            cell.stage = None;
            cell.alert = None;
        }
    }
}
