//! The plan: every cell, and the fewest handshakes that answer them all.

use std::collections::HashMap;

use super::Table;
use super::venue::Venue;
use crate::clients::{Card, Client};
use crate::model::choice::Choice;
use crate::model::key::{Key, Pairing};
use crate::model::profile::Profile;
use crate::model::request::Request;
use crate::model::run::ShortList;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;
use crate::tls::Server;

/// What a user may leave out or share.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Only this version.
    pub version: Option<TlsVersion>,
    /// Cells of other profiles may share a handshake that came to the same signature.
    pub quick: bool,
}

/// Cells and handshakes.
#[derive(Debug, Default)]
pub struct Plan {
    /// By key, then profile, version, client.
    pub cells: Vec<PlannedCell>,
    /// The handshakes to make.
    pub jobs: Vec<Job>,
    /// What of the profiles' lists can't be put on the wire.
    pub short_lists: Vec<ShortList>,
}

/// A cell before its handshake. Indexes are those of the [`Table`].
#[derive(Clone, Debug)]
pub struct PlannedCell {
    /// The key.
    pub key: usize,
    /// The profile.
    pub profile: usize,
    /// The version.
    pub version: TlsVersion,
    /// The client.
    pub client: usize,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The key's type can't match the profile.
    NotApplicable,
    /// There is nothing to try with.
    Skipped(String),
    /// The harness can't imitate this server closely enough to tell.
    CouldNotTell(String),
    /// A handshake answers it.
    Handshake {
        /// The job.
        job: usize,
        /// What the client's rule says to the profile's whole list.
        choice: Choice,
    },
}

/// A handshake to make.
#[derive(Clone, Debug)]
pub struct Job {
    /// The first cell that needs it.
    pub cell: usize,
    /// The key.
    pub key: usize,
    /// The profile.
    pub profile: usize,
    /// The client whose rule is applied to what comes over the wire.
    pub client: usize,
    /// What its rule says to the whole list.
    pub choice: Choice,
    /// The server.
    pub server: Server,
}

/// Handshakes with the same of these are one.
#[derive(PartialEq, Eq, Hash)]
struct Sameness {
    key: usize,
    /// `None` under `--quick`.
    profile: Option<usize>,
    version: TlsVersion,
    min_rsa_bits: u32,
    /// Certificates that go out behind the key's own.
    intermediates: usize,
    /// `None`: no certificate goes out, whatever the reason.
    choice: Option<Choice>,
}

/// Plans the whole table.
pub fn plan(table: &Table<'_>, options: Options, venue: &dyn Venue) -> Plan {
    let mut planner = Planner {
        table,
        options,
        venue,
        plan: Plan::default(),
        known: HashMap::new(),
    };
    for key in 0..table.keys.len() {
        planner.key(key);
    }
    planner.plan.short_lists = short_lists(table, options, venue);
    planner.plan
}

/// Versions in which a profile is tried.
pub fn versions(profile: &Profile, only: Option<TlsVersion>) -> impl Iterator<Item = TlsVersion> {
    TlsVersion::ALL
        .into_iter()
        .filter(move |version| only.is_none_or(|only| only == *version))
        .filter(|version| profile.schemes(*version).is_some())
}

/// A server that asks for what `profile` asks for in `version`.
pub fn server(profile: &Profile, version: TlsVersion) -> Server {
    Server {
        version,
        schemes: profile.schemes(version).unwrap_or_default().to_vec(),
        ca_names: profile.ca_names.clone(),
        min_rsa_bits: profile.min_rsa_bits,
    }
}

/// What the client's rule says to a server, and whether the harness can put enough of its list on the wire to try it.
///
/// # Errors
/// Why the handshake would not tell.
pub fn decide(
    client: &dyn Client,
    card: &Card<'_>,
    server: &Server,
    venue: &dyn Venue,
) -> Result<Choice, String> {
    let asked = |schemes: Vec<Scheme>| Request {
        version: server.version,
        schemes,
        ca_names: server.ca_names.clone(),
    };
    let sent = venue.sent(server)?;
    if sent.is_empty() {
        let name = venue.name();
        return Err(format!(
            "{name} can put nothing of this server's list on the wire"
        ));
    }
    if let Some(why) = venue.objection(card.key, server) {
        return Err(why);
    }
    let choice = client.choose(card, &asked(server.schemes.clone()));
    let on_the_wire = client.choose(card, &asked(sent));
    if on_the_wire.scheme() != choice.scheme() {
        let scheme = choice
            .scheme()
            .map_or("no scheme".into(), |scheme| scheme.to_string());
        return Err(format!(
            "{} would choose {scheme}, which {} can't offer in TLS {}",
            client.name(),
            venue.name(),
            server.version
        ));
    }
    Ok(choice)
}

struct Planner<'a> {
    table: &'a Table<'a>,
    options: Options,
    venue: &'a dyn Venue,
    plan: Plan,
    known: HashMap<Sameness, usize>,
}

impl Planner<'_> {
    fn key(&mut self, key: usize) {
        let table = self.table;
        for (profile, asked) in table.profiles.iter().enumerate() {
            for version in versions(asked, self.options.version) {
                for client in 0..table.clients.len() {
                    let fate = self.fate(key, profile, version, client);
                    self.plan.cells.push(PlannedCell {
                        key,
                        profile,
                        version,
                        client,
                        fate,
                    });
                }
            }
        }
    }

    fn fate(&mut self, key: usize, profile: usize, version: TlsVersion, client: usize) -> Fate {
        let table = self.table;
        let (Some(card), Some(asked), Some(rule)) = (
            table.card(key),
            table.profiles.get(profile),
            table.clients.get(client),
        ) else {
            return Fate::Skipped("not in the table".into());
        };
        let server = server(asked, version);
        if !type_matches(card.key, &server.schemes) {
            return Fate::NotApplicable;
        }
        if let Some(why) = nothing_to_send(card.key) {
            return Fate::Skipped(why.into());
        }
        match decide(*rule, &card, &server, self.venue) {
            Ok(choice) => {
                let intermediates = rule.intermediates(&card, &server.ca_names).len();
                let sameness = Sameness {
                    key,
                    profile: (!self.options.quick).then_some(profile),
                    version,
                    min_rsa_bits: server.min_rsa_bits,
                    intermediates,
                    choice: Some(choice.clone()).filter(sends_certificate),
                };
                let job = self.job(sameness, profile, client, server, &choice);
                Fate::Handshake { job, choice }
            }
            Err(why) => Fate::CouldNotTell(why),
        }
    }

    /// The handshake for this cell: one that is planned already, if it comes to the same.
    fn job(
        &mut self,
        sameness: Sameness,
        profile: usize,
        client: usize,
        server: Server,
        choice: &Choice,
    ) -> usize {
        let key = sameness.key;
        let jobs = &mut self.plan.jobs;
        let cell = self.plan.cells.len();
        *self.known.entry(sameness).or_insert_with(|| {
            jobs.push(Job {
                cell,
                key,
                profile,
                client,
                choice: choice.clone(),
                server,
            });
            jobs.len() - 1
        })
    }
}

fn sends_certificate(choice: &Choice) -> bool {
    !matches!(choice, Choice::NoCertificate { .. })
}

/// Is any scheme in the list for this type of key? Whether it is legal in the version is the cell's question.
fn type_matches(key: &Key, schemes: &[Scheme]) -> bool {
    schemes
        .iter()
        .any(|scheme| scheme.key_type() == Some(key.key_type))
}

fn nothing_to_send(key: &Key) -> Option<&'static str> {
    match (key.pairing, &key.certificate) {
        (Pairing::Unreadable, _) => Some("the certificate is not DER"),
        (_, None) => Some("no certificate"),
        _ => None,
    }
}

fn short_lists(table: &Table<'_>, options: Options, venue: &dyn Venue) -> Vec<ShortList> {
    let mut short = Vec::new();
    for profile in table.profiles {
        for version in versions(profile, options.version) {
            let asked = profile.schemes(version).unwrap_or_default();
            // why there is no such server at all is each cell's to say
            let Ok(sent) = venue.sent(&server(profile, version)) else {
                continue;
            };
            let lost = asked.iter().filter(|scheme| !sent.contains(scheme));
            short.push(ShortList {
                profile: profile.name.clone(),
                version,
                schemes: lost.copied().collect(),
            });
        }
    }
    short.retain(|list| !list.schemes.is_empty());
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::by_name;
    use crate::matrix::venue::InProcess;
    use crate::model::certificate::Certificate;
    use crate::model::key_type::KeyType;
    use crate::model::token::Token;
    use crate::tls::Authority;

    fn certificate() -> Certificate {
        let made = rcgen::generate_simple_self_signed(["user".into()]).unwrap();
        Certificate::from_der(made.cert.der()).unwrap()
    }

    fn rsa(chain_on_token: Vec<Certificate>) -> Key {
        Key {
            token: "t1".into(),
            key_type: KeyType::Rsa,
            bits: Some(2048),
            certificate: Some(certificate()),
            pairing: Pairing::IdAndKey,
            chain_on_token,
            ..Key::default()
        }
    }

    fn handshakes(key: Key, clients: &[&str]) -> usize {
        let clients: Vec<&'static dyn Client> =
            clients.iter().filter_map(|name| by_name(name)).collect();
        let profile = Profile {
            name: "pkcs1".into(),
            tls12: Some(vec![Scheme(0x0401)]),
            ..Profile::default()
        };
        let token = Token {
            id: "t1".into(),
            ..Token::default()
        };
        let table = Table {
            tokens: &[token],
            keys: &[key],
            profiles: &[profile],
            clients: &clients,
            now: 0,
        };
        plan(
            &table,
            Options::default(),
            &InProcess(&Authority::new().unwrap()),
        )
        .jobs
        .len()
    }

    #[test]
    fn clients_share_a_handshake_if_they_sign_alike_and_send_the_same_certificates() {
        let intermediate = || Certificate {
            issuer_der: b"another".to_vec(),
            ..certificate()
        };
        let both = ["firefox", "openssl"];
        assert_eq!(handshakes(rsa(Vec::new()), &both), 1);
        assert_eq!(handshakes(rsa(vec![intermediate()]), &both), 2);
        assert_eq!(
            handshakes(rsa(vec![intermediate()]), &["openssl", "curl"]),
            1
        );
    }
}
