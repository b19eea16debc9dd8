//! `server-not-trusted`: the client didn't take the server's certificate.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::remedy::client;
use crate::model::alert::Alert;
use crate::model::finding::{Finding, Severity};
use crate::model::visit::End;

pub(super) static RULE: VisitRule = VisitRule {
    id: "server-not-trusted",
    title: "the client did not trust the server's certificate",
    explanation: Some(
        "\
The client ended the handshake over the server's certificate, before its own was any question: it doesn't know the CA, the name \
in the address is not in the certificate, or it is not valid now by the client's clock. Browsers show a warning first, and come back \
once it was clicked away. Nothing is known of the card yet.

How it is told: an alert about a certificate came from the client: bad_certificate, unsupported_certificate, certificate_expired, \
certificate_unknown or unknown_ca.

What helps: let the client trust the CA that `cardcheck serve --ca-out FILE` writes (the index page has it too), or give the server a \
certificate that the client trusts, with --cert and --key; use the names that the index page uses; or tell the client not to look, \
as `curl --insecure` does.",
    ),
    find,
};

/// bad_certificate, unsupported_certificate, certificate_expired, certificate_unknown, unknown_ca.
const ABOUT_CERTIFICATES: [Alert; 5] = [Alert(42), Alert(43), Alert(45), Alert(46), Alert(48)];

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let Some(End::Alert(alert)) = facts.visit.end else {
        return None;
    };
    ABOUT_CERTIFICATES.contains(&alert).then(|| {
        finding(
            RULE.id,
            Severity::Error,
            "The client does not trust this server",
            format!(
                "The client ended the handshake over the server's certificate ({alert}). A browser does so when it shows its warning; \
                 of the card nothing is known yet."
            ),
            vec![
                client("Let the client trust the CA that `cardcheck serve --ca-out FILE` writes, or click the browser's warning away"),
                client("Use the address as the index page has it: the name must be in the certificate"),
            ],
        )
    })
}
