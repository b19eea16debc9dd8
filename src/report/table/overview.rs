//! The overview: with how many servers each key logs in, for each client.

use super::super::style::Screen;
use super::{columns, key_name, laid_out};
use crate::model::cell::{Cell, Outcome};
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::version::TlsVersion;

/// Keys and versions down, clients across: `12/19`, servers that let it in of those that could.
pub(super) fn render(run: &Run, screen: &Screen) -> String {
    let mut table = columns(screen);
    let clients = run.clients.iter().map(|client| client.name.clone());
    let head = ["key".to_owned(), String::new(), "TLS".to_owned()];
    table.set_header(head.into_iter().chain(clients));
    for key in &run.keys {
        let mut named = false;
        for version in TlsVersion::ALL {
            let Some(counts) = row(run, screen, key, version) else {
                continue;
            };
            let (name, kind) = match named {
                false => (key_name(run, key), key.type_for_people()),
                true => (String::new(), String::new()),
            };
            named = true;
            table.add_row([name, kind, version.to_string()].into_iter().chain(counts));
        }
    }
    let title = screen.heading("logs in to how many servers");
    format!("{title}\n{}", laid_out(&table, screen))
}

/// `None`: no server was tried in this version.
fn row(run: &Run, screen: &Screen, key: &Key, version: TlsVersion) -> Option<Vec<String>> {
    let mut cells = run
        .cells
        .iter()
        .filter(|cell| cell.key == key.id && cell.version == version);
    cells.clone().next()?;
    let of = |client: &str| {
        cells
            .clone()
            .filter(|cell| cell.client == client)
            .collect::<Vec<_>>()
    };
    let counts = run
        .clients
        .iter()
        .map(|client| count(&of(&client.name), screen))
        .collect();
    cells.next().map(|_| counts)
}

fn count(cells: &[&Cell], screen: &Screen) -> String {
    let with = |outcome| cells.iter().filter(|cell| cell.outcome == outcome).count();
    let applicable = cells.len() - with(Outcome::NotApplicable);
    let (passed, skipped) = (with(Outcome::Pass), with(Outcome::Skipped));
    let tried = applicable - skipped;
    match (applicable, tried, passed) {
        (0, ..) => "-".into(),
        (_, 0, _) => "skipped".into(),
        (_, tried, passed) if tried == passed => format!("{} {passed}/{applicable}", screen.tick()),
        (_, _, 0) => format!("{} 0/{applicable}", screen.cross()),
        _ => format!("! {passed}/{applicable}"),
    }
}
