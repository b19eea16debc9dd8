//! The module and its tokens.

use schemars::JsonSchema;
use serde::Serialize;

use super::key::CertificateReport;
use crate::model::capability::Answer;
use crate::model::token::{MechanismFacts, Module, Token};

/// The PKCS#11 module, from C_GetInfo.
#[derive(Serialize, JsonSchema)]
pub(super) struct ModuleReport {
    path: String,
    description: String,
    manufacturer: String,
    version: String,
    cryptoki_version: String,
}

/// A token, from C_GetTokenInfo.
#[derive(Serialize, JsonSchema)]
pub(super) struct TokenReport {
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
    /// Before this run's login.
    #[schemars(extend("enum" = ["ok", "low", "final_try", "locked", "not_set"]))]
    state: &'static str,
    /// CKF_PROTECTED_AUTHENTICATION_PATH.
    pad: bool,
    /// PIN verifications that this run made.
    verifications: usize,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct MechanismReport {
    /// `CKM_...`, or the number in hex where it has no name.
    name: String,
    code: u64,
    /// C_GetMechanismInfo: `ok` or a CKR; null where it was not asked. What follows is null unless it is `ok`.
    info: Option<String>,
    min_bits: Option<u64>,
    max_bits: Option<u64>,
    /// CKF_HW.
    hardware: Option<bool>,
    /// CKF_SIGN.
    sign: Option<bool>,
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
        let told = facts.info == Answer::Ok;
        MechanismReport {
            name: facts.mechanism.to_string(),
            code: facts.mechanism.0,
            info: (facts.info != Answer::NotTried).then(|| facts.info.name()),
            min_bits: told.then_some(facts.min_bits),
            max_bits: told.then_some(facts.max_bits),
            hardware: told.then_some(facts.hardware),
            sign: told.then_some(facts.sign),
        }
    }
}
