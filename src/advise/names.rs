//! The report's names, read back.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::key_type::{Curve, KeyType};
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::Scheme;

static SCHEMES: LazyLock<HashMap<String, Scheme>> =
    LazyLock::new(|| Scheme::all().map(|it| (it.to_string(), it)).collect());

/// Those that a login is signed with.
static MECHANISMS: LazyLock<HashMap<String, Mechanism>> = LazyLock::new(|| {
    let ways = Scheme::all().flat_map(|scheme| {
        let routes = Route::of(scheme).iter();
        routes.map(move |route| route.mechanism(scheme))
    });
    ways.map(|mechanism| (mechanism.to_string(), mechanism))
        .collect()
});

const KEY_TYPES: [KeyType; 6] = [
    KeyType::Rsa,
    KeyType::Ec,
    KeyType::Ed25519,
    KeyType::Ed448,
    KeyType::MlDsa,
    KeyType::Other,
];

const CURVES: [Curve; 6] = [
    Curve::P256,
    Curve::P384,
    Curve::P521,
    Curve::BrainpoolP256r1,
    Curve::BrainpoolP384r1,
    Curve::BrainpoolP512r1,
];

/// The scheme of this name, or code point.
pub(super) fn scheme(name: &str) -> Option<Scheme> {
    SCHEMES.get(name).copied().or_else(|| name.parse().ok())
}

/// The mechanism of this name, if a login can be signed with it.
pub(super) fn mechanism(name: &str) -> Option<Mechanism> {
    MECHANISMS.get(name).copied()
}

/// The route on which the scheme is signed with the mechanism of this name.
pub(super) fn route(scheme: Scheme, name: &str) -> Option<Route> {
    let mechanism = mechanism(name)?;
    let mut routes = Route::of(scheme).iter();
    routes
        .find(|route| route.mechanism(scheme) == mechanism)
        .copied()
}

/// The type of this name; one that is not known signs nothing that is known.
pub(super) fn key_type(name: &str) -> KeyType {
    let mut types = KEY_TYPES.into_iter();
    types
        .find(|known| known.name() == name)
        .unwrap_or(KeyType::Other)
}

/// The curve of this name.
pub(super) fn curve(name: &str) -> Option<Curve> {
    CURVES.into_iter().find(|known| known.to_string() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_sign_reads_back_as_it_is_written() {
        for known in Scheme::all() {
            assert_eq!(scheme(&known.to_string()), Some(known));
            for known_route in Route::of(known) {
                let name = known_route.mechanism(known).to_string();
                assert_eq!(route(known, &name), Some(*known_route));
            }
        }
        assert_eq!(scheme("0x0708"), Some(Scheme(0x0708)));
        assert_eq!(scheme("rsa"), None);
        assert_eq!(mechanism("CKM_AES_CBC"), None);
        assert_eq!(curve("P-384"), Some(Curve::P384));
        assert_eq!(key_type("slh_dsa"), KeyType::Other);
    }
}
