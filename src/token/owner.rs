//! What a host does for one token: it owns the session, finds the keys and signs with them.
#![forbid(unsafe_code)]

use std::rc::Rc;
use std::time::Instant;

use super::description::describe;
use super::inventory::{self, FoundKey};
use super::prepare::{self, Call};
use super::protocol::{Description, Inventory, Login};
use super::raw::{ObjectHandle, Raw, Slot, TokenInfo};
use super::refusal::Refusal;
use super::session::TokenSession;
use crate::model::capability::Answer;
use crate::model::function::Function;
use crate::model::mechanism::Mechanism;
use crate::model::public_key::PublicKey;
use crate::model::route::Route;
use crate::model::scheme::{KeyShape, Scheme};
use crate::model::sign::{SignError, SignStep, Signed};
use crate::model::token::{MechanismFacts, Token};

pub(super) struct Owner {
    raw: Rc<Raw>,
    slot: Slot,
    session: TokenSession,
    keys: Vec<KnownKey>,
    /// A call failed: the session is replaced before the next one. Not at once, since a module that hangs over that would
    /// keep back the answer that is there already.
    stale: bool,
}

/// A key of the inventory, and how to find it again: handles go stale with their session.
struct KnownKey {
    shape: KeyShape,
    always_authenticate: bool,
    cka_id: Vec<u8>,
    label: String,
    public_key: Option<PublicKey>,
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

    /// A public key that the token doesn't show proves nothing.
    fn has(&self, public_key: Option<&PublicKey>) -> bool {
        match (&self.public_key, public_key) {
            (Some(known), Some(found)) => known.same_key(found),
            _ => true,
        }
    }
}

impl Owner {
    pub(super) fn new(raw: Rc<Raw>, slot: Slot) -> Owner {
        let session = TokenSession::new(Rc::clone(&raw), slot);
        Owner {
            raw,
            slot,
            session,
            keys: Vec::new(),
            stale: false,
        }
    }

    pub(super) fn describe(&self) -> Result<Description, Refusal> {
        describe(&self.raw, self.slot)
    }

    fn token_info(&self) -> Result<TokenInfo, Refusal> {
        let info = self.raw.token_info(self.slot);
        info.map_err(Refusal::of(Function::GetTokenInfo))
    }

    /// The PIN is for this token, as it was described.
    pub(super) fn login(&mut self, token: Token, login: Login) -> Result<(), Refusal> {
        self.session.login(token, login)
    }

    pub(super) fn inventory(&mut self) -> Result<Inventory, Refusal> {
        let mechanisms = self.mechanisms()?;
        let session = self.session.get()?;
        let token = self.token_info()?;
        let mut inventory = inventory::read(&self.raw, session, &token)?;
        inventory.mechanisms = mechanisms;
        self.keys = known_keys(&inventory);
        Ok(inventory)
    }

    fn mechanisms(&self) -> Result<Vec<MechanismFacts>, Refusal> {
        let list = self.raw.mechanism_list(self.slot);
        let list = list.map_err(Refusal::of(Function::GetMechanismList))?;
        let facts = |mechanism| MechanismFacts {
            listed: true,
            ..self.mechanism_info(mechanism)
        };
        Ok(list.into_iter().map(facts).collect())
    }

    pub(super) fn mechanism_info(&self, mechanism: Mechanism) -> MechanismFacts {
        let answer = self.raw.mechanism_info(self.slot, mechanism);
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

    /// C_SignInit, the context-specific login if the key wants it, C_Sign; after an error the next call gets a new session.
    pub(super) fn sign(
        &mut self,
        key: usize,
        scheme: Scheme,
        route: Route,
        message: &[u8],
    ) -> Result<Signed, SignError> {
        let shape = self.known(key)?.shape;
        let call = prepare::prepare(&shape, scheme, route, message)?;
        if std::mem::take(&mut self.stale) {
            self.renew();
        }
        let handle = self.find(key)?;
        let started = Instant::now();
        let signature = self
            .call(key, handle, &call)
            .inspect_err(|_| self.stale = true)?;
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
        let raw = &self.raw;
        let session = self.session.get().map_err(SignError::from)?;
        raw.sign_init(session, call.mechanism, call.parameter, handle)
            .map_err(|ckr| SignError::refused(SignStep::SignInit, ckr))?;
        if always_authenticate {
            self.session.context_login().map_err(|refusal| SignError {
                step: SignStep::ContextLogin,
                detail: refusal.ckr().is_none().then(|| refusal.to_string()),
                ckr: refusal.ckr(),
                lost: None,
                flaw: None,
            })?;
        }
        let session = self.session.get().map_err(SignError::from)?;
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
        let session = self.session.get().map_err(SignError::from)?;
        let found = inventory::private_keys(&self.raw, session).map_err(SignError::from)?;
        let gone = || SignError::other(SignStep::Session, "the key is gone from the token");
        let known = self.known(key)?;
        let handle = known.find_in(&found).ok_or_else(gone)?;
        if !known.has(inventory::public_key(&self.raw, session, handle).as_ref()) {
            return Err(gone());
        }
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
            public_key: key.public_key.clone(),
            nth: (0..at).filter(|earlier| alike(*earlier, at)).count(),
            handle: None,
        })
        .collect()
}
