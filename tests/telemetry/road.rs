//! A TCP forwarder that stands between the exporter and a receiver. When it freezes, connections that are open stay open
//! and nothing comes through them any more, as behind a load balancer whose server is gone; new ones are forwarded.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[derive(Clone, Default)]
pub(crate) struct Road {
    /// Connections so far.
    taken: Arc<AtomicUsize>,
    /// Connections up to this number are frozen.
    frozen: Arc<AtomicUsize>,
}

impl Road {
    /// A road to `to`, and the port where it begins.
    pub(crate) fn to(to: String) -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let road = Self::default();
        let here = road.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let number = here.taken.fetch_add(1, SeqCst) + 1;
                let Ok(far) = TcpStream::connect(&to) else { continue };
                let (from, back) = (near.try_clone().expect("cloned"), far.try_clone().expect("cloned"));
                let (one, other) = (here.clone(), here.clone());
                std::thread::spawn(move || one.carry(from, far, number));
                std::thread::spawn(move || other.carry(back, near, number));
            }
        });
        (road, port)
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, number: usize) {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let open = number > self.frozen.load(SeqCst);
            if open && to.write_all(buffer.get(..length).unwrap_or_default()).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Write)); // it may be closed already
    }

    /// All that is open now is dead from here on.
    pub(crate) fn freeze(&self) {
        self.frozen.store(self.taken(), SeqCst);
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }
}
