//! Advice as JSON, version 1.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::json::{RemedyReport, as_text, schema_of};
use crate::model::advice::{Advice, Counts, Skipped, Unsaved, Weighed};

const SCHEMA: &str = "cardcheck.advise.v1";

/// The advice as JSON, indented, with a newline at its end.
pub fn render(advice: &Advice) -> String {
    as_text(&AdviceReport::from(advice))
}

/// The JSON Schema of the advice.
pub fn schema() -> String {
    schema_of::<AdviceReport>()
}

/// What `cardcheck advise` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.advise.v1")]
struct AdviceReport {
    /// `cardcheck.advise.v1`; adding a field is no new version, removing or renaming one is.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    tool: Tool,
    /// Reports that were read.
    reports: u64,
    /// Different cards in them.
    cards: u64,
    /// Times that a card came again: it counts once, as its latest report says.
    repeated: u64,
    skipped: SkippedReports,
    clients: Vec<ClientReport>,
    /// Every setting that was weighed.
    settings: Vec<SettingReport>,
    /// The name of the setting that lets most cards in with most clients; null: none lets any in.
    best: Option<String>,
    /// Cards that no setting lets in with a client.
    unsaved: Vec<UnsavedReport>,
    /// What could not be done, in sentences.
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Reports that were left out.
#[derive(Serialize, JsonSchema)]
struct SkippedReports {
    count: u64,
    /// The first hundred by name.
    named: Vec<SkippedReport>,
}

#[derive(Serialize, JsonSchema)]
struct SkippedReport {
    name: String,
    why: String,
}

#[derive(Serialize, JsonSchema)]
struct ClientReport {
    name: String,
    /// What its rule rests on: `observed`, `source`, `documented`, or `own`.
    evidence: &'static str,
    /// Cards that no setting lets in with it.
    unsaved: u64,
}

/// A way to set a server up.
#[derive(Serialize, JsonSchema)]
struct SettingReport {
    name: String,
    about: String,
    /// It is what a server asks today, to compare with.
    today: bool,
    /// What is negotiated with a client that speaks both versions; 1.2: TLS 1.3 is off.
    #[schemars(extend("enum" = ["1.2", "1.3"]))]
    tls: &'static str,
    /// What clients are asked for, in order.
    schemes: Vec<String>,
    min_rsa_bits: u32,
    #[schemars(extend("enum" = ["out_of_date", "tls12_pkcs1", "tls12", "tls13"]))]
    policy: &'static str,
    /// No other setting is as short, as strict and as open, and better in one of these.
    on_front: bool,
    /// Logins that work: cards times clients.
    logins: u64,
    counts: Vec<CountsReport>,
    /// What it takes from others.
    breaks: Vec<String>,
    /// How it is made, in each server's own syntax.
    remedies: Vec<RemedyReport>,
}

/// Cards with one client.
#[derive(Serialize, JsonSchema)]
struct CountsReport {
    client: String,
    /// A key of the card logs in.
    let_in: u64,
    /// Of these: a cell of a report measured it, with this very list. The others are inferred, by the client's rule and what the
    /// card signed when it was tried.
    let_in_measured: u64,
    /// No key does.
    kept_out: u64,
    kept_out_measured: u64,
    /// The reports don't tell.
    could_not_tell: u64,
}

#[derive(Serialize, JsonSchema)]
struct UnsavedReport {
    cards: u64,
    /// Types and sizes of their keys.
    keys: String,
    reasons: Vec<ReasonReport>,
    /// Some of the cards.
    examples: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct ReasonReport {
    clients: Vec<&'static str>,
    reason: String,
}

impl From<&Advice> for AdviceReport {
    fn from(advice: &Advice) -> Self {
        let clients = advice.clients.iter().zip(&advice.unsaved);
        let setting = |weighed| SettingReport::new(advice, weighed);
        AdviceReport {
            schema: SCHEMA,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            reports: advice.reports,
            cards: advice.cards,
            repeated: advice.repeated,
            skipped: SkippedReports {
                count: advice.skipped,
                named: advice.skipped_named.iter().map(Into::into).collect(),
            },
            clients: clients
                .map(|(client, unsaved)| ClientReport {
                    name: client.name.clone(),
                    evidence: client.evidence,
                    unsaved: *unsaved,
                })
                .collect(),
            settings: advice.settings.iter().map(setting).collect(),
            best: advice.best().map(|best| best.setting.name.clone()),
            unsaved: advice.kinds.iter().map(Into::into).collect(),
            notes: advice.notes.clone(),
        }
    }
}

impl SettingReport {
    fn new(advice: &Advice, weighed: &Weighed) -> Self {
        let setting = &weighed.setting;
        let counts = advice.clients.iter().zip(&weighed.counts);
        SettingReport {
            name: setting.name.clone(),
            about: setting.about.clone(),
            today: setting.today,
            tls: setting.version.name(),
            schemes: setting.schemes.iter().map(ToString::to_string).collect(),
            min_rsa_bits: setting.min_rsa_bits,
            policy: setting.strictness().name(),
            on_front: weighed.on_front,
            logins: weighed.logins(),
            counts: counts
                .map(|(client, counts)| CountsReport::new(&client.name, counts))
                .collect(),
            breaks: weighed.breaks.clone(),
            remedies: weighed.remedies.iter().map(Into::into).collect(),
        }
    }
}

impl CountsReport {
    fn new(client: &str, counts: &Counts) -> Self {
        CountsReport {
            client: client.to_owned(),
            let_in: counts.let_in,
            let_in_measured: counts.let_in_measured,
            kept_out: counts.kept_out,
            kept_out_measured: counts.kept_out_measured,
            could_not_tell: counts.could_not_tell,
        }
    }
}

impl From<&Skipped> for SkippedReport {
    fn from(skipped: &Skipped) -> Self {
        SkippedReport {
            name: skipped.name.clone(),
            why: skipped.why.clone(),
        }
    }
}

impl From<&Unsaved> for UnsavedReport {
    fn from(kind: &Unsaved) -> Self {
        let reasons = kind.reasons.iter().cloned();
        UnsavedReport {
            cards: kind.cards,
            keys: kind.keys.clone(),
            reasons: reasons
                .map(|(clients, reason)| ReasonReport { clients, reason })
                .collect(),
            examples: kind.examples.clone(),
        }
    }
}
