//! Advice over a fleet of cards: which server setting lets how many of them in, with which clients.

use super::finding::{Change, Remedy};
use super::hash::Hash;
use super::run::ClientFacts;
use super::scheme::{Kind, Scheme};
use super::version::TlsVersion;

/// A way to set a server up: the version that it negotiates, and the list that it asks clients for in that version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `tls1.2-ec-pkcs1`.
    pub name: String,
    /// A line for people.
    pub about: String,
    /// What is negotiated with a client that speaks both; 1.2: TLS 1.3 is off.
    pub version: TlsVersion,
    /// The list asked of clients, in order.
    pub schemes: Vec<Scheme>,
    /// The smallest RSA key that the server takes, in bits.
    pub min_rsa_bits: u32,
    /// It is what a server asks today, to compare with: no advice.
    pub today: bool,
}

/// How much a policy would find fault with, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strictness {
    /// TLS 1.2 with hashes or algorithms that are out of date.
    OutOfDate,
    /// TLS 1.2 with RSA PKCS1.
    Pkcs1,
    /// TLS 1.2 without PKCS1.
    Tls12,
    /// TLS 1.3, in which no signature of a handshake is PKCS1.
    Tls13,
}

impl Strictness {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Strictness::OutOfDate => "out_of_date",
            Strictness::Pkcs1 => "tls12_pkcs1",
            Strictness::Tls12 => "tls12",
            Strictness::Tls13 => "tls13",
        }
    }
}

impl Setting {
    /// How strict it is.
    pub fn strictness(&self) -> Strictness {
        let any = |of: fn(&Scheme) -> bool| self.schemes.iter().any(of);
        match self.version {
            TlsVersion::V1_3 => Strictness::Tls13,
            TlsVersion::V1_2 if any(is_out_of_date) => Strictness::OutOfDate,
            TlsVersion::V1_2 if any(is_pkcs1) => Strictness::Pkcs1,
            TlsVersion::V1_2 => Strictness::Tls12,
        }
    }

    /// What to change at a server that isn't set up so.
    pub fn change(&self) -> Change {
        Change::ClientSchemes {
            schemes: self.schemes.clone(),
            tls12_only: self.version == TlsVersion::V1_2,
        }
    }
}

fn is_pkcs1(scheme: &Scheme) -> bool {
    matches!(scheme.kind(), Kind::RsaPkcs1(_))
}

fn is_out_of_date(scheme: &Scheme) -> bool {
    let short = matches!(scheme.hash(), Some(Hash::Sha1 | Hash::Sha224));
    short || scheme.kind() == Kind::Dsa
}

/// How many cards a setting lets in with one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cards of which a key logs in.
    pub let_in: u64,
    /// Those of them for which a cell of a report measured it, with this very list.
    pub let_in_measured: u64,
    /// Cards of which no key does.
    pub kept_out: u64,
    /// Those of them for which cells of a report measured it.
    pub kept_out_measured: u64,
    /// Cards whose reports don't tell.
    pub could_not_tell: u64,
}

impl Counts {
    /// Is everything that is told here measured?
    pub fn is_measured(&self) -> bool {
        self.let_in == self.let_in_measured && self.kept_out == self.kept_out_measured
    }
}

/// A setting, and what comes of it.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// The setting.
    pub setting: Setting,
    /// For each client of the advice, in its order.
    pub counts: Vec<Counts>,
    /// No other setting is as short, as strict and as open as this one, and better in one of these.
    pub on_front: bool,
    /// What it takes from others.
    pub breaks: Vec<String>,
    /// How it is made, in each server's own syntax.
    pub remedies: Vec<Remedy>,
}

impl Weighed {
    /// Logins that work: cards times clients.
    pub fn logins(&self) -> u64 {
        self.counts.iter().map(|counts| counts.let_in).sum()
    }
}

/// Cards that are named for a kind.
pub const MOST_EXAMPLES: usize = 3;

/// Cards of one kind that no setting lets in with some clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaved {
    /// How many.
    pub cards: u64,
    /// Their keys: `RSA-2048, EC P-256`.
    pub keys: String,
    /// The clients, and why.
    pub reasons: Vec<(Vec<&'static str>, String)>,
    /// Some of the cards, by label and serial number.
    pub examples: Vec<String>,
}

impl Unsaved {
    /// Cards of which one sees the same.
    pub fn join(&mut self, other: Unsaved) {
        self.cards += other.cards;
        self.examples.extend(other.examples);
        self.examples.sort();
        self.examples.truncate(MOST_EXAMPLES);
    }
}

/// A report that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The file, and the report's number if the file holds several.
    pub name: String,
    /// Why.
    pub why: String,
}

/// What the reports of many cards come to.
#[derive(Clone, Debug)]
pub struct Advice {
    /// Reports that were read.
    pub reports: u64,
    /// Different cards in them.
    pub cards: u64,
    /// Times that a card came again and was not counted again.
    pub repeated: u64,
    /// Reports that were left out.
    pub skipped: u64,
    /// Some of these.
    pub skipped_named: Vec<Skipped>,
    /// The clients that were asked about.
    pub clients: Vec<ClientFacts>,
    /// Every setting that was weighed: today's first, then from the strictest to the most open.
    pub settings: Vec<Weighed>,
    /// Cards that no setting lets in, with each client.
    pub unsaved: Vec<u64>,
    /// Cards of these kinds, the commonest first.
    pub kinds: Vec<Unsaved>,
    /// What could not be done, in sentences.
    pub notes: Vec<String>,
}

impl Advice {
    /// The setting that lets most in; of equals the strictest, then the shortest.
    pub fn best(&self) -> Option<&Weighed> {
        let advised = self.settings.iter().filter(|weighed| weighed.on_front);
        advised.max_by_key(|weighed| {
            let setting = &weighed.setting;
            let length = std::cmp::Reverse(setting.schemes.len());
            (weighed.logins(), setting.strictness(), length)
        })
    }

    /// The setting of this name.
    pub fn setting(&self, name: &str) -> Option<&Weighed> {
        let mut settings = self.settings.iter();
        settings.find(|weighed| weighed.setting.name == name)
    }
}
