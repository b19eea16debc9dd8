//! One end of a conversation: from hello to goodbye, and how it ended.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use rustls::{AlertDescription, ClientConnection, Error, ProtocolVersion};

use super::handshake::{self, NEW_SESSION_TICKET};
use super::tap::{self, StreamTap};
use super::wire::{Patience, Wire};
use crate::model::alert::Alert;
use crate::model::trace::Side;

/// Bytes of an answer that are kept; no page that speaks of certificates needs more.
const ANSWER: usize = 64 * 1024;

/// How long one waits for an alert from a server that seems to consent: some look at the certificate after the handshake.
const AFTERTHOUGHT: Duration = Duration::from_millis(500);

/// What comes after the handshake.
#[derive(Clone, Debug)]
pub enum Then {
    /// Nothing: what one wanted to know is known.
    Leave,
    /// One waits for a word about the certificate.
    Stay {
        /// What is said inside meanwhile; empty: nothing.
        say: Vec<u8>,
    },
}

/// How a conversation ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With an alert.
    Alert(Alert),
    /// In good form: close_notify, or the end of the stream once we had said goodbye.
    Goodbye,
    /// Closed or reset without a word.
    Gone,
    /// We waited long enough.
    Late,
    /// Something that TLS doesn't allow.
    Broken(String),
}

/// A conversation under way.
pub(super) struct Talk<'a> {
    wire: &'a mut dyn Wire,
    pub(super) client: ClientConnection,
    tap: StreamTap,
    kept_waiting: &'a dyn Fn() -> Duration,
    until: Instant,
    /// How long the server had been kept waiting when `until` was set.
    kept_before: Duration,
    pub(super) done: bool,
    said_goodbye: bool,
    pub(super) answer: Vec<u8>,
    pub(super) ended: Option<Ended>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        wire: &'a mut dyn Wire,
        client: ClientConnection,
        kept_waiting: &'a dyn Fn() -> Duration,
    ) -> Talk<'a> {
        Talk {
            wire,
            client,
            tap: StreamTap::default(),
            kept_waiting,
            until: Instant::now(),
            kept_before: Duration::ZERO,
            done: false,
            said_goodbye: false,
            answer: Vec::new(),
            ended: None,
        }
    }

    /// From hello to goodbye.
    pub(super) fn hold(&mut self, patience: Patience, then: Then) {
        self.wait_for(patience.handshake);
        self.flush();
        while self.client.is_handshaking() && self.ended.is_none() {
            self.receive();
        }
        self.done = !self.client.is_handshaking();
        if let (true, Then::Stay { say }) = (self.done, then) {
            self.stay(patience, &say);
        }
        self.ended = self.ended.take().or(Some(Ended::Late));
    }

    /// Waits for a word about the certificate, says something, waits for the answer, and takes leave.
    fn stay(&mut self, patience: Patience, say: &[u8]) {
        let modern = self.client.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        if modern {
            self.listen(patience.verdict, |talk| talk.has_ticket());
        }
        if !say.is_empty() && self.ended.is_none() {
            // the buffer takes all of it
            let _ = self.client.writer().write_all(say);
            self.flush();
            self.listen(patience.handshake, |talk| is_whole(&talk.answer));
        }
        if self.ended.is_none() {
            self.say_goodbye();
            let consents = !modern || self.has_ticket();
            let most = if consents {
                AFTERTHOUGHT
            } else {
                patience.verdict
            };
            self.listen(most.min(patience.verdict), |_| false);
        }
    }

    /// Receives until there is enough, it is over, or it is late.
    fn listen(&mut self, patience: Duration, enough: impl Fn(&Talk<'_>) -> bool) {
        self.wait_for(patience);
        while self.ended.is_none() && !enough(self) {
            self.receive();
        }
        if matches!(self.ended, Some(Ended::Late)) {
            self.ended = None;
        }
    }

    fn has_ticket(&self) -> bool {
        let heard = tap::heard();
        let ticket = handshake::split(&heard).any(|message| message.kind == NEW_SESSION_TICKET);
        ticket || !self.answer.is_empty()
    }

    /// The server sees that nothing more comes, once it has read all that did.
    fn say_goodbye(&mut self) {
        // by the end of the stream and not by close_notify: what comes after that rustls must not be given any more
        self.wire.finish();
        self.said_goodbye = true;
    }

    fn flush(&mut self) {
        let mut bytes = Vec::new();
        while self.client.wants_write() && self.client.write_tls(&mut bytes).is_ok() {}
        self.tap.listen(Side::Client, &bytes);
        // if the server is gone, reading tells how
        let _ = self.wire.write_all(&bytes).and_then(|()| self.wire.flush());
    }

    /// From now on, so long.
    fn wait_for(&mut self, patience: Duration) {
        self.until = Instant::now() + patience;
        self.kept_before = (self.kept_waiting)();
    }

    fn receive(&mut self) {
        let mut bytes = [0; 16 * 1024];
        let kept = (self.kept_waiting)();
        if !kept.is_zero() {
            // a signature was made: it may have cost a PIN, and what it was made for is worth the wait
            self.wire.see_through();
        }
        self.wire
            .wait_until(self.until + kept.saturating_sub(self.kept_before));
        match self.wire.read(&mut bytes) {
            Ok(0) => self.ended = Some(self.end_of_stream()),
            Ok(count) => self.take(bytes.get(..count).unwrap_or_default()),
            Err(error) => self.ended = Some(end_of(&error)),
        }
    }

    fn end_of_stream(&self) -> Ended {
        match self.said_goodbye {
            true => Ended::Goodbye,
            false => Ended::Gone,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.tap.listen(Side::Server, bytes);
        self.process(bytes);
        self.flush();
    }

    fn process(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.ended.is_none() {
            if self.client.read_tls(&mut bytes).is_err() {
                self.ended = Some(Ended::Broken("its bytes were not taken".into()));
                return;
            }
            match self.client.process_new_packets() {
                Ok(state) if state.peer_has_closed() => self.ended = Some(Ended::Goodbye),
                Ok(_) => {}
                Err(Error::AlertReceived(alert)) if self.said_goodbye && is_of_the_end(alert) => {
                    self.ended = Some(Ended::Goodbye);
                }
                Err(Error::AlertReceived(alert)) => {
                    self.ended = Some(Ended::Alert(Alert(u8::from(alert))));
                }
                Err(error) => self.ended = Some(Ended::Broken(error.to_string())),
            }
            self.hear_out();
        }
    }

    /// Takes what was said inside.
    fn hear_out(&mut self) {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = self.client.reader().read(&mut bytes) {
            let room = ANSWER - self.answer.len();
            let kept = bytes.get(..count.min(room)).unwrap_or_default();
            self.answer.extend_from_slice(kept);
        }
    }
}

/// What OpenSSL, and what GnuTLS, answer to a stream that ends without close_notify.
fn is_of_the_end(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::DecodeError | AlertDescription::UnexpectedMessage
    )
}

/// Is it all of an answer? HTTP's ends with the connection, which is asked to be closed; of others the first words do.
fn is_whole(answer: &[u8]) -> bool {
    !answer.is_empty() && !answer.starts_with(b"HTTP/")
}

fn end_of(error: &std::io::Error) -> Ended {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Ended::Late,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Ended::Gone,
        _ => Ended::Broken(error.to_string()),
    }
}
