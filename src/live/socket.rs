//! A TCP connection that is never waited on for too long and never read from without end.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::tls::wire::Wire;

/// Bytes that are read from one connection; an honest handshake with the longest list and a page come to a quarter of it.
const MOST_BYTES: usize = 1024 * 1024;

/// How often one looks whether the user has had enough.
const MOMENT: Duration = Duration::from_millis(50);

/// The connection, with what it may still cost.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    until: Instant,
    left: usize,
    cancelled: Arc<AtomicBool>,
}

impl Socket {
    /// Connects, and fails at the latest after `patience`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn connect(
        address: SocketAddr,
        patience: Duration,
        cancelled: &Arc<AtomicBool>,
    ) -> Result<Socket> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Socket {
            stream,
            until: Instant::now() + patience,
            left: MOST_BYTES,
            cancelled: Arc::clone(cancelled),
        })
    }
}

/// A dialogue in clear, whose end TLS begins after.
pub(super) trait ReadUntil: Read {
    /// Reads until what came satisfies `enough`, at most `most` bytes.
    ///
    /// # Errors
    /// The connection's; [`ErrorKind::UnexpectedEof`] and [`ErrorKind::InvalidData`] with what came, if it isn't enough.
    fn read_until(
        &mut self,
        most: usize,
        enough: impl Fn(&[u8]) -> bool,
    ) -> std::result::Result<Vec<u8>, Unsatisfied> {
        let mut heard = Vec::new();
        // byte by byte: what follows belongs to TLS
        while !enough(&heard) {
            let mut byte = [0];
            let why = match self.read(&mut byte) {
                Ok(1..) if heard.len() < most => {
                    heard.extend(byte);
                    continue;
                }
                Ok(0) => ErrorKind::UnexpectedEof.into(),
                Ok(_) => Error::new(ErrorKind::InvalidData, "too much came"),
                Err(error) => error,
            };
            return Err(Unsatisfied { heard, why });
        }
        Ok(heard)
    }
}

impl<R: Read + ?Sized> ReadUntil for R {}

/// What came instead of what was waited for.
#[derive(Debug)]
pub(super) struct Unsatisfied {
    pub(super) heard: Vec<u8>,
    pub(super) why: Error,
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        if self.left == 0 {
            return Err(Error::other("it sends without end"));
        }
        loop {
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(Error::other("interrupted"));
            }
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left.min(MOMENT)))?;
            match self.stream.read(bytes) {
                Ok(count) => {
                    self.left = self.left.saturating_sub(count);
                    return Ok(count);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.flush()
    }
}

impl Wire for Socket {
    fn wait_until(&mut self, moment: Instant) {
        self.until = moment;
    }

    fn see_through(&mut self) {
        // one that nobody sets
        self.cancelled = Arc::default();
    }

    fn finish(&mut self) {
        // a connection that is gone already needs no end
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
