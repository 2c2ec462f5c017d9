//! The record of what runs, in the runtime directory, which the next supervisor reads when this one was killed; and the
//! lock beside it, so that no two supervisors of one user run the same configuration. The record is written before
//! anything is started, and a moment after something has changed, by a thread of its own that ends with it: nothing that
//! runs waits for it.

use super::roster::Roster;
use super::running::AlreadyRuns;
use phpeek_actors::panics::Panics;
use phpeek_api::{Place, place};
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
#[derive(Debug, Default)]
pub(super) enum Before {
    /// It has ended well, or there was none.
    #[default]
    Nothing,
    /// This.
    Of(Record),
    /// Something that is not believed.
    Refused {
        /// Where it lies.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl Before {
    /// A record that lies where nothing can be used is not read, and not passed over either.
    fn or_refused(&mut self, path: &Path, why: String) {
        if matches!(self, Self::Nothing) && path.symlink_metadata().is_ok() {
            *self = Self::Refused { path: path.to_owned(), why };
        }
    }
}

/// The record of what runs, and the lock beside it.
pub(super) struct Ledger {
    path: PathBuf,
    lock: LockFile,
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
    /// What there was, in that folder or in one before it that cannot be used.
    pub(super) before: Before,
    /// What was not as it should be.
    pub(super) warnings: Vec<String>,
}

impl Ledger {
    /// In the first runtime directory that can be used.
    ///
    /// # Errors
    /// [`AlreadyRuns`] when somebody has this configuration already.
    pub(super) fn open(config: &Path) -> Result<Opened, AlreadyRuns> {
        let own = rustix::process::geteuid().as_raw();
        Self::open_in(&place::places(own, &environment::value), config)
    }

    fn open_in(places: &[Place], config: &Path) -> Result<Opened, AlreadyRuns> {
        let config = config.canonicalize().unwrap_or_else(|_| config.to_owned());
        let name = name_of(&config);
        let (mut warnings, mut refusals, mut before) = (Vec::new(), Vec::new(), Before::Nothing);
        for place in places {
            let folder = place.folder();
            let path = folder.join(format!("{name}.state"));
            if let Err(error) = place.prepare() {
                refusals.push(chain(&error));
                before.or_refused(&path, chain(&error));
                continue;
            }
            let runs = |pid| AlreadyRuns { config: config.clone(), pid };
            let lock = match LockFile::take(&folder.join(format!("{name}.lock")), MODE) {
                Ok(lock) => lock,
                Err(LockError::InUse { pid, .. }) => return Err(runs(pid)),
                // The folder is ours, so this is no everyday refusal.
                Err(error @ LockError::Refused { .. }) => {
                    warnings.push(chain(&error));
                    before.or_refused(&path, chain(&error));
                    continue;
                }
                Err(error @ LockError::Write { .. }) => {
                    refusals.push(chain(&error));
                    before.or_refused(&path, chain(&error));
                    continue;
                }
            };
            let found = read(&path);
            if let Before::Of(record) = &found
                && let Some(pid) = record.living_supervisor()
            {
                return Err(runs(pid));
            }
            let ledger = Some(Self { path, lock, closed: Arc::default() });
            // What was found here is of a supervisor that has passed over the same folders.
            let before = if matches!(found, Before::Nothing) { before } else { found };
            return Ok(Opened { ledger, before, warnings });
        }
        // As PID 1 of a container we are the only one in it, and nothing of it lives longer than we do.
        if std::process::id() != 1 {
            let what = "no runtime directory can be used: what a killed supervisor leaves will not be found, nor a second one \
                        of this configuration noticed";
            warnings.push(format!("{what}: {}", refusals.join("; ")));
        }
        Ok(Opened { ledger: None, before, warnings })
    }

    /// Where the record lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
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
    let refused = |why: String| Before::Refused { path: path.to_owned(), why };
    match state_file::read(path) {
        Ok(None) => Before::Nothing,
        Ok(Some(text)) => Record::parse(&text)
            .map_or_else(|| refused("it is not as a supervisor writes it".to_owned()), Before::Of),
        Err(error) => refused(error.to_string()),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::collections::BTreeMap;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    /// The place that a service is given.
    fn place(folder: &Path) -> Place {
        let var = |name: &str| (name == "RUNTIME_DIRECTORY").then(|| folder.as_os_str().to_owned());
        place::places(0, &var).into_iter().next().expect("the service's own comes first")
    }

    #[test]
    fn a_record_where_nothing_can_be_used_is_not_passed_over() {
        let root = tempfile::tempdir().expect("a folder");
        let [first, second] = ["first", "second"].map(|name| root.path().join(name));
        let config = root.path().join("config.yaml");
        let opened = || Ledger::open_in(&[place(&first), place(&second)], &config).expect("nobody has it");
        let left = opened().ledger.expect("the first can be used").path().to_owned();
        assert!(left.starts_with(&first) && matches!(opened().before, Before::Nothing));
        fs::write(&left, Record::own(BTreeMap::new()).to_text()).expect("ours");
        // Others may write into the folder from now on: what lies there may be anybody's.
        fs::set_permissions(&first, Permissions::from_mode(0o777)).expect("ours");
        let other = opened();
        assert!(other.ledger.expect("the second can be used").path().starts_with(&second));
        let Before::Refused { path, why } = other.before else { panic!("it is believed, or passed over") };
        assert!(path == left && why.contains("others may write to it"), "{why}");
        fs::remove_file(&left).expect("ours");
        assert!(
            matches!(opened().before, Before::Nothing),
            "where there is no record, there is nothing to say"
        );
    }

    #[test]
    fn a_record_behind_a_lock_that_is_not_ours_is_not_passed_over() {
        let root = tempfile::tempdir().expect("a folder");
        let (folder, config) = (root.path().join("run"), root.path().join("config.yaml"));
        let open = || Ledger::open_in(&[place(&folder)], &config).expect("nobody has it");
        let left = open().ledger.expect("it can be used").path().to_owned();
        fs::write(&left, "cut off").expect("ours");
        assert!(matches!(open().before, Before::Refused { .. }), "it is not as a supervisor writes it");
        fs::write(left.with_extension("lock"), "").expect("ours");
        fs::set_permissions(left.with_extension("lock"), Permissions::from_mode(0o666)).expect("ours");
        let opened = open();
        assert!(opened.ledger.is_none() && matches!(opened.before, Before::Refused { .. }));
    }
}
