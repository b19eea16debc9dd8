//! Visits: what came of one connection to a server of ours, as the server saw it.

use std::sync::Arc;
use std::time::Duration;

use super::alert::Alert;
use super::autopsy::Flaw;
use super::certificate::Certificate;
use super::request::Request;
use super::scheme::Scheme;
use super::version::TlsVersion;

/// One connection, under way or over.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    /// Counted from 1 as they come.
    pub number: u64,
    /// The name of the port it came to.
    pub door: String,
    /// The client's address.
    pub from: String,
    /// Its start, seconds since 1970-01-01 UTC.
    pub began: i64,
    /// What the client offered; `None`: nothing came yet, or nothing that is a ClientHello.
    pub hello: Option<Hello>,
    /// What was negotiated.
    pub agreed: Agreed,
    /// The CertificateRequest as it was sent; `None`: it did not come to that.
    pub request: Option<Request>,
    /// What the profile asks for and could not be sent.
    pub not_sent: Vec<Scheme>,
    /// The client's certificate and its chain; empty: it answered with none; `None`: no answer.
    pub chain: Option<Arc<Vec<Sent>>>,
    /// The scheme of its CertificateVerify; `None`: none came.
    pub signed_with: Option<Scheme>,
    /// What a strict server says to it.
    pub objections: Vec<Objection>,
    /// How it ended; `None`: it is under way.
    pub end: Option<End>,
    /// What happened when, in order.
    pub timeline: Vec<Moment>,
    /// Since the start.
    pub elapsed: Duration,
    /// Since the client last sent something, or since the end if it is over.
    pub silent_for: Duration,
}

/// A ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// Versions, by their code points, in the client's order.
    pub versions: Vec<u16>,
    /// The suites' code points, in the client's order.
    pub suites: Vec<u16>,
    /// signature_algorithms: what the server may sign with. Many clients sign with the same ones.
    pub schemes: Vec<Scheme>,
    /// supported_groups.
    pub groups: Vec<u16>,
    /// ALPN protocol names.
    pub alpn: Vec<String>,
    /// The name that it expects to reach.
    pub server_name: Option<String>,
}

/// What was negotiated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// The version.
    pub version: Option<TlsVersion>,
    /// The cipher suite's code point.
    pub suite: Option<u16>,
    /// The code point of the key exchange's group.
    pub group: Option<u16>,
}

/// A certificate as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The bytes.
    pub der: Vec<u8>,
    /// What they say.
    ///
    /// # Errors
    /// Why they are no certificate.
    pub read: Result<Box<Certificate>, String>,
}

impl Sent {
    /// Reads it.
    pub fn new(der: Vec<u8>) -> Sent {
        let read = Certificate::from_der(&der)
            .map(Box::new)
            .map_err(|error| error.to_string());
        Sent { der, read }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Since the connection's start.
    pub after: Duration,
    /// A few words.
    pub what: String,
}

/// How a visit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The handshake came to its end.
    Finished,
    /// We ended it, with this alert.
    Refused(Option<Alert>),
    /// The client ended it with this alert.
    Alert(Alert),
    /// The client closed the connection without an alert.
    Closed,
    /// The client said nothing more until our patience ended.
    Silent,
    /// What came is no TLS.
    NotTls {
        /// It is HTTP without TLS.
        http: bool,
    },
}

/// What a strict server has against a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// No certificate came.
    NoCertificate(TlsVersion),
    /// What came is no certificate.
    Unreadable(String),
    /// With `--ca`: it doesn't lead to one of those.
    UnknownIssuer(String),
    /// It is over.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// extendedKeyUsage without clientAuth.
    NotForClients,
    /// keyUsage without digitalSignature.
    NotForSignatures,
    /// Signed by its issuer with a hash that is broken.
    WeakSignature(String),
    /// The server's policy takes keys from this size on.
    KeyTooSmall {
        /// Of the key.
        bits: u32,
        /// Of the policy.
        least: u32,
    },
    /// The client signed with what was not asked for.
    NotAskedFor(Scheme),
    /// The client signed with what the version or the key doesn't allow.
    NotLegal(String),
    /// The signature is wrong.
    BadSignature {
        /// The scheme that it claims.
        scheme: Scheme,
        /// The mistake, if it is a known one.
        flaw: Option<Flaw>,
    },
    /// cardcheck can't verify such a signature: no objection, but no approval.
    CouldNotTell(Scheme),
}

impl Objection {
    /// The alert that OpenSSL's servers send (ssl/statem/statem_lib.c, ssl_x509err2alert); `None`: they wouldn't object.
    pub fn alert(&self) -> Option<Alert> {
        Some(Alert(match self {
            Objection::NoCertificate(TlsVersion::V1_2) => 40,
            Objection::NoCertificate(TlsVersion::V1_3) => 116,
            Objection::UnknownIssuer(_) => 48,
            Objection::Expired => 45,
            Objection::Unreadable(_)
            | Objection::NotYetValid
            | Objection::WeakSignature(_)
            | Objection::KeyTooSmall { .. } => 42,
            Objection::NotForClients | Objection::NotForSignatures => 43,
            Objection::NotAskedFor(_) | Objection::NotLegal(_) => 47,
            Objection::BadSignature { .. } => 51,
            Objection::CouldNotTell(_) => return None,
        }))
    }
}

impl std::fmt::Display for Objection {
    /// A sentence without its full stop.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Objection::NoCertificate(_) => write!(f, "no certificate came"),
            Objection::Unreadable(why) => write!(f, "the certificate can't be read: {why}"),
            Objection::UnknownIssuer(why) => {
                write!(f, "the certificate doesn't lead to a CA of --ca: {why}")
            }
            Objection::Expired => write!(f, "the certificate has expired"),
            Objection::NotYetValid => write!(f, "the certificate is not valid yet"),
            Objection::NotForClients => write!(
                f,
                "the certificate's extended key usage does not permit client authentication"
            ),
            Objection::NotForSignatures => write!(
                f,
                "the certificate's key usage does not permit digital signatures"
            ),
            Objection::WeakSignature(hash) => {
                write!(f, "the certificate is signed with {hash}, which is broken")
            }
            Objection::KeyTooSmall { bits, least } => write!(
                f,
                "the server's policy takes RSA keys of {least} bits or more, this one has {bits}"
            ),
            Objection::NotAskedFor(scheme) => {
                write!(f, "{scheme} was not asked for")
            }
            Objection::NotLegal(why) => write!(f, "{why}"),
            Objection::BadSignature { scheme, flaw } => {
                write!(
                    f,
                    "the signature does not verify: {scheme}, by the certificate's public key"
                )?;
                flaw.map_or(Ok(()), |flaw| write!(f, "; {}", flaw.in_words()))
            }
            Objection::CouldNotTell(scheme) => {
                write!(f, "cardcheck has no verifier for {scheme} with this key")
            }
        }
    }
}

impl Visit {
    /// A login that no strict server has anything against.
    pub fn is_good(&self) -> bool {
        self.end == Some(End::Finished) && self.signed_with.is_some() && self.objections.is_empty()
    }

    /// The client's own certificate, if it can be read.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.chain.as_ref()?.first()?.read.as_deref().ok()
    }

    /// The first thing that a strict server has against it, with its alert; what could not be told is none.
    pub fn refusal(&self) -> Option<(&Objection, Alert)> {
        let refusals = self.objections.iter();
        refusals
            .filter_map(|objection| Some((objection, objection.alert()?)))
            .next()
    }
}
