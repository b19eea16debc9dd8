//! What a host's thread does: it owns the session, finds the keys and signs with them.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::Instant;

use cryptoki::object::ObjectHandle;
use cryptoki::slot::Slot;

use super::inventory::{self, FoundKey};
use super::loaded::Loaded;
use super::prepare::{self, Call};
use super::protocol::{Description, Inventory, Login};
use super::refusal::{Refusal, refusal};
use super::session::TokenSession;
use crate::model::capability::Answer;
use crate::model::ckr::Ckr;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::{KeyShape, Scheme};
use crate::model::sign::{SignError, SignStep, Signed};
use crate::model::token::{MechanismFacts, PinState, Token};

pub(super) struct Owner {
    loaded: Arc<Loaded>,
    slot: Slot,
    session: TokenSession,
    keys: Vec<KnownKey>,
}

/// A key of the inventory, and how to find it again: handles go stale with their session.
struct KnownKey {
    shape: KeyShape,
    always_authenticate: bool,
    cka_id: Vec<u8>,
    label: String,
    /// Its place among the keys of the same CKA_ID and label.
    nth: usize,
    handle: Option<ObjectHandle>,
}

impl KnownKey {
    fn find_in(&self, found: &[FoundKey]) -> Option<ObjectHandle> {
        let same = |found: &&FoundKey| found.cka_id == self.cka_id && found.label == self.label;
        found
            .iter()
            .filter(same)
            .nth(self.nth)
            .map(|found| found.handle)
    }
}

impl Owner {
    pub(super) fn new(loaded: Arc<Loaded>, slot: Slot) -> Owner {
        let session = TokenSession::new(Arc::clone(&loaded), slot);
        Owner {
            loaded,
            slot,
            session,
            keys: Vec::new(),
        }
    }

    pub(super) fn describe(&self) -> Result<Description, Refusal> {
        let info = self
            .loaded
            .pkcs11
            .get_token_info(self.slot)
            .map_err(refusal)?;
        let text = |text: &str| text.trim().to_owned();
        let token = Token {
            id: String::new(),
            slot: self.slot.id(),
            label: text(info.label()),
            serial: text(info.serial_number()),
            model: text(info.model()),
            manufacturer: text(info.manufacturer_id()),
            pin: pin_state(&info),
            pad: info.protected_authentication_path(),
            verifications: 0,
            mechanisms: Vec::new(),
            orphan_certificates: Vec::new(),
            unreadable_certificates: Vec::new(),
        };
        Ok(Description {
            token,
            initialized: info.token_initialized(),
            login_required: info.login_required(),
            pin_min: info.min_pin_length(),
            pin_max: info.max_pin_length(),
        })
    }

    pub(super) fn login(&mut self, login: Login) -> Result<(), Refusal> {
        self.session.login(login)
    }

    pub(super) fn inventory(&mut self) -> Result<Inventory, Refusal> {
        let mechanisms = self.mechanisms()?;
        let session = self.session.get()?;
        let token = self
            .loaded
            .pkcs11
            .get_token_info(self.slot)
            .map_err(refusal)?;
        let mut inventory = inventory::read(&self.loaded, session, &token)?;
        inventory.mechanisms = mechanisms;
        self.keys = known_keys(&inventory);
        Ok(inventory)
    }

    fn mechanisms(&self) -> Result<Vec<MechanismFacts>, Refusal> {
        let list = self.loaded.raw.mechanism_list(self.slot.id());
        let list = list.map_err(|ckr| refused("C_GetMechanismList", ckr))?;
        let facts = |mechanism| MechanismFacts {
            listed: true,
            ..self.mechanism_info(mechanism)
        };
        Ok(list.into_iter().map(facts).collect())
    }

    pub(super) fn mechanism_info(&self, mechanism: Mechanism) -> MechanismFacts {
        let answer = self.loaded.raw.mechanism_info(self.slot.id(), mechanism);
        let info = answer.ok();
        MechanismFacts {
            mechanism,
            listed: false,
            info: answer.map_or_else(Answer::Ckr, |_| Answer::Ok),
            min_bits: info.map_or(0, |info| info.min),
            max_bits: info.map_or(0, |info| info.max),
            hardware: info.is_some_and(|info| info.hardware),
            sign: info.is_some_and(|info| info.sign),
        }
    }

    /// C_SignInit, the context-specific login if the key wants it, C_Sign; on an error the session is thrown away.
    pub(super) fn sign(
        &mut self,
        key: usize,
        scheme: Scheme,
        route: Route,
        message: &[u8],
    ) -> Result<Signed, SignError> {
        let shape = self.known(key)?.shape;
        let call = prepare::prepare(&shape, scheme, route, message)?;
        let handle = self.find(key)?;
        let started = Instant::now();
        let signature = self
            .call(key, handle, &call)
            .inspect_err(|_| self.renew())?;
        let ms = started.elapsed().as_secs_f64() * 1000.0;
        let signature = prepare::finish(&shape, signature)?;
        Ok(Signed { signature, ms })
    }

    fn call(
        &mut self,
        key: usize,
        handle: ObjectHandle,
        call: &Call,
    ) -> Result<Vec<u8>, SignError> {
        let always_authenticate = self.known(key)?.always_authenticate;
        let raw = &self.loaded.raw;
        let session = self.session.get().map_err(session_lost)?;
        raw.sign_init(session, call.mechanism, call.parameter, handle)
            .map_err(|ckr| SignError::refused(SignStep::SignInit, ckr))?;
        if always_authenticate {
            self.session.context_login().map_err(|refusal| SignError {
                step: SignStep::ContextLogin,
                ckr: refusal.ckr,
                detail: refusal.ckr.is_none().then_some(refusal.what),
            })?;
        }
        let session = self.session.get().map_err(session_lost)?;
        raw.sign(session, &call.data)
            .map_err(|ckr| SignError::refused(SignStep::Sign, ckr))
    }

    fn renew(&mut self) {
        self.session.renew();
        for key in &mut self.keys {
            key.handle = None;
        }
    }

    fn known(&self, key: usize) -> Result<&KnownKey, SignError> {
        let missing = || SignError::other(SignStep::Session, "the token was not read yet");
        self.keys.get(key).ok_or_else(missing)
    }

    /// The key's handle in the session of the moment.
    fn find(&mut self, key: usize) -> Result<ObjectHandle, SignError> {
        if let Some(handle) = self.known(key)?.handle {
            return Ok(handle);
        }
        let session = self.session.get().map_err(session_lost)?;
        let found = inventory::private_keys(&self.loaded, session).map_err(session_lost)?;
        let handle = self
            .known(key)
            .map(|known| known.find_in(&found))?
            .ok_or_else(|| SignError::other(SignStep::Session, "the key is gone from the token"))?;
        if let Some(known) = self.keys.get_mut(key) {
            known.handle = Some(handle);
        }
        Ok(handle)
    }
}

fn known_keys(inventory: &Inventory) -> Vec<KnownKey> {
    let keys = &inventory.keys;
    let alike = |a: usize, b: usize| match (keys.get(a), keys.get(b)) {
        (Some(a), Some(b)) => a.cka_id == b.cka_id && a.label == b.label,
        _ => false,
    };
    keys.iter()
        .enumerate()
        .map(|(at, key)| KnownKey {
            shape: key.shape(),
            always_authenticate: key.always_authenticate,
            cka_id: key.cka_id.clone(),
            label: key.label.clone(),
            nth: (0..at).filter(|earlier| alike(*earlier, at)).count(),
            handle: None,
        })
        .collect()
}

fn pin_state(info: &cryptoki::slot::TokenInfo) -> PinState {
    if info.user_pin_locked() {
        PinState::Locked
    } else if info.user_pin_final_try() {
        PinState::FinalTry
    } else if info.user_pin_count_low() {
        PinState::Low
    } else if !info.user_pin_initialized() {
        PinState::NotSet
    } else {
        PinState::Ok
    }
}

fn refused(function: &str, ckr: Ckr) -> Refusal {
    Refusal {
        function: function.into(),
        ckr: Some(ckr),
        what: ckr.to_string(),
    }
}

fn session_lost(refusal: Refusal) -> SignError {
    SignError {
        step: SignStep::Session,
        ckr: refusal.ckr,
        detail: Some(format!("{}: {}", refusal.function, refusal.what)),
    }
}
