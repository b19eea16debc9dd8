//! The commands that are about a server or are one: probe, connect, serve.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;

use super::super::exit;
use super::groups::{Fixture, Identity, Manner, Pin, PlainOutput, Token, Way};
use super::values::{Expected, Version, listen, patience};

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(in crate::cli) struct Serve {
    /// Where the index page is; each profile's port is one further on. Port 0: free ones
    #[arg(long, value_name = "ADDRESS[:PORT]", default_value = "127.0.0.1:8440", value_parser = listen)]
    pub(in crate::cli) listen: SocketAddr,
    /// Ask as this server does: a built-in name, or a TOML file; may be given several times [default: a handful that tell cards apart]
    #[arg(long, value_name = "NAME|FILE", value_delimiter = ',')]
    pub(in crate::cli) profile: Vec<String>,
    /// Ask for a list in OpenSSL's syntax: RSA+SHA256:RSA-PSS+SHA256
    #[arg(long, value_name = "LIST")]
    pub(in crate::cli) sigalgs: Vec<String>,
    /// Speak only this version of TLS
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) tls: Option<Version>,
    /// Send the names of the CAs in this file (PEM), and hold certificates against them [default: no names, any certificate]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca: Option<PathBuf>,
    /// End the handshake where a strict server would: no certificate, or one or a signature that it objects to
    #[arg(long)]
    pub(in crate::cli) require: bool,
    /// How long a client may take to answer, such as 2m; people choose a certificate and type a PIN meanwhile
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = patience)]
    pub(in crate::cli) timeout: Duration,
    #[command(flatten)]
    pub(in crate::cli) identity: Identity,
    #[command(flatten)]
    pub(in crate::cli) fixture: Fixture,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(in crate::cli) struct Probe {
    /// The server: HOST, HOST:PORT, [IPV6]:PORT or an https address [default port: 443, or the protocol's]
    pub(in crate::cli) host: String,
    #[command(flatten)]
    pub(in crate::cli) way: Way,
    /// How long the server may take to connect, to shake hands and to answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience, help_heading = "The way to the server")]
    pub(in crate::cli) timeout: Duration,
    /// Ask for this page [default: / where the server is one of the Web]
    #[arg(long, value_name = "/PATH", help_heading = "What to look at")]
    pub(in crate::cli) path: Option<String>,
    /// Write what the server asks for to this file, for `cardcheck matrix --profile FILE`
    #[arg(long, value_name = "FILE", help_heading = "What to look at")]
    pub(in crate::cli) save_profile: Option<PathBuf>,
    /// Show every handshake, message by message, both ways, with times
    #[arg(long, help_heading = "What to look at")]
    pub(in crate::cli) trace: bool,
    /// Exit with 1 unless the server asks so, in every version that it speaks
    #[arg(long, value_name = "HOW", help_heading = "What to look at")]
    pub(in crate::cli) expect: Option<Expected>,
    #[command(flatten)]
    pub(in crate::cli) output: PlainOutput,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = CONNECT_EXITS)]
pub(in crate::cli) struct Connect {
    /// The server: HOST, HOST:PORT, [IPV6]:PORT or an https address [default port: 443, or the protocol's]
    pub(in crate::cli) host: String,
    #[command(flatten)]
    pub(in crate::cli) token: Token,
    #[command(flatten)]
    pub(in crate::cli) pin: Pin,
    #[command(flatten)]
    pub(in crate::cli) way: Way,
    /// How long the server may take to connect, to shake hands and to answer; a token that signs meanwhile doesn't count
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience, help_heading = "The way to the server")]
    pub(in crate::cli) server_timeout: Duration,
    /// Log in although the server's certificate does not verify: whoever it is gets the certificates and signatures
    #[arg(long, help_heading = "The way to the server")]
    pub(in crate::cli) insecure: bool,
    /// Ask for this page once logged in [default: / where the server is one of the Web]
    #[arg(long, value_name = "/PATH", help_heading = "What to try")]
    pub(in crate::cli) path: Option<String>,
    /// A client to imitate besides `any`, or `all`; may be given several times
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "What to try"
    )]
    pub(in crate::cli) client: Vec<String>,
    /// Only this version of TLS [default: each in which the server asks for a certificate]
    #[arg(long, value_name = "VERSION", help_heading = "What to try")]
    pub(in crate::cli) tls: Option<Version>,
    /// Intermediate certificates (PEM or DER) to send where the server refuses a certificate without
    #[arg(long, value_name = "FILE", help_heading = "What to try")]
    pub(in crate::cli) chain: Option<PathBuf>,
    /// Don't run failing logins again to prove the remedies
    #[arg(long, help_heading = "What to try")]
    pub(in crate::cli) no_prove: bool,
    /// Show every handshake, message by message, both ways, with times
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) trace: bool,
    #[command(flatten)]
    pub(in crate::cli) output: PlainOutput,
}

const CONNECT_EXITS: &str = "\
Exit codes:
  0    a key is let in, and every one whose certificate fits what the server asks for
  1    none is, or one whose certificate fits is not
  2    the command line is wrong
  3    module, token, PIN, network or file system; or the server's certificate does not verify
  4    nothing to try: no key, or the server asks for no certificate
  130  interrupted";
