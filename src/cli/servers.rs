//! Which servers and clients a user means.

use std::path::Path;

use super::args::Servers;
use super::error::CliError;
use crate::clients::{self, Client};
use crate::matrix::profiles;
use crate::model::profile::Profile;

/// The profiles named by `--profile` and `--sigalgs`; all built-in ones if none was.
///
/// # Errors
/// An unknown name, a file that can't be read, or one that has an error.
pub(super) fn profiles(servers: &Servers) -> Result<Vec<Profile>, CliError> {
    let chosen = named(&servers.profile, &servers.sigalgs)?;
    Ok(match chosen.is_empty() {
        true => profiles::builtin().to_vec(),
        false => chosen,
    })
}

/// The profiles named by `--profile` and `--sigalgs`.
///
/// # Errors
/// An unknown name, a file that can't be read, or one that has an error.
pub(super) fn named(names: &[String], sigalgs: &[String]) -> Result<Vec<Profile>, CliError> {
    let mut chosen: Vec<Profile> = Vec::new();
    for wanted in names {
        for profile in named_or_file(wanted)? {
            add(&mut chosen, profile)?;
        }
    }
    for list in sigalgs {
        let profile = profiles::from_sigalgs(list)?;
        let name = match sigalgs {
            [_] => profile.name,
            _ => format!("sigalgs {list}"),
        };
        add(&mut chosen, Profile { name, ..profile })?;
    }
    Ok(chosen)
}

/// The clients named by `--client`; those that people use most if none was.
///
/// # Errors
/// An unknown name.
pub(super) fn clients(wanted: &[String]) -> Result<Vec<&'static dyn Client>, CliError> {
    if wanted.is_empty() {
        return Ok(clients::DEFAULT.to_vec());
    }
    if wanted.iter().any(|name| name == "all") {
        return Ok(clients::ALL.to_vec());
    }
    let mut chosen: Vec<&'static dyn Client> = Vec::new();
    for name in wanted {
        let client = clients::by_name(name).ok_or_else(|| unknown_client(name))?;
        if !chosen.iter().any(|known| known.name() == client.name()) {
            chosen.push(client);
        }
    }
    Ok(chosen)
}

/// A built-in name first; what looks like a path, or is a file, is read.
fn named_or_file(wanted: &str) -> Result<Vec<Profile>, CliError> {
    match profiles::by_name(wanted) {
        Ok(profile) => Ok(vec![profile]),
        Err(unknown) => {
            let path = Path::new(wanted);
            let looks_like_one =
                wanted.contains('/') || path.extension().is_some_and(|e| e == "toml");
            if looks_like_one || path.is_file() {
                read(path)
            } else {
                Err(unknown.into())
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<Profile>, CliError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::usage(format!("profile file {shown}: {error}")).help(
            "--profile takes a built-in name, or the path of a TOML file with [[profile]] tables",
        )
    })?;
    Ok(profiles::parse(&text, &shown)?)
}

fn add(chosen: &mut Vec<Profile>, profile: Profile) -> Result<(), CliError> {
    match chosen.iter().find(|known| known.name == profile.name) {
        None => chosen.push(profile),
        Some(known) if *known == profile => {}
        Some(_) => {
            let name = profile.name;
            return Err(
                CliError::usage(format!("two different profiles are named `{name}`"))
                    .help("rename the one in your file"),
            );
        }
    }
    Ok(())
}

fn unknown_client(name: &str) -> CliError {
    let names: Vec<&str> = clients::ALL.iter().map(|client| client.name()).collect();
    CliError::unknown("client", name, names.iter().copied())
        .help(format!("--client takes all, {}", names.join(", ")))
}
