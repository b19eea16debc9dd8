//! The path from a certificate up to a CA that somebody trusts (RFC 5280 §6), and where it breaks off.

use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::Certificate;

/// No real chain is longer; one that goes on is a trap.
const LONGEST: usize = 10;

/// How far the chain goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The issuers that were found, the certificate's own first.
    pub issuers: Vec<Certificate>,
    /// Why it ends where it does.
    pub end: End,
}

/// Where a path ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// At a CA that is trusted.
    Trusted,
    /// At a root that is not.
    UntrustedRoot,
    /// Nobody has the issuer's certificate.
    IssuerMissing {
        /// Its name.
        issuer: String,
    },
    /// The issuer's certificate is there, under a name that looks the same and is of other ASN.1 string types.
    OtherStringType {
        /// The name.
        issuer: String,
    },
    /// A certificate of the issuer's name is there, and it didn't sign this one.
    NotSignedBy {
        /// The name.
        issuer: String,
    },
    /// It goes on and on.
    TooLong,
}

/// The path from `leaf` by the certificates in `sent` to one in `trusted`.
pub fn path(leaf: &Certificate, sent: &[Certificate], trusted: &[Certificate]) -> Path {
    let mut issuers: Vec<Certificate> = Vec::new();
    let mut child = leaf.clone();
    let end = loop {
        if trusted.contains(&child) {
            break End::Trusted;
        }
        if child.is_self_issued() {
            break End::UntrustedRoot;
        }
        if issuers.len() == LONGEST {
            break End::TooLong;
        }
        match issuer_of(&child, trusted, sent) {
            Ok(issuer) => {
                child = issuer.clone();
                issuers.push(issuer);
            }
            Err(end) => break end,
        }
    };
    Path { issuers, end }
}

/// Trusted ones first: they end the path.
fn issuer_of(
    child: &Certificate,
    trusted: &[Certificate],
    sent: &[Certificate],
) -> Result<Certificate, End> {
    let pool = || trusted.iter().chain(sent);
    let issuer = child.issuer.clone();
    let mut named = pool().filter(|known| known.subject_der == child.issuer_der);
    if let Some(found) = named
        .clone()
        .find(|known| signed(child, known) != Some(false))
    {
        return Ok(found.clone());
    }
    if named.next().is_some() {
        return Err(End::NotSignedBy { issuer });
    }
    let alike = |known: &&Certificate| looks_alike(&known.subject, &child.issuer);
    Err(match pool().find(alike) {
        Some(_) => End::OtherStringType { issuer },
        None => End::IssuerMissing { issuer },
    })
}

/// Did `issuer` sign `child`? `None`: the algorithm can't be checked here.
fn signed(child: &Certificate, issuer: &Certificate) -> Option<bool> {
    let (_, child) = X509Certificate::from_der(&child.der).ok()?;
    let (_, issuer) = X509Certificate::from_der(&issuer.der).ok()?;
    match child.verify_signature(Some(issuer.public_key())) {
        Ok(()) => Some(true),
        Err(x509_parser::error::X509Error::SignatureVerificationError) => Some(false),
        Err(_) => None,
    }
}

/// Names that a reader takes for the same: case and blanks don't count (RFC 5280 §7.1).
pub fn looks_alike(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| !c.is_whitespace());
        letters.flat_map(char::to_lowercase).collect()
    };
    plain(one) == plain(other)
}
