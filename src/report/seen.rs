//! What the users of the clients see of a failure.

use crate::model::cell::Cell;
use crate::model::version::TlsVersion;

/// `firefox shows over TLS 1.3: SSL_ERROR_HANDSHAKE_FAILED`: a line for each client and text.
pub(super) fn lines(cells: &[&Cell]) -> Vec<String> {
    let mut seen: Vec<(&str, &str, Vec<TlsVersion>)> = Vec::new();
    for cell in cells {
        let Some(sees) = cell.user_sees.as_deref() else {
            continue;
        };
        let same = |known: &&mut (&str, &str, Vec<TlsVersion>)| {
            (known.0, known.1) == (cell.client.as_str(), sees)
        };
        match seen.iter_mut().find(same) {
            Some((.., versions)) if versions.contains(&cell.version) => {}
            Some((.., versions)) => versions.push(cell.version),
            None => seen.push((&cell.client, sees, vec![cell.version])),
        }
    }
    let line = |(client, sees, versions): (&str, &str, Vec<TlsVersion>)| {
        let versions: Vec<&str> = versions.iter().map(|version| version.name()).collect();
        format!("{client} shows over TLS {}: {sees}", versions.join(", "))
    };
    seen.into_iter().map(line).collect()
}
