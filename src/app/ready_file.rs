//! The file that exists exactly while all is ready. Owns it: one that an earlier run has left goes before anything is
//! started, it is written whole or not at all, and it is gone at the end. The thread here may wait for a disk; nobody
//! waits for the thread, but for a bounded moment at the very end.

use phpeek_core::causes::chain;
use phpeek_os::state_file;
use phpeek_settings::readiness::ReadyFile;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the end of the program waits until the file is gone.
const LAST: Duration = Duration::from_millis(300);
/// Everybody may see that all is ready.
const MODE: u32 = 0o644;
/// The same of the folders that are made for it.
const FOLDER_MODE: u32 = 0o755;

/// What tells the time.
pub(super) type Now = Box<dyn Fn() -> SystemTime + Send>;
/// Whom a failure is told to.
pub(super) type Warn = Box<dyn Fn(String) + Send>;

/// The hand that writes and removes it.
pub(super) struct ReadyWriter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<Wish>,
    changed: Condvar,
}

#[derive(Default)]
struct Wish {
    /// Whether it shall be there; an older wish is of no use to anybody.
    next: Option<bool>,
    busy: bool,
}

fn remove(file: &ReadyFile) -> io::Result<()> {
    match fs::remove_file(&file.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(file: &ReadyFile, now: &Now) -> io::Result<()> {
    if let Some(folder) = file.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    }
    let content = file.content.clone().unwrap_or_else(|| {
        let seconds = now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        format!("ready\ntimestamp={seconds}\n")
    });
    state_file::replace(&file.path, content.as_bytes(), MODE)
}

impl ReadyWriter {
    /// Removes what an earlier run has left, and starts the thread; `first` runs in it before anything else. Before
    /// anything is started, so it may wait for the disk.
    ///
    /// # Errors
    /// When a stale file cannot be removed, which would say that all is ready, or the system gives no thread.
    pub(super) fn start(file: ReadyFile, now: Now, first: fn(), warn: Warn) -> io::Result<Self> {
        let path = file.path.display().to_string();
        remove(&file).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        std::thread::Builder::new().name("ready-file".to_owned()).spawn(move || {
            first();
            theirs.serve(&file, &now, &warn);
        })?;
        Ok(Self(shared))
    }

    /// Whether it shall be there from now on. Returns at once.
    pub(super) fn wish(&self, there: bool) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).next = Some(there);
        self.0.changed.notify_all();
    }

    /// Waits until the last wish is fulfilled, but not long: a disk may hang.
    pub(super) fn finish(&self) {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |wish: &mut Wish| wish.next.is_some() || wish.busy;
        drop(self.0.changed.wait_timeout_while(state, LAST, busy));
    }
}

impl Shared {
    fn serve(&self, file: &ReadyFile, now: &Now, warn: &Warn) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let there = loop {
                match state.next.take() {
                    Some(there) => break there,
                    None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                }
            };
            state.busy = true;
            drop(state);
            let (what, done) = if there { ("write", write(file, now)) } else { ("remove", remove(file)) };
            if let Err(error) = done {
                let path = file.path.display();
                warn(format!("cannot {what} the readiness file {path}: {}", chain(&error)));
            }
            self.state.lock().unwrap_or_else(PoisonError::into_inner).busy = false;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::path::PathBuf;
    use std::sync::mpsc;

    fn then() -> Now {
        Box::new(|| UNIX_EPOCH + Duration::from_secs(7))
    }

    fn settled(writer: &ReadyWriter) {
        let state = writer.0.state.lock().expect("it is whole");
        let busy = |wish: &mut Wish| wish.next.is_some() || wish.busy;
        let late = writer.0.changed.wait_timeout_while(state, Duration::from_secs(60), busy);
        assert!(!late.expect("it is whole").1.timed_out(), "the file is never written");
    }

    fn start(path: PathBuf, content: Option<&str>) -> (ReadyWriter, mpsc::Receiver<String>) {
        let (send, said) = mpsc::channel();
        let file = ReadyFile { path, content: content.map(str::to_owned) };
        let warn = Box::new(move |text| send.send(text).expect("somebody listens"));
        (ReadyWriter::start(file, then(), || {}, warn).expect("a thread"), said)
    }

    #[test]
    fn it_is_there_while_it_shall_be_and_a_stale_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ready");
        fs::write(&path, "stale").expect("room");
        let (writer, _said) = start(path.clone(), None);
        assert!(!path.exists(), "what an earlier run has left");
        writer.wish(true);
        settled(&writer);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "ready\ntimestamp=7\n");
        writer.wish(false);
        settled(&writer);
        assert!(!path.exists());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing else is left");
    }

    #[test]
    fn its_folder_is_made_and_what_cannot_be_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("a/b/ready");
        let (writer, _said) = start(deep.clone(), Some("OK"));
        writer.wish(true);
        settled(&writer);
        assert_eq!(fs::read_to_string(&deep).expect("it is there"), "OK");
        let (writer, said) = start(folder.path().join("c/ready"), None);
        fs::write(folder.path().join("c"), "no folder").expect("room");
        writer.wish(true);
        settled(&writer);
        assert!(said.recv().expect("a word").contains("cannot write the readiness file"));
        let blocked = ReadyFile { path: folder.path().join("a"), content: None };
        let refused = ReadyWriter::start(blocked, then(), || {}, Box::new(|_| {}));
        assert!(refused.is_err(), "a stale one that cannot be removed would lie");
        let nowhere = ReadyFile { path: deep.join("below"), content: None };
        assert!(ReadyWriter::start(nowhere, then(), || {}, Box::new(|_| {})).is_err(), "that is no folder");
    }
}
