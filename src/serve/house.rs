//! The house: an index page, doors, and whoever comes to them.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::book::Book;
use super::door::{Door, Placed};
use super::http;
use super::index::Index;
use super::once::first_visit;
use super::story::Told;
use crate::model::visit::Visit;
use crate::tls::Guest;

/// Visitors at the same time; more are turned away. With the index page's it stays below 1024, what a process may have open.
const VISITORS: usize = 700;
/// Readers of the index page at the same time.
const READERS: usize = 100;
/// When nothing can be accepted, there are too many files open: it passes.
const PAUSE: Duration = Duration::from_millis(100);

/// What the house is like.
pub struct Rules {
    /// Where the index page is; the doors' ports follow on its own, or are the system's choice if it is 0.
    pub listen: SocketAddr,
    /// The doors, in the order in which to try them.
    pub doors: Vec<Door>,
    /// The name by which visitors reach it, for the links of the index page; `None`: the one by which they reached that.
    pub name: Option<String>,
    /// The CA to be trusted, PEM.
    pub ca_pem: Option<String>,
}

/// Somebody else has the port, or the address is not this machine's.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {error}")]
pub struct CantListen {
    /// Where.
    pub address: SocketAddr,
    /// Why.
    pub error: std::io::Error,
}

/// A house that listens, and serves nobody yet.
pub struct House {
    index: TcpListener,
    doors: Vec<TcpListener>,
    bound: Bound,
    rules: Rules,
}

/// Where it is.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The index page.
    pub index: SocketAddr,
    /// Each door's name and address.
    pub doors: Vec<(String, SocketAddr)>,
}

impl House {
    /// Takes the ports.
    ///
    /// # Errors
    /// The first one that can't be had.
    pub async fn open(rules: Rules) -> Result<House, CantListen> {
        let index = listen(rules.listen).await?;
        let mut doors = Vec::new();
        let mut addresses = Vec::new();
        for (at, door) in rules.doors.iter().enumerate() {
            let (listener, address) = listen(nth(rules.listen, at + 1)).await?;
            doors.push(listener);
            addresses.push((door.name.clone(), address));
        }
        let (index, at) = index;
        Ok(House {
            index,
            doors,
            bound: Bound {
                index: at,
                doors: addresses,
            },
            rules,
        })
    }

    /// Where it is.
    pub fn bound(&self) -> &Bound {
        &self.bound
    }

    /// Serves until `stop`, or, if `once`, until the first visitor has been served. `tell` hears of each visit when its
    /// handshake is over.
    pub async fn serve(
        self,
        once: bool,
        stop: impl Future<Output = ()>,
        tell: Arc<dyn Fn(&Told) + Send + Sync>,
    ) -> Option<Told> {
        let doors = self.rules.doors.into_iter().zip(&self.bound.doors);
        let placed = doors.map(|(door, (_, address))| Placed {
            door,
            address: *address,
        });
        let book = Book::new(placed.collect());
        let index = Arc::new(Index {
            book: Arc::clone(&book),
            address: self.bound.index,
            name: self.rules.name,
            ca_pem: self.rules.ca_pem,
        });
        let (sender, mut over) = unbounded_channel();
        let room = Arc::new(Semaphore::new(VISITORS));
        tokio::spawn(read_index(self.index, Arc::clone(&index)));
        for (at, listener) in self.doors.into_iter().enumerate() {
            let hall = Hall {
                index: Arc::clone(&index),
                door: at,
                tell: Arc::clone(&tell),
                over: sender.clone(),
                room: Arc::clone(&room),
            };
            tokio::spawn(hall.receive_all(listener));
        }
        drop(sender);
        let ended = async {
            match once {
                true => first_visit(&mut over, &book).await,
                false => {
                    // nobody keeps them
                    while over.recv().await.is_some() {}
                    None
                }
            }
        };
        tokio::select! {
            told = ended => told,
            () = stop => None,
        }
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CantListen> {
    let cant = |error| CantListen { address, error };
    let listener = TcpListener::bind(address).await.map_err(cant)?;
    let bound = listener.local_addr().map_err(cant)?;
    Ok((listener, bound))
}

/// The port so many after it; 0 stays 0.
fn nth(mut address: SocketAddr, after: usize) -> SocketAddr {
    if address.port() != 0 {
        let after = u16::try_from(after).unwrap_or(u16::MAX);
        address.set_port(address.port().saturating_add(after));
    }
    address
}

async fn read_index(listener: TcpListener, index: Arc<Index>) {
    let room = Arc::new(Semaphore::new(READERS));
    loop {
        let (stream, _) = next(&listener).await;
        if let Ok(seat) = Arc::clone(&room).try_acquire_owned() {
            let index = Arc::clone(&index);
            tokio::spawn(async move {
                http::answer(stream, move |request| index.answer(&request)).await;
                drop(seat);
            });
        }
    }
}

async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Behind a door.
#[derive(Clone)]
struct Hall {
    index: Arc<Index>,
    door: usize,
    tell: Arc<dyn Fn(&Told) + Send + Sync>,
    over: UnboundedSender<Told>,
    room: Arc<Semaphore>,
}

impl Hall {
    async fn receive_all(self, listener: TcpListener) {
        loop {
            let (stream, from) = next(&listener).await;
            match Arc::clone(&self.room).try_acquire_owned() {
                Err(_) => self.index.book.turn_away(),
                Ok(seat) => {
                    let hall = self.clone();
                    tokio::spawn(async move {
                        hall.receive(stream, from.ip()).await;
                        drop(seat);
                    });
                }
            }
        }
    }

    async fn receive(&self, stream: TcpStream, from: IpAddr) {
        let Some(placed) = self.index.book.doors.get(self.door) else {
            return;
        };
        // who says nothing is no visitor: browsers open connections in case they need them
        let Some(knock) = placed.door.reception.knock(&stream).await else {
            return;
        };
        // small answers that wait for nothing
        let _ = stream.set_nodelay(true);
        let visit = Visit {
            door: placed.door.name.clone(),
            from: from.to_canonical().to_string(),
            began: now(),
            ..Visit::default()
        };
        let (number, witness) = self.index.book.begin(self.door, visit);
        let guest = placed.door.reception.receive(stream, knock, &witness).await;
        let Some(told) = self.index.book.visit(number) else {
            return;
        };
        (self.tell)(&told);
        let index = Arc::clone(&self.index);
        match guest {
            Guest::In(stream) => {
                let page = told.clone();
                http::answer(stream, move |request| index.welcome(&request, &page)).await;
            }
            Guest::Http(stream) => {
                http::answer(stream, |_| http::not_here()).await;
            }
            Guest::Gone => {}
        }
        // fails only when the house closes
        let _ = self.over.send(told);
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
