//! `cardcheck serve`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::args::{Identity, Serve, Telling};
use super::error::CliError;
use super::exit::Exit;
use super::output::stdout;
use super::{servers, speak};
use crate::matrix::profiles;
use crate::model::profile::Profile;
use crate::model::version::TlsVersion;
use crate::serve::{Bound, Door, House, Rules, Told, Verdict, headline, visit_json};
use crate::tls::Reception;
use crate::tls::site::{ClientCas, Site, SiteError};

/// What is asked for by default, in the order in which to try it: a built-in profile, the only version of it, what it tells.
const DEFAULT: &[(&str, Option<TlsVersion>, &str)] = &[
    (
        "openssl-3.0",
        None,
        "As most servers ask today, over TLS 1.3: an RSA key must sign with RSA-PSS.",
    ),
    (
        "openssl-3.0",
        Some(TlsVersion::V1_2),
        "The same over TLS 1.2, where RSA-PSS and PKCS1 may be chosen. A card that promises PSS and refuses it lets Firefox wait for ever here.",
    ),
    (
        "pkcs1-only",
        None,
        "No RSA-PSS, over TLS 1.2: what an RSA card without it can do.",
    ),
    ("pss-only", None, "RSA-PSS only: what such a card can't do."),
    (
        "ecdsa-only",
        None,
        "For cards with an elliptic curve key, whatever RSA can do.",
    ),
];

/// Opens the ports and serves until Ctrl-C, or the first visitor with `--once`.
pub(super) fn run(wanted: &Serve) -> Result<Exit, CliError> {
    let rules = rules(wanted)?;
    let failed = |error: std::io::Error| CliError::environment(format!("can't start: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let stop = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        let house = House::open(rules).await?;
        announce(wanted, house.bound())?;
        let told = house.serve(wanted.fixture.once, stop, teller(wanted)).await;
        Ok(match told {
            None => Exit::Interrupted,
            Some(told) if told.visit.is_good() => Exit::AsExpected,
            Some(_) => Exit::Unexpected,
        })
    })
}

fn rules(wanted: &Serve) -> Result<Rules, CliError> {
    let site = site(wanted)?;
    let cas = wanted.ca.as_deref().map(client_cas).transpose()?;
    let ca_pem = site.ca_pem.clone();
    let door = |(name, profile, hint)| Door {
        name,
        hint,
        reception: Reception {
            site: site.clone(),
            profile,
            cas: cas.clone(),
            strict: wanted.require,
            patience: wanted.timeout,
        },
    };
    Ok(Rules {
        listen: wanted.listen,
        doors: asked(wanted)?.into_iter().map(door).collect(),
        name: wanted.identity.name.first().cloned(),
        ca_pem,
    })
}

type Asked = (String, Profile, Option<&'static str>);

/// The profiles, each with a name for its port and what it tells.
fn asked(wanted: &Serve) -> Result<Vec<Asked>, CliError> {
    let named = servers::named(&wanted.profile, &wanted.sigalgs)?;
    let all = match named.is_empty() {
        true => defaults()?,
        false => named
            .into_iter()
            .map(|profile| (profile, None, None))
            .collect(),
    };
    let only = wanted.tls.map(TlsVersion::from);
    let mut asked: Vec<Asked> = Vec::new();
    for (profile, version, hint) in all {
        let door = with_version(profile, version.or(only), hint);
        let fits = only.is_none_or(|only| door.1.schemes(only).is_some());
        let again = asked.iter().any(|(name, ..)| *name == door.0);
        if fits && !again {
            asked.push(door);
        }
    }
    match asked.is_empty() {
        true => Err(
            CliError::usage("none of these profiles speaks the version of --tls")
                .help("leave --tls out, or name another --profile"),
        ),
        false => Ok(asked),
    }
}

/// A profile, the only version of it, what it tells.
type Chosen = (Profile, Option<TlsVersion>, Option<&'static str>);

fn defaults() -> Result<Vec<Chosen>, CliError> {
    let named = |(name, version, hint): &(&str, Option<TlsVersion>, &'static str)| {
        Ok((profiles::by_name(name)?, *version, Some(*hint)))
    };
    DEFAULT.iter().map(named).collect()
}

/// The profile with this version only, and a name that says so.
fn with_version(profile: Profile, only: Option<TlsVersion>, hint: Option<&'static str>) -> Asked {
    let name = profile.name.replace(char::is_whitespace, "-");
    let Some(only) = only else {
        return (name, profile, hint);
    };
    let both = profile.tls12.is_some() && profile.tls13.is_some();
    let name = match both {
        true => format!("{name}-tls{only}"),
        false => name,
    };
    let restricted = Profile {
        tls12: profile.tls12.filter(|_| only == TlsVersion::V1_2),
        tls13: profile.tls13.filter(|_| only == TlsVersion::V1_3),
        ..profile
    };
    (name, restricted, hint)
}

fn site(wanted: &Serve) -> Result<Site, CliError> {
    let Identity {
        name,
        ca_out,
        cert,
        key,
    } = &wanted.identity;
    if let (Some(cert), Some(key)) = (cert, key) {
        let site = Site::from_pem(&read(cert)?, &read(key)?);
        return site.map_err(|error| {
            unusable(
                &error,
                match error {
                    SiteError::NoKey(_) => key,
                    _ => cert,
                },
            )
        });
    }
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).into();
    if !wanted.listen.ip().is_unspecified() {
        names.push(wanted.listen.ip().to_string());
    }
    names.extend(name.iter().cloned());
    names.sort();
    names.dedup();
    let site = Site::new(&names).map_err(|error| {
        CliError::usage(error.to_string()).help("--name takes DNS names and IP addresses")
    })?;
    if let (Some(path), Some(pem)) = (ca_out, &site.ca_pem) {
        fs::write(path, pem).map_err(|error| CliError::unwritable(path, &error))?;
    }
    Ok(site)
}

fn client_cas(path: &Path) -> Result<ClientCas, CliError> {
    ClientCas::from_pem(&read(path)?).map_err(|error| unusable(&error, path))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(path).map_err(|error| {
        CliError::environment(format!("can't read {}: {error}", path.display()))
            .help("nothing was opened; check the path")
    })
}

fn unusable(error: &SiteError, path: &Path) -> CliError {
    CliError::environment(format!("{}: {error}", path.display())).help(
        "`openssl x509 -in FILE -text` and `openssl pkey -in FILE -text` show what such a file holds",
    )
}

/// Where it is, for people, and for whoever waits for the file.
fn announce(wanted: &Serve, bound: &Bound) -> Result<(), CliError> {
    let ip = bound.index.ip();
    if !ip.is_loopback() {
        speak::warning(&format!(
            "everybody who reaches {} can read there who visited, with which certificate; there is no password",
            bound.index
        ));
    }
    if !wanted.manner.quiet {
        let host = match ip.is_loopback() {
            true => "localhost".into(),
            false => wanted
                .identity
                .name
                .first()
                .cloned()
                .unwrap_or(ip.to_string()),
        };
        speak::say(&format!("open http://{}/ in the browser", bound.index));
        for (name, address) in &bound.doors {
            speak::say(&format!("  https://{host}:{}/  {name}", address.port()));
        }
        speak::say("Ctrl-C ends it");
    }
    match &wanted.fixture.port_file {
        None => Ok(()),
        Some(path) => write_ports(path, bound),
    }
}

/// Whole or not at all: somebody waits for it.
fn write_ports(path: &Path, bound: &Bound) -> Result<(), CliError> {
    let mut lines = format!("{} index\n", bound.index.port());
    for (name, address) in &bound.doors {
        lines.push_str(&format!("{} {name}\n", address.port()));
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, lines)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| CliError::unwritable(path, &error))
}

/// Tells each visit on stdout.
fn teller(wanted: &Serve) -> Arc<dyn Fn(&Told) + Send + Sync> {
    let telling = wanted.fixture.format;
    Arc::new(move |told| {
        let told = match telling {
            Telling::Json => visit_json(told) + "\n",
            Telling::Text => in_words(told),
        };
        // that nobody reads it is no reason to serve nobody
        let _ = stdout(&told);
    })
}

fn in_words(told: &Told) -> String {
    let visit = &told.visit;
    let findings = told.findings.iter().map(|finding| {
        format!(
            "    {} ({})\n",
            crate::model::printable::printable(&finding.title),
            finding.id
        )
    });
    format!(
        "{} #{} {} from {}: {}\n{}",
        Verdict::of(visit).symbol(),
        visit.number,
        visit.door,
        visit.from,
        headline(visit),
        findings.collect::<String>()
    )
}
