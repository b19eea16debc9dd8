//! `cardcheck probe`.

use super::args::{self, Probe as Wanted};
use super::check::Started;
use super::error::CliError;
use super::exit::Exit;
use super::interrupt;
use super::output::{Output, Sink};
use super::progress::Progress;
use crate::live::{self, DialError, ProbeError, Settings, Target, is_path, starttls};
use crate::matrix::saved;
use crate::model::probe::{Asks, Probe};
use crate::report::{self, Format};
use crate::tls::peer::Trust;

/// The proxy's port where none was named.
const PROXY_PORT: u16 = 3128;

/// Looks at the server, prints what it asks for.
pub(super) fn run(wanted: &Wanted) -> Result<Exit, CliError> {
    let started = Started::now();
    let target = target(wanted)?;
    let trust = match &wanted.way.ca {
        Some(file) => Trust::of_file(file)?,
        None => Trust::of_system(),
    };
    let mut output = Output::of(
        wanted.format.into(),
        &wanted.manner,
        &[
            (&wanted.export_json, Format::Json),
            (&wanted.export_table, Format::Table),
        ],
    )?;
    let mut profile = wanted.save_profile.as_deref().map(Sink::open).transpose()?;
    let settings = Settings {
        patience: wanted.way.timeout,
        trust,
        cancelled: interrupt::flag(),
    };

    let progress = Progress::new(wanted.manner.quiet).with_details(wanted.detail);
    let mut found = live::probe(&target, &settings, &|what| progress.now(what))?;
    progress.end();
    found.started = started.to_the_second();
    found.duration_ms = started.milliseconds();
    if !wanted.trace {
        found.trace.clear();
    }

    output.write_as(|format, screen| report::render_probe(&found, format, screen))?;
    if let Some(file) = &mut profile {
        save(&found, file)?;
    }
    Ok(exit(&found, wanted.expect))
}

fn exit(found: &Probe, expected: Option<args::Expected>) -> Exit {
    let asks = |wanted: Asks| found.spoken().all(|facts| facts.asks == wanted);
    match expected {
        _ if !found.complete => Exit::Interrupted,
        Some(expected) if !asks(expected.into()) => Exit::Unexpected,
        _ if found.has_errors() => Exit::Unexpected,
        _ => Exit::AsExpected,
    }
}

fn save(found: &Probe, file: &mut Sink) -> Result<(), CliError> {
    let Some(profile) = found.profile() else {
        return Err(CliError::nothing_to_try(
            "there is no profile to save: no request for a certificate was seen",
        )
        .help("the report says when the server asks, if it does; --path names the page that needs a certificate"));
    };
    file.write(&saved::to_toml(&profile))
}

fn target(wanted: &Wanted) -> Result<Target, CliError> {
    let protocol = wanted.way.starttls.as_deref().map(protocol).transpose()?;
    let mut target = Target::parse(&wanted.host, protocol)?;
    target.server_name = wanted.way.server_name.clone();
    target.proxy = wanted.way.proxy.as_deref().map(proxy).transpose()?;
    target.path = match &wanted.path {
        Some(path) => Some(path.clone()),
        None => target.path,
    };
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

impl From<ProbeError> for CliError {
    fn from(error: ProbeError) -> Self {
        let help = match &error {
            ProbeError::Interrupted => return CliError::interrupted(),
            ProbeError::NotTls { .. } => {
                "the port may speak another protocol first (see --starttls), want another name (see --server-name) or a longer --timeout"
            }
            ProbeError::NoAddress { .. } | ProbeError::Dial(DialError::Connect { .. }) => {
                "check host, port and firewall; --proxy goes through an HTTP proxy"
            }
            ProbeError::Dial(DialError::Resolve { .. }) => {
                "check the name, and the name server of this machine"
            }
            ProbeError::Dial(DialError::Proxy { .. }) => {
                "the proxy must allow CONNECT to that port"
            }
            ProbeError::Dial(DialError::Starttls(_)) => {
                "check protocol and port; a port that begins with TLS at once wants no --starttls"
            }
        };
        CliError::environment(error.to_string()).help(help)
    }
}
