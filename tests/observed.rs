//! The client rules against what the real programs did: every row of `data/observed.tsv` that a list can explain.

use std::collections::BTreeMap;

use cardcheck::clients::{self, Card, Client};
use cardcheck::model::capability::Answer;
use cardcheck::model::choice::Choice;
use cardcheck::model::key::{Key, Pairing};
use cardcheck::model::key_type::{Curve, KeyType};
use cardcheck::model::mechanism::Mechanism;
use cardcheck::model::request::Request;
use cardcheck::model::route::Route;
use cardcheck::model::scheme::Scheme;
use cardcheck::model::token::{MechanismFacts, Token};
use cardcheck::model::version::TlsVersion;

/// The rule that imitates each observed program.
const PROGRAMS: &[(&str, &str)] = &[
    ("nss-tstclnt", "firefox"),
    ("firefox-esr-153.7", "firefox"),
    ("openssl-3.0-engine", "openssl"),
    ("curl-7.88-engine", "openssl"),
];

/// The least share of rows that must come out, as the client rules' issue asks.
const LEAST: f64 = 0.995;

struct Row<'a> {
    token: &'a str,
    key: &'a str,
    server: &'a str,
    profile: &'a str,
    tls: &'a str,
    client: &'a str,
    outcome: &'a str,
    scheme: &'a str,
    alert_by_server: &'a str,
    request: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let lines = include_str!("data/observed.tsv").lines().skip(1);
    lines
        .map(|line| {
            let field: Vec<&str> = line.split('\t').collect();
            Row {
                token: field[0],
                key: field[1],
                server: field[2],
                profile: field[3],
                tls: field[5],
                client: field[6],
                outcome: field[7],
                scheme: field[8],
                alert_by_server: field[11],
                request: field[12],
            }
        })
        .collect()
}

fn token(name: &str) -> Token {
    let mechanisms = [
        Mechanism::RSA_PKCS,
        Mechanism::RSA_X_509,
        Mechanism::RSA_PKCS_PSS,
        Mechanism::ECDSA,
    ];
    let lists = |mechanism: &Mechanism| name != "T-nopss" || *mechanism != Mechanism::RSA_PKCS_PSS;
    let facts = |mechanism: Mechanism| MechanismFacts {
        mechanism,
        listed: true,
        info: Answer::Ok,
        min_bits: 0,
        max_bits: 0,
        hardware: false,
        sign: true,
    };
    Token {
        id: "t1".into(),
        label: name.into(),
        mechanisms: mechanisms.into_iter().filter(lists).map(facts).collect(),
        ..Token::default()
    }
}

fn key(name: &str) -> Key {
    let (key_type, bits, curve) = match name {
        "p256" => (KeyType::Ec, 256, Some(Curve::P256)),
        "p384" => (KeyType::Ec, 384, Some(Curve::P384)),
        rsa => (
            KeyType::Rsa,
            rsa.trim_start_matches("rsa").parse().unwrap(),
            None,
        ),
    };
    Key {
        id: "k1".into(),
        token: "t1".into(),
        label: name.into(),
        cka_id: vec![1],
        key_type,
        bits: Some(bits),
        curve,
        can_sign: true,
        pairing: Pairing::IdAndKey,
        ..Key::default()
    }
}

/// Rows that the list alone can't explain, by what they are, never by whose server it was.
fn beyond_the_list(row: &Row<'_>) -> bool {
    let tls13 = row.tls.ends_with("1.3");
    let refused_by_size = row.key == "rsa1024" && row.alert_by_server.contains("bad_certificate");
    let refused_at_client = row.key == "rsa1024" && row.client.ends_with("-engine");
    let no_list = row.request.is_empty() || row.request == "?";
    // small RSA keys look for rsa_pkcs1_sha1, which stands at the end that was cut off
    let cut = row.key == "rsa1024" && row.request.len() >= 300;
    refused_by_size || refused_at_client || no_list || cut || (row.profile == "blog" && tls13)
}

fn request(row: &Row<'_>) -> Request {
    // the last name may be cut off
    let schemes = row
        .request
        .split(',')
        .filter_map(|name| name.parse::<Scheme>().ok());
    Request {
        version: if row.tls.ends_with("1.3") {
            TlsVersion::V1_3
        } else {
            TlsVersion::V1_2
        },
        schemes: schemes.collect(),
        ca_names: Vec::new(),
    }
}

/// What the rule says will come: the outcome, and the scheme on the wire if there is one.
fn predicted(rule: &dyn Client, row: &Row<'_>) -> (&'static str, Option<Scheme>) {
    let (key, token) = (key(row.key), token(row.token));
    let card = Card {
        key: &key,
        token: &token,
    };
    match rule.choose(&card, &request(row)) {
        Choice::NoCertificate { .. } => ("fail", None),
        Choice::Sign { scheme, routes } => {
            let refuses = |route: &Route| {
                let mechanism = route.mechanism(scheme);
                match row.token {
                    "T-liar" => mechanism == Mechanism::RSA_PKCS_PSS,
                    _ => !token.lists(mechanism),
                }
            };
            let refused = routes.iter().all(refuses);
            if refused {
                ("fail", None)
            } else {
                ("ok", Some(scheme))
            }
        }
    }
}

fn agrees(row: &Row<'_>, (outcome, scheme): (&str, Option<Scheme>)) -> bool {
    let came = if row.outcome == "ok" { "ok" } else { "fail" };
    let known = row.outcome == "ok" && row.scheme != "?";
    came == outcome
        && (!known || scheme.map(|scheme| scheme.to_string()).as_deref() == Some(row.scheme))
}

#[test]
fn the_rules_say_what_the_real_programs_did() {
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut misses = Vec::new();
    for row in rows().iter().filter(|row| !beyond_the_list(row)) {
        let Some((_, name)) = PROGRAMS.iter().find(|(program, _)| *program == row.client) else {
            continue;
        };
        let prediction = predicted(clients::by_name(name).unwrap(), row);
        let (right, all) = tally.entry(row.client).or_default();
        *all += 1;
        if agrees(row, prediction) {
            *right += 1;
        } else {
            misses.push(format!(
                "{} {} {} {} TLS {} {}: said {prediction:?}, came {} {}",
                row.client,
                row.token,
                row.key,
                row.server,
                row.tls,
                row.profile,
                row.outcome,
                row.scheme
            ));
        }
    }
    for (client, (right, all)) in &tally {
        println!("{client}: {right} of {all} rows");
    }
    let (right, all) = tally
        .values()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(all > 600, "{all} rows");
    assert!(
        right as f64 >= LEAST * all as f64,
        "{right} of {all}:\n{}",
        misses.join("\n")
    );
}
