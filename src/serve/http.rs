//! HTTP: one request, one answer, and the connection's end, within a time.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::pages;

pub(super) type Reply = Response<Full<Bytes>>;

/// For a request's head to come.
const HEAD: Duration = Duration::from_secs(10);
/// For all of it.
const WHOLE: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const MOST_HEAD: usize = 16 * 1024;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Json,
    Text,
}

impl Form {
    /// By the path's ending, else by what is accepted: browsers name HTML, and who names nothing is at a terminal.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Form {
        let accepted = headers.get(header::ACCEPT);
        let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or("");
        match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("json") => Form::Json,
            Some("txt") => Form::Text,
            _ if accepted.contains("text/html") => Form::Html,
            _ if accepted.contains("application/json") => Form::Json,
            _ => Form::Text,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Form::Html => "text/html; charset=utf-8",
            Form::Json => "application/json",
            Form::Text => "text/plain; charset=utf-8",
        }
    }
}

/// Answers the connection's one request.
pub(super) async fn answer<IO>(io: IO, reply: impl Fn(Request<Incoming>) -> Reply)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        let reply = match *request.method() {
            Method::GET | Method::HEAD => reply(request),
            _ => plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "this page is only read: GET it\n",
            ),
        };
        async { Ok::<_, Infallible>(reply) }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(io), service);
    // whatever it is, it is the client's affair
    let _ = tokio::time::timeout(WHOLE, served).await;
}

/// An answer in this form.
pub(super) fn page(form: Form, body: String) -> Reply {
    with_headers(StatusCode::OK, form.content_type(), body)
}

/// A line of text.
pub(super) fn plain(status: StatusCode, body: impl Into<String>) -> Reply {
    with_headers(status, Form::Text.content_type(), body.into())
}

/// The answer to HTTP at a port that speaks TLS.
pub(super) fn not_here() -> Reply {
    plain(
        StatusCode::BAD_REQUEST,
        "this port speaks TLS: open it with \"https://\"\n",
    )
}

/// A file to be saved.
pub(super) fn download(content_type: &'static str, body: String) -> Reply {
    with_headers(StatusCode::OK, content_type, body)
}

fn with_headers(status: StatusCode, content_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, pages::policy());
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_html_and_terminals_text() {
        let form = |path: &str, accept: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            }
            Form::of(path, &headers)
        };
        let browser = Some("text/html,application/xhtml+xml,*/*;q=0.8");
        assert_eq!(form("/", browser), Form::Html);
        assert_eq!(form("/visit.json", browser), Form::Json);
        assert_eq!(form("/", Some("application/json")), Form::Json);
        for accept in [None, Some("*/*"), Some("text/plain")] {
            assert_eq!(form("/", accept), Form::Text);
        }
    }
}
