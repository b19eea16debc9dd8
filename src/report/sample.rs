//! Runs made up for the tests of every format, in few words.

use crate::model::capability::{Answer, Capability};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::certificate::Certificate;
use crate::model::ckr::Ckr;
use crate::model::comparison::Scope;
use crate::model::finding::{Finding, Remedy, Severity, Where};
use crate::model::key::{Key, Pairing};
use crate::model::key_type::{Curve, KeyType};
use crate::model::mechanism::Mechanism;
use crate::model::profile::Profile;
use crate::model::record::Record;
use crate::model::recording;
use crate::model::route::Route;
use crate::model::run::{ClientFacts, Reach, Run};
use crate::model::scheme::Scheme;
use crate::model::token::{MechanismFacts, Module, Token};
use crate::model::trace::{Message, Side};
use crate::model::version::TlsVersion;

pub(super) const PKCS1: Scheme = Scheme(0x0401);
pub(super) const PSS: Scheme = Scheme(0x0804);

/// The motivating case: an RSA key on a token that lists PSS and refuses it.
pub(super) fn lying() -> Run {
    let keys = vec![rsa("k1", "login", 2048)];
    let mut run = run(
        vec![token("t1", "lying")],
        keys,
        servers(),
        &["any", "firefox"],
    );
    for cell in &mut run.cells {
        judge_lying(cell);
    }
    let cells = failing(&run);
    for at in &cells {
        run.cells[*at]
            .findings
            .push("pss-listed-but-refused".into());
    }
    run.findings = vec![pss_refused(cells)];
    run
}

/// The same, held against a run a day before in which the token still signed by PSS, and had another key.
pub(super) fn changed() -> Run {
    let mut before = lying();
    before.started = "2026-11-20T04:00:00Z".into();
    before.module.version = "2.5".into();
    before.keys.push(p256("k2", "old login"));
    before.findings.clear();
    for cell in before
        .cells
        .iter_mut()
        .filter(|cell| cell.profile == "openssl-3.0")
    {
        passes(cell, PSS, Route::RsaPkcsPss);
        cell.stage = None;
        cell.ckr = None;
    }
    let mut run = lying();
    let (before, now) = (Record::from(&before), Record::from(&run));
    recording::hold_against(&mut run, &before, &now, Scope::Everything);
    run
}

fn judge_lying(cell: &mut Cell) {
    match (cell.profile.as_str(), cell.client.as_str(), cell.version) {
        ("openssl-1.1.0", ..) | (_, "any", TlsVersion::V1_2) => passes(cell, PKCS1, Route::RsaPkcs),
        (_, "any", TlsVersion::V1_3) => passes(cell, PSS, Route::RsaX509),
        (_, _, version) => {
            refused(cell, PSS, Route::RsaPkcsPss, Ckr::MECHANISM_INVALID);
            cell.user_sees = Some(match version {
                TlsVersion::V1_2 => "nothing; the page never loads".into(),
                TlsVersion::V1_3 => "SSL_ERROR_HANDSHAKE_FAILED".into(),
            });
        }
    }
}

fn pss_refused(cells: Vec<usize>) -> Finding {
    let list = "ssl_conf_command ClientSignatureAlgorithms \
                ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512;";
    Finding {
        id: "pss-listed-but-refused",
        severity: Severity::Error,
        title: "the token lists RSA-PSS, but its RSA keys refuse it".into(),
        cause: "C_GetMechanismList holds CKM_RSA_PKCS_PSS, so the client chooses PSS, and then C_SignInit answers \
                CKR_MECHANISM_INVALID."
            .into(),
        cells,
        remedies: vec![Remedy {
            place: Where::Server,
            title: "ask for PKCS1 only, in TLS 1.2 only".into(),
            software: Some("nginx".into()),
            snippet: Some(format!("ssl_protocols TLSv1.2;\n{list}")),
            clients: Vec::new(),
            change: None,
            proven: false,
            breaks: vec!["TLS 1.3 for everybody".into()],
        }],
    }
}

/// Everything passes, with twelve keys, 21 servers and three clients; but RSA keys have no common scheme with `ecdsa-only`.
pub(super) fn crowd() -> Run {
    let keys = (1..=12).map(|n| rsa(&format!("k{n}"), &format!("key number {n}"), 1024 + 256 * n));
    let names = [
        "openssl-1.0.2",
        "openssl-1.1.0",
        "openssl-1.1.1",
        "openssl-3.0",
        "openssl-3.3",
        "openssl-3.5",
        "openssl-4.0",
        "boringssl",
        "gnutls",
        "nss",
        "go",
        "java-17",
        "schannel-2016",
        "schannel-2022",
        "rustls",
        "pss-only",
        "pkcs1-only",
        "ecdsa-only",
        "sha1-only",
        "pkcs1-first",
        "openssl-1.1.1-blog",
    ];
    let servers = names
        .iter()
        .map(|name| profile(name, &TlsVersion::ALL))
        .collect();
    let mut run = run(
        vec![token("t1", "crowd")],
        keys.collect(),
        servers,
        &["any", "firefox", "openssl"],
    );
    for cell in &mut run.cells {
        match (cell.profile.as_str(), cell.client.as_str()) {
            ("ecdsa-only", _) => outcome(cell, Outcome::NotApplicable, "no scheme for an RSA key"),
            ("pkcs1-only" | "sha1-only", _) if cell.version == TlsVersion::V1_3 => {
                selects_nothing(cell)
            }
            ("pss-only" | "rustls", _) => passes(cell, PSS, Route::RsaPkcsPss),
            ("gnutls", "openssl") => refused(cell, PSS, Route::RsaX509, Ckr(0x0068)),
            (_, "firefox") => passes(cell, PSS, Route::RsaPkcsPss),
            _ => passes(cell, PKCS1, Route::RsaPkcs),
        }
    }
    run
}

/// Cells in the report's order, all of them passes to begin with.
pub(super) fn run(
    tokens: Vec<Token>,
    keys: Vec<Key>,
    profiles: Vec<Profile>,
    clients: &[&str],
) -> Run {
    let mut cells = Vec::new();
    for key in &keys {
        for profile in &profiles {
            for version in TlsVersion::ALL {
                let spoken = profile.schemes(version).is_some();
                let all = clients.iter().filter(|_| spoken);
                cells.extend(all.map(|client| cell(&key.id, &profile.name, version, client)));
            }
        }
    }
    if let Some(first) = cells.first_mut() {
        first.messages = messages();
    }
    Run {
        started: "2026-11-21T04:00:00Z".into(),
        duration_ms: 1234,
        reach: Reach::Whole,
        module: Module {
            path: "/usr/lib/softhsm/libsofthsm2.so".into(),
            description: "Implementation of PKCS11".into(),
            manufacturer: "SoftHSM".into(),
            version: "2.6".into(),
            cryptoki_version: "2.40".into(),
        },
        tokens,
        keys,
        profiles,
        clients: clients.iter().map(|name| client(name)).collect(),
        cells,
        findings: Vec::new(),
        signatures: 12,
        servers: Run::IN_PROCESS.into(),
        short_lists: Vec::new(),
        notes: Vec::new(),
        redacted: false,
        comparison: None,
    }
}

/// A handshake over TLS 1.3, as far as the certificate.
fn messages() -> Vec<Message> {
    let message = |at_ms, from, name: &str, bytes, fields: &[(&'static str, &str)]| Message {
        at_ms,
        from,
        encrypted: bytes < 80,
        name: name.into(),
        bytes,
        fields: fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
    };
    let suite = [("cipher_suite", "TLS_AES_128_GCM_SHA256")];
    vec![
        message(0.1, Side::Client, "ClientHello", 214, &[]),
        message(0.4, Side::Server, "ServerHello", 122, &suite),
        message(0.5, Side::Server, "CertificateRequest", 42, &[]),
        message(
            1.9,
            Side::Client,
            "CertificateVerify",
            76,
            &[("scheme", "ed25519")],
        ),
    ]
}

fn client(name: &str) -> ClientFacts {
    ClientFacts {
        name: name.into(),
        evidence: if name == "any" { "own" } else { "observed" },
    }
}

fn cell(key: &str, profile: &str, version: TlsVersion, client: &str) -> Cell {
    Cell {
        outcome: Outcome::Pass,
        measured: true,
        ..Cell::unjudged(key, profile, version, client)
    }
}

fn servers() -> Vec<Profile> {
    vec![
        profile("openssl-1.1.0", &[TlsVersion::V1_2]),
        profile("openssl-1.1.1", &TlsVersion::ALL),
        profile("openssl-3.0", &TlsVersion::ALL),
    ]
}

pub(super) fn profile(name: &str, versions: &[TlsVersion]) -> Profile {
    let list = |version| versions.contains(&version).then(|| vec![PSS, PKCS1]);
    Profile {
        name: name.into(),
        about: format!("{name}, defaults"),
        source: "made up".into(),
        tls12: list(TlsVersion::V1_2),
        tls13: list(TlsVersion::V1_3),
        ca_names: Vec::new(),
        min_rsa_bits: 1024,
        negotiates: versions.last().copied(),
    }
}

pub(super) fn token(id: &str, label: &str) -> Token {
    let mechanism = |code, listed, info| MechanismFacts {
        mechanism: Mechanism(code),
        listed,
        info,
        min_bits: 512,
        max_bits: 16384,
        hardware: false,
        sign: true,
    };
    Token {
        id: id.into(),
        slot: 0,
        label: label.into(),
        serial: "a1b2c3d4".into(),
        model: "SoftHSM v2".into(),
        manufacturer: "SoftHSM project".into(),
        verifications: 1,
        mechanisms: vec![
            mechanism(0x0d, true, Answer::Ok),
            mechanism(0x03, false, Answer::Ckr(Ckr::MECHANISM_INVALID)),
        ],
        ..Token::default()
    }
}

pub(super) fn rsa(id: &str, label: &str, bits: u32) -> Key {
    Key {
        id: id.into(),
        token: "t1".into(),
        label: label.into(),
        cka_id: vec![1],
        uri: format!("pkcs11:object={label}"),
        key_type: KeyType::Rsa,
        bits: Some(bits),
        can_sign: true,
        certificate: Some(certificate()),
        pairing: Pairing::IdAndKey,
        capabilities: vec![Capability {
            scheme: PSS,
            route: Route::RsaPkcsPss,
            listed: true,
            info: Answer::Ok,
            allowed: true,
            sign_init: Answer::Ckr(Ckr::MECHANISM_INVALID),
            sign: Answer::NotTried,
            verified: None,
            sign_ms: Some(1.234_567),
            flaw: None,
        }],
        ..Key::default()
    }
}

pub(super) fn p256(id: &str, label: &str) -> Key {
    Key {
        key_type: KeyType::Ec,
        bits: Some(256),
        curve: Some(Curve::P256),
        ..rsa(id, label, 0)
    }
}

fn certificate() -> Certificate {
    Certificate {
        label: "login".into(),
        cka_id: vec![1],
        subject: "CN=Jane Doe".into(),
        issuer: "CN=Test CA".into(),
        subject_der: vec![1],
        issuer_der: vec![2],
        serial: "01".into(),
        not_before: 1_700_000_000,
        not_after: 1_900_000_000,
        sha256: "ab".repeat(32),
        ..Certificate::default()
    }
}

pub(super) fn passes(cell: &mut Cell, scheme: Scheme, route: Route) {
    cell.outcome = Outcome::Pass;
    cell.scheme = Some(scheme);
    cell.route = Some(route);
    cell.sign_ms = Some(1.234_567);
    cell.handshake_ms = Some(3.4);
}

pub(super) fn refused(cell: &mut Cell, scheme: Scheme, route: Route, ckr: Ckr) {
    passes(cell, scheme, route);
    cell.outcome = Outcome::Fail;
    cell.stage = Some(Stage::Sign);
    cell.ckr = Some(ckr);
    cell.sign_ms = None;
}

fn selects_nothing(cell: &mut Cell) {
    cell.outcome = Outcome::Fail;
    cell.stage = Some(Stage::Select);
    cell.alert = Some("certificate_required".into());
}

pub(super) fn outcome(cell: &mut Cell, outcome: Outcome, reason: &str) {
    cell.outcome = outcome;
    cell.reason = Some(reason.into());
    cell.measured = false;
    if outcome == Outcome::NotApplicable {
        cell.expected = outcome;
    }
}

pub(super) fn failing(run: &Run) -> Vec<usize> {
    let fails = |at: &usize| run.cells[*at].outcome == Outcome::Fail;
    (0..run.cells.len()).filter(fails).collect()
}
