//! A way between a client and servers that changes: each connection goes where the test wants it.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// It relays for as long as the test's process lives.
pub struct Relay {
    pub address: SocketAddr,
    seen: Arc<AtomicUsize>,
}

impl Relay {
    /// `route` is told how many came before, and says where to; `None`: it is taken and nothing more.
    pub fn start(route: impl Fn(usize) -> Option<SocketAddr> + Send + 'static) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for client in listener.incoming().map_while(Result::ok) {
                let before = counter.fetch_add(1, Ordering::SeqCst);
                match route(before).map(TcpStream::connect) {
                    Some(Ok(server)) => both_ways(client, server),
                    // the client sees that it closes
                    Some(Err(_)) => {}
                    None => silent.push(client),
                }
            }
        });
        Relay { address, seen }
    }

    /// Connections so far.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

fn both_ways(client: TcpStream, server: TcpStream) {
    let pairs = [
        (client.try_clone().unwrap(), server.try_clone().unwrap()),
        (server, client),
    ];
    for (mut from, mut to) in pairs {
        std::thread::spawn(move || {
            // an end is an end, whoever made it
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}
