//! A module that is loaded into this process. Only a token's host does that: see [`serve`](super::serve).
#![forbid(unsafe_code)]

use std::path::Path;
use std::rc::Rc;

use super::owner::Owner;
use super::protocol::{Description, LoadFailure, Slots};
use super::raw::{LoadError, Raw};
use super::refusal::Refusal;
use super::watch::Watch;
use crate::model::ckr::Ckr;
use crate::model::function::Function;
use crate::model::token::Module;

/// A module, loaded and initialised.
pub(super) struct Library {
    raw: Rc<Raw>,
}

impl Library {
    /// Loads the module at `path` and calls C_Initialize and C_GetInfo.
    ///
    /// # Errors
    /// Why it can't be used. A module that crashes while it loads takes the process with it.
    pub(super) fn load(path: &Path, watch: Watch) -> Result<(Library, Module), LoadFailure> {
        let raw = Raw::load(path, watch).map_err(|error| match error {
            LoadError::Library(detail) => LoadFailure::NotALibrary(detail),
            LoadError::NoFunctionList => LoadFailure::NotPkcs11,
        })?;
        initialize(&raw).map_err(LoadFailure::Refused)?;
        let facts = facts(path, &raw).map_err(LoadFailure::Refused)?;
        Ok((Library { raw: Rc::new(raw) }, facts))
    }

    /// # Errors
    /// C_GetSlotList refused.
    pub(super) fn slots(&self) -> Result<Slots, Refusal> {
        let list = |with_token| {
            let slots = self.raw.slots(with_token);
            slots.map_err(Refusal::of(Function::GetSlotList))
        };
        Ok(Slots {
            with_token: list(true)?,
            all: list(false)?,
            uses_pcsc: uses_pcsc(),
        })
    }

    /// # Errors
    /// C_GetSlotInfo refused.
    pub(super) fn slot_description(&self, slot: u64) -> Result<String, Refusal> {
        let described = self.raw.slot_description(slot);
        described.map_err(Refusal::of(Function::GetSlotInfo))
    }

    /// # Errors
    /// C_GetTokenInfo refused.
    pub(super) fn describe(&self, slot: u64) -> Result<Description, Refusal> {
        self.owner(slot).describe()
    }

    /// What owns the session with the token in this slot.
    pub(super) fn owner(&self, slot: u64) -> Owner {
        Owner::new(Rc::clone(&self.raw), slot)
    }

    /// C_Finalize. All sessions must be closed.
    pub(super) fn finalize(&self) {
        // nothing is left to do with an error here: the process is about to end
        let _ = self.raw.finalize();
    }
}

/// Does this process have the library loaded that speaks to pcscd? Some modules load it only when they are initialised.
fn uses_pcsc() -> bool {
    let loaded = std::fs::read_to_string("/proc/self/maps");
    loaded.is_ok_and(|loaded| loaded.contains("/libpcsclite"))
}

fn initialize(raw: &Raw) -> Result<(), Refusal> {
    let answer = match raw.initialize(true) {
        // it has no locks of its own: one thread only drives it
        Err(Ckr::CANT_LOCK) => raw.initialize(false),
        answer => answer,
    };
    match answer {
        Err(Ckr::CRYPTOKI_ALREADY_INITIALIZED) => Ok(()),
        answer => answer.map_err(Refusal::of(Function::Initialize)),
    }
}

fn facts(path: &Path, raw: &Raw) -> Result<Module, Refusal> {
    let info = raw.info().map_err(Refusal::of(Function::GetInfo))?;
    Ok(Module {
        path: path.display().to_string(),
        description: info.description,
        manufacturer: info.manufacturer,
        version: info.version,
        cryptoki_version: info.cryptoki_version,
    })
}
