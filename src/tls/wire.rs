//! What a conversation with a server that exists goes over.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// A byte stream to somebody who may be slow, silent or hostile.
pub trait Wire: Read + Write {
    /// Reads fail with [`TimedOut`](std::io::ErrorKind::TimedOut) from this moment on.
    fn wait_until(&mut self, moment: Instant);

    /// From now on only that moment ends a read, and nobody's impatience: something dear is under way.
    fn see_through(&mut self);

    /// Says that nothing more will be written, and leaves the other way open.
    fn finish(&mut self);
}

/// How long one waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The whole handshake, and an answer after it.
    pub handshake: Duration,
    /// A word about the certificate, once one's own part is done.
    pub verdict: Duration,
}
