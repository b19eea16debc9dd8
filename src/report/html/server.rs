//! Servers, with what they ask for.

use crate::model::profile::Profile;
use crate::model::run::{Run, ShortList};
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

/// A server.
pub(super) struct ServerView<'a> {
    /// Its place in the run.
    pub(super) at: usize,
    pub(super) profile: &'a Profile,
    pub(super) lists: Vec<List<'a>>,
}

/// Its list in a version, in its order.
pub(super) struct List<'a> {
    pub(super) version: TlsVersion,
    pub(super) schemes: Vec<Asked<'a>>,
}

/// A scheme of the list.
pub(super) struct Asked<'a> {
    pub(super) scheme: &'a Scheme,
    /// The harness' own server could put it on the wire.
    pub(super) sent: bool,
}

impl<'a> ServerView<'a> {
    /// Every server.
    pub(super) fn all(run: &'a Run) -> Vec<ServerView<'a>> {
        let view = |(at, profile): (usize, &'a Profile)| ServerView {
            at,
            profile,
            lists: lists(run, profile),
        };
        run.profiles.iter().enumerate().map(view).collect()
    }
}

fn lists<'a>(run: &'a Run, profile: &'a Profile) -> Vec<List<'a>> {
    let list = |version| {
        let short = |list: &&ShortList| list.profile == profile.name && list.version == version;
        let lost = run.short_lists.iter().find(short);
        let asked = |scheme: &'a Scheme| Asked {
            scheme,
            sent: !lost.is_some_and(|list| list.schemes.contains(scheme)),
        };
        let schemes = profile.schemes(version)?.iter().map(asked).collect();
        Some(List { version, schemes })
    };
    TlsVersion::ALL.into_iter().filter_map(list).collect()
}
