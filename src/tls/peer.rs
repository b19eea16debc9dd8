//! A real server's certificate: taken whatever it is, and judged apart.
//!
//! What is sent to a server that is probed is nothing secret, so an untrusted certificate is no reason to stop; whether the
//! server has the key is checked all the same, since trust in a certificate that anybody can show would be a lie.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::model::certificate::Certificate;
use crate::model::probe::ServerCertificate;
use crate::model::scheme::Scheme;
use crate::model::verify::{VerifyError, verify};

/// What a client of ours says that it can check, the usual ones first.
const CHECKED: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0809, 0x080a,
    0x080b, 0x0808, 0x081a, 0x081b, 0x081c, 0x0905, 0x0906, 0x0904, 0x0303, 0x0301, 0x0203, 0x0201,
];

/// What a server showed of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its certificate and what came with it, DER.
    pub chain: Vec<Vec<u8>>,
    /// The signature by which it proves that it has the key; `None`: it didn't come to that.
    pub proof: Option<Result<(), VerifyError>>,
}

/// Takes every certificate, and remembers it.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness(Arc<Mutex<Shown>>);

impl Witness {
    pub(super) fn shown(&self) -> Shown {
        self.with(|shown| shown.clone())
    }

    fn with<T>(&self, write: impl FnOnce(&mut Shown) -> T) -> T {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn check(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let scheme = Scheme(u16::from(signed.scheme));
        let proof = match Certificate::from_der(certificate) {
            Ok(read) => verify(&read.public_key, scheme, message, signed.signature()),
            Err(_) => Err(VerifyError::Unsupported),
        };
        self.with(|shown| shown.proof = Some(proof));
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        let chain = all.map(|certificate| certificate.to_vec()).collect();
        self.with(|shown| shown.chain = chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let schemes = CHECKED.iter();
        schemes.map(|code| SignatureScheme::from(*code)).collect()
    }
}

/// The roots that a server's certificate is held against.
#[derive(Clone, Debug)]
pub struct Trust(Arc<RootCertStore>);

/// A file of roots that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It can't be read, or holds no PEM.
    #[error("can't read certificates from {file}: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// Nothing in it is a certificate.
    #[error("there is no certificate in {0}")]
    Empty(String),
}

impl Trust {
    /// What this system trusts (SSL_CERT_FILE and SSL_CERT_DIR are obeyed). Where it has no roots nothing is trusted.
    pub fn of_system() -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Trust(Arc::new(roots))
    }

    /// The certificates of a PEM file, and nothing else.
    ///
    /// # Errors
    /// It can't be read, or holds none.
    pub fn of_file(path: &Path) -> Result<Trust, TrustError> {
        let file = path.display().to_string();
        let unreadable = |why: String| TrustError::Unreadable {
            file: file.clone(),
            why,
        };
        let read =
            CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
        let certificates = read
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unreadable(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates);
        match roots.is_empty() {
            true => Err(TrustError::Empty(file)),
            false => Ok(Trust(Arc::new(roots))),
        }
    }

    /// What is to be said of a server's certificate under this name; `None`: it showed none, or one that can't be read.
    pub fn judge(&self, shown: &Shown, name: &str) -> Option<ServerCertificate> {
        let (leaf, behind) = shown.chain.split_first()?;
        let read = Certificate::from_der(leaf).ok()?;
        let verdict = self.verify(leaf, behind, name);
        let proof = match shown.proof {
            Some(Err(VerifyError::Unsupported)) => {
                Some("cardcheck has no verifier for the server's signature".to_owned())
            }
            Some(Err(error)) => Some(format!("the server's own signature: {error}")),
            Some(Ok(())) => None,
            None => Some("the server did not come to prove that it has the key".to_owned()),
        };
        let misnamed = matches!(verdict, Err(Problem::Name));
        let trusted = matches!(verdict, Ok(()) | Err(Problem::Name)) && proof.is_none();
        let problem = match verdict {
            Ok(()) => None,
            Err(Problem::Name) => Some(format!("it is not for the name {name}")),
            Err(Problem::Other(why)) => Some(why),
        };
        Some(ServerCertificate {
            subject: read.subject,
            issuer: read.issuer,
            not_after: read.not_after,
            sha256: read.sha256,
            trusted,
            matches_name: !misnamed && self.is_for(leaf, name),
            problem: problem.or(proof),
            intermediates: behind.len(),
        })
    }

    fn verify(&self, leaf: &[u8], behind: &[Vec<u8>], name: &str) -> Result<(), Problem> {
        let other = |why: &str| Problem::Other(why.to_owned());
        if self.0.is_empty() {
            return Err(other(
                "this system has no roots to hold it against (see --ca)",
            ));
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = Arc::clone(&self.0);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| Problem::Other(error.to_string()))?;
        let server = ServerName::try_from(name.to_owned()).map_err(|_| Problem::Name)?;
        let behind: Vec<CertificateDer<'_>> = behind
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let leaf = CertificateDer::from(leaf);
        let verdict = verifier.verify_server_cert(&leaf, &behind, &server, &[], UnixTime::now());
        verdict.map(|_| ()).map_err(problem)
    }

    /// Does a certificate that nobody trusts at least have the name? Its own issuer counts as its root.
    fn is_for(&self, leaf: &[u8], name: &str) -> bool {
        let Ok(server) = ServerName::try_from(name) else {
            return false;
        };
        let leaf = CertificateDer::from(leaf);
        let Ok(parsed) = rustls::server::ParsedCertificate::try_from(&leaf) else {
            return false;
        };
        rustls::client::verify_server_name(&parsed, &server).is_ok()
    }
}

enum Problem {
    /// All is well but the name.
    Name,
    Other(String),
}

fn problem(error: Error) -> Problem {
    let Error::InvalidCertificate(why) = error else {
        return Problem::Other(error.to_string());
    };
    let said = match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return Problem::Name;
        }
        CertificateError::UnknownIssuer => "it leads to no root that is trusted here",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its extendedKeyUsage does not allow servers"
        }
        CertificateError::BadSignature => "a signature in its chain does not verify",
        CertificateError::BadEncoding => "it is not the certificate that RFC 5280 describes",
        // webpki's own words come through as a type that can't be named
        other => in_words(&format!("{other:?}")),
    };
    Problem::Other(said.to_owned())
}

/// What `webpki` calls it, and what it is.
const OF_WEBPKI: &[(&str, &str)] = &[
    (
        "CaUsedAsEndEntity",
        "it is the certificate of a CA, self-signed perhaps, used as a server's",
    ),
    (
        "UnsupportedCertVersion",
        "it is of X.509 version 1, which has no subjectAltName",
    ),
    (
        "PathLenConstraintViolated",
        "a CA in its chain issued more than it may",
    ),
    (
        "UnsupportedSignatureAlgorithm",
        "a signature in its chain is of an algorithm that is not accepted",
    ),
];

fn in_words(error: &str) -> &'static str {
    let known = OF_WEBPKI.iter().find(|(name, _)| error.contains(name));
    known.map_or("it is not accepted", |(_, words)| words)
}
