//! Opening the tokens a user means: selected, logged in by the rules at the card, read.

use std::path::PathBuf;

use super::args;
use super::error::{CliError, no_module, token_refused, unreachable_token};
use super::exit::Exit;
use super::pin::PinKeeper;
use super::speak;
use crate::model::certificate::Certificate;
use crate::model::ckr::Ckr;
use crate::model::key::Key;
use crate::model::obstacle;
use crate::model::record::{KeyRecord, Marks};
use crate::model::redact::{self, Secret};
use crate::model::token::{PinState, Token};
use crate::token::Host;
use crate::token::protocol::{Description, Slots};
use crate::token::refusal::Refusal;
use crate::token::select::{Selector, Uri};
use crate::token::{Module, ModuleError, discover, readers};

/// A token that was opened, with the keys that were selected.
pub(super) struct OpenToken {
    pub(super) host: Host,
    pub(super) token: Token,
    /// The keys, each with its place in the host's inventory.
    pub(super) keys: Vec<(usize, Key)>,
    /// What the stand-ins for its names would be made with.
    secret: Secret,
}

impl OpenToken {
    /// What its keys would be known again by in a redacted report, with their ids.
    pub(super) fn redacted_marks(&self) -> Vec<(String, Marks)> {
        let mut token = self.token.clone();
        let mut keys: Vec<Key> = self.keys.iter().map(|(_, key)| key.clone()).collect();
        redact::card(&mut token, &mut keys, &self.secret);
        let record = |key: &Key| KeyRecord::new(key, Some(&token), false);
        let records = keys.iter().map(record);
        records.map(|record| (record.id, record.marks)).collect()
    }

    /// Replaces the names on it by stand-ins; handshakes can still be made.
    pub(super) fn redact(&mut self) {
        let keys = self.keys.iter_mut().map(|(_, key)| key);
        redact::card(&mut self.token, keys, &self.secret);
        self.host.rename(&self.token.label);
    }
}

/// What a user selected.
pub(super) struct Selection {
    token: Option<Selector>,
    slot: Option<u64>,
    keys: Vec<Selector>,
}

impl Selection {
    /// Reads `--token`, `--slot` and `--key`.
    ///
    /// # Errors
    /// A URI that is none.
    pub(super) fn new(wanted: &args::Token) -> Result<Selection, CliError> {
        let token = wanted.token.as_deref().map(Selector::parse).transpose()?;
        let keys = wanted.key.iter().map(|key| Selector::parse(key));
        Ok(Selection {
            token,
            slot: wanted.slot,
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    /// The URI that a PIN or a module may be taken from.
    pub(super) fn uri(&self) -> Option<&Uri> {
        let mut selectors = self.token.iter().chain(&self.keys);
        selectors.find_map(Selector::uri)
    }

    /// Is the token one of those that were selected?
    pub(super) fn wants_token(&self, token: &Token) -> bool {
        let uris: Vec<&Selector> = self.keys.iter().filter(|key| key.uri().is_some()).collect();
        self.token
            .as_ref()
            .is_none_or(|wanted| wanted.matches_token(token))
            && self.slot.is_none_or(|slot| slot == token.slot)
            && (uris.is_empty() || uris.iter().any(|uri| uri.matches_token(token)))
    }

    /// Is the certificate one that a URI names?
    pub(super) fn wants_certificate(&self, certificate: &Certificate) -> bool {
        let token = self.token.iter();
        token
            .chain(&self.keys)
            .all(|wanted| wanted.matches_certificate(certificate))
    }

    fn wants_key(&self, key: &Key) -> bool {
        self.keys.is_empty() || self.keys.iter().any(|wanted| wanted.matches_key(key))
    }

    /// Was one token named, and not all there are?
    pub(super) fn names_one(&self) -> bool {
        self.token.is_some() || self.slot.is_some()
    }
}

/// The module that was named, or one that is found here: then it says which.
///
/// # Errors
/// There is none.
pub(super) fn module_path(
    wanted: &args::Token,
    selection: &Selection,
) -> Result<PathBuf, CliError> {
    named_module(wanted, selection).map_or_else(default_module, Ok)
}

/// The module that was named, with `--module` or in a URI.
pub(super) fn named_module(wanted: &args::Token, selection: &Selection) -> Option<PathBuf> {
    let from_uri = selection.uri().and_then(|uri| uri.module_path.clone());
    wanted.module.clone().or_else(|| from_uri.map(Into::into))
}

fn default_module() -> Result<PathBuf, CliError> {
    let found = discover::default_module().ok_or_else(no_module)?;
    speak::say(&format!("no --module given, taking {}", found.display()));
    Ok(found)
}

/// Opens every selected token. One that fails doesn't keep the others from being tried: its error is told, and comes back
/// so that the run doesn't end as if it had been whole.
///
/// # Errors
/// No token at all could be opened.
pub(super) fn open(
    module: &mut Module,
    selection: &Selection,
    pins: &mut PinKeeper,
) -> Result<(Vec<OpenToken>, Option<Exit>), CliError> {
    let mut open = Vec::new();
    let mut failed = None;
    for description in select(module, selection)? {
        let host = module.host(description.clone());
        match open_one(host, &description, selection, pins) {
            Ok(token) => open.push(token),
            Err(error) if error.exit == Exit::Interrupted => return Err(error),
            Err(error) => {
                let earlier = failed.replace(error);
                let _ = earlier.map(|error| speak::failure(&error));
            }
        }
    }
    match failed {
        Some(error) if open.is_empty() => Err(error),
        Some(error) => Ok((numbered(open), Some(speak::failure(&error)))),
        None => Ok((numbered(open), None)),
    }
}

/// The certificates that each selected token shows to anybody, those of keys first.
///
/// # Errors
/// There is no such token, or it can't be read.
pub(super) fn certificates(
    module: &mut Module,
    selection: &Selection,
) -> Result<Vec<(String, Vec<Certificate>)>, CliError> {
    let mut found = Vec::new();
    for description in select(module, selection)? {
        let label = description.token.label.clone();
        let host = module.host(description);
        let inventory = host.inventory();
        let inventory = inventory.map_err(|refusal| token_refused(&label, &refusal))?;
        let of_keys = inventory.keys.into_iter().filter_map(|key| key.certificate);
        let others = inventory
            .orphan_certificates
            .into_iter()
            .chain(inventory.issuers);
        found.push((label, of_keys.chain(others).collect()));
    }
    Ok(found)
}

/// The tokens that were selected and are initialised.
fn select(module: &mut Module, selection: &Selection) -> Result<Vec<Description>, CliError> {
    let all = described(module)?;
    let names: Vec<String> = all.iter().map(name).collect();
    let wanted: Vec<_> = all
        .into_iter()
        .filter(|token| selection.wants_token(&token.token))
        .collect();
    let (ready, blank): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|token| token.initialized);
    match (ready.len(), blank.first()) {
        (0, Some(token)) => Err(uninitialised(token)),
        (0, None) => Err(CliError::environment("no token is the one you named")
            .help(format!("there is: {}", names.join("; ")))),
        (2.., _) if selection.names_one() => {
            let several: Vec<String> = ready.iter().map(name).collect();
            Err(
                CliError::environment(format!("{} tokens are the one you named", several.len()))
                    .help(format!(
                        "name one by its serial number or slot:N: {}",
                        several.join("; ")
                    )),
            )
        }
        _ => Ok(ready),
    }
}

/// All tokens that say what they are.
///
/// # Errors
/// There is none; why.
fn described(module: &mut Module) -> Result<Vec<Description>, CliError> {
    let slots = slots(module)?;
    let mut described = Vec::new();
    let mut silent = Vec::new();
    for slot in &slots.with_token {
        match module.describe(*slot) {
            Ok(description) => described.push(description),
            Err(refusal) => silent.push(refusal),
        }
    }
    if described.is_empty() {
        // a card that the module can't get at may not count as one
        let all = slots.all.iter();
        let mut hidden = all.filter_map(|slot| module.describe(*slot).err());
        let refused = silent.first().cloned().or_else(|| hidden.find(is_telling));
        return Err(no_token(&slots, refused.as_ref()));
    }
    for refusal in silent {
        speak::warning(&format!("a slot was left out: {refusal}"));
    }
    Ok(described)
}

/// That a slot is empty is no news.
fn is_telling(refusal: &Refusal) -> bool {
    !refusal.ckr().is_some_and(Ckr::is_about_removal)
}

fn slots(module: &mut Module) -> Result<Slots, CliError> {
    let slots = module.slots();
    slots.map_err(|refusal| CliError::from(ModuleError::Refused(refusal)))
}

/// The readers know best; where they can't say, what the module said.
fn no_token(slots: &Slots, refused: Option<&Refusal>) -> CliError {
    let obstacles = match slots.uses_pcsc {
        true => obstacle::at_the_readers(&readers::ask(), &[]),
        false => Vec::new(),
    };
    let mut obstacles = obstacles.into_iter();
    match (obstacles.next(), refused, slots.all.len()) {
        (Some(first), ..) => {
            let others = obstacles.map(|obstacle| obstacle.what);
            others.for_each(|what| speak::warning(&what));
            first.into()
        }
        (None, Some(refusal), _) => unreachable_token(refusal),
        (None, None, 0) => CliError::environment("the module shows no slot")
            .help("it uses no PC/SC reader: its own configuration says where its tokens are (SoftHSM2: SOFTHSM2_CONF; p11-kit's proxy: `p11-kit list-modules`)"),
        (None, None, slots) => CliError::environment(format!("no token in any of {slots} slots"))
            .help("put the card into the reader, or connect the token"),
    }
}

/// A token that doesn't say what it is.
pub(super) fn silent(refusal: &Refusal) -> CliError {
    CliError::environment(format!("a card is in, and doesn't answer: {refusal}"))
        .help("this module may not know it: try its issuer's with --module; else pull the card and put it back")
}

pub(super) fn uninitialised(token: &Description) -> CliError {
    let slot = token.token.slot;
    CliError::environment(format!("the token in slot {slot} is not initialised (CKF_TOKEN_INITIALIZED)"))
        .help("initialise it with its issuer's tool, or for SoftHSM2 `softhsm2-util --init-token`; cardcheck never writes to a token")
}

/// Logs in to one token by the rules at the card, and reads it.
///
/// # Errors
/// The PIN may not be sent, or the token refused.
pub(super) fn open_one(
    host: Host,
    description: &Description,
    selection: &Selection,
    pins: &mut PinKeeper,
) -> Result<OpenToken, CliError> {
    log_in(&host, description, pins)?;
    read(host, description, selection)
}

/// Reads a token, as far as it shows itself.
///
/// # Errors
/// The token refused.
pub(super) fn read(
    host: Host,
    description: &Description,
    selection: &Selection,
) -> Result<OpenToken, CliError> {
    let refused = |refusal: Refusal| token_refused(&description.token.label, &refusal);
    let mut token = description.token.clone();
    let inventory = host.inventory().map_err(refused)?;
    token.mechanisms = inventory.mechanisms;
    token.orphan_certificates = inventory.orphan_certificates;
    token.unreadable_certificates = inventory.unreadable_certificates;
    let secret = Secret::of_card(&inventory.keys, &token.orphan_certificates);
    let keys = inventory.keys.into_iter().enumerate();
    let mut keys: Vec<(usize, Key)> = keys.filter(|(_, key)| selection.wants_key(key)).collect();
    // a module's own order may change from one run to the next
    keys.sort_by(|(_, a), (_, b)| (&a.cka_id, &a.label).cmp(&(&b.cka_id, &b.label)));
    Ok(OpenToken {
        host,
        token,
        keys,
        secret,
    })
}

/// Logs in if the token wants it.
///
/// # Errors
/// The PIN may not be sent, or the token refused it.
pub(super) fn log_in(
    host: &Host,
    description: &Description,
    pins: &mut PinKeeper,
) -> Result<(), CliError> {
    let label = name(description);
    if !description.login_required {
        return Ok(());
    }
    if description.token.pin == PinState::NotSet {
        speak::warning(&format!(
            "{label}: the user PIN is not set; only public objects are seen"
        ));
        return Ok(());
    }
    let login = pins.login_for(description)?;
    host.login(login.clone()).map_err(|refusal| {
        // a PIN that was never answered may be wrong as well
        if refusal.ckr().is_some_and(Ckr::refuses_pin) || refusal.lost().is_some() {
            pins.was_wrong(&description.token, login);
        }
        token_refused(&description.token.label, &refusal)
    })
}

/// Gives tokens and keys their names in the report. Tokens without a key have nothing to try.
pub(super) fn numbered(open: Vec<OpenToken>) -> Vec<OpenToken> {
    let mut open: Vec<OpenToken> = open.into_iter().filter(has_something).collect();
    let mut keys = 0;
    for (at, token) in open.iter_mut().enumerate() {
        token.token.id = format!("t{}", at + 1);
        for (_, key) in &mut token.keys {
            keys += 1;
            key.id = format!("k{keys}");
            key.token.clone_from(&token.token.id);
        }
    }
    open
}

fn has_something(open: &OpenToken) -> bool {
    !open.keys.is_empty()
}

pub(super) fn name(token: &Description) -> String {
    let Token {
        label,
        serial,
        slot,
        ..
    } = &token.token;
    match token.initialized {
        true => format!("`{label}` (serial {serial}, slot:{slot})"),
        false => format!("an uninitialised token (slot:{slot})"),
    }
}

/// No token holds a key that was wanted.
pub(super) fn no_keys(wanted: &args::Token) -> CliError {
    if wanted.key.is_empty() {
        return CliError::nothing_to_try("there is no private key on the token")
            .help("list what it holds: `pkcs11-tool --module M --login -O`");
    }
    CliError::nothing_to_try(format!(
        "no key is the one you named: {}",
        wanted.key.join(", ")
    ))
    .help("--key takes a label, a CKA_ID in hex or a PKCS#11 URI; leave it out to see all keys")
}
