//! The way to a server that exists, as a user names it.

use std::time::Duration;

use super::args::Way;
use super::error::CliError;
use super::interrupt;
use crate::live::{self, DialError, ProbeError, Settings, Target, is_path, starttls};
use crate::tls::peer::Trust;

/// The proxy's port where none was named.
const PROXY_PORT: u16 = 3128;

/// How to look at it.
///
/// # Errors
/// A file of CAs that is of no use.
pub(super) fn settings(way: &Way, patience: Duration) -> Result<Settings, CliError> {
    Ok(Settings {
        patience,
        trust: match &way.ca {
            Some(file) => Trust::of_file(file)?,
            None => Trust::of_system(),
        },
        cancelled: interrupt::flag(),
    })
}

/// The server, with the page to ask for if one was named.
///
/// # Errors
/// What is wrong in how it was named.
pub(super) fn target(host: &str, way: &Way, path: Option<&str>) -> Result<Target, CliError> {
    let protocol = way.starttls.as_deref().map(protocol).transpose()?;
    let mut target = Target::parse(host, protocol)?;
    target.server_name = way.server_name.clone();
    target.proxy = way.proxy.as_deref().map(proxy).transpose()?;
    target.path = path.map(str::to_owned).or(target.path);
    match &target.path {
        Some(path) if !is_path(path) => Err(CliError::usage(format!("`{path}` is no path"))
            .help("it begins with `/` and holds no blanks, such as /login; write a blank as %20")),
        Some(_) if protocol.is_some() => Err(CliError::usage(
            "--path is HTTP's, and --starttls another protocol's",
        )
        .help("leave one of them out")),
        _ => Ok(target),
    }
}

fn protocol(name: &str) -> Result<&'static starttls::Starttls, CliError> {
    let names = || starttls::ALL.iter().map(|protocol| protocol.name);
    starttls::by_name(name).ok_or_else(|| {
        let all: Vec<&str> = names().collect();
        CliError::unknown("protocol", name, names())
            .help(format!("--starttls takes {}", all.join(", ")))
    })
}

fn proxy(text: &str) -> Result<(String, u16), CliError> {
    let bare = text.strip_prefix("http://").unwrap_or(text);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let (host, port) = live::target::host_and_port(bare).map_err(|error| {
        CliError::usage(error.to_string()).help("--proxy takes HOST[:PORT] of an HTTP proxy")
    })?;
    Ok((host, port.unwrap_or(PROXY_PORT)))
}

impl From<live::target::BadTarget> for CliError {
    fn from(error: live::target::BadTarget) -> Self {
        CliError::usage(error.to_string())
            .help("write it as HOST, HOST:PORT, [IPV6]:PORT or https://HOST/PATH")
    }
}

impl From<crate::tls::peer::TrustError> for CliError {
    fn from(error: crate::tls::peer::TrustError) -> Self {
        CliError::environment(error.to_string())
            .help("--ca takes a PEM file: blocks that begin with -----BEGIN CERTIFICATE-----")
    }
}

/// Why a probe came to nothing. `longer` is the option by which the command gives a server more time.
pub(super) fn no_probe(error: &ProbeError, longer: &str) -> CliError {
    let help = match error {
        ProbeError::Interrupted => return CliError::interrupted(),
        ProbeError::NotTls { .. } => format!(
            "the port may speak another protocol first (see --starttls), want another name (see --server-name) or a longer {longer}"
        ),
        ProbeError::NoAddress { .. } | ProbeError::Dial(DialError::Connect { .. }) => {
            "check host, port and firewall; --proxy goes through an HTTP proxy".into()
        }
        ProbeError::Dial(DialError::Resolve { .. }) => {
            "check the name, and the name server of this machine".into()
        }
        ProbeError::Dial(DialError::Proxy { .. }) => {
            "the proxy must allow CONNECT to that port".into()
        }
        ProbeError::Dial(DialError::Starttls(_)) => {
            "check protocol and port; a port that begins with TLS at once wants no --starttls"
                .into()
        }
    };
    CliError::environment(error.to_string()).help(help)
}
