//! Doors: ports that ask for a certificate.

use std::net::SocketAddr;

use crate::model::profile::Profile;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;
use crate::tls::{Reception, sendable};

/// A port that asks as one server would.
#[derive(Clone)]
pub struct Door {
    /// `openssl-3.0`, `openssl-3.0-tls1.2`: short, and without blanks.
    pub name: String,
    /// What it tells, for the index page; the profile's own line if there is none.
    pub hint: Option<&'static str>,
    /// How visitors are received.
    pub reception: Reception,
}

/// What of a profile's list can't be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The version.
    pub version: TlsVersion,
    /// The schemes.
    pub not_sent: Vec<Scheme>,
}

impl Door {
    /// What it asks for.
    pub fn profile(&self) -> &Profile {
        &self.reception.profile
    }

    /// The versions that it speaks.
    pub fn versions(&self) -> impl Iterator<Item = TlsVersion> {
        TlsVersion::ALL
            .into_iter()
            .filter(|version| self.profile().schemes(*version).is_some())
    }

    /// What of its lists can't be sent: `rustls` drops it.
    pub fn notes(&self) -> Vec<Note> {
        let note = |version| {
            let asked = self.profile().schemes(version)?;
            let sent = sendable(asked, version);
            let lost = asked.iter().filter(|scheme| !sent.contains(scheme));
            let not_sent: Vec<Scheme> = lost.copied().collect();
            (!not_sent.is_empty()).then_some(Note { version, not_sent })
        };
        self.versions().filter_map(note).collect()
    }
}

/// A door, and where it is.
#[derive(Clone)]
pub(super) struct Placed {
    pub(super) door: Door,
    pub(super) address: SocketAddr,
}
