//! A visit in one line.

use crate::model::finding::Finding;
use crate::model::printable::printable;
use crate::model::visit::{End, Objection, Visit};

/// A visit, and what it means.
#[derive(Clone, Debug)]
pub struct Told {
    /// The visit.
    pub visit: Visit,
    /// What it means.
    pub findings: Vec<Finding>,
}

/// How it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A login that every server would take.
    Good,
    /// It came to its end, and a strict server would have refused it.
    Refused,
    /// It came to its end, and whether the signature is good could not be told.
    CouldNotTell,
    /// It didn't come to its end.
    Failed,
    /// It is under way.
    UnderWay,
}

impl Verdict {
    /// The name in JSON, and in the pages' style sheet.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Refused => "refused",
            Verdict::CouldNotTell => "could_not_tell",
            Verdict::Failed => "failed",
            Verdict::UnderWay => "under_way",
        }
    }

    /// Beside the line, so that colour says nothing alone.
    pub fn symbol(self) -> &'static str {
        match self {
            Verdict::Good => "✓",
            Verdict::Refused | Verdict::Failed => "✗",
            Verdict::CouldNotTell => "?",
            Verdict::UnderWay => "…",
        }
    }

    /// Of this visit.
    pub fn of(visit: &Visit) -> Verdict {
        match &visit.end {
            None => Verdict::UnderWay,
            Some(End::Finished) if visit.is_good() => Verdict::Good,
            Some(End::Finished) if visit.refusal().is_none() => Verdict::CouldNotTell,
            Some(End::Finished) => Verdict::Refused,
            Some(_) => Verdict::Failed,
        }
    }
}

/// How far it came: `connect`, `hello`, `answer` (asked, and nothing came), and then the words of the matrix: `select`, `sign`,
/// `server_verify`; `None`: through.
pub(super) fn stage(visit: &Visit) -> Option<&'static str> {
    if visit.is_good() {
        return None;
    }
    let answered = visit.chain.as_ref().map(|chain| chain.is_empty());
    Some(
        match (&visit.hello, &visit.request, answered, visit.signed_with) {
            (None, ..) => "connect",
            (_, None, ..) => "hello",
            (_, _, None, _) => "answer",
            (_, _, Some(true), _) => "select",
            (_, _, Some(false), None) => "sign",
            (.., Some(_)) => "server_verify",
        },
    )
}

/// What happened, in a line that may be printed.
pub fn headline(visit: &Visit) -> String {
    let seconds = visit.silent_for.as_secs();
    let line = match (&visit.end, visit.refusal()) {
        (None, _) => waiting(visit, seconds),
        (Some(End::Finished), None) => finished(visit),
        (Some(End::Finished), Some((objection, alert))) => format!(
            "let in; a strict server would have refused with {alert} ({}): {objection}",
            alert.0
        ),
        (Some(End::Refused(_)), Some((objection, alert))) => {
            format!("refused: {objection} ({alert})")
        }
        (Some(End::Refused(Some(alert))), None) => format!("refused with {alert} ({})", alert.0),
        (Some(End::Refused(None)), None) => "refused".into(),
        (Some(End::Alert(alert)), _) => {
            format!("{}: the client sent {alert} ({})", came(visit), alert.0)
        }
        (Some(End::Closed), _) => format!("{}: the client closed the connection", came(visit)),
        (Some(End::Silent), _) => format!("{}: nothing came for {seconds} s", came(visit)),
        (Some(End::NotTls { http: true }), _) => "what came is HTTP without TLS".into(),
        (Some(End::NotTls { http: false }), _) => "what came is no TLS".into(),
    };
    printable(&line)
}

fn waiting(visit: &Visit, seconds: u64) -> String {
    let what = match (&visit.request, &visit.chain) {
        (None, _) => "the handshake begins",
        (Some(_), None) => "asked for a certificate, no answer yet",
        (Some(_), Some(_)) => "the certificate came, no signature yet",
    };
    match seconds {
        0 => what.into(),
        _ => format!("{what}; silent for {seconds} s"),
    }
}

fn finished(visit: &Visit) -> String {
    let subject = visit
        .certificate()
        .map(|certificate| certificate.subject.as_str());
    let scheme = visit.signed_with.map(|scheme| scheme.to_string());
    let version = visit.agreed.version.map(|version| version.name());
    let line = format!(
        "logged in as {} with {} over TLS {}",
        subject.unwrap_or("nobody"),
        scheme.unwrap_or_default(),
        version.unwrap_or_default()
    );
    let unsure = visit
        .objections
        .iter()
        .find(|objection| matches!(objection, Objection::CouldNotTell(_)));
    unsure.map_or(line.clone(), |why| {
        format!("{line}; could not tell whether it is good: {why}")
    })
}

fn came(visit: &Visit) -> &'static str {
    match (
        &visit.request,
        visit.chain.as_ref().map(|chain| chain.is_empty()),
    ) {
        (None, _) => "before anything was asked for",
        (_, None) => "asked for a certificate, none came",
        (_, Some(true)) => "answered without a certificate",
        (_, Some(false)) if visit.signed_with.is_none() => {
            "the certificate came, the signature didn't"
        }
        _ => "the signature came",
    }
}
