//! Routes: over which PKCS#11 mechanism a scheme is signed.

use serde::{Deserialize, Serialize};

use super::mechanism::Mechanism;
use super::scheme::{Kind, Scheme};

/// How a scheme is signed on a token, and so how much of the work is the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Route {
    /// CKM_RSA_PKCS_PSS over a digest made on the host.
    RsaPkcsPss,
    /// CKM_SHAx_RSA_PKCS_PSS over the message.
    ShaRsaPkcsPss,
    /// CKM_RSA_X_509: all padding, PKCS1 or PSS, made on the host.
    RsaX509,
    /// CKM_RSA_PKCS over a DigestInfo made on the host.
    RsaPkcs,
    /// CKM_SHAx_RSA_PKCS over the message.
    ShaRsaPkcs,
    /// CKM_ECDSA over a digest made on the host.
    Ecdsa,
    /// CKM_ECDSA_SHAx over the message.
    EcdsaSha,
    /// CKM_EDDSA over the message.
    Eddsa,
    /// CKM_ML_DSA over the message.
    MlDsa,
}

impl Route {
    /// The routes that can carry `scheme`, the commonest first. Empty for schemes that cardcheck doesn't sign.
    pub fn of(scheme: Scheme) -> &'static [Route] {
        match scheme.kind() {
            Kind::RsaPkcs1(_) => &[Route::RsaPkcs, Route::ShaRsaPkcs, Route::RsaX509],
            Kind::RsaPssRsae(_) | Kind::RsaPssPss(_) => {
                &[Route::RsaPkcsPss, Route::ShaRsaPkcsPss, Route::RsaX509]
            }
            Kind::Ecdsa { .. } => &[Route::Ecdsa, Route::EcdsaSha],
            Kind::Ed25519 | Kind::Ed448 => &[Route::Eddsa],
            Kind::MlDsa => &[Route::MlDsa],
            Kind::Dsa | Kind::Unknown => &[],
        }
    }

    /// The mechanism that C_SignInit is called with for `scheme`.
    pub fn mechanism(self, scheme: Scheme) -> Mechanism {
        match (self, scheme.hash()) {
            (Route::ShaRsaPkcsPss, Some(hash)) => Mechanism::sha_rsa_pkcs_pss(hash),
            (Route::ShaRsaPkcs, Some(hash)) => Mechanism::sha_rsa_pkcs(hash),
            (Route::EcdsaSha, Some(hash)) => Mechanism::ecdsa_sha(hash),
            (Route::RsaPkcsPss | Route::ShaRsaPkcsPss, _) => Mechanism::RSA_PKCS_PSS,
            (Route::RsaX509, _) => Mechanism::RSA_X_509,
            (Route::RsaPkcs | Route::ShaRsaPkcs, _) => Mechanism::RSA_PKCS,
            (Route::Ecdsa | Route::EcdsaSha, _) => Mechanism::ECDSA,
            (Route::Eddsa, _) => Mechanism::EDDSA,
            (Route::MlDsa, _) => Mechanism::ML_DSA,
        }
    }
}
