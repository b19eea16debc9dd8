//! The JSON report of `cardcheck list`, `cardcheck.list.v1`.

use schemars::JsonSchema;
use serde::Serialize;

use super::key::CertificateReport;
use super::token::{MechanismReport, ModuleReport};
use super::{Tool, escaped, pretty, schema_of};
use crate::model::certificate::Certificate;
use crate::model::key::Key;
use crate::model::listing::{Contents, InSlot, ListedModule, ListedSlot, ListedToken, Listing};
use crate::model::obstacle::Obstacle;
use crate::model::reader::{Holds, Reader, Service, atr_for_people};
use crate::model::token::Token;
use crate::model::{uri, usage};

const SCHEMA: &str = "cardcheck.list.v1";

/// The report as JSON, indented, with a newline at its end.
pub fn render(listing: &Listing) -> String {
    escaped(&pretty(&Report::from(listing)))
}

/// The JSON Schema of the report: of what is written, where a fact that is absent is null and never left out.
pub fn schema() -> String {
    schema_of::<Report>()
}

/// What `cardcheck list` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.list.v1")]
struct Report {
    /// `cardcheck.list.v1`; adding a field is no new version, removing or renaming one is.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    tool: Tool,
    /// RFC 3339, UTC.
    started: String,
    /// What pcscd says; null: no module that was loaded uses it.
    pcscd: Option<ServiceReport>,
    modules: Vec<ListedModuleReport>,
    /// The module that is taken where none is named.
    default_module: Option<String>,
}

/// The PC/SC service.
#[derive(Serialize, JsonSchema)]
struct ServiceReport {
    #[schemars(extend("enum" = ["running", "not_running", "not_allowed", "hung_up", "unclear"]))]
    state: &'static str,
    readers: Vec<ReaderReport>,
}

#[derive(Serialize, JsonSchema)]
struct ReaderReport {
    name: String,
    #[schemars(extend("enum" = ["nothing", "card", "mute_card", "unknown"]))]
    holds: &'static str,
    /// The card's answer to reset, hex with colons.
    atr: Option<String>,
    /// A program holds it exclusively.
    exclusive: bool,
    /// Who that could be.
    could_be_held_by: Vec<ProgramReport>,
}

#[derive(Serialize, JsonSchema)]
struct ProgramReport {
    pid: u32,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct ListedModuleReport {
    path: String,
    /// Who knows of it: p11-kit's files, the well-known paths, `--module`.
    found_by: Vec<String>,
    #[schemars(extend("enum" = ["loaded", "unusable", "not_loaded"]))]
    state: &'static str,
    /// Why it was not loaded.
    reason: Option<String>,
    /// C_GetInfo; null unless it was loaded.
    info: Option<ModuleReport>,
    slots: Vec<SlotReport>,
    /// What is in the way, each with the next step.
    obstacles: Vec<ObstacleReport>,
}

/// Something that has to be put right first.
#[derive(Serialize, JsonSchema)]
struct ObstacleReport {
    /// A stable id, such as `no-card`.
    id: &'static str,
    what: String,
    next_step: String,
}

#[derive(Serialize, JsonSchema)]
struct SlotReport {
    id: u64,
    /// slotDescription: of a reader, its name.
    description: String,
    /// Null: none, or it doesn't say what it is.
    token: Option<ListedTokenReport>,
    /// The call that a token refused which doesn't say what it is.
    silent: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct ListedTokenReport {
    label: String,
    serial: String,
    model: String,
    manufacturer: String,
    /// RFC 7512.
    uri: String,
    /// CKF_TOKEN_INITIALIZED.
    initialized: bool,
    pin: ListedPinReport,
    /// How much could be seen: all, since it was logged in to or wants no login, or only what is public.
    #[schemars(extend("enum" = ["logged_in", "open", "public"]))]
    access: &'static str,
    /// The whole of C_GetMechanismList.
    mechanisms: Vec<MechanismReport>,
    /// Private keys, as far as they could be seen.
    keys: Vec<ListedKeyReport>,
    /// Certificates, not of a CA, for which no private key was seen: where only what is public could be seen, it may be there.
    certificates_without_key: Vec<ListedCertificateReport>,
    /// Certificate objects whose CKA_VALUE is no DER certificate, by label or CKA_ID.
    unreadable_certificates: Vec<String>,
    obstacle: Option<ObstacleReport>,
}

#[derive(Serialize, JsonSchema)]
struct ListedPinReport {
    #[schemars(extend("enum" = ["ok", "low", "final_try", "locked", "not_set"]))]
    state: &'static str,
    /// CKF_PROTECTED_AUTHENTICATION_PATH.
    pad: bool,
    /// Bytes.
    min_length: usize,
    /// Bytes.
    max_length: usize,
}

#[derive(Serialize, JsonSchema)]
struct ListedKeyReport {
    label: String,
    /// CKA_ID in hex.
    cka_id: String,
    /// RFC 7512.
    uri: String,
    /// `RSA-2048`, `EC P-256`.
    #[serde(rename = "type")]
    key_type: String,
    /// CKA_SIGN.
    sign: bool,
    always_authenticate: bool,
    certificate: Option<ListedCertificateReport>,
}

#[derive(Serialize, JsonSchema)]
struct ListedCertificateReport {
    label: String,
    /// CKA_ID in hex.
    cka_id: String,
    /// RFC 7512.
    uri: String,
    #[serde(flatten)]
    facts: CertificateReport,
    /// RFC 5280's names; null: no keyUsage.
    key_usage: Option<Vec<&'static str>>,
    /// Names, or OIDs of what has none; null: no extendedKeyUsage.
    extended_key_usage: Option<Vec<String>>,
}

impl From<&Listing> for Report {
    fn from(listing: &Listing) -> Self {
        Report {
            schema: SCHEMA,
            tool: Tool::this(),
            started: listing.started.clone(),
            pcscd: listing.service.as_ref().map(ServiceReport::from),
            modules: listing
                .modules
                .iter()
                .map(ListedModuleReport::from)
                .collect(),
            default_module: listing.default_module.clone(),
        }
    }
}

impl From<&Service> for ServiceReport {
    fn from(service: &Service) -> Self {
        ServiceReport {
            state: match service {
                Service::Running(_) => "running",
                Service::NotRunning(_) => "not_running",
                Service::Forbidden(_) => "not_allowed",
                Service::HungUp(_) => "hung_up",
                Service::Unclear(_) => "unclear",
            },
            readers: service.readers().iter().map(ReaderReport::from).collect(),
        }
    }
}

impl From<&Reader> for ReaderReport {
    fn from(reader: &Reader) -> Self {
        let (holds, atr) = match &reader.holds {
            Holds::Nothing => ("nothing", None),
            Holds::Card(atr) => ("card", Some(atr_for_people(atr))),
            Holds::MuteCard => ("mute_card", None),
            Holds::Unknown => ("unknown", None),
        };
        let programs = reader.holders.iter().map(|program| ProgramReport {
            pid: program.pid,
            name: program.name.clone(),
        });
        ReaderReport {
            name: reader.name.clone(),
            holds,
            atr,
            exclusive: reader.exclusive,
            could_be_held_by: programs.collect(),
        }
    }
}

impl From<&ListedModule> for ListedModuleReport {
    fn from(module: &ListedModule) -> Self {
        let bare = |state| ListedModuleReport {
            path: module.path.clone(),
            found_by: module.found_by.clone(),
            state,
            reason: None,
            info: None,
            slots: Vec::new(),
            obstacles: Vec::new(),
        };
        match &module.contents {
            Contents::NotLoaded(reason) => ListedModuleReport {
                reason: Some(reason.clone()),
                ..bare("not_loaded")
            },
            Contents::Unusable(obstacle) => ListedModuleReport {
                obstacles: vec![obstacle.into()],
                ..bare("unusable")
            },
            Contents::Loaded(loaded) => ListedModuleReport {
                info: Some(ModuleReport::from(&loaded.facts)),
                slots: loaded.slots.iter().map(SlotReport::from).collect(),
                obstacles: loaded.obstacles.iter().map(ObstacleReport::from).collect(),
                ..bare("loaded")
            },
        }
    }
}

impl From<&Obstacle> for ObstacleReport {
    fn from(obstacle: &Obstacle) -> Self {
        ObstacleReport {
            id: obstacle.id,
            what: obstacle.what.clone(),
            next_step: obstacle.next.clone(),
        }
    }
}

impl From<&ListedSlot> for SlotReport {
    fn from(slot: &ListedSlot) -> Self {
        let (token, silent) = match &slot.holds {
            InSlot::Nothing => (None, None),
            InSlot::Silent(refusal) => (None, Some(refusal.clone())),
            InSlot::Token(token) => (Some(ListedTokenReport::from(&**token)), None),
        };
        SlotReport {
            id: slot.id,
            description: slot.description.clone(),
            token,
            silent,
        }
    }
}

impl From<&ListedToken> for ListedTokenReport {
    fn from(listed: &ListedToken) -> Self {
        let token = &listed.token;
        let (min_length, max_length) = listed.pin_length;
        let orphans = token.orphan_certificates.iter();
        ListedTokenReport {
            label: token.label.clone(),
            serial: token.serial.clone(),
            model: token.model.clone(),
            manufacturer: token.manufacturer.clone(),
            uri: uri::of_token(token),
            initialized: listed.initialized,
            pin: ListedPinReport {
                state: token.pin.name(),
                pad: token.pad,
                min_length,
                max_length,
            },
            access: listed.access.name(),
            mechanisms: token.mechanisms.iter().map(MechanismReport::from).collect(),
            keys: listed.keys.iter().map(|key| of_key(token, key)).collect(),
            certificates_without_key: orphans
                .map(|certificate| of_certificate(token, certificate, &[]))
                .collect(),
            unreadable_certificates: token.unreadable_certificates.clone(),
            obstacle: listed.obstacle.as_ref().map(ObstacleReport::from),
        }
    }
}

fn of_key(token: &Token, key: &Key) -> ListedKeyReport {
    let certificate = key.certificate.as_ref();
    ListedKeyReport {
        label: key.label.clone(),
        cka_id: hex::encode(&key.cka_id),
        uri: key.uri.clone(),
        key_type: key.type_for_people(),
        sign: key.can_sign,
        always_authenticate: key.always_authenticate,
        certificate: certificate.map(|leaf| of_certificate(token, leaf, &key.chain_on_token)),
    }
}

fn of_certificate(
    token: &Token,
    certificate: &Certificate,
    chain: &[Certificate],
) -> ListedCertificateReport {
    ListedCertificateReport {
        label: certificate.label.clone(),
        cka_id: hex::encode(&certificate.cka_id),
        uri: uri::of_certificate(token, certificate),
        facts: CertificateReport::new(certificate, chain),
        key_usage: usage::key_usage(certificate),
        extended_key_usage: usage::extended_key_usage(certificate),
    }
}
