//! Lists that a server could ask its clients for, made from what the failing cells' servers ask for now.

use super::case::Case;
use super::prose::distinct;
use crate::model::finding::Change;
use crate::model::hash::Hash;
use crate::model::profile::Profile;
use crate::model::scheme::{Kind, Scheme};

/// RSA PKCS1 with the hashes in use today.
const PKCS1: [Scheme; 3] = [Scheme(0x0401), Scheme(0x0501), Scheme(0x0601)];

/// What the servers ask for, without RSA-PSS and whatever is out of date, with PKCS1; TLS 1.3 off, for without PSS no
/// RSA key can sign there.
pub(super) fn without_pss(case: &Case<'_>) -> Change {
    let kept = asked(case).into_iter().filter(|scheme| !scheme.is_pss());
    Change::ClientSchemes {
        schemes: distinct(kept.chain(PKCS1)),
        tls12_only: true,
    }
}

/// What the servers ask for, PKCS1 before all else.
pub(super) fn pkcs1_first(case: &Case<'_>, tls12_only: bool) -> Change {
    Change::ClientSchemes {
        schemes: distinct(PKCS1.into_iter().chain(asked(case))),
        tls12_only,
    }
}

/// All that the servers ask for in either version, as far as OpenSSL has names for it, and more after it.
pub(super) fn with(case: &Case<'_>, more: &[Scheme]) -> Change {
    let profiles = case.profiles();
    let lists = profiles
        .iter()
        .flat_map(|profile| [&profile.tls12, &profile.tls13]);
    let schemes = lists.flatten().flatten().copied();
    let named = schemes.filter(|scheme| scheme.openssl_name().is_some());
    Change::ClientSchemes {
        schemes: distinct(named.chain(more.iter().copied())),
        tls12_only: false,
    }
}

/// What is left of the servers' lists for a client that doesn't have PSS itself and speaks TLS 1.2 at most.
pub(super) fn own_without_pss(case: &Case<'_>) -> Change {
    let kept = asked(case).into_iter().filter(|scheme| !scheme.is_pss());
    Change::ClientSchemes {
        schemes: kept.collect(),
        tls12_only: true,
    }
}

/// What the servers ask for, and PKCS1 after it; TLS 1.3 off, for PKCS1 is not legal there.
pub(super) fn with_pkcs1(case: &Case<'_>) -> Change {
    Change::ClientSchemes {
        schemes: distinct(asked(case).into_iter().chain(PKCS1)),
        tls12_only: true,
    }
}

/// What the servers ask for, but for some schemes.
pub(super) fn without(case: &Case<'_>, unwanted: impl Fn(Scheme) -> bool) -> Change {
    let kept = asked(case).into_iter().filter(|scheme| !unwanted(*scheme));
    Change::ClientSchemes {
        schemes: kept.collect(),
        tls12_only: false,
    }
}

/// What all the case's servers ask for together, in the first one's order; nothing that is out of date.
fn asked(case: &Case<'_>) -> Vec<Scheme> {
    let profiles = case.profiles();
    let lists = profiles.iter().flat_map(|profile| list(profile));
    distinct(lists.filter(|scheme| in_use(*scheme)))
}

/// The list in TLS 1.2, where the remedies apply; the one in TLS 1.3 of a server that speaks nothing else.
fn list(profile: &Profile) -> Vec<Scheme> {
    let list = profile.tls12.as_ref().or(profile.tls13.as_ref());
    list.cloned().unwrap_or_default()
}

/// Known to every OpenSSL from 1.1.1 on, and neither DSA nor of a broken or short hash.
fn in_use(scheme: Scheme) -> bool {
    match scheme.kind() {
        Kind::RsaPkcs1(hash) => !matches!(hash, Hash::Sha1 | Hash::Sha224),
        Kind::Ecdsa { curve, .. } => curve.is_some_and(|curve| !curve.is_brainpool()),
        Kind::RsaPssRsae(_) | Kind::RsaPssPss(_) | Kind::Ed25519 | Kind::Ed448 => true,
        Kind::MlDsa | Kind::Dsa | Kind::Unknown => false,
    }
}
