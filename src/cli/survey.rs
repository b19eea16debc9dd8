//! Looking into modules: what their slots hold, and what lies on the tokens.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::args::{List, Privacy};
use super::error::CliError;
use super::exit::Exit;
use super::host;
use super::interrupt;
use super::pin::PinKeeper;
use super::progress::Progress;
use super::speak;
use super::tokens::{self, Selection};
use crate::model::listing::{
    Access, Contents, InSlot, ListedModule, ListedSlot, ListedToken, Loaded,
};
use crate::model::obstacle;
use crate::model::reader::Service;
use crate::model::redact::{self, Secret};
use crate::model::token::PinState;
use crate::token::discover::Found;
use crate::token::protocol::Description;
use crate::token::refusal::Refusal;
use crate::token::{Host, Module, ModuleError, readers};

/// What is asked of the modules, and how.
pub(super) struct Survey<'a> {
    wanted: &'a List,
    selection: &'a Selection,
    /// `None`: nobody logs in.
    pins: Option<PinKeeper>,
    progress: Arc<Progress>,
    cancelled: Arc<AtomicBool>,
    /// pcscd is asked once for all modules.
    service: Option<Service>,
}

/// A module that was looked into, and its tokens not yet.
pub(super) struct Opened {
    found: Found,
    state: State,
}

enum State {
    Loaded(Box<Inside>),
    Unusable(ModuleError),
    NotLoaded,
}

struct Inside {
    module: Module,
    slots: Vec<Slot>,
    uses_pcsc: bool,
}

struct Slot {
    id: u64,
    description: String,
    /// `None`: no token.
    token: Option<Result<Description, Refusal>>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(
        wanted: &'a List,
        selection: &'a Selection,
        pins: Option<PinKeeper>,
    ) -> Survey<'a> {
        let progress = Progress::new(wanted.manner.quiet);
        progress.end();
        Survey {
            wanted,
            selection,
            pins,
            progress: Arc::new(progress),
            cancelled: interrupt::flag(),
            service: None,
        }
    }

    /// The module that the user named.
    ///
    /// # Errors
    /// It can't be used.
    pub(super) fn open_named(&mut self, path: PathBuf) -> Result<Opened, CliError> {
        let opened = self.open(Found {
            path,
            found_by: vec!["--module".into()],
            trust_policy: false,
        })?;
        match opened.state {
            State::Unusable(error) => Err(error.into()),
            state => Ok(Opened { state, ..opened }),
        }
    }

    /// Modules that were found. One that can't be used is a result, too.
    ///
    /// # Errors
    /// cardcheck can't start a process for them.
    pub(super) fn open_all(&mut self, found: Vec<Found>) -> Result<Vec<Opened>, CliError> {
        found.into_iter().map(|found| self.open(found)).collect()
    }

    fn open(&mut self, found: Found) -> Result<Opened, CliError> {
        if found.trust_policy {
            let state = State::NotLoaded;
            return Ok(Opened { found, state });
        }
        let List { token, pin, .. } = self.wanted;
        let path = found.path.clone();
        let launch = host::launch(
            path,
            token,
            pin,
            Privacy::default(),
            &self.progress,
            &self.cancelled,
        )?;
        let loaded = Module::load(launch).and_then(|module| self.look_inside(module));
        let state = match loaded {
            Ok(inside) => State::Loaded(Box::new(inside)),
            Err(error) => State::Unusable(error),
        };
        Ok(Opened { found, state })
    }

    fn look_inside(&mut self, mut module: Module) -> Result<Inside, ModuleError> {
        let slots = module.slots().map_err(ModuleError::Refused)?;
        if slots.uses_pcsc && self.service.is_none() {
            self.service = Some(readers::ask());
        }
        let mut listed = Vec::new();
        for id in slots.all {
            let has_token = slots.with_token.contains(&id);
            listed.push(Slot {
                id,
                description: module.slot_description(id).unwrap_or_default(),
                token: has_token.then(|| module.describe(id)),
            });
        }
        listed.retain(|slot| self.is_wanted(slot));
        Ok(Inside {
            module,
            slots: listed,
            uses_pcsc: slots.uses_pcsc,
        })
    }

    /// All, unless the user named one.
    fn is_wanted(&self, slot: &Slot) -> bool {
        match &slot.token {
            Some(Ok(token)) => self.selection.wants_token(&token.token),
            _ => !self.selection.names_one(),
        }
    }

    /// The tokens that would be logged in to.
    pub(super) fn wanting_login(&self, modules: &[Opened]) -> Vec<String> {
        let slots = modules.iter().flat_map(|module| match &module.state {
            State::Loaded(inside) => inside.slots.as_slice(),
            _ => &[],
        });
        let tokens = slots.filter_map(|slot| slot.token.as_ref()?.as_ref().ok());
        let locked = tokens.filter(|token| token.initialized && token.login_required);
        locked.map(tokens::name).collect()
    }

    /// Reads every token.
    ///
    /// # Errors
    /// The user interrupted.
    pub(super) fn read(&mut self, modules: Vec<Opened>) -> Result<Vec<ListedModule>, CliError> {
        let modules = modules.into_iter();
        modules.map(|module| self.read_module(module)).collect()
    }

    /// What pcscd said, if any module uses it.
    pub(super) fn service(&self) -> Option<Service> {
        self.service.clone()
    }

    fn read_module(&mut self, opened: Opened) -> Result<ListedModule, CliError> {
        let contents = match opened.state {
            State::NotLoaded => Contents::NotLoaded(
                "it holds authorities and no keys, as p11-kit's configuration says; --module shows it".into(),
            ),
            State::Unusable(error) => {
                let id = error.id();
                Contents::Unusable(CliError::from(error).into_obstacle(id))
            }
            State::Loaded(inside) => Contents::Loaded(Box::new(self.read_slots(*inside)?)),
        };
        Ok(ListedModule {
            path: opened.found.path.display().to_string(),
            found_by: opened.found.found_by,
            contents,
        })
    }

    fn read_slots(&mut self, inside: Inside) -> Result<Loaded, CliError> {
        let Inside {
            mut module,
            slots,
            uses_pcsc,
        } = inside;
        let known = slots
            .iter()
            .filter(|slot| matches!(slot.token, Some(Ok(_))));
        let known: Vec<String> = known.map(|slot| slot.description.clone()).collect();
        let service = self.service.as_ref().filter(|_| uses_pcsc);
        let obstacles = service.map(|service| obstacle::at_the_readers(service, &known));
        let mut read = Vec::new();
        for Slot {
            id,
            description,
            token,
        } in slots
        {
            let holds = match token {
                None => InSlot::Nothing,
                Some(Err(refusal)) => InSlot::Silent(refusal.to_string()),
                Some(Ok(token)) => {
                    let listed = self.read_token(&mut module, token)?;
                    InSlot::Token(Box::new(self.disguised(listed)))
                }
            };
            let mut slot = ListedSlot {
                id,
                description,
                holds,
            };
            if self.wanted.privacy.redact {
                redact::slot_of(&mut slot);
            }
            read.push(slot);
        }
        Ok(Loaded {
            facts: module.facts().clone(),
            slots: read,
            obstacles: obstacles.unwrap_or_default(),
        })
    }

    fn read_token(
        &mut self,
        module: &mut Module,
        description: Description,
    ) -> Result<ListedToken, CliError> {
        let mut listed = ListedToken {
            token: description.token.clone(),
            initialized: description.initialized,
            pin_length: (description.pin_min, description.pin_max),
            access: match description.login_required {
                true => Access::Public,
                false => Access::Open,
            },
            keys: Vec::new(),
            obstacle: None,
        };
        if !description.initialized {
            let told = tokens::uninitialised(&description);
            listed.obstacle = Some(told.into_obstacle("token-not-initialised"));
            return Ok(listed);
        }
        let host = module.host(description.clone());
        self.log_in(&host, &description, &mut listed)?;
        match tokens::read(host, &description, self.selection) {
            Ok(read) => {
                listed.token = read.token;
                listed.keys = read.keys.into_iter().map(|(_, key)| key).collect();
                if let Err(lost) = read.host.close() {
                    speak::warning(&format!("when all was read, {lost}"));
                }
            }
            Err(error) => listed.obstacle = Some(error.into_obstacle("token-not-read")),
        }
        Ok(listed)
    }

    /// With stand-ins for its names, if the user wants that.
    fn disguised(&self, mut listed: ListedToken) -> ListedToken {
        if self.wanted.privacy.redact {
            let before = listed.token.clone();
            let secret = Secret::of_card(&listed.keys, &before.orphan_certificates);
            redact::card(&mut listed.token, &mut listed.keys, &secret);
            if let Some(obstacle) = &mut listed.obstacle {
                redact::obstacle(obstacle, &before, &listed.token);
            }
        }
        listed
    }

    /// A login that fails leaves what is public.
    fn log_in(
        &mut self,
        host: &Host,
        description: &Description,
        listed: &mut ListedToken,
    ) -> Result<(), CliError> {
        let Some(pins) = self.pins.as_mut().filter(|_| description.login_required) else {
            return Ok(());
        };
        match tokens::log_in(host, description, pins) {
            Ok(()) if description.token.pin != PinState::NotSet => listed.access = Access::LoggedIn,
            Ok(()) => {}
            Err(error) if error.exit == Exit::Interrupted => return Err(error),
            Err(error) => listed.obstacle = Some(error.into_obstacle("no-login")),
        }
        Ok(())
    }
}
