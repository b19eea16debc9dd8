//! Loading a module, and the slots it shows.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;

use super::host::Host;
use super::loaded::Loaded;
use super::raw::Raw;
use super::refusal::{Refusal, refusal};
use crate::model::token::Module as ModuleFacts;

/// A PKCS#11 module, loaded and initialised.
pub struct Module {
    loaded: Arc<Loaded>,
    facts: ModuleFacts,
}

/// A module that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// Nothing is there.
    #[error("no PKCS#11 module at {}", .0.display())]
    NotFound(PathBuf),
    /// A directory.
    #[error("{} is a directory, not a PKCS#11 module", .0.display())]
    Directory(PathBuf),
    /// The loader refused the file; its own words follow.
    #[error("{} is not a library that can be loaded: {detail}", path.display())]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// The loader's words.
        detail: String,
    },
    /// A library, but not one that speaks PKCS#11.
    #[error("{} is a library, but no PKCS#11 module: it has no C_GetFunctionList", .0.display())]
    NotPkcs11(PathBuf),
    /// It is one, and said no.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

impl Module {
    /// Loads the module at `path` and calls C_Initialize, once in this process.
    ///
    /// A bare name (`opensc-pkcs11.so`) is left to the system's loader to find.
    ///
    /// # Errors
    /// Why it can't be used. A module that crashes while it loads takes the process with it.
    pub fn load(path: &Path) -> Result<Module, ModuleError> {
        check_path(path)?;
        let pkcs11 = Pkcs11::new(path).map_err(|error| load_error(path, error))?;
        let raw = Raw::load(path).map_err(|_| ModuleError::NotPkcs11(path.to_owned()))?;
        initialize(&pkcs11)?;
        let facts = facts(path, &pkcs11)?;
        Ok(Module {
            loaded: Arc::new(Loaded { pkcs11, raw }),
            facts,
        })
    }

    /// What C_GetInfo said.
    pub fn facts(&self) -> &ModuleFacts {
        &self.facts
    }

    /// Hosts for all slots with a token in them, an uninitialised one included.
    ///
    /// # Errors
    /// C_GetSlotList refused.
    pub fn hosts(&self) -> Result<Vec<Host>, Refusal> {
        let slots = self.loaded.pkcs11.get_slots_with_token().map_err(refusal)?;
        Ok(slots.into_iter().map(|slot| self.host(slot)).collect())
    }

    /// Number of slots, with or without a token.
    ///
    /// # Errors
    /// C_GetSlotList refused.
    pub fn slot_count(&self) -> Result<usize, Refusal> {
        let slots = self.loaded.pkcs11.get_all_slots().map_err(refusal)?;
        Ok(slots.len())
    }

    fn host(&self, slot: Slot) -> Host {
        Host::start(Arc::clone(&self.loaded), slot)
    }

    /// C_Finalize. All hosts must be closed: some modules crash when finalised while another thread signs.
    pub fn finalize(self) {
        // nothing is left to do with an error here: the results are safe, and the process is about to end
        let _ = self.loaded.pkcs11.clone().finalize();
    }
}

fn check_path(path: &Path) -> Result<(), ModuleError> {
    let bare_name = path
        .parent()
        .is_none_or(|parent| parent.as_os_str().is_empty());
    if path.is_dir() {
        return Err(ModuleError::Directory(path.to_owned()));
    }
    if !bare_name && !path.exists() {
        return Err(ModuleError::NotFound(path.to_owned()));
    }
    Ok(())
}

fn load_error(path: &Path, error: Error) -> ModuleError {
    match error {
        Error::LibraryLoading(_) if !path.exists() => ModuleError::NotFound(path.to_owned()),
        Error::LibraryLoading(error) => ModuleError::NotALibrary {
            path: path.to_owned(),
            detail: error.to_string(),
        },
        Error::MissingSymbol(_) => ModuleError::NotPkcs11(path.to_owned()),
        other => refusal(other).into(),
    }
}

fn initialize(pkcs11: &Pkcs11) -> Result<(), Refusal> {
    let with = |flags| pkcs11.initialize(CInitializeArgs::new(flags));
    match with(CInitializeFlags::OS_LOCKING_OK) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        // it has no locks of its own: each token is driven by one thread only
        Err(Error::Pkcs11(RvError::CantLock, _)) => {
            with(CInitializeFlags::empty()).map_err(refusal)
        }
        Err(error) => Err(refusal(error)),
    }
}

fn facts(path: &Path, pkcs11: &Pkcs11) -> Result<ModuleFacts, Refusal> {
    let info = pkcs11.get_library_info().map_err(refusal)?;
    let version =
        |version: cryptoki::types::Version| format!("{}.{}", version.major(), version.minor());
    Ok(ModuleFacts {
        path: path.display().to_string(),
        description: info.library_description().trim().to_owned(),
        manufacturer: info.manufacturer_id().trim().to_owned(),
        version: version(info.library_version()),
        cryptoki_version: version(info.cryptoki_version()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_can_t_be_a_module_are_told_before_loading() {
        let missing = Module::load(Path::new("/nowhere/x.so")).err().unwrap();
        assert_eq!(missing.to_string(), "no PKCS#11 module at /nowhere/x.so");
        assert!(matches!(
            Module::load(Path::new("/")).err().unwrap(),
            ModuleError::Directory(_)
        ));
    }
}
