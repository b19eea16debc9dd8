//! The index page: which doors there are, and who came.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, StatusCode, header};

use super::book::Book;
use super::door::Placed;
use super::http::{Form, Reply, download, page, plain};
use super::pages;
use super::story::{Told, Verdict};
use super::view::View;
use super::{json, text};

/// All that the index page knows.
pub(super) struct Index {
    pub(super) book: Arc<Book>,
    pub(super) address: SocketAddr,
    pub(super) name: Option<String>,
    pub(super) ca_pem: Option<String>,
}

/// The index, ready to be shown.
pub(super) struct IndexView {
    pub(super) doors: Vec<DoorView>,
    pub(super) visits: Vec<View>,
    pub(super) turned_away: u64,
    pub(super) has_ca: bool,
}

/// A door, ready to be shown.
pub(super) struct DoorView {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) about: String,
    /// What it can't ask for.
    pub(super) notes: Vec<String>,
    /// Of its last visit.
    pub(super) last: Option<Verdict>,
}

impl Index {
    /// The answer to a request at the index page.
    pub(super) fn answer(&self, request: &Request<Incoming>) -> Reply {
        let path = request.uri().path();
        let host = host_of(request);
        if let Some(host) = host.filter(|host| !self.is_ours(host)) {
            return plain(
                StatusCode::MISDIRECTED_REQUEST,
                format!(
                    "this page is not at {:?}; open http://{}/\n",
                    host, self.address
                ),
            );
        }
        let form = Form::of(path, request.headers());
        match path {
            "/" | "/index.json" | "/index.txt" => self.index(form, host),
            "/visits.json" => page(Form::Json, json::visits_page(&self.book.told())),
            "/live" => page(Form::Html, pages::live(&self.view(host))),
            "/ca.pem" => match &self.ca_pem {
                Some(pem) => download("application/x-x509-ca-cert", pem.clone()),
                None => plain(
                    StatusCode::NOT_FOUND,
                    "the certificate was given with --cert\n",
                ),
            },
            _ => match number(path).and_then(|number| self.book.visit(number)) {
                Some(told) => visit_page(form, &told, None),
                None => plain(
                    StatusCode::NOT_FOUND,
                    "there is no such page; the index is at /\n",
                ),
            },
        }
    }

    /// The answer to a request that came through a door: what is known of that visit, whatever the path.
    pub(super) fn welcome(&self, request: &Request<Incoming>, told: &Told) -> Reply {
        match request.uri().path() {
            "/favicon.ico" => plain(StatusCode::NOT_FOUND, "there is none\n"),
            path => {
                let host = self.host(host_of(request));
                let home = format!("http://{}/", at(&host, self.address.port()));
                visit_page(Form::of(path, request.headers()), told, Some(&home))
            }
        }
    }

    fn index(&self, form: Form, host: Option<&str>) -> Reply {
        let body = match form {
            Form::Html => pages::index(&self.view(host)),
            Form::Json => json::visits_page(&self.book.told()),
            Form::Text => text::index(&self.view(host)),
        };
        page(form, body)
    }

    fn view(&self, host: Option<&str>) -> IndexView {
        let host = self.host(host);
        let visits: Vec<View> = self.book.told().iter().map(View::of).collect();
        let doors = self.book.doors.iter();
        IndexView {
            doors: doors.map(|placed| door(placed, &host, &visits)).collect(),
            turned_away: self.book.turned_away(),
            has_ca: self.ca_pem.is_some(),
            visits,
        }
    }

    /// Where the links go.
    fn host(&self, reached_as: Option<&str>) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let ip = self.address.ip();
        match (ip.is_loopback(), ip.is_unspecified(), reached_as) {
            (true, ..) => "localhost".into(),
            (_, true, Some(host)) => host.into(),
            _ => ip.to_string(),
        }
    }

    /// On loopback the page is at one of its names only: a web site that has its own name point here reads nothing.
    fn is_ours(&self, host: &str) -> bool {
        let ip = self.address.ip();
        !ip.is_loopback()
            || host == "localhost"
            || self.name.as_deref() == Some(host)
            || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
    }
}

/// The host that the client says it reached, without its port and brackets.
fn host_of(request: &Request<Incoming>) -> Option<&str> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let authority = host.parse::<hyper::http::uri::Authority>().ok()?;
    let bare = authority.host().len();
    let host = host.get(..bare)?;
    Some(host.trim_start_matches('[').trim_end_matches(']'))
}

/// `/visits/12`, with or without an ending.
fn number(path: &str) -> Option<u64> {
    let name = path.strip_prefix("/visits/")?;
    let bare = name.trim_end_matches(".json").trim_end_matches(".txt");
    bare.parse().ok()
}

fn visit_page(form: Form, told: &Told, home: Option<&str>) -> Reply {
    let body = match form {
        Form::Html => pages::visit(&View::of(told), home),
        Form::Json => json::visit_page(told),
        Form::Text => text::visit(&View::of(told)),
    };
    page(form, body)
}

fn door(placed: &Placed, host: &str, visits: &[View]) -> DoorView {
    let Placed { door, address } = placed;
    let about = match door.hint {
        Some(hint) => hint.into(),
        None => door.profile().about.clone(),
    };
    let notes = door.notes().into_iter().map(|note| {
        let schemes: Vec<String> = note
            .not_sent
            .iter()
            .map(|scheme| scheme.to_string())
            .collect();
        format!(
            "over TLS {} rustls can't ask for {}",
            note.version,
            schemes.join(", ")
        )
    });
    let last = visits.iter().find(|visit| visit.door == door.name);
    DoorView {
        name: door.name.clone(),
        url: format!("https://{}/", at(host, address.port())),
        about,
        notes: notes.collect(),
        last: last.map(|visit| visit.verdict),
    }
}

/// `localhost:8440`, `[::1]:8440`.
fn at(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_has_one_number_in_three_forms() {
        assert_eq!(number("/visits/12"), Some(12));
        assert_eq!(number("/visits/12.json"), Some(12));
        assert_eq!(number("/visits/12.txt"), Some(12));
        for other in ["/visits/", "/visits/-1", "/visits/x", "/12"] {
            assert_eq!(number(other), None, "{other}");
        }
        assert_eq!(at("::1", 8440), "[::1]:8440");
    }
}
