//! The way between a card and a reader's driver, in vsmartcard's frames.

use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::card::Card;
use super::frame::{GIVE_ATR, POWER_OFF, POWER_ON, RESET, read_frame, write_frame};

/// A reader's slot as the driver beside this (`driver/`) sees it: a Unix socket, where a frame of no bytes says that there is
/// no card.
pub struct Reader {
    socket: PathBuf,
    card: Arc<Mutex<Card>>,
    ended: Arc<AtomicBool>,
}

impl Reader {
    /// With this card in it. The socket is there when this returns.
    ///
    /// # Errors
    /// The socket can't be made.
    pub fn listen(socket: &Path, card: &Card) -> io::Result<Reader> {
        let listener = UnixListener::bind(socket)?;
        let reader = Reader {
            socket: socket.to_owned(),
            card: Arc::new(Mutex::new(card.clone())),
            ended: Arc::default(),
        };
        let (card, ended) = (Arc::clone(&reader.card), Arc::clone(&reader.ended));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let card = Arc::clone(&card);
                // until pcscd closes its end
                thread::spawn(move || serve(stream, &card));
            }
        });
        Ok(reader)
    }

    /// Takes the card out, and puts this one in its place.
    pub fn put(&self, card: &Card) {
        self.current().pull();
        card.insert();
        *self.card.lock().unwrap_or_else(PoisonError::into_inner) = card.clone();
    }

    fn current(&self) -> Card {
        current(&self.card)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // wakes the listener, so that it sees that
        let _ = UnixStream::connect(&self.socket);
        // and whatever hangs in the card
        self.current().pull();
    }
}

fn current(card: &Mutex<Card>) -> Card {
    card.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn serve(mut stream: UnixStream, card: &Mutex<Card>) {
    while let Ok(frame) = read_frame(&mut stream) {
        let answer = match reply(&current(card), &frame) {
            Reply::None => continue,
            Reply::Bytes(bytes) => bytes,
            Reply::NoCard => Vec::new(),
        };
        if write_frame(&mut stream, &answer).is_err() {
            return;
        }
    }
}

enum Reply {
    /// The driver waits for none.
    None,
    Bytes(Vec<u8>),
    NoCard,
}

fn reply(card: &Card, frame: &[u8]) -> Reply {
    let bytes = match frame {
        [POWER_OFF | POWER_ON] => {
            card.power();
            return Reply::None;
        }
        [RESET] => {
            card.reset();
            return Reply::None;
        }
        [GIVE_ATR] => card.atr(),
        [_] | [] => return Reply::None,
        apdu => card.answer(apdu),
    };
    bytes.map_or(Reply::NoCard, Reply::Bytes)
}

/// Puts the card into a reader of vsmartcard's own driver, vpcd, which listens at this port of this machine; returns when
/// there is no such reader any more. A pulled card closes the connection.
///
/// # Errors
/// Nothing listens there.
pub fn plug_into_vpcd(card: &Card, port: u16) -> io::Result<()> {
    loop {
        if card.stats().present {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            // until it is pulled, or vpcd closes its end
            let _ = serve_vpcd(stream, card);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn serve_vpcd(mut stream: TcpStream, card: &Card) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    while card.stats().present {
        // vpcd sends length and bytes apart, and waits with the second for the first to be acknowledged: 40 ms by default
        rustix::net::sockopt::set_tcp_quickack(&stream, true)?;
        let mut first = [0];
        match stream.read(&mut first) {
            Ok(1) => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        rustix::net::sockopt::set_tcp_quickack(&stream, true)?;
        stream.set_read_timeout(None)?;
        let frame = read_frame(&mut first.chain(&mut stream))?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        match reply(card, &frame) {
            Reply::None => {}
            Reply::Bytes(bytes) => write_frame(&mut stream, &bytes)?,
            Reply::NoCard => return Ok(()),
        }
    }
    Ok(())
}
