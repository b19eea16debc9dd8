//! What a client decides when a server asks for a certificate.

use super::ckr::Ckr;
use super::route::Route;
use super::scheme::Scheme;

/// A client's decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Sign with this scheme.
    Sign {
        /// The scheme, which goes into the CertificateVerify.
        scheme: Scheme,
        /// The routes to try, in order; the next is taken when the token refuses one, at C_SignInit or at C_Sign.
        routes: Vec<Route>,
    },
    /// End the connection before the token is asked to sign: the client itself finds no way to use its certificate.
    GiveUp {
        /// The scheme, if one was chosen before.
        scheme: Option<Scheme>,
        /// The code by which the client's own library names it.
        ckr: Option<Ckr>,
        /// The rule that left nothing, for people.
        why: String,
    },
    /// Send an empty certificate: nothing fits.
    NoCertificate {
        /// The rule that excluded everything, for people.
        why: String,
    },
}

impl Choice {
    /// The scheme, if one was chosen.
    pub fn scheme(&self) -> Option<Scheme> {
        match self {
            Choice::Sign { scheme, .. } => Some(*scheme),
            Choice::GiveUp { scheme, .. } => *scheme,
            Choice::NoCertificate { .. } => None,
        }
    }
}
