//! A module as cardcheck itself sees it: which it never loads. Its hosts do.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::architecture;
use super::host::Host;
use super::launch::Launch;
use super::process::Process;
use super::protocol::{Description, LoadFailure, Reply, Request, Slots};
use super::refusal::Refusal;
use super::supervisor::{self, Supervisor};
use crate::model::function::Function;
use crate::model::lost::Lost;
use crate::model::token::Module as ModuleFacts;

/// A PKCS#11 module that can be used.
pub struct Module {
    launch: Launch,
    facts: ModuleFacts,
    /// A host that has loaded the module and is no token's yet.
    scout: Option<Scout>,
}

/// A host with the count of its logins.
type Scout = (Process, Arc<AtomicUsize>);

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
    /// A library for another kind of machine.
    #[error("{} is a library for {theirs}, and this cardcheck is built for {ours}", path.display())]
    OtherArchitecture {
        /// The file.
        path: PathBuf,
        /// Its architecture.
        theirs: String,
        /// Ours.
        ours: &'static str,
    },
    /// A library, but not one that speaks PKCS#11.
    #[error("{} is a library, but no PKCS#11 module: it has no C_GetFunctionList, or one that gives nothing", .0.display())]
    NotPkcs11(PathBuf),
    /// It is one, and said no.
    #[error("{0}")]
    Refused(Refusal),
    /// It hung or crashed.
    #[error("{}: {lost}", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// How.
        lost: Lost,
    },
}

impl ModuleError {
    /// Its name in a report.
    pub fn id(&self) -> &'static str {
        match self {
            ModuleError::NotFound(_) => "module-missing",
            ModuleError::Directory(_) | ModuleError::NotALibrary { .. } => "module-not-a-library",
            ModuleError::OtherArchitecture { .. } => "module-other-architecture",
            ModuleError::NotPkcs11(_) => "module-not-pkcs11",
            ModuleError::Refused(_) => "module-refused",
            ModuleError::Lost { .. } => "module-lost",
        }
    }
}

impl Module {
    /// Has a host load the module and call C_Initialize.
    ///
    /// A bare name (`opensc-pkcs11.so`) is left to the system's loader to find.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn load(launch: Launch) -> Result<Module, ModuleError> {
        check_path(&launch.module)?;
        let logins = Arc::default();
        let path = launch.module.clone();
        let started = supervisor::start(&launch, &logins, Failed::Unusable);
        let (process, facts) = started.map_err(|failed| failed.about(&path))?;
        Ok(Module {
            launch,
            facts,
            scout: Some((process, logins)),
        })
    }

    /// What C_GetInfo said.
    pub fn facts(&self) -> &ModuleFacts {
        &self.facts
    }

    /// The slots. Like [`describe`](Self::describe) it needs no session, and the module may be lost over it.
    ///
    /// # Errors
    /// C_GetSlotList gave nothing.
    pub fn slots(&mut self) -> Result<Slots, Refusal> {
        match self.ask(&Request::Slots)? {
            Reply::Slots(slots) => slots,
            _ => Err(out_of_turn(Function::GetSlotList)),
        }
    }

    /// C_GetSlotInfo's slotDescription: of a reader, its name.
    ///
    /// # Errors
    /// C_GetSlotInfo gave nothing.
    pub fn slot_description(&mut self, slot: u64) -> Result<String, Refusal> {
        match self.ask(&Request::SlotDescription(slot))? {
            Reply::SlotDescription(description) => description,
            _ => Err(out_of_turn(Function::GetSlotInfo)),
        }
    }

    /// C_GetTokenInfo.
    ///
    /// # Errors
    /// C_GetTokenInfo gave nothing.
    pub fn describe(&mut self, slot: u64) -> Result<Description, Refusal> {
        match self.ask(&Request::Describe(slot))? {
            Reply::Description(description) => description,
            _ => Err(out_of_turn(Function::GetTokenInfo)),
        }
    }

    /// A host of this token's own.
    pub fn host(&mut self, token: Description) -> Host {
        // the process that has loaded the module already serves the first token
        let (process, logins) = match self.scout.take() {
            Some((process, logins)) => (Some(process), logins),
            None => (None, Arc::default()),
        };
        let launch = self.launch.clone();
        let supervisor = Supervisor::new(launch, token, process, Arc::clone(&logins));
        Host::start(supervisor, logins)
    }

    fn ask(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let (mut process, logins) = match self.scout.take() {
            Some(scout) => scout,
            None => self.start_again()?,
        };
        let reply = process.ask(request, false)?;
        self.scout = Some((process, logins));
        Ok(reply)
    }

    fn start_again(&self) -> Result<Scout, Refusal> {
        let logins = Arc::default();
        let started = supervisor::start(&self.launch, &logins, Failed::Unusable);
        match started {
            Ok((process, _)) => Ok((process, logins)),
            Err(Failed::Lost(lost)) => Err(lost.into()),
            Err(Failed::Unusable(LoadFailure::Refused(refusal))) => Err(refusal),
            Err(Failed::Unusable(_)) => Err(Refusal::not_made(
                Function::Load,
                "the module can't be loaded any more",
            )),
        }
    }
}

/// Why a host has no module.
enum Failed {
    Lost(Lost),
    Unusable(LoadFailure),
}

impl From<Lost> for Failed {
    fn from(lost: Lost) -> Failed {
        Failed::Lost(lost)
    }
}

impl Failed {
    fn about(self, path: &Path) -> ModuleError {
        let path = path.to_owned();
        match self {
            Failed::Lost(lost) => ModuleError::Lost { path, lost },
            Failed::Unusable(LoadFailure::NotALibrary(_)) if !path.exists() => {
                ModuleError::NotFound(path)
            }
            Failed::Unusable(LoadFailure::NotALibrary(detail)) => refused_by_loader(path, detail),
            Failed::Unusable(LoadFailure::NotPkcs11) => ModuleError::NotPkcs11(path),
            Failed::Unusable(LoadFailure::Refused(refusal)) => ModuleError::Refused(refusal),
        }
    }
}

/// The loader's words don't tell a library for another machine from a broken one.
fn refused_by_loader(path: PathBuf, detail: String) -> ModuleError {
    match architecture::other_than_ours(&path) {
        Some(theirs) => ModuleError::OtherArchitecture {
            path,
            theirs,
            ours: std::env::consts::ARCH,
        },
        None => ModuleError::NotALibrary { path, detail },
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

fn out_of_turn(function: Function) -> Refusal {
    Refusal::not_made(function, "the token's host answered something else")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_can_t_be_a_module_are_told_before_anything_is_started() {
        let missing = check_path(Path::new("/nowhere/x.so")).unwrap_err();
        assert_eq!(missing.to_string(), "no PKCS#11 module at /nowhere/x.so");
        let directory = check_path(Path::new("/")).unwrap_err();
        assert!(matches!(directory, ModuleError::Directory(_)));
        assert!(check_path(Path::new("opensc-pkcs11.so")).is_ok());
    }
}
