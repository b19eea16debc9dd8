//! The findings about a certificate that a server will refuse, by the names that runs have for them.

use super::finding;
use crate::diagnose::prose::sentence;
use crate::diagnose::remedy::card;
use crate::diagnose::{
    certificate_expired, certificate_not_yet_valid, certificate_unreadable, eku_lacks_client_auth,
    intermediate_missing, key_too_small, ku_lacks_digital_signature, weak_certificate_signature,
};
use crate::model::finding::{Finding, Severity};
use crate::model::visit::{Objection, Visit};

/// One for each thing that is wrong with it.
pub(super) fn find(visit: &Visit) -> Vec<Finding> {
    let told = visit.objections.iter().filter_map(|objection| {
        let (id, cure) = row(objection)?;
        let subject = visit
            .certificate()
            .map(|certificate| format!(" It is `{}`.", certificate.subject));
        let alert = objection
            .alert()
            .map(|alert| format!(", mostly with {alert}"));
        let cause = format!(
            "{}.{} Servers refuse it{}.",
            sentence(&objection.to_string()),
            subject.unwrap_or_default(),
            alert.unwrap_or_default()
        );
        Some(finding(
            id,
            Severity::Warning,
            sentence(&objection.to_string()),
            cause,
            vec![card(cure)],
        ))
    });
    told.collect()
}

const ANEW: &str = "Have the key certified anew";

fn row(objection: &Objection) -> Option<(&'static str, &'static str)> {
    Some(match objection {
        Objection::Expired => (certificate_expired::RULE.id, ANEW),
        Objection::NotYetValid => (
            certificate_not_yet_valid::RULE.id,
            "Wait, or look at the clocks",
        ),
        Objection::NotForClients => (
            eku_lacks_client_auth::RULE.id,
            "Use the card's certificate for authentication, or have the key certified anew, with clientAuth",
        ),
        Objection::NotForSignatures => (
            ku_lacks_digital_signature::RULE.id,
            "Use the card's certificate for authentication, or have the key certified anew, with digitalSignature",
        ),
        Objection::WeakSignature(_) => (weak_certificate_signature::RULE.id, ANEW),
        Objection::KeyTooSmall { .. } => (
            key_too_small::RULE.id,
            "Have a larger key certified: RSA with 2048 bits at least, or EC P-256",
        ),
        Objection::Unreadable(_) => (certificate_unreadable::RULE.id, ANEW),
        Objection::UnknownIssuer(_) => (
            intermediate_missing::RULE.id,
            "Use a certificate of one of these CAs; if it is one, have the client send the intermediate certificates too",
        ),
        _ => return None,
    })
}
