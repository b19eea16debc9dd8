//! When a house that serves one visitor closes.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use super::book::Book;
use super::story::Told;
use crate::model::visit::End;

/// Who closes the connection unanswered has this long to come back: browsers do so after asking which certificate to take.
const COME_BACK: Duration = Duration::from_secs(5);

/// The first visit that is an answer; or the last unanswered one, when nobody came back.
pub(super) async fn first_visit(over: &mut UnboundedReceiver<Told>, book: &Book) -> Option<Told> {
    let mut unanswered: Option<Told> = None;
    loop {
        let next = match unanswered {
            None => over.recv().await,
            Some(_) => match tokio::time::timeout(COME_BACK, over.recv()).await {
                Ok(next) => next,
                Err(_) if book.is_busy() => continue,
                Err(_) => return unanswered,
            },
        };
        match next {
            None => return unanswered,
            Some(told) if is_answer(&told) => return Some(told),
            told => unanswered = told,
        }
    }
}

fn is_answer(told: &Told) -> bool {
    let visit = &told.visit;
    !matches!(visit.end, Some(End::Closed)) || visit.chain.is_some()
}
