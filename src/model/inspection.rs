//! A certificate looked at by itself.

use super::anatomy::Anatomy;
use super::certificate::Certificate;
use super::finding::Severity;
use super::path::Path;

/// What was found out of a certificate.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Where it was read from: a file's name or a token's label.
    pub source: String,
    /// The certificate.
    pub certificate: Certificate,
    /// The same, taken apart.
    pub anatomy: Anatomy,
    /// Where its chain leads; `None`: nobody said whom the server trusts.
    pub path: Option<Path>,
    /// What servers make of it, the worst first.
    pub remarks: Vec<Remark>,
}

/// A point of a certificate, and what it means at servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// An error: servers refuse it. A warning: some do.
    pub severity: Severity,
    /// The field: `validity`, `keyUsage`, ...
    pub about: &'static str,
    /// A sentence or two.
    pub text: String,
}

impl Inspection {
    /// Would servers refuse it?
    pub fn is_refused(&self) -> bool {
        let error = |remark: &Remark| remark.severity == Severity::Error;
        self.remarks.iter().any(error)
    }
}
