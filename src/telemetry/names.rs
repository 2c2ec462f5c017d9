//! Names to addresses, as the system resolves them (getaddrinfo: hosts file, NSS, DNS). A look-up is a thread of its
//! own for as long as it takes, at most one for a receiver: who stops waiting for it does not stop it, and the next
//! who asks gets its answer. Must never panic when no thread can be had: that is an error, and the next attempt tries
//! again.

use phpeek_os::signals::block_all_in_this_thread;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, oneshot};

/// How long one attempt waits for a name. The system's own bound is longer: 5 s for each dead name server, twice.
const PATIENCE: Duration = Duration::from_secs(15);
/// An answer that nobody has taken for so long may be wrong by now.
const FRESH: Duration = Duration::from_secs(30);

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// The system does not know the name, or cannot ask.
    #[error("the name {name} is not found")]
    Unknown {
        /// Which name.
        name: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The name servers are silent.
    #[error("the name {0} was not resolved within 15 s: its name servers do not answer")]
    Late(String),
    /// The system has no thread left for the look-up.
    #[error("no thread can be had to look the name {name} up")]
    NoThread {
        /// Which name.
        name: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Asks the system; may take as long as the system likes.
type Ask = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

struct Answer {
    at: Instant,
    found: io::Result<Vec<SocketAddr>>,
}

/// The look-up of one name.
#[derive(Debug)]
pub(super) struct Lookup {
    name: String,
    port: u16,
    ask: Ask,
    running: Mutex<Option<oneshot::Receiver<Answer>>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.found.fmt(f)
    }
}

impl Lookup {
    /// `name` may be an address; one of IPv6 without its brackets.
    pub(super) fn new(name: &str, port: u16) -> Self {
        let ask = |name: &str, port| (name, port).to_socket_addrs().map(Iterator::collect);
        Self { name: name.to_owned(), port, ask, running: Mutex::new(None) }
    }

    /// The addresses, at least one, in the order in which the system prefers them.
    pub(super) async fn addresses(&self) -> Result<Vec<SocketAddr>, NameError> {
        if let Ok(address) = self.name.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let answer = tokio::time::timeout(PATIENCE, self.answer()).await;
        let found = answer.map_err(|_| NameError::Late(self.name.clone()))??;
        let unknown = |source| NameError::Unknown { name: self.name.clone(), source };
        match found {
            Ok(found) if found.is_empty() => Err(unknown(io::Error::from(io::ErrorKind::NotFound))),
            Ok(found) => Ok(found),
            Err(source) => Err(unknown(source)),
        }
    }

    async fn answer(&self) -> Result<io::Result<Vec<SocketAddr>>, NameError> {
        // What waits here may be dropped at any point: a look-up that runs stays where the next finds it.
        let mut running = self.running.lock().await;
        loop {
            let answer = match running.as_mut() {
                Some(answer) => answer,
                None => running.insert(self.begin()?),
            };
            let answer = answer.await;
            *running = None;
            match answer {
                Ok(answer) if answer.at.elapsed() <= FRESH => return Ok(answer.found),
                Ok(_) => {}
                Err(_) => return Ok(Err(io::Error::other("the look-up ended without an answer"))),
            }
        }
    }

    fn begin(&self) -> Result<oneshot::Receiver<Answer>, NameError> {
        let (tell, answer) = oneshot::channel();
        let (name, port, ask) = (self.name.clone(), self.port, self.ask);
        let begun = std::thread::Builder::new().name("name-lookup".to_owned()).spawn(move || {
            // A handler must not run here: a child may share our memory by then.
            let found = block_all_in_this_thread().and_then(|()| ask(&name, port));
            drop(tell.send(Answer { at: Instant::now(), found })); // who asked may be gone with tracing itself
        });
        match begun {
            Ok(_) => Ok(answer),
            Err(source) => Err(NameError::NoThread { name: self.name.clone(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Barrier, LazyLock};

    #[tokio::test]
    async fn an_address_needs_no_look_up() {
        let ask = |_: &str, _| Err(io::Error::other("asked"));
        let lookup = |name: &str| Lookup { ask, ..Lookup::new(name, 1) };
        let own = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 1));
        assert_eq!(lookup("::1").addresses().await.ok(), Some(vec![own]));
        assert!(matches!(lookup("collector").addresses().await, Err(NameError::Unknown { .. })));
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_the_look_up_to_the_next() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        static GATE: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(2));
        let ask = |_: &str, port| {
            if ASKED.fetch_add(1, SeqCst) == 0 {
                GATE.wait();
            }
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
        };
        let lookup = Lookup { ask, ..Lookup::new("collector", 7) };
        let first = tokio::time::timeout(Duration::from_millis(1), lookup.addresses()).await;
        assert!(first.is_err(), "the system has not answered");
        GATE.wait();
        let second = lookup.addresses().await.expect("found");
        assert_eq!((second.len(), ASKED.load(SeqCst)), (1, 1));
        lookup.addresses().await.expect("found");
        assert_eq!(ASKED.load(SeqCst), 2, "an answer is used once");
    }

    #[tokio::test]
    async fn a_look_up_that_panics_is_an_error_and_the_next_one_is_made() {
        let ask =
            |_: &str, _| -> io::Result<Vec<SocketAddr>> { std::panic::resume_unwind(Box::new("planted")) };
        let lookup = Lookup { ask, ..Lookup::new("collector", 7) };
        for _ in 0..2 {
            assert!(matches!(lookup.addresses().await, Err(NameError::Unknown { .. })));
        }
    }
}
