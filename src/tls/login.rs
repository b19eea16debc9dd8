//! A login at a server that exists: a conversation in which somebody's key answers the CertificateRequest.

use std::sync::Arc;
use std::time::Instant;

use super::attempt::{Attempt, End, Took, finish};
use super::client::{self, Record, SharedRecord};
use super::conversation::{Conversation, Guest, Hello, Then, talk_as};
use super::peer::{Admits, Witness};
use super::setup::{Client, Rule};
use super::wire::{Patience, Wire};
use crate::model::choice::Choice;
use crate::model::probe::Reaction;
use crate::model::version::TlsVersion;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Login {
    /// What the client did, and how it ended as far as TLS tells: what was said inside may still be a refusal.
    pub attempt: Attempt,
    /// All that was said.
    pub conversation: Conversation,
}

/// Logs in at the server at the other end of `wire` with the first version that `hello` offers. Neither certificate nor
/// signature goes to a server that isn't admitted. Blocks for as long as the token takes to sign.
pub fn log_in(
    wire: &mut dyn Wire,
    hello: &Hello<'_>,
    admits: &Admits,
    client: Client,
    patience: Patience,
    then: Then,
) -> Login {
    let version = hello.versions.first().copied();
    let version = version.unwrap_or(TlsVersion::V1_2);
    let hello = Hello {
        versions: &[version],
        ..*hello
    };
    let record = SharedRecord::default();
    let rule = Arc::clone(&client.rule);
    let witness = Witness::that_admits(admits, hello.server_name);
    let guest = Guest {
        answerer: client::answerer(version, client, &record),
        kept_waiting: &|| record.with(|record| record.signing),
        witness: witness.clone(),
    };
    let started = Instant::now();
    let conversation = talk_as(&guest, wire, &hello, patience, then);
    let took = Took {
        started,
        time: started.elapsed(),
    };
    let judge = |record: &Record| judge(record, &conversation, witness.refusal());
    let attempt = record.with(|record| {
        complete(record, &conversation, version, &rule);
        finish(record, version, &rule, judge, took)
    });
    Login {
        attempt: Attempt {
            inferred: conversation.inferred,
            ..attempt
        },
        conversation,
    }
}

/// Where `rustls` stopped by itself, the rule can still say what its client would have done.
fn complete(
    record: &mut Record,
    conversation: &Conversation,
    version: TlsVersion,
    rule: &Arc<Rule>,
) {
    if let (None, Some(request)) = (&record.request, &conversation.request) {
        let request = request.as_seen_by_clients(version);
        record.choice = Some(rule(&request));
        record.request = Some(request);
    }
}

fn judge(record: &Record, conversation: &Conversation, not_admitted: Option<String>) -> End {
    if let Some(why) = not_admitted {
        return End::ClientStopped {
            why: format!(
                "the server's certificate does not verify ({why}): nothing was sent to it"
            ),
        };
    }
    if let Some(Err(error)) = &record.signed {
        return End::SignFailed(error.clone());
    }
    let refused = |alert, why| End::Refused { alert, why };
    match (&conversation.reaction, &record.choice) {
        (Reaction::Accepted, Some(Choice::NoCertificate { .. })) => {
            refused(None, Some("the server goes on without one".into()))
        }
        (Reaction::Accepted, Some(_)) => End::Accepted,
        (Reaction::Accepted, None) => could_not_tell("this time it did not ask for a certificate"),
        (Reaction::Alert(alert), _) => refused(Some(*alert), None),
        (Reaction::Closed, _) => refused(
            None,
            Some("the server closed the connection without an alert".into()),
        ),
        (Reaction::Refused(words), _) => refused(None, Some(words.clone())),
        (Reaction::Silent, _) => could_not_tell("the server kept silent"),
        (Reaction::Unknown(why), None | Some(Choice::NoCertificate { .. })) => {
            End::ClientStopped { why: why.clone() }
        }
        (Reaction::Unknown(why), Some(_)) => could_not_tell(why),
    }
}

fn could_not_tell(why: &str) -> End {
    End::CouldNotTell {
        why: why.to_owned(),
    }
}
