//! Facts of a card, as far as a client's rule looks at them: two cards that have them in common are of one kind.

use crate::model::capability::{Answer, Capability};
use crate::model::certificate::Certificate;
use crate::model::key::Key;
use crate::model::key_type::{Curve, KeyType};
use crate::model::mechanism::Mechanism;
use crate::model::public_key::PublicKey;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::token::{MechanismFacts, Token};

/// All that decides whom a card lets log in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CardFacts {
    /// Those that a login can be signed with, of the ones that the token lists.
    pub(super) mechanisms: Vec<(Mechanism, Answer)>,
    pub(super) keys: Vec<KeyFacts>,
}

/// The same of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeyFacts {
    pub(super) key_type: KeyType,
    pub(super) bits: Option<u32>,
    pub(super) curve: Option<Curve>,
    pub(super) pss_only: bool,
    pub(super) can_sign: bool,
    /// As in [`Key`].
    pub(super) allowed: Option<Vec<Mechanism>>,
    /// Why nobody logs in with it, whatever it can sign.
    pub(super) unfit: Option<Unfit>,
    pub(super) trials: Vec<Trial>,
    pub(super) measured: Vec<Measured>,
}

/// A scheme over a route; a [`Capability`] without its timing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Trial {
    pub(super) scheme: Scheme,
    pub(super) route: Route,
    pub(super) listed: bool,
    pub(super) info: Answer,
    pub(super) allowed: bool,
    pub(super) sign_init: Answer,
    pub(super) sign: Answer,
    pub(super) verified: Option<bool>,
}

/// Why a key is for no login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unfit {
    NoCertificate,
    Unreadable,
    NotYetValid,
    Expired,
    NotForClients,
    NotForSigning,
}

impl Unfit {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Unfit::NoCertificate => "there is no certificate for the key",
            Unfit::Unreadable => "the certificate is not DER",
            Unfit::NotYetValid => "the certificate was not yet valid when the report was made",
            Unfit::Expired => "the certificate had expired when the report was made",
            Unfit::NotForClients => "the certificate's extendedKeyUsage has no clientAuth",
            Unfit::NotForSigning => "the certificate's keyUsage has no digitalSignature",
        }
    }
}

/// A login that was made with a key at a setting's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Measured {
    /// Index of the setting.
    pub(super) setting: usize,
    /// Index of the client.
    pub(super) client: usize,
    pub(super) passed: bool,
}

impl CardFacts {
    /// The token, as the rules take it.
    pub(super) fn token(&self) -> Token {
        let listed = |(mechanism, info): &(Mechanism, Answer)| MechanismFacts {
            listed: true,
            info: *info,
            ..MechanismFacts::unknown(*mechanism)
        };
        Token {
            mechanisms: self.mechanisms.iter().map(listed).collect(),
            ..Token::default()
        }
    }
}

impl KeyFacts {
    /// The key, as the rules take it.
    pub(super) fn key(&self) -> Key {
        let public_key = match self.key_type {
            KeyType::Rsa => PublicKey::rsa(&[], &[], self.pss_only),
            _ => PublicKey::default(),
        };
        Key {
            key_type: self.key_type,
            type_name: "other-type".into(),
            bits: self.bits,
            curve: self.curve,
            can_sign: self.can_sign,
            allowed_mechanisms: self.allowed.clone(),
            certificate: Some(Certificate {
                public_key,
                ..Certificate::default()
            }),
            capabilities: self.trials.iter().map(Trial::capability).collect(),
            ..Key::default()
        }
    }
}

impl Trial {
    fn capability(&self) -> Capability {
        Capability {
            scheme: self.scheme,
            route: self.route,
            listed: self.listed,
            info: self.info,
            allowed: self.allowed,
            sign_init: self.sign_init,
            sign: self.sign,
            verified: self.verified,
            flaw: None,
            sign_ms: None,
        }
    }
}
