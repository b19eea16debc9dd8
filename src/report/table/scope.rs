//! Which cells a finding explains, in people's words and as few lines as are true.

use super::super::names;
use super::super::style::{Screen, printable};
use crate::model::cell::{Cell, Outcome};
use crate::model::run::Run;
use crate::model::version::TlsVersion;

/// Names shown of a list before the rest is counted.
const MOST_NAMES: usize = 4;
/// Lines shown before the rest is counted.
const MOST_LINES: usize = 5;

/// Every combination of these is one of the cells.
struct Scope {
    /// Ids.
    keys: Vec<String>,
    clients: Vec<String>,
    versions: Vec<TlsVersion>,
    servers: Vec<String>,
    /// How many cells these are.
    cells: usize,
}

/// Where something happened: a key's name, a client, a version and a server.
pub(in crate::report) struct Place<'a> {
    pub(in crate::report) key: &'a str,
    pub(in crate::report) client: &'a str,
    pub(in crate::report) version: TlsVersion,
    pub(in crate::report) server: &'a str,
}

/// The same for places of which no run is at hand: lists are never said to be all there are.
pub(in crate::report) fn lines_of(screen: &Screen, places: &[Place<'_>]) -> Vec<String> {
    let scopes = scopes(places.iter().map(single), |_| {});
    shown(&scopes, screen, |keys| {
        keys.iter().map(|key| printable(key)).collect()
    })
}

/// `rsa-2048, rsa-3072 · firefox · TLS 1.2, 1.3 · openssl-1.1.1 and 5 more`, one line for each block of cells.
pub(in crate::report) fn lines(run: &Run, screen: &Screen, cells: &[&Cell]) -> Vec<String> {
    let place = |cell: &&Cell| {
        single(&Place {
            key: &cell.key,
            client: &cell.client,
            version: cell.version,
            server: &cell.profile,
        })
    };
    let scopes = scopes(cells.iter().map(place), |scope| say_all(run, scope));
    shown(&scopes, screen, |keys| named(run, keys))
}

/// A line for each, and the rest counted.
fn shown(
    scopes: &[Scope],
    screen: &Screen,
    named: impl Fn(&[String]) -> Vec<String>,
) -> Vec<String> {
    let line = |scope: &Scope| {
        let versions: Vec<&str> = scope
            .versions
            .iter()
            .map(|version| version.name())
            .collect();
        let parts = [
            shortened(&named(&scope.keys)),
            scope.clients.join(", "),
            format!("TLS {}", versions.join(", ")),
            shortened(&scope.servers),
        ];
        parts.join(&format!(" {} ", screen.dot()))
    };
    // a last line that says "1 more" is no shorter
    let shown = if scopes.len() <= MOST_LINES + 1 {
        scopes.len()
    } else {
        MOST_LINES
    };
    let mut lines: Vec<String> = scopes.iter().take(shown).map(line).collect();
    let rest: usize = scopes.iter().skip(shown).map(|scope| scope.cells).sum();
    if rest > 0 {
        lines.push(format!("and {rest} more cells"));
    }
    lines
}

fn scopes(single: impl Iterator<Item = Scope>, say_all: impl Fn(&mut Scope)) -> Vec<Scope> {
    let mut scopes = joined(
        single,
        |a, b| (&a.keys, &a.clients, &a.versions) == (&b.keys, &b.clients, &b.versions),
        |scope, other| scope.servers.extend(other.servers),
    );
    for scope in &mut scopes {
        say_all(scope);
    }
    let scopes = joined(
        scopes.into_iter(),
        |a, b| (&a.clients, &a.versions, &a.servers) == (&b.clients, &b.versions, &b.servers),
        |scope, other| scope.keys.extend(other.keys),
    );
    let scopes = joined(
        scopes.into_iter(),
        |a, b| (&a.keys, &a.versions, &a.servers) == (&b.keys, &b.versions, &b.servers),
        |scope, other| scope.clients.extend(other.clients),
    );
    joined(
        scopes.into_iter(),
        |a, b| (&a.keys, &a.clients, &a.servers) == (&b.keys, &b.clients, &b.servers),
        |scope, other| scope.versions.extend(other.versions),
    )
}

fn single(place: &Place<'_>) -> Scope {
    Scope {
        keys: vec![place.key.to_owned()],
        clients: vec![place.client.to_owned()],
        versions: vec![place.version],
        servers: vec![printable(place.server)],
        cells: 1,
    }
}

/// A list of all servers that take the key is said in a phrase, so that versions can share a line.
fn say_all(run: &Run, scope: &mut Scope) {
    let takes = |cell: &&Cell| {
        scope.keys == [cell.key.as_str()]
            && scope.clients == [cell.client.as_str()]
            && scope.versions == [cell.version]
            && cell.outcome != Outcome::NotApplicable
    };
    let all = run.cells.iter().filter(takes).count();
    if all > 2 && scope.servers.len() == all {
        scope.servers = vec!["every server that takes such keys".into()];
    }
}

fn named(run: &Run, ids: &[String]) -> Vec<String> {
    let name = |id: &String| {
        let key = run.keys.iter().find(|key| key.id == *id);
        key.map_or_else(|| id.clone(), |key| names::key(run, key))
    };
    ids.iter().map(name).collect()
}

/// The first names, and how many more.
fn shortened(names: &[String]) -> String {
    match names.len().saturating_sub(MOST_NAMES) {
        0 | 1 => names.join(", "),
        more => {
            let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
            format!("{} and {more} more", shown.join(", "))
        }
    }
}

/// Those that are `alike` become one, where the first of them stood.
fn joined(
    scopes: impl Iterator<Item = Scope>,
    alike: impl Fn(&Scope, &Scope) -> bool,
    join: impl Fn(&mut Scope, Scope),
) -> Vec<Scope> {
    let mut joined: Vec<Scope> = Vec::new();
    for scope in scopes {
        match joined.iter_mut().find(|known| alike(known, &scope)) {
            Some(known) => {
                known.cells += scope.cells;
                join(known, scope);
            }
            None => joined.push(scope),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn told(run: &Run, fails: impl Fn(&Cell) -> bool) -> String {
        let screen = Screen {
            width: 80,
            colour: false,
            unicode: true,
        };
        let cells: Vec<&Cell> = run.cells.iter().filter(|cell| fails(cell)).collect();
        lines(run, &screen, &cells).join("\n")
    }

    #[test]
    fn what_is_a_block_takes_one_line() {
        let told = told(&sample::crowd(), |cell| {
            cell.client != "any" && cell.profile == "nss"
        });
        insta::assert_snapshot!(told, @r"key number 1, key number 2, key number 3, key number 4 and 8 more · firefox, openssl · TLS 1.2, 1.3 · nss");
    }

    #[test]
    fn what_is_no_block_is_not_said_to_be_one() {
        let told = told(&sample::lying(), |cell| match cell.version {
            TlsVersion::V1_2 => cell.client == "any",
            TlsVersion::V1_3 => cell.client == "firefox" && cell.profile == "openssl-3.0",
        });
        insta::assert_snapshot!(told, @r"
        login · any · TLS 1.2 · every server that takes such keys
        login · firefox · TLS 1.3 · openssl-3.0
        ");
    }
}
