//! One address of a server, and the conversations held with it.

use std::net::SocketAddr;
use std::time::Duration;

use super::dial::{DialError, Dialler};
use super::http;
use super::judge::Heard;
use super::target::Target;
use crate::model::probe::Reaction;
use crate::model::protocol::Protocol;
use crate::model::trace::{Message, Timeline};
use crate::model::version::TlsVersion;
use crate::tls::conversation::{self, Conversation, Hello, Then, Visitor};
use crate::tls::login::{self, Login};
use crate::tls::peer::Admits;
use crate::tls::plain::{self, PlainFlight};
use crate::tls::setup::Client;
use crate::tls::wire::Patience;

/// What browsers offer.
const BROWSER_ALPN: &[&str] = &["h2", "http/1.1"];

/// The same without HTTP/2, which cardcheck doesn't speak.
const HTTP_ALPN: &[&str] = &["http/1.1"];

/// The longest that one waits for a word about the certificate.
const VERDICT: Duration = Duration::from_secs(2);

/// Where HTTP is asked for a page: the port by which everybody takes a server for one of the Web.
const HTTPS: u16 = 443;

/// The way to one address, and what was said there.
pub(super) struct Visit<'a> {
    pub(super) dialler: Dialler<'a>,
    pub(super) address: SocketAddr,
    /// Told what is done next.
    pub(super) says: &'a dyn Fn(&str),
    /// The path to ask for; `None`: the server is none of HTTP's.
    pub(super) path: Option<String>,
    /// Every connection's messages.
    pub(super) timelines: Vec<Timeline>,
}

impl Visit<'_> {
    fn target(&self) -> &Target {
        self.dialler.target
    }

    fn patience(&self) -> Patience {
        Patience {
            handshake: self.dialler.patience,
            verdict: self.dialler.patience.min(VERDICT),
        }
    }

    /// Offers all that browsers do, says nothing inside, and brings no certificate.
    pub(super) fn greet(&mut self) -> Result<Conversation, DialError> {
        let alpn = match self.target().starttls {
            Some(_) => &[],
            None => BROWSER_ALPN,
        };
        self.converse(
            "TLS 1.2 and 1.3 offered",
            &TlsVersion::ALL,
            alpn,
            Visitor::Nobody,
            Then::Leave,
        )
    }

    /// Is it a server of the Web? If so it is asked for a page from now on.
    pub(super) fn settle_path(&mut self, greeting: &Conversation) {
        let target = self.target();
        let alpn = greeting.negotiated.as_ref().and_then(|n| n.alpn.as_deref());
        let speaks_http = alpn.is_some_and(|name| BROWSER_ALPN.contains(&name));
        let of_the_web = target.starttls.is_none() && (speaks_http || target.port == HTTPS);
        self.path = match &target.path {
            Some(path) => Some(path.clone()),
            None => of_the_web.then(|| "/".to_owned()),
        };
    }

    /// One version, with a certificate that nobody issued or without any.
    pub(super) fn ask(
        &mut self,
        version: TlsVersion,
        visitor: Visitor,
    ) -> Result<Conversation, DialError> {
        let with = match visitor {
            Visitor::Stranger => "with a throw-away certificate",
            Visitor::Nobody => "without a certificate",
        };
        let title = format!("TLS {version} {with}");
        let then = self.stay();
        self.converse(&title, &[version], self.alpn(), visitor, then)
    }

    /// The same for whoever has a key, at a server that may get its certificate.
    pub(super) fn log_in(
        &mut self,
        title: &str,
        version: TlsVersion,
        admits: &Admits,
        client: Client,
    ) -> Result<Login, DialError> {
        let mut socket = self.dialler.dial(self.address)?;
        let hello = Hello {
            versions: &[version],
            server_name: self.target().name(),
            alpn: self.alpn(),
        };
        let (patience, then) = (self.patience(), self.stay());
        let login = login::log_in(&mut socket, &hello, admits, client, patience, then);
        self.note(title.to_owned(), &login.conversation.messages);
        Ok(login)
    }

    fn alpn(&self) -> &'static [&'static str] {
        match self.path {
            Some(_) => HTTP_ALPN,
            None => &[],
        }
    }

    fn stay(&self) -> Then {
        Then::Stay {
            say: self.words().unwrap_or_default(),
        }
    }

    /// The flight in clear of a version that `rustls` doesn't speak, or not as this server does.
    pub(super) fn read_flight(&mut self, version: Protocol) -> Result<PlainFlight, DialError> {
        let title = format!("TLS {version}, as far as it is in clear");
        (self.says)(&title);
        let mut socket = self.dialler.dial(self.address)?;
        let name = self.target().name();
        let flight = plain::read_flight(&mut socket, version, name, self.patience());
        self.note(title, &flight.messages);
        Ok(flight)
    }

    fn converse(
        &mut self,
        title: &str,
        versions: &[TlsVersion],
        alpn: &[&str],
        visitor: Visitor,
        then: Then,
    ) -> Result<Conversation, DialError> {
        (self.says)(title);
        let mut socket = self.dialler.dial(self.address)?;
        let hello = Hello {
            versions,
            server_name: self.target().name(),
            alpn,
        };
        let patience = self.patience();
        let conversation = conversation::converse(&mut socket, &hello, visitor, patience, then);
        self.note(title.to_owned(), &conversation.messages);
        Ok(conversation)
    }

    /// What is said inside TLS.
    fn words(&self) -> Option<Vec<u8>> {
        if let Some(protocol) = self.target().starttls {
            return protocol.inside().map(|inside| inside.say.to_vec());
        }
        let path = self.path.as_ref()?;
        Some(http::request(path, &self.host_header()))
    }

    fn host_header(&self) -> String {
        let target = self.target();
        match target.port {
            HTTPS => target.name().to_owned(),
            port => super::target::authority(target.name(), port),
        }
    }

    /// What of a conversation tells whether a certificate is asked for.
    pub(super) fn heard(&self, conversation: &Conversation) -> Heard {
        let inside = self
            .target()
            .starttls
            .and_then(|protocol| protocol.inside());
        let refused = inside.and_then(|inside| (inside.refused)(&conversation.answer));
        let path = self.path.as_deref();
        Heard {
            requested: conversation.request.is_some(),
            done: conversation.done,
            hello_requested: conversation.hello_requested,
            reaction: match refused {
                Some(words) => Reaction::Refused(words),
                None => conversation.reaction.clone(),
            },
            inferred: conversation.inferred,
            http: path.and_then(|path| http::read(&conversation.answer, path)),
        }
    }

    fn note(&mut self, title: String, messages: &[Message]) {
        self.timelines.push(Timeline {
            title,
            messages: messages.to_vec(),
        });
    }
}
