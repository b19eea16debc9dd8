//! A real server's certificate: taken whatever it is, and judged apart.
//!
//! What is sent to a server that is probed is nothing secret, so an untrusted certificate is no reason to stop; whether the
//! server has the key is checked all the same, since trust in a certificate that anybody can show would be a lie. Where
//! somebody's certificate and a token's signature are to be sent, [`Admits`] says to whom, and the handshake ends before either
//! goes to anybody else.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use sha2::{Digest, Sha256};

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

/// To which server a certificate and a signature may go.
#[derive(Clone, Debug, Default)]
pub enum Admits {
    /// To any, whoever it is.
    #[default]
    Any,
    /// To one whose certificate leads to a root that is trusted, for its name, and who has the key.
    Trusted(Trust),
    /// To the one that shows this certificate (SHA-256 over its DER, hex) and has the key.
    Only(String),
}

impl Admits {
    /// May it be sent to a server that shows this?
    ///
    /// # Errors
    /// Why not; a sentence's end.
    fn look_at(&self, chain: &[Vec<u8>], name: &str) -> Result<(), String> {
        let (leaf, behind) = chain.split_first().ok_or("it shows no certificate")?;
        match self {
            Admits::Any => Ok(()),
            Admits::Only(sha256) if hex::encode(Sha256::digest(leaf)) == *sha256 => Ok(()),
            Admits::Only(_) => Err("it is another one than was shown before".into()),
            Admits::Trusted(trust) => trust
                .verify(leaf, behind, name)
                .map_err(|problem| problem.said(name)),
        }
    }
}

/// Remembers what a server shows of itself, and lets those pass that are admitted.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness {
    seen: Arc<Mutex<Seen>>,
    admits: Admits,
    name: String,
}

#[derive(Debug, Default)]
struct Seen {
    shown: Shown,
    /// Why it is not admitted.
    refusal: Option<String>,
}

impl Witness {
    pub(super) fn that_admits(admits: &Admits, name: &str) -> Witness {
        Witness {
            seen: Arc::default(),
            admits: admits.clone(),
            name: name.to_owned(),
        }
    }

    pub(super) fn shown(&self) -> Shown {
        self.with(|seen| seen.shown.clone())
    }

    /// Why the server gets nothing, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        self.with(|seen| seen.refusal.clone())
    }

    fn with<T>(&self, write: impl FnOnce(&mut Seen) -> T) -> T {
        write(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn refuse(&self, why: String, error: CertificateError) -> Error {
        self.with(|seen| seen.refusal = Some(why));
        Error::InvalidCertificate(error)
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
        self.with(|seen| seen.shown.proof = Some(proof));
        match (&self.admits, proof) {
            (Admits::Any, _) | (_, Ok(())) => Ok(HandshakeSignatureValid::assertion()),
            (_, Err(error)) => {
                let why = format!("the server's own signature: {error}");
                Err(self.refuse(why, CertificateError::BadSignature))
            }
        }
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
        let chain: Vec<Vec<u8>> = all.map(|certificate| certificate.to_vec()).collect();
        let admitted = self.admits.look_at(&chain, &self.name);
        self.with(|seen| seen.shown.chain = chain);
        match admitted {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(why) => Err(self.refuse(why, CertificateError::ApplicationVerificationFailure)),
        }
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
        let problem = verdict.err().map(|problem| problem.said(name));
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

impl Problem {
    fn said(self, name: &str) -> String {
        match self {
            Problem::Name => format!("it is not for the name {name}"),
            Problem::Other(why) => why,
        }
    }
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
