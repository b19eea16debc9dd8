//! Certificates in files.

use std::fs;
use std::path::Path;

use x509_parser::pem::Pem;

use super::error::CliError;
use crate::model::certificate::{Certificate, NotACertificate};

/// A certificate's own file is small; what is larger is something else.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Every certificate in a file, PEM or DER.
///
/// # Errors
/// The file can't be read, or holds none.
pub(super) fn read(path: &Path) -> Result<Vec<Certificate>, CliError> {
    let shown = path.display().to_string();
    let bytes = read_bytes(path).map_err(|error| CliError::usage(format!("{shown}: {error}")))?;
    let pems = Pem::iter_from_buffer(&bytes).map_while(Result::ok);
    let mut ders: Vec<Vec<u8>> = pems
        .filter(|pem| pem.label.ends_with("CERTIFICATE"))
        .map(|pem| pem.contents)
        .collect();
    if ders.is_empty() {
        ders.push(bytes);
    }
    let read = ders.iter().map(|der| Certificate::from_der(der));
    read.collect::<Result<_, _>>()
        .map_err(|error| unreadable(&shown, &error))
}

fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    match size > LARGEST {
        true => Err(std::io::Error::other("larger than any certificate file")),
        false => fs::read(path),
    }
}

pub(super) fn unreadable(source: &str, error: &NotACertificate) -> CliError {
    CliError::usage(format!("{source}: {error}"))
        .help("a certificate in PEM (-----BEGIN CERTIFICATE-----) or DER; for one on a token give its PKCS#11 URI")
}
