//! `cardcheck inspect`.

use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;

use super::args::{self, Inspect};
use super::certificates;
use super::error::CliError;
use super::exit::Exit;
use super::host;
use super::interrupt;
use super::output::{screen, stdout};
use super::progress::Progress;
use super::tokens::{self, Selection};
use crate::diagnose::inspect::{Subject, remarks};
use crate::model::anatomy::Anatomy;
use crate::model::certificate::Certificate;
use crate::model::inspection::Inspection;
use crate::model::path::path;
use crate::report::inspect::{self, json};
use crate::token::Module;

/// Reads the certificate, and what stands around it; prints what servers make of it.
pub(super) fn run(wanted: &Inspect) -> Result<Exit, CliError> {
    let trusted = wanted.ca.as_deref().map(certificates::read).transpose()?;
    let given = match wanted.what.to_ascii_lowercase().starts_with("pkcs11:") {
        true => read_tokens(wanted)?,
        false => vec![read_bundle(Path::new(&wanted.what))?],
    };
    let inspections = given.iter().map(|given| given.inspect(trusted.as_deref()));
    let inspections: Vec<Vec<Inspection>> = inspections.collect::<Result<_, _>>()?;
    let inspections = inspections.concat();
    stdout(&match wanted.format {
        args::PlainFormat::Table => inspect::render(&inspections, &screen(wanted.manner.color)),
        args::PlainFormat::Json => json::render(&inspections),
    })?;
    Ok(match inspections.iter().any(Inspection::is_refused) {
        true => Exit::Unexpected,
        false => Exit::AsExpected,
    })
}

/// Certificates to look at, and others that would be sent with them, from one place.
struct Given {
    source: String,
    leaves: Vec<Certificate>,
    beside: Vec<Certificate>,
}

impl Given {
    /// Each of them; with its chain, if it is known whom the server trusts.
    fn inspect(&self, trusted: Option<&[Certificate]>) -> Result<Vec<Inspection>, CliError> {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let beside = trusted.map(|trusted| (&self.beside[..], trusted));
        let leaves = self.leaves.iter();
        leaves
            .map(|leaf| inspect_one(&self.source, leaf, beside, now))
            .collect()
    }
}

fn inspect_one(
    source: &str,
    leaf: &Certificate,
    beside: Option<(&[Certificate], &[Certificate])>,
    now: i64,
) -> Result<Inspection, CliError> {
    let anatomy = Anatomy::of(leaf).map_err(|error| certificates::unreadable(source, &error))?;
    let path = beside.map(|(sent, trusted)| path(leaf, sent, trusted));
    let remarks = remarks(&Subject {
        certificate: leaf,
        anatomy: &anatomy,
        path: path.as_ref(),
        now,
    });
    Ok(Inspection {
        source: source.to_owned(),
        certificate: leaf.clone(),
        anatomy,
        path,
        remarks,
    })
}

/// The first certificate of the file is looked at; the others are its chain.
fn read_bundle(path: &Path) -> Result<Given, CliError> {
    let mut certificates = certificates::read(path)?.into_iter();
    let leaves = certificates.next().into_iter().collect();
    Ok(Given {
        source: path.display().to_string(),
        leaves,
        beside: certificates.collect(),
    })
}

/// Certificates are public: no PIN is asked for.
fn read_tokens(wanted: &Inspect) -> Result<Vec<Given>, CliError> {
    let token = wanted.token();
    let selection = Selection::new(&token)?;
    let progress = Arc::new(Progress::new(wanted.manner.quiet));
    let path = tokens::module_path(&token, &selection)?;
    let launch = host::launch(
        path,
        &token,
        &args::Pin::default(),
        args::Privacy::default(),
        &progress,
        &interrupt::flag(),
    )?;
    let mut module = Module::load(launch)?;
    let on_tokens = tokens::certificates(&mut module, &selection)?.into_iter();
    let given: Vec<Given> = on_tokens
        .filter_map(|(label, certificates)| chosen(&label, certificates, &selection))
        .collect();
    match given.is_empty() {
        true => Err(CliError::nothing_to_try("no certificate on the token is the one you named")
            .help("`pkcs11-tool --module M -O` lists what is public; leave `id` and `object` out of the URI to see all")),
        false => Ok(given),
    }
}

/// Those of one token that are meant, and all others on it; `None`: none is.
fn chosen(label: &str, certificates: Vec<Certificate>, selection: &Selection) -> Option<Given> {
    let named = certificates
        .iter()
        .filter(|one| selection.wants_certificate(one));
    let (issuers, leaves): (Vec<&Certificate>, Vec<_>) = named.partition(|one| one.is_ca);
    // a CA's certificate is looked at only if nothing else is meant
    let leaves = if leaves.is_empty() { issuers } else { leaves };
    let leaves: Vec<Certificate> = leaves.into_iter().cloned().collect();
    (!leaves.is_empty()).then(|| Given {
        source: format!("token {label}"),
        leaves,
        beside: certificates,
    })
}
