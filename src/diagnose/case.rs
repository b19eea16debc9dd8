//! Cases: cells of one token that share a cause, and so a sentence.

use super::Facts;
use super::prose::{self, distinct};
use crate::clients::{Evidence, by_name};
use crate::model::cell::{Cell, Outcome};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::token::Token;
use crate::model::version::TlsVersion;

/// Cells of one token that share a cause.
pub(super) struct Case<'a> {
    pub(super) facts: Facts<'a>,
    /// `None`: the facts don't hold the cells' key or its token.
    pub(super) token: Option<&'a Token>,
    pub(super) cells: Vec<(usize, &'a Cell)>,
}

/// The cells by token, and by whatever else the sentence speaks of.
pub(super) fn cases<'a, K: PartialEq>(
    facts: &Facts<'a>,
    cells: impl Iterator<Item = (usize, &'a Cell)>,
    kind: impl Fn(&'a Cell) -> K,
) -> Vec<Case<'a>> {
    let mut cases: Vec<(K, Case<'a>)> = Vec::new();
    for (at, cell) in cells {
        let token = facts.key(&cell.key).and_then(|key| facts.token_of(key));
        let kind = kind(cell);
        let same =
            |(known, case): &&mut (K, Case<'a>)| *known == kind && id(case.token) == id(token);
        match cases.iter_mut().find(same) {
            Some((_, case)) => case.cells.push((at, cell)),
            None => cases.push((
                kind,
                Case {
                    facts: *facts,
                    token,
                    cells: vec![(at, cell)],
                },
            )),
        }
    }
    cases.into_iter().map(|(_, case)| case).collect()
}

/// One case for each token, whatever else the cells differ in.
pub(super) fn by_token<'a>(
    facts: &Facts<'a>,
    cells: impl Iterator<Item = (usize, &'a Cell)>,
) -> Vec<Case<'a>> {
    cases(facts, cells, |_| ())
}

/// Those of these tokens, with their keys, that no case is about.
pub(super) fn untold<'a>(
    cases: &[Case<'_>],
    tokens: Vec<(&'a Token, Vec<&'a Key>)>,
) -> impl Iterator<Item = (&'a Token, Vec<&'a Key>)> {
    let told: Vec<String> = cases
        .iter()
        .filter_map(|case| id(case.token).map(str::to_owned))
        .collect();
    tokens
        .into_iter()
        .filter(move |(token, _)| !told.contains(&token.id))
}

fn id(token: Option<&Token>) -> Option<&str> {
    token.map(|token| token.id.as_str())
}

impl<'a> Case<'a> {
    /// The keys.
    pub(super) fn keys(&self) -> Vec<&'a Key> {
        let ids = distinct(self.cells.iter().map(|(_, cell)| cell.key.as_str()));
        ids.into_iter()
            .filter_map(|id| self.facts.key(id))
            .collect()
    }

    /// The servers.
    pub(super) fn profiles(&self) -> Vec<&'a Profile> {
        let names = distinct(self.cells.iter().map(|(_, cell)| cell.profile.as_str()));
        let profiles = self.facts.profiles.iter();
        profiles
            .filter(|profile| names.contains(&profile.name.as_str()))
            .collect()
    }

    /// The clients.
    pub(super) fn clients(&self) -> Vec<&'a str> {
        distinct(self.cells.iter().map(|(_, cell)| cell.client.as_str()))
    }

    /// Real clients that logged in with one of the case's keys, in a cell that is `wanted`.
    pub(super) fn clients_let_in(&self, wanted: impl Fn(&Cell) -> bool) -> Vec<&'a str> {
        let keys = self.keys();
        let passes = |cell: &&Cell| {
            cell.outcome == Outcome::Pass
                && wanted(cell)
                && is_real(&cell.client)
                && keys.iter().any(|key| key.id == cell.key)
        };
        let cells = self.facts.cells.iter().filter(passes);
        distinct(cells.map(|cell| cell.client.as_str()))
    }

    /// Is a cell of this version among them?
    pub(super) fn has(&self, version: TlsVersion) -> bool {
        self.cells.iter().any(|(_, cell)| cell.version == version)
    }

    /// ``key `auth` ``, or by their names in the report if the facts don't hold them.
    pub(super) fn keys_named(&self) -> String {
        match self.keys().as_slice() {
            [] => {
                let ids = distinct(self.cells.iter().map(|(_, cell)| cell.key.as_str()));
                format!("key {}", prose::and(&ids))
            }
            keys => prose::keys(keys),
        }
    }

    /// Was it an RSA-PSS signature in every cell?
    pub(super) fn is_pss(&self) -> bool {
        let pss = |cell: &Cell| cell.scheme.is_some_and(|scheme| scheme.is_pss());
        self.cells.iter().all(|(_, cell)| pss(cell))
    }

    /// ` by CKM_ECDSA`, or nothing.
    pub(super) fn mechanisms_named(&self) -> String {
        let mechanisms = self.cells.iter().filter_map(|(_, cell)| {
            let (scheme, route) = cell.scheme.zip(cell.route)?;
            Some(route.mechanism(scheme).to_string())
        });
        let mechanisms = distinct(mechanisms);
        match mechanisms.is_empty() {
            true => String::new(),
            false => format!(" by {}", prose::and(&mechanisms)),
        }
    }

    /// ``token `card` ``.
    pub(super) fn token_named(&self) -> String {
        prose::token(self.token)
    }

    /// ``servers `openssl-3.0` and `go` ``.
    pub(super) fn servers_named(&self) -> String {
        prose::servers(&self.profiles())
    }

    /// `firefox and openssl`; cardcheck's own rule imitates nobody and is called a client.
    pub(super) fn clients_named(&self) -> String {
        let real: Vec<&str> = self
            .clients()
            .into_iter()
            .filter(|name| is_real(name))
            .collect();
        match real.is_empty() {
            true => "a client".into(),
            false => prose::and(&real),
        }
    }

    /// `one` if one real client is meant, or only cardcheck's own rule, else `many`.
    pub(super) fn clients_do(&self, one: &'static str, many: &'static str) -> &'static str {
        let real = self
            .clients()
            .into_iter()
            .filter(|name| is_real(name))
            .count();
        prose::number(real.max(1), one, many)
    }

    /// The different reasons that the cells give.
    pub(super) fn reasons(&self) -> Vec<&'a str> {
        distinct(
            self.cells
                .iter()
                .filter_map(|(_, cell)| cell.reason.as_deref()),
        )
    }

    /// The finding that explains these cells.
    pub(super) fn finding(
        &self,
        id: &'static str,
        severity: Severity,
        title: String,
        cause: String,
        remedies: Vec<Remedy>,
    ) -> Finding {
        Finding {
            id,
            severity,
            title,
            cause,
            cells: self.cells.iter().map(|(at, _)| *at).collect(),
            remedies,
        }
    }
}

/// Does the name belong to a client that people use?
pub(super) fn is_real(client: &str) -> bool {
    by_name(client).is_none_or(|client| client.evidence() != Evidence::Own)
}
