//! A connection that is listened to: what is known of it so far, for whoever wants to look while it goes on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tap::{Heard, StreamTap};
use super::{answer, handshake, hello};
use crate::model::trace::Side;
use crate::model::visit::{End, Hello, Moment, Objection, Sent, Visit};

/// A visit that may still be under way; its copies are of the same visit.
#[derive(Clone, Debug)]
pub struct Witness(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    visit: Visit,
    began: Instant,
    /// When the client last sent something.
    last: Instant,
    ended: Option<Instant>,
}

impl Witness {
    /// Of a connection that begins now.
    pub fn new(visit: Visit) -> Witness {
        let now = Instant::now();
        Witness(Arc::new(Mutex::new(Known {
            visit,
            began: now,
            last: now,
            ended: None,
        })))
    }

    /// What is known now.
    pub fn visit(&self) -> Visit {
        self.with(|known| {
            let now = known.ended.unwrap_or_else(Instant::now);
            Visit {
                elapsed: now - known.began,
                silent_for: now.saturating_duration_since(known.last),
                ..known.visit.clone()
            }
        })
    }

    pub(super) fn object(&self, objection: Objection) {
        self.with(|known| known.visit.objections.push(objection));
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Visit)) {
        self.with(|known| change(&mut known.visit));
    }

    pub(super) fn end(&self, end: End) {
        self.with(|known| {
            known.happened(match &end {
                End::Finished => "the handshake is complete".into(),
                End::Refused(Some(alert)) => format!("the server sent {alert}"),
                End::Refused(None) => "the server closed the connection".into(),
                End::Alert(alert) => format!("the client sent {alert}"),
                End::Closed => "the client closed the connection".into(),
                End::Silent => "the server gave up waiting".into(),
                End::NotTls { .. } => "what came is no TLS".into(),
            });
            known.visit.end = Some(end);
            known.ended = Some(Instant::now());
        });
    }

    /// Looks for what is new among what was heard.
    pub(super) fn note(&self, heard: &Heard) {
        self.with(|known| known.note(heard));
    }

    /// The same, and what the client offered.
    pub(super) fn note_hello(&self, heard: &Heard) -> Option<Hello> {
        self.with(|known| {
            known.note(heard);
            known.visit.hello.clone()
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn happened(&mut self, what: String) {
        let after = self.began.elapsed();
        self.visit.timeline.push(Moment { after, what });
    }

    fn note(&mut self, heard: &Heard) {
        if self.visit.hello.is_none() {
            self.visit.hello = hello::client_hello(&heard.messages(Side::Client));
            if self.visit.hello.is_some() {
                self.happened("ClientHello came".into());
            }
        }
        let Some(version) = self.visit.agreed.version else {
            return;
        };
        if self.visit.request.is_none() {
            let messages = heard.messages(Side::Server);
            let request = handshake::certificate_request(&messages, version.into());
            self.visit.request = request.map(|request| request.as_seen_by_clients(version));
            if self.visit.request.is_some() {
                self.happened("CertificateRequest was sent".into());
            }
        }
        if self.visit.chain.is_none() {
            let chain = answer::certificates(&heard.messages(Side::Client), version);
            if let Some(chain) = chain {
                self.happened(match chain.len() {
                    0 => "an empty Certificate came".into(),
                    1 => "Certificate came".into(),
                    more => format!("Certificate came, with {} of its chain", more - 1),
                });
                let chain: Vec<Sent> = chain.into_iter().map(Sent::new).collect();
                self.visit.chain = Some(Arc::new(chain));
            }
        }
        if self.visit.signed_with.is_none() {
            self.visit.signed_with = answer::signed_with(&heard.messages(Side::Client));
            if let Some(scheme) = self.visit.signed_with {
                self.happened(format!("CertificateVerify came, {scheme}"));
            }
        }
    }
}

/// A stream that both sides are heard on.
pub struct Overheard<IO> {
    io: IO,
    witness: Witness,
    tap: StreamTap,
}

impl<IO> Overheard<IO> {
    pub(super) fn new(io: IO, witness: Witness) -> Overheard<IO> {
        Overheard {
            io,
            witness,
            tap: StreamTap::default(),
        }
    }

    fn came(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.tap.listen(Side::Client, bytes);
        self.witness.with(|known| known.last = Instant::now());
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Overheard<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        let came = buffer.filled().get(before..).unwrap_or_default();
        self.came(came);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Overheard<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(context, bytes))?;
        let written_bytes = bytes.get(..written).unwrap_or_default();
        self.tap.listen(Side::Server, written_bytes);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
