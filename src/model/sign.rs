//! The one thing that a token and a TLS stack have to do with each other.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::autopsy::Flaw;
use super::ckr::Ckr;
use super::function::Function;
use super::lost::Lost;
use super::route::Route;
use super::scheme::Scheme;

/// Something that signs: a key on a token, or one in software.
///
/// The floors above the token know no more of it than this, and are tested with a software key.
pub trait Sign: Send + Sync {
    /// Signs `message`, which is *not* hashed; hashing and padding are the implementation's, as `route` says.
    /// The signature comes back in TLS' encoding: DER for ECDSA.
    ///
    /// Blocks for as long as the token takes.
    ///
    /// # Errors
    /// The step that failed, with the first CKR.
    fn sign(&self, scheme: Scheme, route: Route, message: &[u8]) -> Result<Signed, SignError>;
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signed {
    /// In TLS' encoding.
    pub signature: Vec<u8>,
    /// Milliseconds on the token.
    pub ms: f64,
}

/// Where in signing it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignStep {
    /// C_SignInit: Java tries another scheme after this one.
    SignInit,
    /// C_Login(CKU_CONTEXT_SPECIFIC), for an always-authenticate key.
    ContextLogin,
    /// C_Sign: nobody tries another scheme after this one.
    Sign,
    /// The host, before the token was asked: the scheme doesn't fit the route or the key.
    Prepare,
    /// The host, after the token signed: what came back can't be put into TLS' encoding.
    Encode,
    /// The session: it could not be opened again, or the key is gone.
    Session,
    /// Nothing: the token was given up before.
    NotTried,
}

impl SignStep {
    /// Where the module was lost.
    pub fn of_loss(lost: &Lost) -> SignStep {
        match lost.during {
            Some(Function::SignInit) => SignStep::SignInit,
            Some(Function::Login) => SignStep::ContextLogin,
            Some(Function::Sign) => SignStep::Sign,
            _ => SignStep::Session,
        }
    }

    /// The PKCS#11 function, or the step's name.
    pub fn name(self) -> &'static str {
        match self {
            SignStep::SignInit => "C_SignInit",
            SignStep::ContextLogin => "C_Login(CKU_CONTEXT_SPECIFIC)",
            SignStep::Sign => "C_Sign",
            SignStep::Prepare => "preparing",
            SignStep::Encode => "encoding",
            SignStep::Session => "session",
            SignStep::NotTried => "not tried",
        }
    }
}

/// A signature that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignError {
    /// Where.
    pub step: SignStep,
    /// The token's answer; `None` if it was not the token that failed.
    pub ckr: Option<Ckr>,
    /// What happened, where a CKR doesn't say it.
    pub detail: Option<String>,
    /// The module hung or crashed over it. Only the process that asked can tell, so this never crosses the pipe.
    #[serde(skip)]
    pub lost: Option<Box<Lost>>,
    /// What is wrong with the form of what the token gave, where it could be told.
    pub flaw: Option<Flaw>,
}

impl SignError {
    /// A refusal by the token.
    pub fn refused(step: SignStep, ckr: Ckr) -> Self {
        SignError {
            step,
            ckr: Some(ckr),
            detail: None,
            lost: None,
            flaw: None,
        }
    }

    /// Was C_SignInit called?
    pub fn reached_token(&self) -> bool {
        !matches!(
            self.step,
            SignStep::Prepare | SignStep::Session | SignStep::NotTried
        )
    }

    /// Does it say nothing of what the key can do: the module, the card, the session or the login was lost over it?
    pub fn is_passing(&self) -> bool {
        self.step != SignStep::NotTried
            && (self.lost.is_some() || self.ckr.is_some_and(Ckr::is_passing))
    }

    /// Something else.
    pub fn other(step: SignStep, detail: impl Into<String>) -> Self {
        SignError {
            step,
            ckr: None,
            detail: Some(detail.into()),
            lost: None,
            flaw: None,
        }
    }

    /// The module hung or crashed over it.
    pub fn lost(lost: Lost) -> Self {
        SignError {
            step: SignStep::of_loss(&lost),
            ckr: None,
            detail: None,
            lost: Some(Box::new(lost)),
            flaw: None,
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.lost, self.step) {
            (Some(lost), SignStep::NotTried) => {
                return write!(f, "{lost}, as before; it was not asked once more");
            }
            (Some(lost), _) => return write!(f, "{lost}"),
            (None, _) => {}
        }
        write!(f, "{}", self.step.name())?;
        if let Some(ckr) = self.ckr {
            write!(f, ": {ckr}")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SignError {}
