//! A handshake as a timeline: who said what when.

/// Whose message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// cardcheck.
    Client,
    /// The server that is looked at.
    Server,
}

/// A message of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Milliseconds since the connection stood.
    pub at_ms: f64,
    /// Whose it is.
    pub from: Side,
    /// It was encrypted on the wire.
    pub encrypted: bool,
    /// `ClientHello`, `Alert`, `ApplicationData`.
    pub name: String,
    /// Bytes of it, the headers of its records left out.
    pub bytes: usize,
    /// What it holds, in the order of the message.
    pub fields: Vec<(&'static str, String)>,
}

/// One connection's messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// What the connection was for.
    pub title: String,
    /// In the order in which they were seen.
    pub messages: Vec<Message>,
}
