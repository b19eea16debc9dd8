//! The functions of PKCS#11 that cardcheck calls, by their own names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A function of PKCS#11 2.40, or the loading of the module before any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // their names say what they are; PKCS#11 says the rest
pub enum Function {
    /// No function yet: the loader, and the constructors that it runs.
    Load,
    GetFunctionList,
    Initialize,
    Finalize,
    GetInfo,
    GetSlotList,
    GetSlotInfo,
    GetTokenInfo,
    GetMechanismList,
    GetMechanismInfo,
    OpenSession,
    CloseSession,
    GetSessionInfo,
    Login,
    FindObjectsInit,
    FindObjects,
    FindObjectsFinal,
    GetAttributeValue,
    SignInit,
    Sign,
}

impl Function {
    /// `C_Sign`.
    pub fn name(self) -> &'static str {
        match self {
            Function::Load => "loading the module",
            Function::GetFunctionList => "C_GetFunctionList",
            Function::Initialize => "C_Initialize",
            Function::Finalize => "C_Finalize",
            Function::GetInfo => "C_GetInfo",
            Function::GetSlotList => "C_GetSlotList",
            Function::GetSlotInfo => "C_GetSlotInfo",
            Function::GetTokenInfo => "C_GetTokenInfo",
            Function::GetMechanismList => "C_GetMechanismList",
            Function::GetMechanismInfo => "C_GetMechanismInfo",
            Function::OpenSession => "C_OpenSession",
            Function::CloseSession => "C_CloseSession",
            Function::GetSessionInfo => "C_GetSessionInfo",
            Function::Login => "C_Login",
            Function::FindObjectsInit => "C_FindObjectsInit",
            Function::FindObjects => "C_FindObjects",
            Function::FindObjectsFinal => "C_FindObjectsFinal",
            Function::GetAttributeValue => "C_GetAttributeValue",
            Function::SignInit => "C_SignInit",
            Function::Sign => "C_Sign",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
