//! `intermediate-needed`: the server refuses the certificate alone, and accepts it with an intermediate behind it.

use super::super::Facts;
use super::super::case::{Case, is_real};
use super::super::prose::{self, distinct, quoted};
use super::super::remedy::{client, server};
use super::{ConnectRule, Visit};
use crate::clients::{self, Card};
use crate::model::cell::{Cell, Stage};
use crate::model::connected::Retry;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;

pub(super) static RULE: ConnectRule = ConnectRule {
    id: "intermediate-needed",
    title: "the server accepts the certificate only with an intermediate certificate behind it",
    explanation: "\
The server trusts a CA further up, and has no certificate of the one that issued the user's. Then the client has to send that one too. \
Some clients send what lies on the card (Firefox, Java, Chrome where the CA names lead there), others the user's certificate alone \
(OpenSSL, curl, GnuTLS): so one card works in the browser and not with curl, and the alert, unknown_ca (48), says no more than that \
something is not known.

How it is told: the login was made with the certificate alone and was refused; it was made again with the intermediates that lie on the \
token, or in the file named with --chain, and was accepted.

What helps: the intermediate in the server's own CA file, which helps every client; or at the client.",
    find,
};

fn find(facts: &Facts<'_>, visit: &Visit<'_>) -> Vec<Finding> {
    let mut told: Vec<&Retry> = Vec::new();
    let retries = visit.retries.iter();
    let needed = retries.filter(|retry| retry.accepted && !retry.sent.is_empty());
    // the same in both versions is one finding
    for retry in needed {
        let same = |known: &&Retry| known.key == retry.key && known.sent == retry.sent;
        if !told.iter().any(same) {
            told.push(retry);
        }
    }
    told.iter()
        .filter_map(|retry| finding(facts, visit, retry))
        .collect()
}

/// Cells that fail for want of what this retry sent.
fn failing<'a>(facts: &Facts<'a>, visit: &Visit<'_>, retry: &Retry) -> Vec<(usize, &'a Cell)> {
    let versions = visit
        .retries
        .iter()
        .filter(|other| other.accepted && other.key == retry.key && other.sent == retry.sent);
    let versions: Vec<_> = versions.map(|other| other.version).collect();
    let refused = facts
        .failed_at(Stage::ServerVerify)
        .filter(|(_, cell)| cell.key == retry.key && versions.contains(&cell.version));
    refused.collect()
}

fn finding(facts: &Facts<'_>, visit: &Visit<'_>, retry: &Retry) -> Option<Finding> {
    let key = facts.key(&retry.key)?;
    let sent: Vec<String> = retry.sent.iter().map(|subject| quoted(subject)).collect();
    let sent = prose::and(&sent);
    let failing = failing(facts, visit, retry);
    let severity = match failing.iter().any(|(_, cell)| is_real(&cell.client)) {
        true => Severity::Error,
        false => Severity::Warning,
    };
    let case = Case {
        facts: *facts,
        token: facts.token_of(key),
        cells: failing,
    };
    let keys = prose::keys(&[key]);
    let title = format!(
        "{} accepts {keys} only with {sent} behind its certificate",
        visit.server
    );
    let cause = format!(
        "{} refused the certificate of {keys} alone{}, and accepted it with {sent} sent too. It trusts a CA further up and \
         lacks what lies between. {}",
        visit.server,
        alert(retry),
        who_sends(facts, key, retry)
    );
    let remedies = remedies(&sent);
    Some(case.finding(RULE.id, severity, title, cause, remedies))
}

fn alert(retry: &Retry) -> String {
    let alert = retry.refused_with.as_ref();
    alert.map_or(String::new(), |alert| format!(" with {alert}"))
}

fn who_sends(facts: &Facts<'_>, key: &Key, retry: &Retry) -> String {
    let subjects: Vec<&String> = key.chain_on_token.iter().map(|one| &one.subject).collect();
    if !retry.sent.iter().all(|sent| subjects.contains(&sent)) {
        return "It does not lie on the token, so no client sends it that does not have it elsewhere.".into();
    }
    let Some(token) = facts.token_of(key) else {
        return String::new();
    };
    let card = Card { key, token };
    let names = facts
        .profiles
        .first()
        .map(|profile| profile.ca_names.clone());
    let names = names.unwrap_or_default();
    let real = clients::ALL.iter().filter(|client| is_real(client.name()));
    let (senders, others): (Vec<_>, Vec<_>) =
        real.partition(|client| !client.intermediates(&card, &names).is_empty());
    let named = |clients: Vec<&&dyn clients::Client>| {
        let names: Vec<&str> = clients.iter().map(|client| client.name()).collect();
        prose::joined(&distinct(names), "and")
    };
    let (senders, others) = (named(senders), named(others));
    match senders.is_empty() {
        true => format!("It lies on the token; yet {others} send the user's certificate alone."),
        false => format!(
            "It lies on the token, and {senders} send it; {others} send the user's certificate alone."
        ),
    }
}

fn remedies(sent: &str) -> Vec<Remedy> {
    vec![
        server(format!(
            "Put {sent} into the CA file for clients (Apache: SSLCACertificateFile; nginx: ssl_client_certificate, with ssl_verify_depth)"
        )),
        Remedy {
            proven: true,
            ..client(format!("Send {sent} with the certificate"))
        },
    ]
}
