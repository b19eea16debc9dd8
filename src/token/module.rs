//! Loading a module, and the slots it shows.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::host::Host;
use super::raw::{LoadError, Raw};
use super::refusal::Refusal;
use crate::model::ckr::Ckr;
use crate::model::token::Module as ModuleFacts;

/// A PKCS#11 module, loaded and initialised.
pub struct Module {
    raw: Arc<Raw>,
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
        let raw = Raw::load(path).map_err(|error| load_error(path, error))?;
        initialize(&raw)?;
        let facts = facts(path, &raw)?;
        Ok(Module {
            raw: Arc::new(raw),
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
        let slots = self.raw.slots(true).map_err(Refusal::of("C_GetSlotList"))?;
        let host = |slot| Host::start(Arc::clone(&self.raw), slot);
        Ok(slots.into_iter().map(host).collect())
    }

    /// Number of slots, with or without a token.
    ///
    /// # Errors
    /// C_GetSlotList refused.
    pub fn slot_count(&self) -> Result<usize, Refusal> {
        let slots = self
            .raw
            .slots(false)
            .map_err(Refusal::of("C_GetSlotList"))?;
        Ok(slots.len())
    }

    /// C_Finalize. All hosts must be closed: some modules crash when finalised while another thread signs.
    pub fn finalize(self) {
        // nothing is left to do with an error here: the results are safe, and the process is about to end
        let _ = self.raw.finalize();
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

fn load_error(path: &Path, error: LoadError) -> ModuleError {
    match error {
        LoadError::Library(_) if !path.exists() => ModuleError::NotFound(path.to_owned()),
        LoadError::Library(detail) => ModuleError::NotALibrary {
            path: path.to_owned(),
            detail,
        },
        LoadError::NoFunctionList => ModuleError::NotPkcs11(path.to_owned()),
    }
}

fn initialize(raw: &Raw) -> Result<(), Refusal> {
    let answer = match raw.initialize(true) {
        // it has no locks of its own: each token is driven by one thread only
        Err(Ckr::CANT_LOCK) => raw.initialize(false),
        answer => answer,
    };
    match answer {
        Err(Ckr::CRYPTOKI_ALREADY_INITIALIZED) => Ok(()),
        answer => answer.map_err(Refusal::of("C_Initialize")),
    }
}

fn facts(path: &Path, raw: &Raw) -> Result<ModuleFacts, Refusal> {
    let info = raw.info().map_err(Refusal::of("C_GetInfo"))?;
    Ok(ModuleFacts {
        path: path.display().to_string(),
        description: info.description,
        manufacturer: info.manufacturer,
        version: info.version,
        cryptoki_version: info.cryptoki_version,
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
