//! A server that exists, and what became of every key there.

use super::finding::Finding;
use super::fit::Fit;
use super::probe::Probe;
use super::run::Run;
use super::version::TlsVersion;

/// What `cardcheck connect` found.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The server, as it was before any key was used.
    pub probe: Probe,
    /// The keys there; `None`: the server asks for no certificate that a key could be tried with.
    pub run: Option<Run>,
    /// Each certificate against what the server asks for.
    pub fits: Vec<Fit>,
    /// Logins that were refused, made again with other certificates behind the key's own.
    pub retries: Vec<Retry>,
    /// Why no key was tried, in a sentence.
    pub not_tried: Option<String>,
}

/// A login that was refused, made again with other certificates behind the key's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The key's `k1`.
    pub key: String,
    /// The version.
    pub version: TlsVersion,
    /// The client whose rule it was made by.
    pub client: String,
    /// How many certificates went out behind the key's own before.
    pub before: usize,
    /// The alert by which that was refused.
    pub refused_with: Option<String>,
    /// The certificates that went out behind it now, by subject.
    pub sent: Vec<String>,
    /// The server accepted.
    pub accepted: bool,
    /// What came of it, if it didn't: the alert, or the words.
    pub answer: Option<String>,
}

impl Connected {
    /// A server at which no key was tried, and why not.
    pub fn without_keys(probe: Probe, why: String) -> Connected {
        Connected {
            probe,
            run: None,
            fits: Vec::new(),
            retries: Vec::new(),
            not_tried: Some(why),
        }
    }

    /// All findings: of the keys, then of the server.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let of_keys = self.run.iter().flat_map(|run| &run.findings);
        of_keys.chain(&self.probe.findings)
    }

    /// The fit of a key's certificate in a version.
    pub fn fit(&self, key: &str, version: TlsVersion) -> Option<&Fit> {
        self.fits.iter().find(|fit| fit.is_of(key, version))
    }
}
