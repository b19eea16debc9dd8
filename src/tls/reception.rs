//! A server's handshake over a socket, with whoever comes.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::{Acceptor, NoServerSessionStorage, ServerConfig};
use rustls::{DistinguishedName, Error};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::examiner::Examiner;
use super::provider::{protocol_version, serving};
use super::server::sendable;
use super::site::{ClientCas, Site};
use super::tap::{self, Heard};
use super::witness::{Overheard, Witness};
use crate::model::alert::Alert;
use crate::model::profile::Profile;
use crate::model::scheme::Scheme;
use crate::model::trace::Side;
use crate::model::version::TlsVersion;
use crate::model::visit::{End, Hello, Objection};

/// How visitors are received.
#[derive(Clone)]
pub struct Reception {
    /// Who we are.
    pub site: Site,
    /// What is asked for; a version without a list is not spoken.
    pub profile: Profile,
    /// The CAs whose names are sent and that certificates are held against; `None`: those names of the profile, and no CA.
    pub cas: Option<ClientCas>,
    /// End the handshake where a strict server would.
    pub strict: bool,
    /// How long a whole handshake may take; people type PINs meanwhile.
    pub patience: Duration,
}

/// How somebody knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// With a TLS record.
    Tls,
    /// With something else.
    Other {
        /// It is HTTP.
        http: bool,
    },
}

/// What is left of a connection after its handshake.
pub enum Guest {
    /// It came to its end: now there is something to say.
    In(Box<TlsStream<Overheard<TcpStream>>>),
    /// It speaks HTTP without TLS, and can be answered in that.
    Http(TcpStream),
    /// Nothing.
    Gone,
}

/// For a ClientHello, which nobody has to be asked for, to come.
const FOR_HELLO: Duration = Duration::from_secs(10);

impl Reception {
    /// Waits for the client's first word, and leaves it where it is; `None`: it says nothing.
    pub async fn knock(&self, stream: &TcpStream) -> Option<Knock> {
        let for_hello = FOR_HELLO.min(self.patience);
        let first = timeout(for_hello, first_bytes(stream)).await.ok()?;
        match first.as_slice() {
            [] => None,
            first if looks_like_tls(first) => Some(Knock::Tls),
            first => Some(Knock::Other {
                http: looks_like_http(first),
            }),
        }
    }

    /// Makes the handshake. What happens is told to the witness as it happens.
    pub async fn receive(&self, stream: TcpStream, knock: Knock, witness: &Witness) -> Guest {
        let Knock::Other { http } = knock else {
            return self.handshake(stream, witness).await;
        };
        witness.end(End::NotTls { http });
        match http {
            true => Guest::Http(stream),
            false => Guest::Gone,
        }
    }

    async fn handshake(&self, stream: TcpStream, witness: &Witness) -> Guest {
        let mut heard = Heard::default();
        let shaken = attend(&mut heard, witness, async {
            let shaken = timeout(self.patience, self.shake(stream, witness)).await;
            shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
        .await;
        match shaken {
            Ok(stream) => {
                witness.end(End::Finished);
                Guest::In(Box::new(stream))
            }
            Err(error) => {
                witness.end(end_of(&error, &heard, witness));
                Guest::Gone
            }
        }
    }

    async fn shake(
        &self,
        stream: TcpStream,
        witness: &Witness,
    ) -> io::Result<TlsStream<Overheard<TcpStream>>> {
        let stream = Overheard::new(stream, witness.clone());
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let start = timeout(FOR_HELLO, hello).await??;
        // it was heard before it was accepted, but not noted yet
        let hello = tap::with_heard(|heard| witness.note_hello(heard));
        let version = self.version(hello.as_ref());
        witness.change(|visit| {
            visit.agreed.version = Some(version);
            visit.not_sent = self.not_sent(version);
        });
        let config = self.config(version, witness).map_err(io::Error::other)?;
        let stream = start.into_stream(Arc::new(config)).await?;
        let (_, connection) = stream.get_ref();
        let suite = connection.negotiated_cipher_suite();
        let group = connection.negotiated_key_exchange_group();
        witness.change(|visit| {
            visit.agreed.suite = suite.map(|suite| u16::from(suite.suite()));
            visit.agreed.group = group.map(|group| u16::from(group.name()));
            if connection.peer_certificates().is_none() {
                visit.objections.push(Objection::NoCertificate(version));
            }
        });
        Ok(stream)
    }

    /// The version that is negotiated: the newer one that both speak, unless the profile says otherwise; some version that
    /// the profile speaks where the client speaks none of them, so that it is told.
    fn version(&self, hello: Option<&Hello>) -> TlsVersion {
        let mut ours: Vec<TlsVersion> = TlsVersion::ALL
            .into_iter()
            .filter(|version| self.profile.schemes(*version).is_some())
            .collect();
        if self.profile.negotiates != Some(TlsVersion::V1_2) {
            ours.reverse();
        }
        let offered = |version: &&TlsVersion| {
            hello.is_some_and(|hello| hello.versions.contains(&version.code_point()))
        };
        let common = ours.iter().find(offered).or(ours.first());
        common.copied().unwrap_or(TlsVersion::V1_3)
    }

    fn not_sent(&self, version: TlsVersion) -> Vec<Scheme> {
        let asked = self.profile.schemes(version).unwrap_or_default();
        let sent = sendable(asked, version);
        let lost = asked.iter().filter(|scheme| !sent.contains(scheme));
        lost.copied().collect()
    }

    /// A configuration for one handshake: its verifier knows the witness.
    fn config(&self, version: TlsVersion, witness: &Witness) -> Result<ServerConfig, Error> {
        let cas = self.cas.as_ref();
        let names = cas.map_or(&self.profile.ca_names, |cas| &cas.names);
        let examiner = Examiner {
            version,
            schemes: self.profile.schemes(version).unwrap_or_default().to_vec(),
            ca_names: names.iter().cloned().map(DistinguishedName::from).collect(),
            min_rsa_bits: self.profile.min_rsa_bits,
            cas: cas.map(|cas| Arc::clone(&cas.verifier)),
            strict: self.strict,
            witness: witness.clone(),
        };
        let mut config = ServerConfig::builder_with_provider(serving())
            .with_protocol_versions(&[protocol_version(version)])?
            .with_client_cert_verifier(Arc::new(examiner))
            .with_cert_resolver(self.site.certificate.clone());
        // a resumed session would have no signature in it
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

fn end_of(error: &io::Error, heard: &Heard, witness: &Witness) -> End {
    if error.kind() == io::ErrorKind::TimedOut {
        return End::Silent;
    }
    let tls = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<Error>());
    if let Some(Error::NoCertificatesPresented) = tls {
        witness.change(|visit| {
            let version = visit.agreed.version.unwrap_or(TlsVersion::V1_3);
            visit.objections.push(Objection::NoCertificate(version));
        });
    }
    match (tls, heard.alert(Side::Client)) {
        (Some(Error::AlertReceived(alert)), _) => End::Alert(Alert(u8::from(*alert))),
        (_, Some(alert)) => End::Alert(Alert(alert)),
        (Some(_), None) => End::Refused(heard.alert(Side::Server).map(Alert)),
        (None, None) => End::Closed,
    }
}

/// What the first bytes are tells what is spoken; they stay where they are.
async fn first_bytes(stream: &TcpStream) -> Vec<u8> {
    let mut first = [0; 8];
    // a connection that fails has no first bytes
    let length = stream.peek(&mut first).await.unwrap_or_default();
    first.get(..length).unwrap_or_default().to_vec()
}

/// Does the work, and listens while it is done.
async fn attend<T>(heard: &mut Heard, witness: &Witness, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = tap::lend(heard, || work.as_mut().poll(context));
        witness.note(heard);
        polled
    })
    .await
}

/// A handshake's record, or an alert's.
fn looks_like_tls(first: &[u8]) -> bool {
    matches!(first, [21 | 22, 3, ..] | [21 | 22])
}

fn looks_like_http(first: &[u8]) -> bool {
    let methods: [&[u8]; 5] = [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"OPTIONS "];
    let begins = |method: &&[u8]| first.starts_with(method) || method.starts_with(first);
    methods.iter().any(begins)
}
