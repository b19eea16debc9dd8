//! `cardcheck.inspect.v1`.

use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::anatomy::Attribute;
use crate::model::inspection::{Inspection, Remark};
use crate::model::path::End;

const SCHEMA: &str = "cardcheck.inspect.v1";

/// The certificates as JSON, a line break at the end.
pub fn render(inspections: &[Inspection]) -> String {
    let report = Report {
        schema: SCHEMA,
        certificates: inspections.iter().map(CertificateReport::from).collect(),
    };
    // plain data: it can't fail
    let json = serde_json::to_string_pretty(&report).unwrap_or_default();
    format!("{json}\n")
}

/// Its JSON Schema.
pub fn schema() -> String {
    let schema = serde_json::to_string_pretty(&schema_for!(Report)).unwrap_or_default();
    format!("{schema}\n")
}

#[derive(Serialize, JsonSchema)]
struct Report {
    /// `cardcheck.inspect.v1`.
    schema: &'static str,
    certificates: Vec<CertificateReport>,
}

#[derive(Serialize, JsonSchema)]
struct CertificateReport {
    /// A file's name, or a token's label.
    source: String,
    subject: String,
    subject_attributes: Vec<AttributeReport>,
    issuer: String,
    issuer_attributes: Vec<AttributeReport>,
    serial: String,
    /// RFC 3339; null if it is out of that format's range.
    not_before: Option<String>,
    not_after: Option<String>,
    /// Over the DER, hex.
    sha256: String,
    signature_algorithm: String,
    /// null: no such extension.
    key_usage: Option<Vec<String>>,
    /// null: no such extension.
    extended_key_usage: Option<Vec<String>>,
    policies: Vec<String>,
    alternative_names: Vec<String>,
    ca_issuers: Vec<String>,
    ocsp: Vec<String>,
    crls: Vec<String>,
    /// null: no CA file was given.
    chain: Option<ChainReport>,
    remarks: Vec<RemarkReport>,
}

#[derive(Serialize, JsonSchema)]
struct AttributeReport {
    name: String,
    value: String,
    string_type: String,
}

#[derive(Serialize, JsonSchema)]
struct ChainReport {
    /// Subjects, the certificate's own issuer first.
    issuers: Vec<String>,
    #[schemars(extend("enum" = ["trusted", "untrusted_root", "issuer_missing", "other_string_type", "not_signed_by_issuer", "too_long"]))]
    end: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct RemarkReport {
    #[schemars(extend("enum" = ["error", "warning", "note"]))]
    severity: &'static str,
    about: &'static str,
    text: String,
}

impl From<&Inspection> for CertificateReport {
    fn from(inspection: &Inspection) -> Self {
        let (certificate, anatomy) = (&inspection.certificate, &inspection.anatomy);
        let attributes = |from: &[Attribute]| from.iter().map(AttributeReport::from).collect();
        CertificateReport {
            source: inspection.source.clone(),
            subject: certificate.subject.clone(),
            subject_attributes: attributes(&anatomy.subject),
            issuer: certificate.issuer.clone(),
            issuer_attributes: attributes(&anatomy.issuer),
            serial: certificate.serial.clone(),
            not_before: moment(certificate.not_before),
            not_after: moment(certificate.not_after),
            sha256: certificate.sha256.clone(),
            signature_algorithm: certificate.signature_algorithm.name.clone(),
            key_usage: anatomy.key_usage.clone(),
            extended_key_usage: anatomy.extended_key_usage.clone(),
            policies: anatomy.policies.clone(),
            alternative_names: anatomy.alternative_names.clone(),
            ca_issuers: anatomy.ca_issuers.clone(),
            ocsp: anatomy.ocsp.clone(),
            crls: anatomy.crls.clone(),
            chain: inspection.path.as_ref().map(|path| ChainReport {
                issuers: path
                    .issuers
                    .iter()
                    .map(|issuer| issuer.subject.clone())
                    .collect(),
                end: end(&path.end),
            }),
            remarks: inspection.remarks.iter().map(RemarkReport::from).collect(),
        }
    }
}

impl From<&Attribute> for AttributeReport {
    fn from(attribute: &Attribute) -> Self {
        AttributeReport {
            name: attribute.name.clone(),
            value: attribute.value.clone(),
            string_type: attribute.string_type.clone(),
        }
    }
}

impl From<&Remark> for RemarkReport {
    fn from(remark: &Remark) -> Self {
        RemarkReport {
            severity: remark.severity.name(),
            about: remark.about,
            text: remark.text.clone(),
        }
    }
}

fn end(end: &End) -> &'static str {
    match end {
        End::Trusted => "trusted",
        End::UntrustedRoot => "untrusted_root",
        End::IssuerMissing { .. } => "issuer_missing",
        End::OtherStringType { .. } => "other_string_type",
        End::NotSignedBy { .. } => "not_signed_by_issuer",
        End::TooLong => "too_long",
    }
}

fn moment(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()?
        .format(&Rfc3339)
        .ok()
}
