//! Brings a control socket back that somebody has removed: at its path, with its mode, and in its folder, which is made
//! again where that may be. Owns the file; who takes connections is given the socket. Sleeps in the kernel until the
//! file may have gone. The file system is asked by a thread that ends with the answer: supervision never waits for it.

use super::error::SocketError;
use super::socket::{Listener, LockedFolder};
use super::wake::Watch;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_core::causes::chain;
use std::io;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

/// Who removes a folder removes the socket first: he is let finish. And the longest that others, who come and go in the
/// same folder all the time, are let do so before it is looked at again.
const BREATH: Duration = Duration::from_millis(100);
const LONGEST_BREATH: Duration = Duration::from_secs(2);
/// Between two looks where nothing wakes us, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// After a thread could not be started: memory or processes are short.
const AGAIN: Duration = Duration::from_secs(1);

/// The file of the socket, until the end.
#[derive(Clone)]
pub(super) struct Slot(Arc<Mutex<Option<Listener>>>);

impl Slot {
    pub(super) fn new(listener: Listener) -> Self {
        Self(Arc::new(Mutex::new(Some(listener))))
    }

    /// Removes the file. None comes in its place from then on.
    pub(super) fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// What a look has brought.
enum Found {
    /// The file is there.
    There(io::Result<Watch>),
    /// It was gone, and is there again.
    Back(io::Result<Watch>),
    /// It is gone, and cannot be made.
    Away(io::Result<Watch>, SocketError),
    /// The supervisor ends.
    Over,
}

/// Sees to it that the file is there.
pub(super) struct Keeper {
    /// Whose socket it is, for records.
    pub(super) what: &'static str,
    pub(super) slot: Slot,
    /// Where sockets go that come in place of the first.
    pub(super) fresh: mpsc::UnboundedSender<UnixListener>,
    pub(super) log: Arc<dyn LogSink>,
    pub(super) clock: Clock,
    /// Runs first in the thread that looks.
    pub(super) thread_init: fn(),
    /// Told when the file is there again: what else lay in its folder may have gone with it.
    pub(super) back: Box<dyn Fn()>,
}

impl Keeper {
    /// Until the end. `watch` was begun before anybody could have removed the file unseen.
    pub(super) async fn run(self, mut watch: io::Result<Watch>) {
        let (mut away, mut blind, mut breath) = (false, None, BREATH);
        loop {
            let begun = Instant::now();
            let changed = match watch {
                Ok(watch) => watch.changed().await,
                Err(error) => Err(error),
            };
            match changed {
                Ok(()) => {
                    blind = None;
                    sleep(breath).await;
                }
                // Instances of inotify are few on a crowded machine: it looks now and then, and ever more seldom.
                Err(error) => {
                    let pause = blind.map_or(FIRST_PAUSE, |pause: Duration| (pause * 2).min(LONGEST_PAUSE));
                    if blind.replace(pause).is_none() {
                        let message = format!("nobody may see at once that it is removed: {error}");
                        self.say(Level::Info, &message);
                    }
                    sleep(pause).await;
                }
            }
            watch = match self.look().await {
                Found::There(watch) => {
                    let often = begun.elapsed() < LONGEST_BREATH + breath;
                    breath = if often { (breath * 2).min(LONGEST_BREATH) } else { BREATH };
                    watch
                }
                Found::Back(watch) => {
                    (away, breath) = (false, BREATH);
                    self.say(Level::Warn, "it was removed, and is there again");
                    (self.back)();
                    watch
                }
                Found::Away(watch, error) => {
                    if !std::mem::replace(&mut away, true) {
                        let message = "it was removed, and comes back once it can be made";
                        self.say(Level::Warn, &format!("{message}: {}", chain(&error)));
                    }
                    watch
                }
                Found::Over => return,
            };
        }
    }

    /// Looks on a thread of its own, as soon as there is one to be had.
    async fn look(&self) -> Found {
        loop {
            let (tell, told) = oneshot::channel();
            let (slot, fresh, init) = (self.slot.clone(), self.fresh.clone(), self.thread_init);
            let begun = std::thread::Builder::new().name("socket".to_owned()).spawn(move || {
                init();
                drop(tell.send(look(&slot, &fresh))); // nobody waits at the end
            });
            if begun.is_ok()
                && let Ok(found) = told.await
            {
                return found;
            }
            sleep(AGAIN).await;
        }
    }

    fn say(&self, level: Level, message: &str) {
        if self.log.enabled(level) {
            let (at, message) = (self.clock.now(), format!("{}: {message}", self.what).into());
            self.log.log(LogRecord { at, level, message, process: None, instance: None, fields: Vec::new() });
        }
    }
}

fn look(slot: &Slot, fresh: &mpsc::UnboundedSender<UnixListener>) -> Found {
    let Some((path, place, is_there)) = slot
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .map(|listener| (listener.path().to_owned(), listener.place().clone(), listener.presence()))
    else {
        return Found::Over;
    };
    if is_there() {
        // Begun first, so that nothing is missed between the look and the sleep.
        let watch = Watch::of(&path);
        if is_there() {
            return Found::There(watch);
        }
    }
    let watch = Watch::towards(&path);
    let made = place.prepare().and_then(|()| LockedFolder::lock(place.folder())?.make(&path, place));
    let mut listener = match made {
        Ok(listener) => listener,
        Err(error) => return Found::Away(watch, error),
    };
    let (watch, socket) = (listener.watch(), listener.take());
    match &mut *slot.0.lock().unwrap_or_else(PoisonError::into_inner) {
        None => Found::Over, // what was made goes with `listener`
        Some(held) => {
            std::mem::replace(held, listener).abandon();
            if let Some(socket) = socket {
                drop(fresh.send(socket)); // nobody takes connections at the end
            }
            Found::Back(watch)
        }
    }
}
