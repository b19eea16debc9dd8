//! A real handshake with a server at the other end of a TCP connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use rustls::{Connection, Error};

use super::attempt::{Attempt, End, Took, alert_received, deliver, finish};
use super::authority::Authority;
use super::client::{self, Record, SharedRecord};
use super::setup::Client;
use super::tap::{self, StreamTap};
use crate::model::trace::Side;
use crate::model::version::TlsVersion;

/// The first line of an answer is enough; a server that sends more without one has said nothing that can be understood.
const ANSWER_AT_MOST: usize = 4096;

/// What the client says once it is let in, and what it makes of the answer: the server's word, for in TLS 1.3 a client
/// is done before the server has looked at its signature.
pub struct Question {
    /// What is said.
    pub bytes: &'static [u8],
    /// Does the answer, as much of it as is there, say that the client is in? `None`: too early to tell.
    ///
    /// # Errors
    /// It says that the client is not in, and why.
    pub answered: fn(&[u8]) -> Option<Result<(), String>>,
}

/// Makes the handshake over `stream`, whose read timeout is how long the server may be silent. Blocks for as long as the token
/// takes to sign.
pub fn attempt_over(
    mut stream: TcpStream,
    authority: &Authority,
    version: TlsVersion,
    client: Client,
    question: &Question,
) -> Attempt {
    let record = SharedRecord::default();
    let rule = Arc::clone(&client.rule);
    let started = Instant::now();
    let ended = connect(&mut stream, authority, version, client, &record, question);
    let took = Took {
        started,
        time: started.elapsed(),
    };
    record.with(|record| {
        let end = |record: &Record| judge(ended, record);
        finish(record, version, &rule, end, took)
    })
}

/// How the connection ended.
enum Ended {
    /// The server answered.
    Answered(Result<(), String>),
    /// The client's side ended it, or the server by an alert.
    Client(Error),
    /// The server hung up without an alert.
    HungUp,
    /// The server was silent for too long, or the connection broke.
    Broke(std::io::Error),
}

fn connect(
    stream: &mut TcpStream,
    authority: &Authority,
    version: TlsVersion,
    client: Client,
    record: &SharedRecord,
    question: &Question,
) -> Result<Ended, Error> {
    let mut connection = client::connection(authority, version, client, record)?;
    tap::clear();
    Ok(talk(stream, &mut connection, question).unwrap_or_else(Ended::Broke))
}

fn talk(
    stream: &mut TcpStream,
    connection: &mut Connection,
    question: &Question,
) -> std::io::Result<Ended> {
    let mut stream_tap = StreamTap::default();
    let (mut asked, mut answer) = (false, Vec::new());
    loop {
        if !connection.is_handshaking() && !asked {
            asked = true;
            connection.writer().write_all(question.bytes)?;
        }
        say(stream, connection, &mut stream_tap)?;
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes)?;
        let bytes = bytes.get(..count).unwrap_or_default();
        stream_tap.listen(Side::Server, bytes);
        if let Some(error) = deliver(connection, bytes) {
            // the alert that says why; it matters to nobody here whether it arrives
            let _ = say(stream, connection, &mut stream_tap);
            return Ok(Ended::Client(error));
        }
        hear(connection, &mut answer)?;
        if let Some(answered) = (question.answered)(&answer) {
            return Ok(Ended::Answered(answered));
        }
        if count == 0 || answer.len() > ANSWER_AT_MOST {
            return Ok(Ended::HungUp);
        }
    }
}

fn say(
    stream: &mut TcpStream,
    connection: &mut Connection,
    tap: &mut StreamTap,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut bytes)?;
    }
    tap.listen(Side::Client, &bytes);
    stream.write_all(&bytes)
}

/// What the server said so far, encryption taken off.
fn hear(connection: &mut Connection, answer: &mut Vec<u8>) -> std::io::Result<()> {
    let mut bytes = [0; ANSWER_AT_MOST];
    match connection.reader().read(&mut bytes) {
        Ok(count) => answer.extend_from_slice(bytes.get(..count).unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        // the caller sees that the connection has ended
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn judge(ended: Result<Ended, Error>, record: &Record) -> End {
    if let Ok(Ended::Answered(Ok(()))) = &ended {
        return End::Accepted;
    }
    if let Some(Err(error)) = &record.signed {
        return End::SignFailed(error.clone());
    }
    match ended {
        Ok(Ended::Answered(answered)) => End::Refused {
            alert: None,
            why: answered.err(),
        },
        Ok(Ended::Client(error)) => match alert_received(Some(&error)) {
            None => End::ClientStopped {
                why: error.to_string(),
            },
            alert => End::Refused { alert, why: None },
        },
        Ok(Ended::HungUp) => End::Refused {
            alert: None,
            why: Some("the server closed the connection without an alert".into()),
        },
        Ok(Ended::Broke(error)) => End::CouldNotTell {
            why: format!("the connection to the server broke: {error}"),
        },
        Err(error) => End::CouldNotTell {
            why: error.to_string(),
        },
    }
}
