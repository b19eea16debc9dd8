//! Every PKCS#11 call with its arguments, its answer and its duration, in a file that can be attached to a bug report of the
//! module: no PIN, no key material.
#![forbid(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::model::ckr::Ckr;
use crate::model::function::Function;

/// An open trace. Several processes write to the same file, each line with one write.
pub(super) struct Trace(File);

impl Trace {
    /// Opens the file to write at its end.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn open(path: &Path) -> io::Result<Trace> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.map(Trace)
    }

    pub(super) fn begins(&self, function: Function, arguments: &str) {
        self.line(std::process::id(), &format!("{function}({arguments})"));
    }

    pub(super) fn ended(
        &self,
        function: Function,
        answer: Result<(), Ckr>,
        took: Duration,
        results: &str,
    ) {
        let answer = answer.map_or_else(|ckr| ckr.to_string(), |()| "CKR_OK".into());
        let comma = if results.is_empty() { "" } else { ", " };
        let ms = took.as_secs_f64() * 1000.0;
        self.line(
            std::process::id(),
            &format!("{function} = {answer} in {ms:.3} ms{comma}{results}"),
        );
    }

    /// Writes a line about the process of this id: when, who, what.
    pub(super) fn line(&self, process: u32, text: &str) {
        let format = format_description!("[hour]:[minute]:[second].[subsecond digits:6]");
        let now = OffsetDateTime::now_utc().format(format);
        let line = format!("{} {process} {text}\n", now.unwrap_or_default());
        // a full disk must not keep a card from being tried
        let _ = (&self.0).write_all(line.as_bytes());
    }
}
