//! `client-silent`: the client doesn't answer.

use std::time::Duration;

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::remedy::client;
use crate::model::finding::{Finding, Severity};
use crate::model::visit::End;

pub(super) static RULE: VisitRule = VisitRule {
    id: "client-silent",
    title: "the client was asked for a certificate and says nothing more",
    explanation: Some(
        "\
The request went out, and nothing comes back: no certificate, no alert, no end. Either somebody is still being asked, for the \
certificate or for the PIN, perhaps in a window behind the others. Or it is Firefox, whose token refused to sign over TLS 1.2: it \
keeps what it had to send, shows no error, and waits for ever, with a turning wheel on its tab. That is what a card does that lists \
RSA-PSS and doesn't do it.

How it is told: nothing came since the request, for more than 10 s. Which of the two it is can't be told from the server's side.

What helps: look for a window that asks for something. If there is none, try the port with PKCS1 only: if the same card logs in there, \
the token lists RSA-PSS and refuses it, see `cardcheck explain pss-listed-but-refused`.",
    ),
    find,
};

/// Shorter is thinking.
const SILENCE: Duration = Duration::from_secs(10);

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let visit = facts.visit;
    let waits = match visit.end {
        None => visit.silent_for >= SILENCE,
        Some(End::Silent) => true,
        _ => false,
    };
    if !waits || visit.request.is_none() || visit.signed_with.is_some() {
        return None;
    }
    let seconds = visit.silent_for.as_secs();
    Some(finding(
        RULE.id,
        Severity::Error,
        "The client was asked for a certificate and says nothing more",
        format!(
            "Nothing came for {seconds} s. Either somebody is still being asked, for the certificate or for the PIN; or the token refused \
             to sign and the client doesn't say so: Firefox then turns its wheel for ever over TLS 1.2, without an error. Which of them \
             can't be told from here."
        ),
        vec![
            client(
                "Look for a window that asks for the certificate or the PIN, perhaps behind the others",
            ),
            client(
                "If there is none, try the port with PKCS1 only: if the same card logs in there, its token lists RSA-PSS and refuses it",
            ),
            client(
                "`cardcheck matrix --module M` tells it for certain, and what to change at the server",
            ),
        ],
    ))
}
