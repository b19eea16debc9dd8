//! The JSON report, `cardcheck.matrix.v1`: structs of its own, so that the model may change and the contract doesn't.

use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::capability::Capability;
use crate::model::cell::{Cell, Outcome};
use crate::model::certificate::Certificate;
use crate::model::finding::{Finding, Remedy};
use crate::model::key::{Key, Pairing};
use crate::model::profile::Profile;
use crate::model::run::{ClientFacts, Run, ShortList};
use crate::model::scheme::Scheme;
use crate::model::token::{MechanismFacts, Module, Token};
use crate::model::version::TlsVersion;

const SCHEMA: &str = "cardcheck.matrix.v1";

/// The report as JSON, indented, with a newline at its end.
pub fn render(run: &Run) -> String {
    // these structs hold nothing that JSON can't
    let mut text = serde_json::to_string_pretty(&Report::from(run)).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON Schema of the report.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Report);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// What `cardcheck matrix` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.matrix.v1")]
struct Report {
    /// `cardcheck.matrix.v1`; adding a field is no new version, removing or renaming one is.
    schema: &'static str,
    tool: Tool,
    /// Start, RFC 3339, UTC.
    started: String,
    duration_ms: u64,
    /// False: interrupted; the cells that were not reached are `skipped`.
    complete: bool,
    module: ModuleReport,
    tokens: Vec<TokenReport>,
    keys: Vec<KeyReport>,
    profiles: Vec<ProfileReport>,
    /// The imitated clients, in the order of the table.
    clients: Vec<ClientReport>,
    cells: Vec<CellReport>,
    findings: Vec<FindingReport>,
    /// What the harness could not do, in sentences.
    notes: Vec<String>,
    summary: Summary,
}

#[derive(Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// The PKCS#11 module, from C_GetInfo.
#[derive(Serialize, JsonSchema)]
struct ModuleReport {
    path: String,
    description: String,
    manufacturer: String,
    version: String,
    cryptoki_version: String,
}

/// A token, from C_GetTokenInfo.
#[derive(Serialize, JsonSchema)]
struct TokenReport {
    /// `t1`, `t2`, ...
    id: String,
    slot: u64,
    label: String,
    serial: String,
    model: String,
    manufacturer: String,
    pin: PinReport,
    /// The whole of C_GetMechanismList.
    mechanisms: Vec<MechanismReport>,
    /// Certificates, not of a CA, that no key on the token belongs to.
    orphan_certificates: Vec<CertificateReport>,
    /// Certificate objects whose CKA_VALUE is no DER certificate, by label or CKA_ID.
    unreadable_certificates: Vec<String>,
}

/// The user PIN.
#[derive(Serialize, JsonSchema)]
struct PinReport {
    /// `ok`, `low`, `final_try`, `locked` or `not_set`, before this run's login.
    state: &'static str,
    /// CKF_PROTECTED_AUTHENTICATION_PATH.
    pad: bool,
    /// PIN verifications that this run made.
    verifications: usize,
}

#[derive(Serialize, JsonSchema)]
struct MechanismReport {
    /// `CKM_...`, or the number in hex where it has no name.
    name: String,
    code: u64,
    min_bits: u64,
    max_bits: u64,
    /// CKF_HW.
    hardware: bool,
    /// CKF_SIGN.
    sign: bool,
}

/// A private key.
#[derive(Serialize, JsonSchema)]
struct KeyReport {
    /// `k1`, `k2`, ...
    id: String,
    token: String,
    label: String,
    /// CKA_ID in hex.
    cka_id: String,
    /// RFC 7512.
    uri: String,
    /// `rsa`, `ec`, `ed25519`, `ed448`, `ml_dsa` or `other`.
    #[serde(rename = "type")]
    key_type: &'static str,
    /// Modulus of RSA, field of EC; null if the token doesn't tell.
    bits: Option<u32>,
    curve: Option<String>,
    /// CKA_SIGN.
    sign: bool,
    always_authenticate: bool,
    /// CKA_ALLOWED_MECHANISMS by name; null: no restriction.
    allowed_mechanisms: Option<Vec<String>>,
    /// `id_and_key`, `key_only`, `id_only`, `wrong_key`, `unreadable` or `none`: how the certificate was found.
    pairing: &'static str,
    certificate: Option<CertificateReport>,
    capabilities: Vec<CapabilityReport>,
}

#[derive(Serialize, JsonSchema)]
struct CertificateReport {
    subject: String,
    issuer: String,
    serial: String,
    /// RFC 3339; null if it is out of that format's range.
    not_before: Option<String>,
    not_after: Option<String>,
    /// Over the DER, hex.
    sha256: String,
    /// SHA-256 of the issuers that lie on the token, the leaf's own first.
    chain_on_token: Vec<String>,
}

/// One scheme over one route.
#[derive(Serialize, JsonSchema)]
struct CapabilityReport {
    scheme: String,
    /// The mechanism that C_SignInit is called with.
    route: String,
    /// C_GetMechanismList holds it.
    listed: bool,
    /// C_GetMechanismInfo: `ok`, a CKR, or `not_tried`.
    info: String,
    /// CKA_SIGN and CKA_ALLOWED_MECHANISMS permit it.
    allowed: bool,
    /// C_SignInit: `ok`, a CKR, or `not_tried`.
    sign_init: String,
    /// C_Sign: `ok`, a CKR, or `not_tried`.
    sign: String,
    /// The signature checks against the public key; null: it could not be told.
    verified: Option<bool>,
    sign_ms: Option<f64>,
}

/// A server's lists.
#[derive(Serialize, JsonSchema)]
struct ProfileReport {
    name: String,
    about: String,
    source: String,
    /// The versions it speaks.
    tls: Vec<&'static str>,
    schemes: Schemes,
    /// What of these lists the harness' own server could not put on the wire.
    not_sent: Schemes,
    min_rsa_bits: u32,
    negotiates: Option<&'static str>,
}

/// The list of the CertificateRequest in each version, in the server's order.
#[derive(Serialize, JsonSchema)]
struct Schemes {
    #[serde(rename = "1.2", skip_serializing_if = "Option::is_none")]
    tls12: Option<Vec<String>>,
    #[serde(rename = "1.3", skip_serializing_if = "Option::is_none")]
    tls13: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
struct ClientReport {
    name: String,
    /// What its rule rests on: `observed`, `source`, `documented`, or `own` for a rule that imitates nobody.
    evidence: &'static str,
}

/// Key x profile x TLS version x client.
#[derive(Serialize, JsonSchema)]
struct CellReport {
    key: String,
    profile: String,
    tls: &'static str,
    client: String,
    /// `pass`, `fail`, `not_applicable`, `skipped` or `error`.
    outcome: &'static str,
    expected: &'static str,
    as_expected: bool,
    scheme: Option<String>,
    /// The mechanism of the route tried last.
    route: Option<String>,
    /// `select`, `sign`, `encode`, `server_verify` or `transport`.
    stage: Option<&'static str>,
    ckr: Option<String>,
    alert: Option<String>,
    user_sees: Option<String>,
    reason: Option<String>,
    findings: Vec<String>,
    sign_ms: Option<f64>,
    handshake_ms: Option<f64>,
    /// False: it shares another cell's handshake, or has none.
    measured: bool,
    /// The index of the cell whose handshake it shares.
    same_as: Option<usize>,
}

/// What it means.
#[derive(Serialize, JsonSchema)]
struct FindingReport {
    id: &'static str,
    /// `error`, `warning` or `note`.
    severity: &'static str,
    title: String,
    cause: String,
    /// Indexes of the cells it explains.
    cells: Vec<usize>,
    remedies: Vec<RemedyReport>,
}

/// A change that helps.
#[derive(Serialize, JsonSchema)]
struct RemedyReport {
    /// `server`, `client` or `card`.
    #[serde(rename = "where")]
    place: &'static str,
    title: String,
    software: Option<String>,
    snippet: Option<String>,
    /// The clients that it helps; empty: all.
    clients: Vec<String>,
    /// The failing cells were run again with the change applied, and passed.
    proven: bool,
    breaks: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    pass: usize,
    fail: usize,
    not_applicable: usize,
    skipped: usize,
    error: usize,
    unexpected: usize,
    /// C_SignInit calls: capability trials, handshakes and proofs.
    signatures: usize,
}

impl From<&Run> for Report {
    fn from(run: &Run) -> Self {
        Report {
            schema: SCHEMA,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            started: run.started.clone(),
            duration_ms: run.duration_ms,
            complete: run.complete,
            module: ModuleReport::from(&run.module),
            tokens: run.tokens.iter().map(TokenReport::from).collect(),
            keys: run.keys.iter().map(KeyReport::from).collect(),
            profiles: run
                .profiles
                .iter()
                .map(|profile| ProfileReport::new(run, profile))
                .collect(),
            clients: run.clients.iter().map(ClientReport::from).collect(),
            cells: run.cells.iter().map(CellReport::from).collect(),
            findings: run.findings.iter().map(FindingReport::from).collect(),
            notes: run.notes.clone(),
            summary: Summary {
                pass: run.count(Outcome::Pass),
                fail: run.count(Outcome::Fail),
                not_applicable: run.count(Outcome::NotApplicable),
                skipped: run.count(Outcome::Skipped),
                error: run.count(Outcome::Error),
                unexpected: run.unexpected(),
                signatures: run.signatures,
            },
        }
    }
}

impl From<&Module> for ModuleReport {
    fn from(module: &Module) -> Self {
        ModuleReport {
            path: module.path.clone(),
            description: module.description.clone(),
            manufacturer: module.manufacturer.clone(),
            version: module.version.clone(),
            cryptoki_version: module.cryptoki_version.clone(),
        }
    }
}

impl From<&Token> for TokenReport {
    fn from(token: &Token) -> Self {
        let listed = token.mechanisms.iter().filter(|facts| facts.listed);
        TokenReport {
            id: token.id.clone(),
            slot: token.slot,
            label: token.label.clone(),
            serial: token.serial.clone(),
            model: token.model.clone(),
            manufacturer: token.manufacturer.clone(),
            pin: PinReport {
                state: token.pin.name(),
                pad: token.pad,
                verifications: token.verifications,
            },
            mechanisms: listed.map(MechanismReport::from).collect(),
            orphan_certificates: token
                .orphan_certificates
                .iter()
                .map(|certificate| CertificateReport::new(certificate, &[]))
                .collect(),
            unreadable_certificates: token.unreadable_certificates.clone(),
        }
    }
}

impl From<&MechanismFacts> for MechanismReport {
    fn from(facts: &MechanismFacts) -> Self {
        MechanismReport {
            name: facts.mechanism.to_string(),
            code: facts.mechanism.0,
            min_bits: facts.min_bits,
            max_bits: facts.max_bits,
            hardware: facts.hardware,
            sign: facts.sign,
        }
    }
}

impl From<&Key> for KeyReport {
    fn from(key: &Key) -> Self {
        let certificate = key.certificate.as_ref();
        let restricted = key
            .allowed_mechanisms
            .as_ref()
            .filter(|allowed| !allowed.is_empty());
        KeyReport {
            id: key.id.clone(),
            token: key.token.clone(),
            label: key.label.clone(),
            cka_id: hex::encode(&key.cka_id),
            uri: key.uri.clone(),
            key_type: key.key_type.name(),
            bits: key.bits,
            curve: key.curve.map(|curve| curve.to_string()),
            sign: key.can_sign,
            always_authenticate: key.always_authenticate,
            allowed_mechanisms: restricted
                .map(|allowed| allowed.iter().map(ToString::to_string).collect()),
            pairing: pairing(key.pairing),
            certificate: certificate.map(|leaf| CertificateReport::new(leaf, &key.chain_on_token)),
            capabilities: key
                .capabilities
                .iter()
                .map(CapabilityReport::from)
                .collect(),
        }
    }
}

fn pairing(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::IdAndKey => "id_and_key",
        Pairing::KeyOnly => "key_only",
        Pairing::IdOnly => "id_only",
        Pairing::WrongKey => "wrong_key",
        Pairing::Unreadable => "unreadable",
        Pairing::None => "none",
    }
}

impl CertificateReport {
    fn new(certificate: &Certificate, chain: &[Certificate]) -> Self {
        CertificateReport {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            serial: certificate.serial.clone(),
            not_before: instant(certificate.not_before),
            not_after: instant(certificate.not_after),
            sha256: certificate.sha256.clone(),
            chain_on_token: chain.iter().map(|issuer| issuer.sha256.clone()).collect(),
        }
    }
}

fn instant(seconds: i64) -> Option<String> {
    let instant = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    instant.format(&Rfc3339).ok()
}

impl From<&Capability> for CapabilityReport {
    fn from(capability: &Capability) -> Self {
        CapabilityReport {
            scheme: capability.scheme.to_string(),
            route: capability.route.mechanism(capability.scheme).to_string(),
            listed: capability.listed,
            info: capability.info.name(),
            allowed: capability.allowed,
            sign_init: capability.sign_init.name(),
            sign: capability.sign.name(),
            verified: capability.verified,
            sign_ms: capability.sign_ms.map(rounded),
        }
    }
}

impl ProfileReport {
    fn new(run: &Run, profile: &Profile) -> Self {
        let spoken = |version: &&TlsVersion| profile.schemes(**version).is_some();
        let lost = |version| {
            let mut short = run.short_lists.iter();
            let same = |list: &&ShortList| list.profile == profile.name && list.version == version;
            short.find(same).map(|list| names(&list.schemes))
        };
        ProfileReport {
            name: profile.name.clone(),
            about: profile.about.clone(),
            source: profile.source.clone(),
            tls: TlsVersion::ALL
                .iter()
                .filter(spoken)
                .map(|version| version.name())
                .collect(),
            schemes: Schemes {
                tls12: profile.tls12.as_deref().map(names),
                tls13: profile.tls13.as_deref().map(names),
            },
            not_sent: Schemes {
                tls12: lost(TlsVersion::V1_2),
                tls13: lost(TlsVersion::V1_3),
            },
            min_rsa_bits: profile.min_rsa_bits,
            negotiates: profile.negotiates.map(TlsVersion::name),
        }
    }
}

fn names(schemes: &[Scheme]) -> Vec<String> {
    schemes.iter().map(ToString::to_string).collect()
}

impl From<&ClientFacts> for ClientReport {
    fn from(client: &ClientFacts) -> Self {
        ClientReport {
            name: client.name.clone(),
            evidence: client.evidence,
        }
    }
}

impl From<&Cell> for CellReport {
    fn from(cell: &Cell) -> Self {
        let route = cell.scheme.zip(cell.route);
        CellReport {
            key: cell.key.clone(),
            profile: cell.profile.clone(),
            tls: cell.version.name(),
            client: cell.client.clone(),
            outcome: cell.outcome.name(),
            expected: cell.expected.name(),
            as_expected: cell.as_expected(),
            scheme: cell.scheme.map(|scheme| scheme.to_string()),
            route: route.map(|(scheme, route)| route.mechanism(scheme).to_string()),
            stage: cell.stage.map(|stage| stage.name()),
            ckr: cell.ckr.map(|ckr| ckr.to_string()),
            alert: cell.alert.clone(),
            user_sees: cell.user_sees.clone(),
            reason: cell.reason.clone(),
            findings: cell.findings.clone(),
            sign_ms: cell.sign_ms.map(rounded),
            handshake_ms: cell.handshake_ms.map(rounded),
            measured: cell.measured,
            same_as: cell.same_as,
        }
    }
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        FindingReport {
            id: finding.id,
            severity: finding.severity.name(),
            title: finding.title.clone(),
            cause: finding.cause.clone(),
            cells: finding.cells.clone(),
            remedies: finding.remedies.iter().map(RemedyReport::from).collect(),
        }
    }
}

impl From<&Remedy> for RemedyReport {
    fn from(remedy: &Remedy) -> Self {
        RemedyReport {
            place: remedy.place.name(),
            title: remedy.title.clone(),
            software: remedy.software.clone(),
            snippet: remedy.snippet.clone(),
            clients: remedy.clients.clone(),
            proven: remedy.proven,
            breaks: remedy.breaks.clone(),
        }
    }
}

/// Milliseconds to the microsecond.
fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}
