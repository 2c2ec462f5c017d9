//! The file that exists exactly while all is ready. Owns it: one that an earlier run has left goes before anything is
//! started, it is written whole or not at all, comes back when somebody removes it, and is gone at the end. The thread here
//! may wait for a disk; nobody waits for the thread, but for a bounded moment at the very end.

use phpeek_core::causes::chain;
use phpeek_os::folder_watch::FolderWatch;
use phpeek_os::state_file;
use phpeek_settings::readiness::ReadyFile;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep};

/// How long the end of the program waits until the file is gone.
const LAST: Duration = Duration::from_millis(300);
/// Everybody may see that all is ready.
const MODE: u32 = 0o644;
/// The same of the folders that are made for it.
const FOLDER_MODE: u32 = 0o755;

/// Who removes it and puts another there is let finish. And the longest that others, who come and go in the same folder all
/// the time, are let do so before it is looked at again.
const BREATH: Duration = Duration::from_millis(100);
const LONGEST_BREATH: Duration = Duration::from_secs(2);

/// What tells the time.
pub(super) type Now = Box<dyn Fn() -> SystemTime + Send>;
/// Whom a failure is told to.
pub(super) type Warn = Box<dyn Fn(String) + Send>;

/// Where a watch on its folder goes each time it is there: whoever sleeps on it tells by a look.
pub(super) type Watches = UnboundedSender<FolderWatch>;

/// The hand that writes and removes it. Clones are one.
#[derive(Clone)]
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
    /// Whether it may have gone.
    look: bool,
    busy: bool,
}

impl Wish {
    /// What is to be done next; a look is no wish.
    fn take(&mut self) -> Option<Option<bool>> {
        let look = std::mem::take(&mut self.look);
        match self.next.take() {
            None if !look => None,
            next => Some(next),
        }
    }
}

/// Sleeps until the file may have gone, and has it looked at, for as long as the supervisor runs. Costs nothing while
/// nothing happens in its folder.
pub(super) async fn keep(writer: ReadyWriter, mut watches: UnboundedReceiver<FolderWatch>) {
    let mut breath = BREATH;
    while let Some(mut watch) = watches.recv().await {
        while let Ok(newer) = watches.try_recv() {
            watch = newer;
        }
        let begun = Instant::now();
        if watch.changed().await.is_err() {
            return;
        }
        sleep(breath).await;
        let often = begun.elapsed() < LONGEST_BREATH + breath;
        breath = if often { (breath * 2).min(LONGEST_BREATH) } else { BREATH };
        writer.look();
    }
}

fn is_gone(file: &ReadyFile) -> bool {
    fs::symlink_metadata(&file.path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
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
    pub(super) fn start(
        file: ReadyFile,
        now: Now,
        first: fn(),
        (warn, watches): (Warn, Watches),
    ) -> io::Result<Self> {
        let path = file.path.display().to_string();
        remove(&file).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        std::thread::Builder::new().name("ready-file".to_owned()).spawn(move || {
            first();
            theirs.serve(&file, &now, &warn, &watches);
        })?;
        Ok(Self(shared))
    }

    /// Whether it shall be there from now on. Returns at once.
    pub(super) fn wish(&self, there: bool) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).next = Some(there);
        self.0.changed.notify_all();
    }

    /// Has it looked at: it may have gone. Returns at once.
    fn look(&self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).look = true;
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
    fn serve(&self, file: &ReadyFile, now: &Now, warn: &Warn, watches: &Watches) {
        let (mut there, mut blind) = (false, false);
        let path = file.path.display();
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let wish = loop {
                match state.take() {
                    Some(wish) => break wish,
                    None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                }
            };
            state.busy = true;
            drop(state);
            there = wish.unwrap_or(there);
            let lost = wish.is_none() && there && is_gone(file);
            let (what, done) = match (there, wish.is_some() || lost) {
                (true, true) => ("write", write(file, now)),
                (false, true) => ("remove", remove(file)),
                (_, false) => ("", Ok(())),
            };
            match done {
                Ok(()) if lost => warn(format!("the readiness file {path} was removed, and is there again")),
                Ok(()) => {}
                Err(error) => warn(format!("cannot {what} the readiness file {path}: {}", chain(&error))),
            }
            let watched = if there && !is_gone(file) { self.watch(file, watches) } else { Ok(()) };
            if let Err(error) = watched
                && !std::mem::replace(&mut blind, true)
            {
                let message = "does not come back when somebody removes it";
                warn(format!("the readiness file {path} {message}: {}", chain(&error)));
            }
            self.state.lock().unwrap_or_else(PoisonError::into_inner).busy = false;
            self.changed.notify_all();
        }
    }

    /// Begins a watch, and looks once more: it may have gone before that.
    fn watch(&self, file: &ReadyFile, watches: &Watches) -> io::Result<()> {
        let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let watch = FolderWatch::of(folder.unwrap_or_else(|| Path::new(".")))?;
        if is_gone(file) {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).look = true;
        }
        drop(watches.send(watch)); // nobody sleeps on it at the end
        Ok(())
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
        let (watches, _) = tokio::sync::mpsc::unbounded_channel();
        (ReadyWriter::start(file, then(), || {}, (warn, watches)).expect("a thread"), said)
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
        let start = |file| {
            let (watches, _) = tokio::sync::mpsc::unbounded_channel();
            ReadyWriter::start(file, then(), || {}, (Box::new(|_| {}), watches))
        };
        assert!(start(blocked).is_err(), "a stale one that cannot be removed would lie");
        let nowhere = ReadyFile { path: deep.join("below"), content: None };
        assert!(start(nowhere).is_err(), "that is no folder");
    }
}
