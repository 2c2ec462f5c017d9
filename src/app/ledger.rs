//! The record of what runs, in the runtime directory, which the next supervisor reads when this one was killed; and the
//! lock beside it, so that no two supervisors of one user run the same configuration. The record is written before
//! anything is started, and a moment after something has changed, by a thread of its own that ends with it: nothing that
//! runs waits for it.

use super::roster::Roster;
use super::running::AlreadyRuns;
use phpeek_actors::panics::Panics;
use phpeek_api::place;
use phpeek_core::causes::chain;
use phpeek_core::ids::TaskId;
use phpeek_os::environment;
use phpeek_os::lock_file::{LockError, LockFile};
use phpeek_os::reaper::Children;
use phpeek_os::signals::block_all_in_this_thread;
use phpeek_os::state_file;
use phpeek_os::survivors::Record;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Nobody else reads what runs here.
const MODE: u32 = 0o600;
/// So much is gathered before it is written. What began since then is known by its mark alone.
const GATHERED: Duration = Duration::from_millis(500);
/// How long the end of the program waits for a write that is under way; a disk may hang.
const LAST_WRITE: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(2);

/// What the supervisor before this one has written down.
#[derive(Debug)]
pub(super) enum Before {
    /// It has ended well, or there was none.
    Nothing,
    /// This.
    Of(Record),
    /// Something that is not believed, for this reason.
    Refused(String),
}

/// The record of what runs, and the lock beside it.
pub(super) struct Ledger {
    path: PathBuf,
    lock: LockFile,
    before: Before,
    /// Whether it is over; held while the record is written, so that none appears after the end.
    closed: Arc<Mutex<bool>>,
}

/// A record, and what came of writing it down.
pub(super) struct Written {
    record: Record,
    result: io::Result<()>,
}

/// What came of the wish for a ledger.
#[derive(Default)]
pub(super) struct Opened {
    /// None when no folder can be used.
    pub(super) ledger: Option<Ledger>,
    /// What was not as it should be.
    pub(super) warnings: Vec<String>,
}

impl Ledger {
    /// In the first runtime directory that can be used.
    ///
    /// # Errors
    /// [`AlreadyRuns`] when somebody has this configuration already.
    pub(super) fn open(config: &Path) -> Result<Opened, AlreadyRuns> {
        let config = config.canonicalize().unwrap_or_else(|_| config.to_owned());
        let own = rustix::process::geteuid().as_raw();
        let (mut warnings, mut refusals) = (Vec::new(), Vec::new());
        for place in place::places(own, &environment::value) {
            if let Err(error) = place.prepare() {
                refusals.push(chain(&error));
                continue;
            }
            let folder = place.folder();
            let name = name_of(&config);
            let runs = |pid| AlreadyRuns { config: config.clone(), pid };
            let lock = match LockFile::take(&folder.join(format!("{name}.lock")), MODE) {
                Ok(lock) => lock,
                Err(LockError::InUse { pid, .. }) => return Err(runs(pid)),
                // The folder is ours, so this is no everyday refusal.
                Err(error @ LockError::Refused { .. }) => {
                    warnings.push(chain(&error));
                    continue;
                }
                Err(error @ LockError::Write { .. }) => {
                    refusals.push(chain(&error));
                    continue;
                }
            };
            let path = folder.join(format!("{name}.state"));
            let before = read(&path);
            if let Before::Of(record) = &before
                && let Some(pid) = record.living_supervisor()
            {
                return Err(runs(pid));
            }
            return Ok(Opened {
                ledger: Some(Self { path, lock, before, closed: Arc::default() }),
                warnings,
            });
        }
        // As PID 1 of a container we are the only one in it, and nothing of it lives longer than we do.
        if std::process::id() != 1 {
            let what = "no runtime directory can be used: what a killed supervisor leaves will not be found, nor a second one \
                        of this configuration noticed";
            warnings.push(format!("{what}: {}", refusals.join("; ")));
        }
        Ok(Opened { ledger: None, warnings })
    }

    /// Where the record lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the supervisor before this one has written down.
    pub(super) fn before(&self) -> &Before {
        &self.before
    }

    /// Writes down whose supervisor this is, before anything is started: what begins from now on can be known by its
    /// mark.
    pub(super) fn begin(&self, roster: &Roster) -> Written {
        let record = Record::own(roster.names());
        let result = write(&self.path, &record);
        Written { record, result }
    }

    /// Writes down what runs, for as long as the supervisor does. Tells of a record that cannot be written once, until
    /// it can again.
    pub(super) async fn keep(
        self: Rc<Self>,
        first: Written,
        (roster, children): (Rc<Roster>, Rc<Children>),
        (panics, tell): (Panics, impl Fn(String)),
    ) {
        let (mut written, mut told) = (first, false);
        loop {
            if let Err(error) = &written.result
                && !told
            {
                let path = self.path.display();
                tell(format!(
                    "what runs cannot be written down in {path}, for a supervisor after this one: {error}"
                ));
            }
            told = written.result.is_err();
            children.changes().notified().await;
            sleep(GATHERED).await;
            let now = panics.caught("record of what runs", || (roster.names(), children.leaders()));
            // After a panic the next change tries again.
            let Some((names, leaders)) = now else { continue };
            written = self.write(written.record.with(names), leaders).await;
        }
    }

    /// On a thread of its own, which looks up what is new and waits for the disk. Where there is no thread to be had the
    /// next change tries again.
    async fn write(&self, record: Record, leaders: Vec<(i32, TaskId)>) -> Written {
        let (path, spare, closed) = (self.path.clone(), record.clone(), self.closed.clone());
        let (send, receive) = oneshot::channel();
        let begun = std::thread::Builder::new().name("state".to_owned()).spawn(move || {
            if block_all_in_this_thread().is_err() {
                return; // a handler must not run here: the next change tries again
            }
            let mut record = record;
            record.note(&leaders);
            let closed = closed.lock().unwrap_or_else(PoisonError::into_inner);
            if *closed {
                return;
            }
            let result = write(&path, &record);
            drop(closed);
            drop(send.send(Written { record, result }));
        });
        let failed = |error| Written { record: spare, result: Err(error) };
        match begun {
            Ok(_) => match receive.await {
                Ok(written) => written,
                Err(_) => failed(io::Error::other("its thread has failed")),
            },
            Err(error) => failed(error),
        }
    }

    /// Everything has stopped: nobody need look for anything.
    pub(super) fn close(&self) {
        let until = Instant::now() + LAST_WRITE;
        loop {
            match self.closed.try_lock() {
                Ok(mut closed) => break *closed = true,
                Err(TryLockError::Poisoned(closed)) => break *closed.into_inner() = true,
                Err(TryLockError::WouldBlock) if Instant::now() >= until => return, // the disk hangs
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(STEP),
            }
        }
        drop(std::fs::remove_file(&self.path));
        drop(std::fs::remove_file(self.lock.path()));
    }
}

fn write(path: &Path, record: &Record) -> io::Result<()> {
    state_file::replace(path, record.to_text().as_bytes(), MODE)
}

fn read(path: &Path) -> Before {
    match state_file::read(path) {
        Ok(None) => Before::Nothing,
        Ok(Some(text)) => Record::parse(&text)
            .map_or_else(|| Before::Refused("it is not as a supervisor writes it".to_owned()), Before::Of),
        Err(error) => Before::Refused(error.to_string()),
    }
}

/// A name for a configuration that is the same for each supervisor of it: FNV-1a of its path, which nobody has to
/// invert or to guess.
fn name_of(config: &Path) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in config.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}
