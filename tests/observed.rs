//! The client rules against what the real programs did: every row of `data/observed.tsv` that a list can explain.

use std::collections::BTreeMap;

use cardcheck::clients::{self, Card, Client};
use cardcheck::model::capability::{Answer, Capability};
use cardcheck::model::choice::Choice;
use cardcheck::model::ckr::Ckr;
use cardcheck::model::hash::Hash;
use cardcheck::model::key::{Key, Pairing};
use cardcheck::model::key_type::{Curve, KeyType};
use cardcheck::model::mechanism::Mechanism;
use cardcheck::model::request::Request;
use cardcheck::model::route::Route;
use cardcheck::model::scheme::{KeyShape, Scheme};
use cardcheck::model::token::{MechanismFacts, Token};
use cardcheck::model::version::TlsVersion;

/// The rule that imitates each observed program.
const PROGRAMS: &[(&str, &str)] = &[
    ("nss-tstclnt", "firefox"),
    ("firefox-esr-153.7", "firefox"),
    ("chromium-156.0.8078.79", "chrome"),
    ("openssl-3.0-engine", "openssl"),
    ("openssl-3.0-provider-1.2.0", "openssl-provider"),
    ("curl-7.88-engine", "curl"),
    ("gnutls-cli-3.7.9", "gnutls"),
    ("java-17-sunpkcs11", "java"),
    ("go-1.19-crypto11", "go"),
];

/// The least share of rows that must come out, as the client rules' issue asks.
const LEAST: f64 = 0.995;

/// The rows that do not come out, and why.
const MISSES: &[(&str, &str)] = &[
    (
        "nss-tstclnt, T-full rsa1024, openssl-1.1.1w s_server, TLS 1.2, default",
        CUT_OFF,
    ),
    (
        "nss-tstclnt, T-nopss rsa1024, openssl-1.1.1w s_server, TLS 1.2, default",
        CUT_OFF,
    ),
    (
        "nss-tstclnt, T-liar rsa1024, openssl-1.1.1w s_server, TLS 1.2, default",
        CUT_OFF,
    ),
    (
        "firefox-esr-153.7, T-full rsa1024, openssl-1.1.1w s_server, TLS 1.2, default",
        CUT_OFF,
    ),
    (
        "firefox-esr-153.7, T-nopss rsa1024, openssl-1.1.1w s_server, TLS 1.2, default",
        CUT_OFF,
    ),
];

const CUT_OFF: &str = "the row's list is cut off at 300 characters, before the rsa_pkcs1_sha1 that small RSA keys sign first";

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

/// What SoftHSM2 2.6.1 has for RSA and EC keys.
fn mechanisms() -> Vec<Mechanism> {
    let on_digests = [
        Mechanism::RSA_PKCS,
        Mechanism::RSA_X_509,
        Mechanism::RSA_PKCS_PSS,
        Mechanism::ECDSA,
    ];
    let hashing = Hash::ALL.into_iter().flat_map(|hash| {
        [
            Mechanism::sha_rsa_pkcs(hash),
            Mechanism::sha_rsa_pkcs_pss(hash),
        ]
    });
    on_digests.into_iter().chain(hashing).collect()
}

fn is_pss(mechanism: Mechanism) -> bool {
    let hashing = Hash::ALL.map(Mechanism::sha_rsa_pkcs_pss);
    mechanism == Mechanism::RSA_PKCS_PSS || hashing.contains(&mechanism)
}

/// `T-nopss` hides PSS from C_GetMechanismList, but not from C_GetMechanismInfo.
fn token(name: &str) -> Token {
    let facts = |mechanism: Mechanism| MechanismFacts {
        mechanism,
        listed: name != "T-nopss" || !is_pss(mechanism),
        info: Answer::Ok,
        min_bits: 0,
        max_bits: 0,
        hardware: false,
        sign: true,
    };
    Token {
        id: "t1".into(),
        label: name.into(),
        mechanisms: mechanisms().into_iter().map(facts).collect(),
        ..Token::default()
    }
}

/// Does C_SignInit refuse? On `T-nopss` SoftHSM2 takes no mechanism that it hides, on `T-liar` none that the key forbids.
fn refuses(token: &str, mechanism: Mechanism) -> bool {
    token != "T-full" && is_pss(mechanism)
}

/// What a trial of each scheme and route would have found.
fn capabilities(token: &str, shape: &KeyShape) -> Vec<Capability> {
    let schemes = Scheme::all().filter(|scheme| scheme.key_type() == Some(shape.key_type));
    let calls =
        schemes.flat_map(|scheme| Route::of(scheme).iter().map(move |route| (scheme, *route)));
    let has = |(scheme, route): &(Scheme, Route)| mechanisms().contains(&route.mechanism(*scheme));
    let tried = |(scheme, route): (Scheme, Route)| {
        let refused = refuses(token, route.mechanism(scheme));
        let (sign_init, sign) = match refused {
            true => (Answer::Ckr(Ckr::MECHANISM_INVALID), Answer::NotTried),
            false => (Answer::Ok, Answer::Ok),
        };
        Capability {
            scheme,
            route,
            listed: token != "T-nopss" || !refused,
            info: Answer::Ok,
            allowed: token != "T-liar" || !refused,
            sign_init,
            sign,
            verified: Some(true).filter(|_| !refused),
            sign_ms: None,
            flaw: None,
        }
    };
    calls.filter(has).map(tried).collect()
}

fn key(name: &str, token: &str) -> Key {
    let (key_type, bits, curve) = match name {
        "p256" => (KeyType::Ec, 256, Some(Curve::P256)),
        "p384" => (KeyType::Ec, 384, Some(Curve::P384)),
        rsa => (
            KeyType::Rsa,
            rsa.trim_start_matches("rsa").parse().unwrap(),
            None,
        ),
    };
    let key = Key {
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
    };
    let allowed = mechanisms()
        .into_iter()
        .filter(|mechanism| !is_pss(*mechanism));
    Key {
        capabilities: capabilities(token, &key.shape()),
        allowed_mechanisms: (token == "T-liar" && key_type == KeyType::Rsa)
            .then(|| allowed.collect()),
        ..key
    }
}

/// Rows that the list alone can't explain, by what they are, never by whose server it was.
fn beyond_the_list(row: &Row<'_>) -> bool {
    let tls13 = row.tls.ends_with("1.3");
    let refused_by_size = row.key == "rsa1024" && row.alert_by_server.contains("bad_certificate");
    let no_list = row.request.is_empty() || row.request == "?";
    refused_by_size || no_list || (row.profile == "blog" && tls13)
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
    let (key, token) = (key(row.key, row.token), token(row.token));
    let card = Card {
        key: &key,
        token: &token,
    };
    match rule.choose(&card, &request(row)) {
        Choice::NoCertificate { .. } | Choice::GiveUp { .. } => ("fail", None),
        Choice::Sign { scheme, routes } => {
            let works = |route: &Route| {
                let mechanism = route.mechanism(scheme);
                mechanisms().contains(&mechanism) && !refuses(row.token, mechanism)
            };
            match routes.iter().any(works) {
                true => ("ok", Some(scheme)),
                false => ("fail", None),
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

/// A row as the list of misses names it.
fn named(row: &Row<'_>) -> String {
    let Row {
        client,
        token,
        key,
        server,
        tls,
        profile,
        ..
    } = row;
    format!("{client}, {token} {key}, {server}, TLS {tls}, {profile}")
}

#[test]
fn the_rules_say_what_the_real_programs_did() {
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut misses = Vec::new();
    let mut wrong = Vec::new();
    for row in rows().iter().filter(|row| !beyond_the_list(row)) {
        let (_, rule) = PROGRAMS
            .iter()
            .find(|(program, _)| *program == row.client)
            .unwrap();
        let prediction = predicted(clients::by_name(rule).unwrap(), row);
        let (right, all) = tally.entry(row.client).or_default();
        *all += 1;
        if agrees(row, prediction) {
            *right += 1;
            continue;
        }
        misses.push(named(row));
        wrong.push(format!(
            "{}: said {prediction:?}, came {} {}",
            named(row),
            row.outcome,
            row.scheme
        ));
    }
    for (client, (right, all)) in &tally {
        println!("{client}: {right} of {all} rows");
    }
    let sum = |sum: (usize, usize), one: &(usize, usize)| (sum.0 + one.0, sum.1 + one.1);
    let (right, all) = tally.values().fold((0, 0), sum);
    let share = right as f64 / all as f64;
    println!("all: {right} of {all} rows, {:.2} %", 100.0 * share);
    for (row, why) in MISSES {
        println!("missed: {row}: {why}");
    }
    let known: Vec<&str> = MISSES.iter().map(|(row, _)| *row).collect();
    assert_eq!(misses, known, "{}", wrong.join("\n"));
    assert!(all > 1400 && share >= LEAST, "{right} of {all}");
}
