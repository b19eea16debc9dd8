//! The settings that may be advised as a file of profiles: `cardcheck matrix --profile FILE` measures on a card what is inferred here.

use serde::Serialize;

use crate::model::advice::{Advice, Setting};
use crate::model::version::TlsVersion;

#[derive(Serialize)]
struct File {
    profile: Vec<Profile>,
}

/// As `--profile` reads it.
#[derive(Serialize)]
struct Profile {
    name: String,
    about: String,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls12: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls13: Option<Vec<String>>,
    min_rsa_bits: u32,
    negotiates: &'static str,
}

/// The file, in TOML.
pub fn render(advice: &Advice) -> String {
    let advised = advice.settings.iter().map(|weighed| &weighed.setting);
    let advised = advised.filter(|setting| !setting.today);
    let file = File {
        profile: advised.map(Profile::from).collect(),
    };
    // strings and numbers: nothing that TOML can't hold
    toml::to_string_pretty(&file).unwrap_or_default()
}

impl From<&Setting> for Profile {
    fn from(setting: &Setting) -> Self {
        let list = |version: TlsVersion| {
            let asked = setting.schemes.iter().map(ToString::to_string);
            (setting.version == version).then(|| asked.collect())
        };
        Profile {
            name: setting.name.clone(),
            about: setting.about.clone(),
            source: "cardcheck advise",
            tls12: list(TlsVersion::V1_2),
            tls13: list(TlsVersion::V1_3),
            min_rsa_bits: setting.min_rsa_bits,
            negotiates: setting.version.name(),
        }
    }
}
