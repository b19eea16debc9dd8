//! The servers' lists, and the clients.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::profile::Profile;
use crate::model::run::{ClientFacts, Run, ShortList};
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

/// A server's lists.
#[derive(Serialize, JsonSchema)]
pub(super) struct ProfileReport {
    name: String,
    about: String,
    source: String,
    /// The versions it speaks.
    tls: Vec<&'static str>,
    schemes: Schemes,
    /// What of these lists the harness' own server could not put on the wire.
    not_sent: Schemes,
    min_rsa_bits: u32,
    /// The version that comes out with a client that speaks both.
    #[schemars(extend("enum" = ["1.2", "1.3", null]))]
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
pub(super) struct ClientReport {
    name: String,
    /// What its rule rests on: `observed`, `source`, `documented`, or `own` for a rule that imitates nobody.
    evidence: &'static str,
}

impl ProfileReport {
    pub(super) fn new(run: &Run, profile: &Profile) -> Self {
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
