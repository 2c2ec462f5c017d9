//! `serve --watch`: follows the files of the configuration and asks for a reload when one of them was written or replaced,
//! and it has been still for a moment: a file is often written in pieces. Sees Kubernetes' way too, which swaps a
//! symbolic link (`..data`) beside the file. Reads nothing.

use super::reloads::{Ask, Reloads};
use phpeek_os::file_watch::FileWatch;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// So long nothing must happen before the configuration is read.
const STILL: Duration = Duration::from_millis(200);
/// And so long it is put off at most, however often they are written.
const LONGEST: Duration = Duration::from_secs(2);
/// A ConfigMap's link to what it holds now.
const SWAPPED: &str = "..data";

/// What follows the files.
pub(super) struct Follower {
    watch: Rc<FileWatch>,
    names: Rc<RefCell<BTreeSet<OsString>>>,
}

impl Follower {
    /// Follows nothing yet.
    pub(super) fn new(reloads: Reloads) -> io::Result<Self> {
        let own = Self { watch: Rc::new(FileWatch::new()?), names: Rc::default() };
        actix::spawn(follow(own.watch.clone(), own.names.clone(), reloads));
        Ok(own)
    }

    /// Follows these files from now on, wherever their links lead. Gives the folders that cannot be followed.
    pub(super) fn follow(&self, files: &[PathBuf]) -> Vec<(PathBuf, io::Error)> {
        let absolute: Vec<PathBuf> = files.iter().filter_map(|file| std::path::absolute(file).ok()).collect();
        self.names.replace(names_of(&absolute));
        let folders = folders(&absolute).into_iter();
        folders.filter_map(|folder| self.watch.add(&folder).err().map(|error| (folder, error))).collect()
    }
}

async fn follow(watch: Rc<FileWatch>, names: Rc<RefCell<BTreeSet<OsString>>>, reloads: Reloads) {
    while let Ok(changed) = watch.changed().await {
        if matters(&changed, &names.borrow()) {
            still(&watch, &names).await;
            reloads.ask(Ask::Reload(None));
        }
    }
}

/// Waits until none of the files has changed for a moment, whatever others in their folders do.
async fn still(watch: &FileWatch, names: &RefCell<BTreeSet<OsString>>) {
    let longest = Instant::now() + LONGEST;
    let mut until = Instant::now() + STILL;
    while Instant::now() < until {
        match timeout_at(until, watch.changed()).await {
            Ok(Ok(changed)) if matters(&changed, &names.borrow()) => {
                until = longest.min(Instant::now() + STILL);
            }
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// Whether one of these may be a file of the configuration, or may become one by a pattern of `include`.
fn matters(changed: &[PathBuf], names: &BTreeSet<OsString>) -> bool {
    let is_ours = |file: &PathBuf| {
        let configuration = file.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
        configuration || file.file_name().is_some_and(|name| name == SWAPPED || names.contains(name))
    };
    changed.is_empty() || changed.iter().any(is_ours)
}

fn names_of(files: &[PathBuf]) -> BTreeSet<OsString> {
    let real = files.iter().filter_map(|file| file.canonicalize().ok());
    let all = files.iter().cloned().chain(real);
    all.filter_map(|file| file.file_name().map(ToOwned::to_owned)).collect()
}

/// Where the files are, and where their links lead.
fn folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let real = files.iter().filter_map(|file| file.canonicalize().ok());
    files.iter().cloned().chain(real).filter_map(|file| file.parent().map(Path::to_owned)).collect()
}
