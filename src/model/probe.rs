//! What was learnt about a server: whether it asks for a certificate, with what, and what it does without one.

use super::alert::Alert;
use super::certificate_request::CertificateRequest;
use super::finding::{Finding, Severity};
use super::profile::Profile;
use super::protocol::Protocol;
use super::scheme::Scheme;
use super::trace::Timeline;
use super::version::TlsVersion;

/// Everything about one server.
#[derive(Clone, Debug, Default)]
pub struct Probe {
    /// Start, RFC 3339, UTC.
    pub started: String,
    /// The whole probe, in milliseconds.
    pub duration_ms: u64,
    /// False: interrupted.
    pub complete: bool,
    /// As the user named it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The address that was probed; `None`: the proxy chose it.
    pub address: Option<String>,
    /// Every address of the name, the probed one included.
    pub addresses: Vec<Address>,
    /// The protocol that TLS was started in.
    pub starttls: Option<String>,
    /// The proxy that it went through.
    pub proxy: Option<String>,
    /// server_name that was sent; `None`: an address, for which none is (RFC 6066 §3).
    pub server_name: Option<String>,
    /// What comes out with a client that speaks all versions.
    pub negotiated: Option<Negotiated>,
    /// Each version, newest first.
    pub versions: Vec<VersionFacts>,
    /// The server's own certificate.
    pub server_certificate: Option<ServerCertificate>,
    /// What it means.
    pub findings: Vec<Finding>,
    /// Every handshake, message by message, if that was wanted.
    pub trace: Vec<Timeline>,
}

/// Host and port, with brackets round an IPv6 address.
pub fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// One of the addresses behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address itself.
    pub address: String,
    /// What came of it.
    pub found: AddressFound,
}

/// What an address was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressFound {
    /// The report is about this one.
    Probed,
    /// It asks as the probed one does.
    Same,
    /// It asks otherwise, and how.
    Differs(String),
    /// It can't be talked to, and why.
    Unreachable(String),
    /// It was not looked at.
    NotTried,
}

/// What a handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The version.
    pub version: Protocol,
    /// IANA name of the cipher suite.
    pub suite: String,
    /// IANA name of the key exchange's group, if there is one.
    pub group: Option<String>,
    /// The ALPN protocol, if one was chosen.
    pub alpn: Option<String>,
}

/// What the server does in one version of TLS.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionFacts {
    /// The version.
    pub version: Protocol,
    /// Does it speak the version?
    pub spoken: Spoken,
    /// Does it ask for a certificate?
    pub asks: Asks,
    /// When it does.
    pub asked_during: Option<Moment>,
    /// `asks` rests on something that has another explanation, too.
    pub inferred: bool,
    /// How it was told, in a sentence.
    pub reason: Option<String>,
    /// The CertificateRequest.
    pub request: Option<CertificateRequest>,
    /// What happened without a certificate.
    pub without_certificate: Option<Reaction>,
    /// What happened with a certificate that nobody knows.
    pub with_stranger: Option<Reaction>,
    /// What HTTP said without a certificate.
    pub http: Option<HttpAnswer>,
    /// Suite, group and ALPN in this version.
    pub negotiated: Option<Negotiated>,
}

impl VersionFacts {
    /// Nothing known yet.
    pub fn unknown(version: Protocol) -> VersionFacts {
        VersionFacts {
            version,
            spoken: Spoken::Unknown("not tried".into()),
            asks: Asks::Unknown,
            asked_during: None,
            inferred: false,
            reason: None,
            request: None,
            without_certificate: None,
            with_stranger: None,
            http: None,
            negotiated: None,
        }
    }
}

/// Does a server speak a version?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// It answered with it.
    Yes,
    /// It refused it, and how.
    No(String),
    /// It could not be told, and why.
    Unknown(String),
}

/// Does a server ask for a certificate?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// It doesn't.
    None,
    /// It does, and goes on without one.
    Optional,
    /// It does, and refuses who has none.
    Required,
    /// It could not be told.
    Unknown,
}

impl Asks {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Asks::None => "none",
            Asks::Optional => "optional",
            Asks::Required => "required",
            Asks::Unknown => "unknown",
        }
    }
}

/// When a server asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In the handshake.
    Handshake,
    /// By a second handshake inside the first (TLS 1.2, HelloRequest).
    Renegotiation,
    /// After the handshake (TLS 1.3, RFC 8446 §4.6.2).
    PostHandshake,
    /// It only says on HTTP's level that it wants one.
    Http,
}

impl Moment {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Moment::Handshake => "handshake",
            Moment::Renegotiation => "renegotiation",
            Moment::PostHandshake => "post_handshake",
            Moment::Http => "http",
        }
    }
}

/// What a server did once it had seen a client's certificate, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It went on: it sent data, a ticket, or its own Finished.
    Accepted,
    /// It sent an alert.
    Alert(Alert),
    /// It closed or reset the connection without a word.
    Closed,
    /// On the level of the protocol inside, and in its words.
    Refused(String),
    /// No word came for as long as one waited.
    Silent,
    /// It could not be told, and why.
    Unknown(String),
}

impl Reaction {
    /// The alert, if it was one.
    pub fn alert(&self) -> Option<Alert> {
        match self {
            Reaction::Alert(alert) => Some(*alert),
            _ => None,
        }
    }
}

/// What HTTP answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The path that was asked for.
    pub path: String,
    /// The status code.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// What it means for certificates.
    pub meaning: Option<HttpMeaning>,
}

/// What an HTTP answer says about certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMeaning {
    /// A certificate is required, and none came.
    Required,
    /// The certificate that came was refused.
    Refused,
    /// The server wanted to ask after the handshake, and the client had not offered that.
    PostHandshake,
}

/// A server's own certificate: said, never a reason to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// RFC 4514-like text.
    pub subject: String,
    /// RFC 4514-like text.
    pub issuer: String,
    /// End of validity, seconds since 1970-01-01 UTC.
    pub not_after: i64,
    /// SHA-256 over the DER, hex.
    pub sha256: String,
    /// It leads to a root that is trusted, is valid now, and the server proved that it has the key.
    pub trusted: bool,
    /// It is for the name that was connected to.
    pub matches_name: bool,
    /// Why not.
    pub problem: Option<String>,
    /// Certificates that came with it.
    pub intermediates: usize,
}

impl Probe {
    /// The facts of a version.
    pub fn version(&self, version: Protocol) -> Option<&VersionFacts> {
        self.versions.iter().find(|facts| facts.version == version)
    }

    /// The versions that the server speaks.
    pub fn spoken(&self) -> impl Iterator<Item = &VersionFacts> {
        self.versions
            .iter()
            .filter(|facts| facts.spoken == Spoken::Yes)
    }

    /// Does any finding say that something is not as it should be?
    pub fn has_errors(&self) -> bool {
        let error = |finding: &Finding| finding.severity == Severity::Error;
        self.findings.iter().any(error)
    }

    /// Host and port as they stand in a URL.
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }

    /// What the server demands, as a profile; `None`: it asks for no certificate in a version that has scheme lists.
    pub fn profile(&self) -> Option<Profile> {
        let schemes = |version: Protocol| -> Option<Vec<Scheme>> {
            let schemes = self.version(version)?.request.as_ref()?.schemes.clone()?;
            (!schemes.is_empty()).then_some(schemes)
        };
        let (tls12, tls13) = (schemes(Protocol::V1_2), schemes(Protocol::V1_3));
        if tls12.is_none() && tls13.is_none() {
            return None;
        }
        let listed = |version: &TlsVersion| match version {
            TlsVersion::V1_2 => tls12.is_some(),
            TlsVersion::V1_3 => tls13.is_some(),
        };
        let negotiated = self.negotiated.as_ref();
        Some(Profile {
            name: self.host.clone(),
            about: format!("what {} asks for", self.authority()),
            source: format!("cardcheck probe, {}", self.started),
            negotiates: negotiated
                .and_then(|negotiated| negotiated.version.modern())
                .filter(listed),
            ca_names: self.ca_names(),
            min_rsa_bits: 0,
            tls12,
            tls13,
        })
    }

    /// The CA names of the newest version that sent any, as DER; what is no Name is left out, and an empty one.
    fn ca_names(&self) -> Vec<Vec<u8>> {
        let requests = self
            .versions
            .iter()
            .filter_map(|facts| facts.request.as_ref());
        let names = requests
            .map(|request| &request.ca_names)
            .find(|names| !names.is_empty());
        let sound = names
            .into_iter()
            .flatten()
            .filter(|name| name.text.as_ref().is_some_and(|text| !text.is_empty()));
        sound.map(|name| name.der.clone()).collect()
    }
}
