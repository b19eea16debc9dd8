//! `application-refuses`: TLS let the key in, and what answered over HTTP did not.

use super::super::Facts;
use super::super::case::cases;
use super::super::remedy::server;
use super::{ConnectRule, Visit};
use crate::model::cell::{Cell, Outcome};
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: ConnectRule = ConnectRule {
    id: "application-refuses",
    title: "the login worked, and the application behind it says no",
    explanation: "\
The server accepted certificate and signature: TLS has done its part. What answered over HTTP then said 401 or 403 all the same. That is \
no matter of the card any more: the person has no account there, is not in the right group, or the certificate is not mapped to the \
account.

How it is told: the status of the answer to a GET of the path (see --path), after the handshake was complete and the server had not \
objected.

What helps: the application's administrator, who needs the certificate's subject and serial number, and its log.",
    find,
};

/// Unauthorized, Forbidden (RFC 9110 §15.5.2, §15.5.4).
const REFUSALS: &[u16] = &[401, 403];

fn status(cell: &Cell) -> Option<u16> {
    let status = cell.http.as_ref()?.status;
    REFUSALS.contains(&status).then_some(status)
}

fn find(facts: &Facts<'_>, visit: &Visit<'_>) -> Vec<Finding> {
    let passed = facts.cells.iter().enumerate();
    let refused =
        passed.filter(|(_, cell)| cell.outcome == Outcome::Pass && status(cell).is_some());
    let cases = cases(facts, refused, |cell| (&cell.http, &cell.key));
    let found = cases.iter().filter_map(|case| {
        let (_, cell) = case.cells.first()?;
        let (status, http) = (status(cell)?, cell.http.as_ref()?);
        let keys = case.keys_named();
        let title = format!("{} lets {keys} in, and answers HTTP {status}", visit.server);
        let cause = format!(
            "The handshake with {keys} was accepted, so the card and its certificate are not the trouble. GET {} is answered with \
             {status}: the person is not known to the application, or may not go there.",
            http.path
        );
        let remedies = vec![server(
            "Let the application's administrator look up the certificate's subject and serial number",
        )];
        Some(case.finding(RULE.id, Severity::Warning, title, cause, remedies))
    });
    found.collect()
}
