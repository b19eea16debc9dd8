//! What a refused login is looked at with.

use crate::model::cell::Cell;
use crate::model::connected::Retry;
use crate::model::fit::Fit;
use crate::model::key::Key;

/// What is known of one login that was refused.
pub(super) struct Evidence<'a> {
    pub(super) cell: &'a Cell,
    pub(super) key: &'a Key,
    pub(super) fit: Option<&'a Fit>,
    pub(super) retries: Vec<&'a Retry>,
    /// The server sent names of CAs.
    pub(super) names_cas: bool,
    /// Seconds since 1970-01-01 UTC.
    pub(super) now: i64,
}
