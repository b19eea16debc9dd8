//! The serve floor: ports that ask for a certificate, one for each profile, and a page that tells what came.
//!
//! A [`House`] has an index page in plain HTTP and a door for each profile. Each connection to a door is a visit; the handshake
//! is [`tls`](crate::tls)' business, what it means [`diagnose`](crate::diagnose)'s, and what is shown is made here.
#![forbid(unsafe_code)]

mod book;
mod door;
mod house;
mod http;
mod index;
mod json;
mod names;
mod once;
mod pages;
mod story;
mod text;
mod view;

pub use door::{Door, Note};
pub use house::{Bound, CantListen, House, Rules};
pub use json::{schema, visit as visit_json};
pub use story::{Told, Verdict, headline};
