//! Modules and tokens as found.

use serde::{Deserialize, Serialize};

use super::capability::Answer;
use super::certificate::Certificate;
use super::mechanism::Mechanism;

/// A PKCS#11 library, from CK_INFO.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Where it was loaded from.
    pub path: String,
    /// libraryDescription.
    pub description: String,
    /// manufacturerID.
    pub manufacturer: String,
    /// libraryVersion, `2.6`.
    pub version: String,
    /// cryptokiVersion, `2.40`.
    pub cryptoki_version: String,
}

/// What CK_TOKEN_INFO.flags say of the user PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinState {
    /// None of the warnings below.
    #[default]
    Ok,
    /// CKF_USER_PIN_COUNT_LOW: a wrong PIN was given since the last good one.
    Low,
    /// CKF_USER_PIN_FINAL_TRY: the next wrong PIN locks it.
    FinalTry,
    /// CKF_USER_PIN_LOCKED.
    Locked,
    /// CKF_USER_PIN_INITIALIZED is not set.
    NotSet,
}

impl PinState {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            PinState::Ok => "ok",
            PinState::Low => "low",
            PinState::FinalTry => "final_try",
            PinState::Locked => "locked",
            PinState::NotSet => "not_set",
        }
    }
}

/// A mechanism of a token, with what C_GetMechanismInfo said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MechanismFacts {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// C_GetMechanismList holds it.
    pub listed: bool,
    /// What C_GetMechanismInfo answered.
    pub info: Answer,
    /// ulMinKeySize, in bits as most modules say it.
    pub min_bits: u64,
    /// ulMaxKeySize, in bits as most modules say it.
    pub max_bits: u64,
    /// CKF_HW.
    pub hardware: bool,
    /// CKF_SIGN.
    pub sign: bool,
}

impl MechanismFacts {
    /// A mechanism of which nothing is known.
    pub fn unknown(mechanism: Mechanism) -> MechanismFacts {
        MechanismFacts {
            mechanism,
            listed: false,
            info: Answer::NotTried,
            min_bits: 0,
            max_bits: 0,
            hardware: false,
            sign: false,
        }
    }
}

/// A token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Token {
    /// `t1`, `t2`, ...: its name in the report.
    pub id: String,
    /// CK_SLOT_ID.
    pub slot: u64,
    /// label, blanks trimmed.
    pub label: String,
    /// serialNumber, blanks trimmed.
    pub serial: String,
    /// model, blanks trimmed.
    pub model: String,
    /// manufacturerID, blanks trimmed.
    pub manufacturer: String,
    /// State of the user PIN before this run's login.
    pub pin: PinState,
    /// CKF_PROTECTED_AUTHENTICATION_PATH: the PIN is typed at the reader.
    pub pad: bool,
    /// PIN verifications this run makes: the login, and one for each signature of an always-authenticate key.
    pub verifications: usize,
    /// The mechanisms that the token lists, and those whose info was asked although it doesn't.
    pub mechanisms: Vec<MechanismFacts>,
    /// Certificates, not of a CA, that no key on the token belongs to.
    pub orphan_certificates: Vec<Certificate>,
    /// Labels or ids of certificate objects whose CKA_VALUE is no DER certificate.
    pub unreadable_certificates: Vec<String>,
}

impl Token {
    /// Is it the same token, perhaps in another slot?
    pub fn is_same(&self, other: &Token) -> bool {
        (&self.serial, &self.label, &self.model, &self.manufacturer)
            == (
                &other.serial,
                &other.label,
                &other.model,
                &other.manufacturer,
            )
    }

    /// Does C_GetMechanismList hold it?
    pub fn lists(&self, mechanism: Mechanism) -> bool {
        self.facts(mechanism).is_some_and(|facts| facts.listed)
    }

    /// What is known of a mechanism.
    pub fn facts(&self, mechanism: Mechanism) -> Option<&MechanismFacts> {
        self.mechanisms
            .iter()
            .find(|facts| facts.mechanism == mechanism)
    }
}
