//! What options take: names, times, addresses.

use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;

use crate::model::probe::Asks;
use crate::model::version::TlsVersion;

/// As `--timeout` has it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const LEAST_PATIENCE: Duration = Duration::from_millis(1);
const MOST_PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// How visits are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Telling {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Version {
    /// TLS 1.2
    #[value(name = "1.2")]
    V1_2,
    /// TLS 1.3
    #[value(name = "1.3")]
    V1_3,
}

impl From<Version> for TlsVersion {
    fn from(version: Version) -> TlsVersion {
        match version {
            Version::V1_2 => TlsVersion::V1_2,
            Version::V1_3 => TlsVersion::V1_3,
        }
    }
}

/// How a server is expected to ask for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Expected {
    /// Not at all
    None,
    /// It goes on without one
    Optional,
    /// It refuses who has none
    Required,
}

impl From<Expected> for Asks {
    fn from(expected: Expected) -> Asks {
        match expected {
            Expected::None => Asks::None,
            Expected::Optional => Asks::Optional,
            Expected::Required => Asks::Required,
        }
    }
}

/// A command that has a report of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Reported {
    /// cardcheck.matrix.v1
    Matrix,
    /// cardcheck.diff.v1
    Diff,
    /// cardcheck.list.v1
    List,
    /// cardcheck.probe.v1
    Probe,
    /// cardcheck.connect.v1
    Connect,
    /// cardcheck.visit.v1
    Serve,
    /// cardcheck.inspect.v1
    Inspect,
    /// cardcheck.advise.v1
    Advise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    Table,
    /// For programs; `cardcheck schema` describes it
    Json,
    /// For a browser: one page that needs nothing else
    Html,
    /// For CI: a suite for each server, a case for each key, version and client
    Junit,
    /// For tickets
    Markdown,
}

/// The forms of reports that are not of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PlainFormat {
    /// For people
    Table,
    /// For programs; `cardcheck schema COMMAND` describes it
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a number, 1 at least".into()),
        Ok(number) => Ok(number),
    }
}

/// The port of `serve` if none is named; nothing else that is known is there.
const SERVE_PORT: u16 = 8440;

/// An address, with or without a port.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>().ok();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let without = || Some(SocketAddr::new(bare.parse().ok()?, SERVE_PORT));
    with_port.or_else(without).ok_or_else(|| {
        "it must be an IP address, such as 127.0.0.1, 0.0.0.0:8440 or [::1]:8440".into()
    })
}

/// A duration as people write it; a bare number is seconds.
pub(super) fn patience(text: &str) -> Result<Duration, String> {
    let in_seconds = text.parse::<f64>().ok();
    let given = match in_seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string()),
        None => humantime::parse_duration(text).map_err(|error| error.to_string()),
    };
    let given = given.map_err(|why| format!("{why}; write it as 30s, 1m or 500ms"))?;
    match (LEAST_PATIENCE..=MOST_PATIENCE).contains(&given) {
        true => Ok(given),
        false => Err("it must be 1ms at least and a day at most".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_people_write_it() {
        assert_eq!(patience("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(patience("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(patience("45"), Ok(Duration::from_secs(45)));
        assert_eq!(patience("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "soon", "", "inf", "NaN", "100d", "1e300"] {
            assert!(patience(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_port_may_be_left_out() {
        let listens = |text: &str| listen(text).map(|address| address.to_string());
        assert_eq!(listens("127.0.0.1"), Ok("127.0.0.1:8440".into()));
        assert_eq!(listens("0.0.0.0:0"), Ok("0.0.0.0:0".into()));
        assert_eq!(listens("::1"), Ok("[::1]:8440".into()));
        assert_eq!(listens("[::1]"), Ok("[::1]:8440".into()));
        for bad in ["localhost", "8440", "", "1.2.3.4:99999"] {
            assert!(listen(bad).is_err(), "{bad}");
        }
    }
}
