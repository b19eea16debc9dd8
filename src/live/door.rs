//! Logging in at a server that was probed.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::visit::Visit;
use super::{Settings, Target, visit};
use crate::model::probe::{HttpMeaning, Reaction};
use crate::model::trace::Timeline;
use crate::model::version::TlsVersion;
use crate::tls::login::Login;
use crate::tls::peer::Admits;
use crate::tls::{Attempt, Client, End};

/// The way that a probe has found.
#[derive(Clone, Debug)]
pub struct Way {
    address: SocketAddr,
    path: Option<String>,
}

impl Way {
    pub(super) fn of(visit: &Visit<'_>) -> Way {
        Way {
            address: visit.address,
            path: visit.path.clone(),
        }
    }
}

/// Where whoever has a key may knock.
pub struct Door<'a> {
    target: &'a Target,
    settings: &'a Settings,
    way: Way,
    admits: Admits,
    knocks: Mutex<Vec<Timeline>>,
}

impl<'a> Door<'a> {
    /// At this server; certificates and signatures go to those whom `admits` names, and to nobody else.
    pub fn new(target: &'a Target, settings: &'a Settings, way: Way, admits: Admits) -> Door<'a> {
        Door {
            target,
            settings,
            way,
            admits,
            knocks: Mutex::default(),
        }
    }

    /// One login. Blocks for as long as the token takes to sign, and until whoever knocked before has gone.
    pub fn knock(&self, version: TlsVersion, client: Client) -> Attempt {
        let mut knocks = self.knocks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut visit = visit(self.target, self.settings, &|_| (), self.way.address);
        visit.path.clone_from(&self.way.path);
        let title = format!("TLS {version} with a key, {}", knocks.len() + 1);
        let login = visit.log_in(&title, version, &self.admits, client);
        knocks.append(&mut visit.timelines);
        match login {
            Ok(login) => judge(&visit, login),
            Err(error) => Attempt::not_made(error.to_string()),
        }
    }

    /// Every login's messages.
    pub fn timelines(&self) -> Vec<Timeline> {
        let knocks = self.knocks.lock().unwrap_or_else(PoisonError::into_inner);
        knocks.clone()
    }
}

/// What was said inside may be a refusal, too.
fn judge(visit: &Visit<'_>, login: Login) -> Attempt {
    let heard = visit.heard(&login.conversation);
    let mut attempt = login.attempt;
    let words = match (&heard.reaction, &heard.http) {
        (Reaction::Refused(words), _) => Some(words.clone()),
        (_, Some(http)) => match http.meaning {
            Some(HttpMeaning::Refused | HttpMeaning::Required) => Some(format!(
                "HTTP {} says that it does not take the certificate",
                http.status
            )),
            Some(HttpMeaning::PostHandshake) | None => None,
        },
        _ => None,
    };
    if let (Some(words), End::Accepted) = (words, &attempt.end) {
        attempt.end = End::Refused {
            alert: None,
            why: Some(words),
        };
    }
    attempt.http = heard.http;
    attempt
}
