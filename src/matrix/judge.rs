//! From attempts to cells.

use super::Table;
use super::plan::{Fate, Plan, PlannedCell};
use crate::clients::Failure;
use crate::model::alert::Alert;
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::choice::Choice;
use crate::model::ckr::Ckr;
use crate::model::sign::{SignError, SignStep};
use crate::tls::{Attempt, End};

/// The cells of a plan, judged by the attempts of its jobs; `None`: interrupted before it was reached.
pub fn judge(table: &Table<'_>, plan: &Plan, attempts: &[Option<Attempt>]) -> Vec<Cell> {
    let cells = plan.cells.iter().enumerate();
    cells
        .map(|(at, planned)| cell(table, plan, attempts, at, planned))
        .collect()
}

/// Did the server accept?
pub fn passed(attempt: &Attempt) -> bool {
    attempt.end == End::Accepted
}

fn cell(
    table: &Table<'_>,
    plan: &Plan,
    attempts: &[Option<Attempt>],
    at: usize,
    planned: &PlannedCell,
) -> Cell {
    let blank = blank(table, planned);
    match &planned.fate {
        Fate::NotApplicable => Cell {
            expected: Outcome::NotApplicable,
            ..with_reason(
                blank,
                Outcome::NotApplicable,
                "no scheme in the list is for this type of key",
            )
        },
        Fate::Skipped(why) => with_reason(blank, Outcome::Skipped, why),
        Fate::CouldNotTell(why) => with_reason(blank, Outcome::Error, why),
        Fate::Handshake { job, choice } => {
            let first = plan.jobs.get(*job).map(|job| job.cell);
            let shared = Cell {
                measured: first == Some(at),
                same_as: first.filter(|first| *first != at),
                ..blank
            };
            match attempts.get(*job).and_then(Option::as_ref) {
                Some(attempt) => explain(
                    table,
                    planned,
                    decided(shared, choice, attempt),
                    attempt,
                    choice,
                ),
                None => Cell {
                    measured: false,
                    ..with_reason(shared, Outcome::Skipped, "interrupted")
                },
            }
        }
    }
}

fn blank(table: &Table<'_>, planned: &PlannedCell) -> Cell {
    let key = table.keys.get(planned.key).map_or("", |key| &key.id);
    let profile = table.profiles.get(planned.profile);
    let client = table.clients.get(planned.client);
    Cell::unjudged(
        key,
        profile.map_or("", |profile| &profile.name),
        planned.version,
        client.map_or("", |client| client.name()),
    )
}

fn with_reason(cell: Cell, outcome: Outcome, reason: &str) -> Cell {
    Cell {
        outcome,
        reason: Some(reason.to_owned()),
        ..cell
    }
}

fn decided(cell: Cell, choice: &Choice, attempt: &Attempt) -> Cell {
    Cell {
        scheme: choice.scheme(),
        route: attempt.route,
        sign_ms: attempt.sign_ms,
        handshake_ms: Some(attempt.handshake_ms),
        messages: match cell.measured {
            true => attempt.messages.clone(),
            false => Vec::new(),
        },
        http: attempt.http.clone(),
        inferred: attempt.inferred,
        ..cell
    }
}

fn explain(
    table: &Table<'_>,
    planned: &PlannedCell,
    cell: Cell,
    attempt: &Attempt,
    choice: &Choice,
) -> Cell {
    let made = attempt.choice.as_ref().map(Choice::scheme);
    if made.is_some_and(|made| made != choice.scheme()) {
        return with_reason(
            cell,
            Outcome::Error,
            "what came over the wire led the client to another scheme",
        );
    }
    let (stage, reason, alert) = match (&attempt.end, choice) {
        (End::Accepted, _) => {
            return Cell {
                outcome: Outcome::Pass,
                ..cell
            };
        }
        (End::CouldNotTell { why }, _) => return with_reason(cell, Outcome::Error, why),
        (End::SignFailed(error), _) if was_not_tried(error) => return not_tried(cell, error),
        (End::SignFailed(_) | End::ClientStopped { .. }, Choice::GiveUp { scheme, why, .. }) => {
            let stage = scheme.map_or(Stage::Select, |_| Stage::Sign);
            (stage, why.clone(), None)
        }
        (End::SignFailed(error), _) => (sign_stage(error), error.to_string(), None),
        (End::Refused { alert, .. }, Choice::NoCertificate { why }) => {
            (Stage::Select, why.clone(), *alert)
        }
        (End::ClientStopped { .. }, Choice::NoCertificate { why }) => {
            (Stage::Select, why.clone(), None)
        }
        (End::Refused { alert, why }, _) => {
            (Stage::ServerVerify, why.clone().unwrap_or_default(), *alert)
        }
        (End::ClientStopped { why }, _) => (Stage::Transport, why.clone(), None),
    };
    let failed = match &attempt.end {
        End::SignFailed(error) => Some(error),
        _ => None,
    };
    let (step, ckr) = (
        failed.map(|error| error.step),
        failed.and_then(|error| error.ckr),
    );
    Cell {
        outcome: Outcome::Fail,
        stage: Some(stage),
        ckr,
        lost: failed.and_then(|error| error.lost.as_deref().cloned()),
        alert: alert.map(|alert| alert.to_string()),
        user_sees: user_sees(table, planned, stage, step, ckr, alert),
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        ..cell
    }
}

fn user_sees(
    table: &Table<'_>,
    planned: &PlannedCell,
    stage: Stage,
    step: Option<SignStep>,
    ckr: Option<Ckr>,
    alert: Option<Alert>,
) -> Option<String> {
    // the cell's own server, also where the handshake is another's
    let profile = table.profiles.get(planned.profile)?;
    let failure = Failure {
        offered: profile.schemes(planned.version).unwrap_or_default(),
        stage,
        version: planned.version,
        step,
        ckr,
        alert,
    };
    table.clients.get(planned.client)?.user_sees(&failure)
}

fn sign_stage(error: &SignError) -> Stage {
    match error.step {
        SignStep::Prepare | SignStep::Encode => Stage::Encode,
        SignStep::SignInit
        | SignStep::ContextLogin
        | SignStep::Sign
        | SignStep::Session
        | SignStep::NotTried => Stage::Sign,
    }
}

fn not_tried(cell: Cell, error: &SignError) -> Cell {
    let why = error.detail.clone().unwrap_or_default();
    Cell {
        measured: false,
        ..with_reason(cell, Outcome::Skipped, &why)
    }
}

/// The token was given up before. What the module was lost over before, and is not asked any more, counts as lost.
fn was_not_tried(error: &SignError) -> bool {
    error.step == SignStep::NotTried && error.lost.is_none()
}
