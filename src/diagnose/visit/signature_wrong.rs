//! The findings about signatures that came and are wrong, by the names that runs have for them.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::prose::sentence;
use crate::diagnose::remedy::{NEWER_MODULE, card};
use crate::diagnose::{
    digestinfo_missing, ecdsa_der_instead_of_raw, ecdsa_hash_truncation, pss_salt_wrong,
    signature_does_not_verify,
};
use crate::model::autopsy::Flaw;
use crate::model::finding::{Finding, Severity};
use crate::model::visit::Objection;

pub(super) static RULE: VisitRule = VisitRule {
    id: "signature-does-not-verify",
    title: "a signature came and is wrong",
    explanation: None,
    find,
};

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let (objection, flaw) =
        facts
            .visit
            .objections
            .iter()
            .find_map(|objection| match objection {
                Objection::BadSignature { flaw, .. } => Some((objection, *flaw)),
                _ => None,
            })?;
    let rule = match flaw {
        Some(Flaw::SaltLength(_)) => &pss_salt_wrong::RULE,
        Some(Flaw::BareHash) => &digestinfo_missing::RULE,
        Some(Flaw::DerNotRaw) => &ecdsa_der_instead_of_raw::RULE,
        Some(Flaw::HashMisfit) => &ecdsa_hash_truncation::RULE,
        _ => &signature_does_not_verify::RULE,
    };
    let cause = format!(
        "{}. Servers refuse that with decrypt_error.",
        sentence(&objection.to_string())
    );
    let remedies = vec![
        card(NEWER_MODULE),
        card("See that the certificate belongs to the key that signed"),
    ];
    Some(finding(
        rule.id,
        Severity::Error,
        sentence(rule.title),
        cause,
        remedies,
    ))
}
