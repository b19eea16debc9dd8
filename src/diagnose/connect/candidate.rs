//! What a certificate is held against, and what is at hand to do it with.

use crate::model::certificate::Certificate;
use crate::model::certificate_request::CertificateRequest;
use crate::model::fit::{Exclusion, FitRule};
use crate::model::key::Key;
use crate::model::token::Token;
use crate::model::version::TlsVersion;

/// What a server asks for in one version.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The version.
    pub version: TlsVersion,
    /// The request.
    pub request: &'a CertificateRequest,
}

/// Everything that is at hand besides the server.
#[derive(Clone, Copy, Debug)]
pub struct AtHand<'a> {
    /// The tokens.
    pub tokens: &'a [Token],
    /// Their keys.
    pub keys: &'a [Key],
    /// Certificates of a file that the user named.
    pub from_file: &'a [Certificate],
    /// Seconds since 1970-01-01 UTC.
    pub now: i64,
}

/// A certificate that is looked at.
pub(super) struct Candidate<'a> {
    pub(super) certificate: &'a Certificate,
    /// `None`: the token has none that belongs to it.
    pub(super) key: Option<&'a Key>,
    pub(super) at_hand: &'a AtHand<'a>,
}

pub(super) fn excluded(rule: FitRule, reason: impl Into<String>) -> Option<Exclusion> {
    Some(Exclusion {
        rule,
        reason: reason.into(),
    })
}
