//! Real requests, one after the other on two threads, and what became of them. Bounded: it stops when the value goes
//! or after ten minutes.

use crate::support::http::get;
use crate::support::{LONG, wait_until};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Two, so that requests overlap.
const THREADS: usize = 2;
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicUsize,
    /// Of requests that were not answered with 200: when each began and ended, in ns since the epoch as spans have it, and
    /// what happened.
    failures: Mutex<Vec<String>>,
}

/// Requests that go on in the background.
#[derive(Debug)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What became of them.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Answered with 200.
    pub(crate) answered: usize,
    /// The others.
    pub(crate) failures: Vec<String>,
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(since.as_nanos()).expect("before the year 2554")
}

fn ask(port: u16, shared: &Shared) {
    let until = Instant::now() + LIMIT;
    while !shared.stop.load(Ordering::SeqCst) && Instant::now() < until {
        let began = now();
        let what = match get(port, "/") {
            Ok((200, body)) if body.starts_with("visit ") => {
                shared.answered.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            Ok((status, body)) => format!("{status} {body}"),
            Err(error) => error.to_string(),
        };
        shared.failures.lock().expect("no thread panics here").push(format!("{began} to {}: {what}", now()));
        std::thread::yield_now();
    }
}

impl Load {
    /// Begins to ask.
    pub(crate) fn start(port: u16) -> Self {
        let shared = Arc::new(Shared::default());
        let threads = (0..THREADS)
            .map(|_| {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || ask(port, &shared))
            })
            .collect();
        let load = Self { shared, threads };
        load.goes_on();
        load
    }

    /// Waits for twenty more answers.
    pub(crate) fn goes_on(&self) {
        let before = self.shared.answered.load(Ordering::SeqCst);
        wait_until(LONG, "requests are answered", || {
            self.shared.answered.load(Ordering::SeqCst) >= before + 20
        });
    }

    /// Stops asking.
    pub(crate) fn stop(mut self) -> Outcome {
        self.shared.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().expect("the load does not panic");
        }
        let failures = self.shared.failures.lock().expect("no thread panics here").clone();
        Outcome { answered: self.shared.answered.load(Ordering::SeqCst), failures }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
    }
}
