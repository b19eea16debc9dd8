//! Every version of TLS that a server may still speak.

use std::fmt;

use super::version::TlsVersion;

/// A version of the protocol, as its number on the wire has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// RFC 2246.
    V1_0,
    /// RFC 4346.
    V1_1,
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

impl Protocol {
    /// All, newest first.
    pub const ALL: [Protocol; 4] = [
        Protocol::V1_3,
        Protocol::V1_2,
        Protocol::V1_1,
        Protocol::V1_0,
    ];

    /// `1.2`.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::V1_0 => "1.0",
            Protocol::V1_1 => "1.1",
            Protocol::V1_2 => "1.2",
            Protocol::V1_3 => "1.3",
        }
    }

    /// ProtocolVersion on the wire.
    pub fn code(self) -> u16 {
        match self {
            Protocol::V1_0 => 0x0301,
            Protocol::V1_1 => 0x0302,
            Protocol::V1_2 => 0x0303,
            Protocol::V1_3 => 0x0304,
        }
    }

    /// The version that has this number.
    pub fn from_code(code: u16) -> Option<Protocol> {
        Protocol::ALL
            .into_iter()
            .find(|version| version.code() == code)
    }

    /// The version as cardcheck's own handshakes know it; `None`: they don't speak it.
    pub fn modern(self) -> Option<TlsVersion> {
        match self {
            Protocol::V1_2 => Some(TlsVersion::V1_2),
            Protocol::V1_3 => Some(TlsVersion::V1_3),
            Protocol::V1_0 | Protocol::V1_1 => None,
        }
    }
}

impl From<TlsVersion> for Protocol {
    fn from(version: TlsVersion) -> Protocol {
        match version {
            TlsVersion::V1_2 => Protocol::V1_2,
            TlsVersion::V1_3 => Protocol::V1_3,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
