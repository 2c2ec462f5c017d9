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
/// As many as the kernel follows (path_resolution(7)).
const MOST_LINKS: usize = 40;
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
        let steps: Vec<PathBuf> = absolute.iter().flat_map(|file| steps(file)).collect();
        self.names.replace(names_of(&steps));
        let folders = folders(&steps).into_iter();
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

fn names_of(steps: &[PathBuf]) -> BTreeSet<OsString> {
    steps.iter().filter_map(|step| step.file_name().map(ToOwned::to_owned)).collect()
}

fn folders(steps: &[PathBuf]) -> BTreeSet<PathBuf> {
    steps.iter().filter_map(|step| step.parent().map(Path::to_owned)).collect()
}

/// A file, each link on the way to it, whichever of its folders that leads through, and where it is in the end.
fn steps(file: &Path) -> Vec<PathBuf> {
    let mut found = vec![file.to_owned()];
    let parts = |path: &Path| path.components().rev().map(|part| part.as_os_str().to_owned()).collect();
    let mut to_go: Vec<OsString> = parts(file);
    let (mut at, mut links) = (PathBuf::new(), 0);
    while let Some(part) = to_go.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        match std::fs::read_link(&next) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                found.push(next);
                let more: Vec<OsString> = parts(&target);
                to_go.extend(more); // one that begins at the root leaves `at` behind by itself
            }
            _ => at = next,
        }
    }
    // One that leads nowhere has no folder that could be followed.
    found.extend(at.exists().then_some(at));
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn each_link_on_the_way_is_a_step_and_a_circle_ends() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path().canonicalize().expect("it is there");
        let at = |name: &str| root.join(name);
        fs::create_dir(at("conf.d")).expect("room");
        fs::create_dir(at("v1")).expect("room");
        fs::write(at("v1/x.yaml"), "").expect("room");
        symlink("v1", at("data")).expect("a link");
        symlink("../data/x.yaml", at("conf.d/x.yaml")).expect("a link");
        symlink(at("conf.d"), at("all")).expect("a link");
        let found = steps(&at("all/x.yaml"));
        assert_eq!(
            found,
            ["all/x.yaml", "all", "conf.d/x.yaml", "data", "v1/x.yaml"].map(&at),
            "the file as it is named, three links, the file"
        );
        assert_eq!(steps(&at("v1/x.yaml")), [at("v1/x.yaml"), at("v1/x.yaml")]);
        assert_eq!(steps(&at("none")), [at("none")]);
        symlink("b", at("a")).expect("a link");
        symlink("a", at("b")).expect("a link");
        assert!(steps(&at("a")).len() < 50);
    }
}
