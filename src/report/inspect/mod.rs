//! Certificates looked at by themselves, for people and for programs.

pub mod json;

use super::style::{Screen, printable};
use crate::model::anatomy::Attribute;
use crate::model::finding::Severity;
use crate::model::inspection::{Inspection, Remark};
use crate::model::path::{End, Path};
use crate::model::public_key::PublicKey;

/// Columns of the facts' names.
const NAMES: usize = 14;

/// Each certificate with its facts, then what servers make of it.
pub fn render(inspections: &[Inspection], screen: &Screen) -> String {
    let parts: Vec<String> = inspections.iter().map(|one| part(one, screen)).collect();
    screen.shown(parts.join("\n"))
}

fn part(inspection: &Inspection, screen: &Screen) -> String {
    let certificate = &inspection.certificate;
    let title = format!("certificate {}", printable(&certificate.subject));
    let mut text = format!("{}\n", screen.heading(&title));
    for (name, value) in facts(inspection) {
        let first = format!("  {name:NAMES$}");
        let rest = " ".repeat(NAMES + 2);
        text.push_str(&screen.fill(&first, &rest, &printable(&value)));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&said(inspection, screen));
    text
}

/// Name and value of each fact that there is.
fn facts(inspection: &Inspection) -> Vec<(&'static str, String)> {
    let (certificate, anatomy) = (&inspection.certificate, &inspection.anatomy);
    let listed = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
    let usage = |usage: &Option<Vec<String>>| match usage {
        None => "no such extension: no restriction".into(),
        Some(names) if names.is_empty() => "none".into(),
        Some(names) => names.join(", "),
    };
    let facts = [
        ("read from", Some(inspection.source.clone())),
        ("subject", Some(typed(&anatomy.subject))),
        ("issuer", Some(typed(&anatomy.issuer))),
        ("serial", Some(certificate.serial.clone())),
        (
            "valid",
            Some(validity(certificate.not_before, certificate.not_after)),
        ),
        ("key", Some(key(&certificate.public_key))),
        (
            "signed with",
            Some(certificate.signature_algorithm.name.clone()),
        ),
        ("key usage", Some(usage(&anatomy.key_usage))),
        ("extended", Some(usage(&anatomy.extended_key_usage))),
        ("policies", listed(&anatomy.policies)),
        ("also named", listed(&anatomy.alternative_names)),
        ("issuer at", listed(&anatomy.ca_issuers)),
        ("OCSP", listed(&anatomy.ocsp)),
        ("CRL", listed(&anatomy.crls)),
        ("sha256", Some(certificate.sha256.clone())),
        ("chain", inspection.path.as_ref().map(chain)),
    ];
    let there = facts.into_iter();
    there
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// `CN=Jo (UTF8String), O=Acme (PrintableString)`.
fn typed(attributes: &[Attribute]) -> String {
    let one = |a: &Attribute| format!("{}={} ({})", a.name, a.value, a.string_type);
    match attributes {
        [] => "empty".into(),
        some => some.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

fn validity(from: i64, until: i64) -> String {
    format!("{} to {}", day(from), day(until))
}

fn day(seconds: i64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp(seconds);
    moment.map_or("an impossible date".into(), |moment| {
        moment.date().to_string()
    })
}

fn key(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa { pss_only: true, .. } => format!("RSA-{} for PSS only", bits(key)),
        PublicKey::Rsa { .. } => format!("RSA-{}", bits(key)),
        PublicKey::Ec { curve, .. } => format!("EC {curve}"),
        PublicKey::Ed25519(_) => "Ed25519".into(),
        PublicKey::Ed448(_) => "Ed448".into(),
        PublicKey::Other(_) => "of another kind".into(),
    }
}

fn bits(key: &PublicKey) -> String {
    key.bits().map_or("?".into(), |bits| bits.to_string())
}

fn chain(path: &Path) -> String {
    let names = path.issuers.iter().map(|issuer| issuer.subject.clone());
    let end = match path.end {
        End::Trusted => "in the CA file",
        End::UntrustedRoot => "a root that is not in the CA file",
        End::IssuerMissing { .. } => "and no further: the issuer is missing",
        End::OtherStringType { .. } => "and no further: the issuer's name has other string types",
        End::NotSignedBy { .. } => "and no further: the issuer did not sign it",
        End::TooLong => "and on without an end",
    };
    let steps: Vec<String> = names.chain([end.to_owned()]).collect();
    steps.join(" > ")
}

fn said(inspection: &Inspection, screen: &Screen) -> String {
    let mut text = format!("{}\n", screen.heading("what servers make of it"));
    if inspection.remarks.is_empty() {
        text.push_str(&format!(
            "  {} nothing to object to\n",
            screen.good(screen.tick())
        ));
    }
    for remark in &inspection.remarks {
        text.push_str(&line(remark, screen));
    }
    text
}

fn line(remark: &Remark, screen: &Screen) -> String {
    let name = remark.severity.name();
    let whole = format!("{}: {}", remark.about, printable(&remark.text));
    let laid_out = screen.fill(&format!("  {name:8}"), &" ".repeat(10), &whole);
    let painted = match remark.severity {
        Severity::Error => screen.bad(name),
        Severity::Warning => screen.mixed(name),
        Severity::Note => screen.dim(name),
    };
    format!("{}\n", laid_out.replacen(name, &painted, 1))
}
