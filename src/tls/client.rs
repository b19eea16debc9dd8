//! The client's side of a handshake: a rule decides, a [`Sign`] signs, and both leave a record.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::{ClientConfig, ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    ClientConnection, Connection, Error, OtherError, SignatureAlgorithm, SignatureScheme,
};

use super::authority::{Authority, SERVER_NAME};
use super::provider::{protocol_version, tapped};
use super::setup::{Client, Rule};
use super::{handshake, tap};
use crate::model::choice::Choice;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::{Sign, SignError, SignStep, Signed};
use crate::model::version::TlsVersion;

/// What the client saw, decided and signed.
#[derive(Default)]
pub(super) struct Record {
    pub(super) request: Option<Request>,
    pub(super) choice: Option<Choice>,
    /// The route tried last.
    pub(super) route: Option<Route>,
    /// Milliseconds on the token, or why there is no signature.
    pub(super) signed: Option<Result<f64, SignError>>,
    /// C_SignInit calls that were made.
    pub(super) signatures: usize,
    /// How long the server was kept waiting for the token, or for who types its PIN.
    pub(super) signing: Duration,
}

/// A record that the client's parts share.
#[derive(Clone, Default)]
pub(super) struct SharedRecord(Arc<Mutex<Record>>);

impl SharedRecord {
    pub(super) fn with<T>(&self, write: impl FnOnce(&mut Record) -> T) -> T {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for SharedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedRecord")
    }
}

/// The client's end of one handshake with a server of `authority`.
///
/// # Errors
/// `rustls` refused the versions.
pub(super) fn connection(
    authority: &Authority,
    version: TlsVersion,
    client: Client,
    record: &SharedRecord,
) -> Result<Connection, Error> {
    let config = config(authority, version, answerer(version, client, record))?;
    let name =
        ServerName::try_from(SERVER_NAME).map_err(|_| Error::General("server name".into()))?;
    Ok(ClientConnection::new(Arc::new(config), name)?.into())
}

/// Who answers a CertificateRequest of this version as `client` would.
pub(super) fn answerer(
    version: TlsVersion,
    client: Client,
    record: &SharedRecord,
) -> Arc<dyn ResolvesClientCert> {
    Arc::new(Resolver {
        version,
        chain: client.chain.into_iter().map(CertificateDer::from).collect(),
        rule: client.rule,
        sign: client.sign,
        record: record.clone(),
    })
}

fn config(
    authority: &Authority,
    version: TlsVersion,
    answerer: Arc<dyn ResolvesClientCert>,
) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(tapped())
        .with_protocol_versions(&[protocol_version(version)])?;
    let verifier = Arc::clone(&authority.server_verifier);
    let mut config = builder
        .with_webpki_verifier(verifier)
        .with_client_cert_resolver(answerer);
    // a resumed session would skip the very signature that is to be tried
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Answers a CertificateRequest by the rule.
struct Resolver {
    version: TlsVersion,
    chain: Vec<CertificateDer<'static>>,
    rule: Arc<Rule>,
    sign: Arc<dyn Sign>,
    record: SharedRecord,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let request = handshake::certificate_request(&tap::heard(), self.version.into())?;
        let request = request.as_seen_by_clients(self.version);
        let choice = (self.rule)(&request);
        self.record.with(|record| {
            record.request = Some(request);
            record.choice = Some(choice.clone());
        });
        let (scheme, way) = match choice {
            Choice::Sign { scheme, routes } => (scheme, Way::Routes(routes)),
            // no signature goes out, so no scheme does
            Choice::GiveUp { scheme, ckr, why } => (
                scheme.unwrap_or(Scheme(0)),
                Way::None(SignError {
                    step: SignStep::Prepare,
                    ckr,
                    detail: Some(why),
                    lost: None,
                    flaw: None,
                }),
            ),
            Choice::NoCertificate { .. } => return None,
        };
        let key = ChosenKey {
            scheme,
            way,
            sign: Arc::clone(&self.sign),
            record: self.record.clone(),
        };
        Some(Arc::new(CertifiedKey::new(
            self.chain.clone(),
            Arc::new(key),
        )))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A key whose scheme is settled already: `rustls` puts it on the wire before it asks for the signature.
#[derive(Clone)]
struct ChosenKey {
    scheme: Scheme,
    way: Way,
    sign: Arc<dyn Sign>,
    record: SharedRecord,
}

/// How it signs.
#[derive(Clone)]
enum Way {
    /// Over the first of these that the token doesn't refuse.
    Routes(Vec<Route>),
    /// Not at all: the client ends it.
    None(SignError),
}

impl ChosenKey {
    /// Tries the routes in order; the next only where the token refused the one before.
    fn sign_by(&self, routes: &[Route], message: &[u8]) -> Result<Signed, SignError> {
        let mut last = SignError::other(SignStep::Prepare, "no route to try");
        for route in routes {
            let signed = self.sign.sign(self.scheme, *route, message);
            let asked = signed.as_ref().err().is_none_or(SignError::reached_token);
            self.record.with(|record| {
                record.route = Some(*route);
                record.signatures += usize::from(asked);
            });
            match signed {
                Ok(signed) => return Ok(signed),
                Err(error) => last = error,
            }
            // where the module hung or crashed, a real client would not have gone on either
            if ![SignStep::SignInit, SignStep::Sign].contains(&last.step) || last.lost.is_some() {
                break;
            }
        }
        Err(last)
    }
}

impl std::fmt::Debug for ChosenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChosenKey({})", self.scheme)
    }
}

impl SigningKey for ChosenKey {
    /// What is `offered` is the filtered list; the rule has seen the whole one.
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(self.clone()))
    }

    /// Only a server asks a key for it.
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Unknown(0)
    }
}

impl Signer for ChosenKey {
    /// `message` is not hashed.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let began = Instant::now();
        let signed = match &self.way {
            Way::Routes(routes) => self.sign_by(routes, message),
            Way::None(error) => Err(error.clone()),
        };
        self.record.with(|record| record.signing += began.elapsed());
        let told = signed.as_ref().map(|signed| signed.ms);
        let told = told.map_err(Clone::clone);
        self.record.with(|record| record.signed = Some(told));
        signed
            .map(|signed| signed.signature)
            .map_err(|error| Error::Other(OtherError(Arc::new(error))))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::from(self.scheme.0)
    }
}
