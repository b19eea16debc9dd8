//! The host's half of a signature: what goes to C_Sign on a route, and TLS' encoding of what comes back.
#![forbid(unsafe_code)]

use super::raw::Parameter;
use crate::model::autopsy::Flaw;
use crate::model::emsa;
use crate::model::hash::Hash;
use crate::model::key_type::{Curve, KeyType};
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::{KeyShape, Scheme};
use crate::model::sign::{SignError, SignStep};

/// A call of C_SignInit and C_Sign.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) mechanism: Mechanism,
    pub(super) parameter: Parameter,
    pub(super) data: Vec<u8>,
}

/// Prepares `message`, not hashed yet, for `route`.
///
/// # Errors
/// At [`SignStep::Prepare`]: the route can't carry the scheme, the key is too small, its size is not known.
pub(super) fn prepare(
    shape: &KeyShape,
    scheme: Scheme,
    route: Route,
    message: &[u8],
) -> Result<Call, SignError> {
    if !Route::of(scheme).contains(&route) {
        let mechanism = route.mechanism(scheme);
        return Err(unfit(format!("{mechanism} can't carry {scheme}")));
    }
    let data = match (route, scheme.hash()) {
        (Route::RsaPkcsPss, Some(hash)) => hash.digest(message),
        (Route::RsaPkcs, Some(hash)) => {
            emsa::digest_info(hash, &hash.digest(message)).map_err(unfit)?
        }
        (Route::RsaX509, Some(hash)) => host_padded(shape, scheme, hash, message)?,
        (Route::Ecdsa, Some(hash)) => {
            let order_len = shape.curve.map_or(hash.digest_len(), Curve::order_len);
            emsa::ecdsa_truncate(&hash.digest(message), order_len).to_vec()
        }
        _ => message.to_vec(),
    };
    Ok(Call {
        mechanism: route.mechanism(scheme),
        parameter: parameter(shape, scheme, route),
        data,
    })
}

/// TLS' encoding of what C_Sign gave.
///
/// # Errors
/// At [`SignStep::Encode`]: the length is not what the key's type makes.
pub(super) fn finish(shape: &KeyShape, signature: Vec<u8>) -> Result<Vec<u8>, SignError> {
    match (shape.key_type, shape.curve, shape.bits) {
        (KeyType::Ec, Some(curve), _) => {
            let len = curve.order_len();
            emsa::ecdsa_to_der(&signature, len).map_err(|error| SignError {
                flaw: emsa::ecdsa_from_der(&signature, len).map(|_| Flaw::DerNotRaw),
                ..malformed(error)
            })
        }
        // the curve is not one of ours: r and s are halves of whatever came
        (KeyType::Ec, None, _) => {
            emsa::ecdsa_to_der(&signature, signature.len() / 2).map_err(malformed)
        }
        (KeyType::Rsa, _, Some(bits)) if signature.len() != bits.div_ceil(8) as usize => {
            let (got, due) = (signature.len(), bits.div_ceil(8));
            Err(malformed(format!(
                "signature of {got} bytes where {due} are due"
            )))
        }
        _ => Ok(signature),
    }
}

fn parameter(shape: &KeyShape, scheme: Scheme, route: Route) -> Parameter {
    match (route, scheme.hash()) {
        (Route::RsaPkcsPss | Route::ShaRsaPkcsPss, Some(hash)) => Parameter::Pss(hash),
        (Route::Eddsa, _) if shape.key_type == KeyType::Ed448 => Parameter::Eddsa,
        _ => Parameter::None,
    }
}

/// The whole padded block for raw RSA.
fn host_padded(
    shape: &KeyShape,
    scheme: Scheme,
    hash: Hash,
    message: &[u8],
) -> Result<Vec<u8>, SignError> {
    let bits = shape
        .bits
        .ok_or_else(|| unfit("the size of the RSA key is not known"))? as usize;
    let digest = hash.digest(message);
    let padded = if scheme.is_pss() {
        let mut salt = vec![0; hash.digest_len()];
        getrandom::fill(&mut salt).map_err(|_| unfit("no random numbers from the system"))?;
        emsa::pss_encode(hash, &digest, &salt, bits)
    } else {
        emsa::pkcs1_encode(hash, &digest, bits.div_ceil(8))
    };
    padded.map_err(unfit)
}

fn unfit(detail: impl ToString) -> SignError {
    SignError::other(SignStep::Prepare, detail.to_string())
}

fn malformed(detail: impl ToString) -> SignError {
    SignError::other(SignStep::Encode, detail.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: KeyShape = KeyShape {
        key_type: KeyType::Rsa,
        bits: Some(2048),
        curve: None,
        pss_only: false,
    };
    const P256: KeyShape = KeyShape {
        key_type: KeyType::Ec,
        bits: Some(256),
        curve: Some(Curve::P256),
        pss_only: false,
    };

    fn call(shape: &KeyShape, code: u16, route: Route) -> Call {
        prepare(shape, Scheme(code), route, b"message").unwrap()
    }

    #[test]
    fn each_route_leaves_the_token_its_own_share_of_the_work() {
        let pss = call(&RSA, 0x0804, Route::RsaPkcsPss);
        assert_eq!(pss.data, Hash::Sha256.digest(b"message"));
        assert_eq!(pss.parameter, Parameter::Pss(Hash::Sha256));
        assert_eq!(call(&RSA, 0x0804, Route::ShaRsaPkcsPss).data, b"message");
        assert_eq!(call(&RSA, 0x0804, Route::RsaX509).data.len(), 256);
        assert_eq!(call(&RSA, 0x0401, Route::RsaX509).data.len(), 256);
        assert_eq!(call(&RSA, 0x0401, Route::RsaPkcs).data.len(), 51);
        assert_eq!(call(&RSA, 0x0401, Route::ShaRsaPkcs).data, b"message");
    }

    #[test]
    fn a_digest_longer_than_the_order_is_cut_on_the_host() {
        let long = call(&P256, 0x0603, Route::Ecdsa);
        assert_eq!(long.data, Hash::Sha512.digest(b"message")[..32]);
    }

    #[test]
    fn a_route_of_another_key_type_is_refused_before_the_token() {
        let error = prepare(&RSA, Scheme(0x0804), Route::Ecdsa, b"").unwrap_err();
        assert_eq!(
            error.to_string(),
            "preparing: CKM_ECDSA can't carry rsa_pss_rsae_sha256"
        );
    }

    #[test]
    fn a_signature_of_the_wrong_length_is_refused_after_it() {
        let short = finish(&RSA, vec![1; 255]).unwrap_err();
        assert_eq!(
            short.to_string(),
            "encoding: signature of 255 bytes where 256 are due"
        );
        let der = finish(&P256, vec![0x30; 70]).unwrap_err();
        assert_eq!((der.step, der.flaw), (SignStep::Encode, None));
        let raw = [[1; 32], [2; 32]].concat();
        let der = finish(&P256, emsa::ecdsa_to_der(&raw, 32).unwrap()).unwrap_err();
        assert_eq!(der.flaw, Some(Flaw::DerNotRaw));
    }
}
