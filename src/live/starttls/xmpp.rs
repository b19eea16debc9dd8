//! XMPP (RFC 6120 §5.4): a stream is opened, `starttls` is among its features, `proceed` answers it.

use super::super::socket::ReadUntil;
use super::{StarttlsError, refused, send, silent};
use crate::tls::wire::Wire;

/// Bytes of the server's features; some servers list many.
const MOST: usize = 32 * 1024;

/// XML in which the words can't steer anything: what could end an attribute is left out.
fn open(domain: &str, namespace: &str) -> String {
    let domain: String = domain
        .chars()
        .filter(|c| !matches!(c, '<' | '>' | '&' | '\'' | '"') && !c.is_control())
        .collect();
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='{namespace}' xmlns:stream='http://etherx.jabber.org/streams' \
         to='{domain}' version='1.0'>"
    )
}

pub(super) fn to_server_as_client(
    socket: &mut dyn Wire,
    domain: &str,
) -> Result<(), StarttlsError> {
    ask("xmpp", &open(domain, "jabber:client"), socket)
}

pub(super) fn to_server_as_server(
    socket: &mut dyn Wire,
    domain: &str,
) -> Result<(), StarttlsError> {
    ask("xmpp-server", &open(domain, "jabber:server"), socket)
}

fn ask(protocol: &'static str, open: &str, socket: &mut dyn Wire) -> Result<(), StarttlsError> {
    send(socket, open.as_bytes());
    let ends = |heard: &[u8]| has(heard, "</stream:features>") || has(heard, "</stream:stream>");
    let features = socket.read_until(MOST, ends);
    let features = features.map_err(|heard| silent(protocol, "its features", &heard))?;
    if !has(&features, "urn:ietf:params:xml:ns:xmpp-tls") {
        return Err(refused(protocol, &features));
    }
    send(
        socket,
        b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    );
    let answer = socket.read_until(MOST, |heard| heard.ends_with(b">"));
    let answer = answer.map_err(|heard| silent(protocol, "`proceed`", &heard))?;
    match has(&answer, "<proceed") {
        true => Ok(()),
        false => Err(refused(protocol, &answer)),
    }
}

fn has(heard: &[u8], word: &str) -> bool {
    heard
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_can_t_end_its_attribute() {
        let opened = open("a'/><x", "jabber:client");
        assert!(opened.contains("to='a/x'"), "{opened}");
    }
}
