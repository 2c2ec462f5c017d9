//! Which supervisor a command means when nobody has said it: the only one that listens in the nearest of the places, or
//! the one that is PID 1. Looks, and asks nobody anything.

use super::place::sockets;
use super::socket::{self, State};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A supervisor that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Its pid, as the kernel tells it, else as the name says.
    pub(super) pid: u32,
    /// Whether it is PID 1 here. One of another pid namespace has that in its name too.
    is_init: bool,
}

/// What a look at the folders has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Discovery {
    /// Take this one.
    One(Found),
    /// Each of these would do.
    Several(Vec<Found>),
    /// Nobody listens.
    Nobody,
    /// Nobody listens where we may look; here we may not.
    Denied(PathBuf),
}

/// Looks for the supervisor that a command means: in the first folder where any listens, the only one, or PID 1.
pub(super) fn discover(folders: &[&Path]) -> Discovery {
    let mut denied = None;
    for folder in folders {
        if let Err(error) = fs::read_dir(folder)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            denied.get_or_insert_with(|| (*folder).to_owned());
        }
        let mut living: Vec<Found> = sockets(folder).into_iter().filter_map(living).collect();
        match (living.len(), living.iter().position(|f| f.is_init)) {
            (0, _) => {}
            (1, _) => return Discovery::One(living.remove(0)),
            (_, Some(init)) => return Discovery::One(living.remove(init)),
            (_, None) => return Discovery::Several(living),
        }
    }
    denied.map_or(Discovery::Nobody, Discovery::Denied)
}

fn living((named, path): (u32, PathBuf)) -> Option<Found> {
    match socket::state(&path) {
        Ok(State::Living { pid }) => {
            let told = pid.and_then(|pid| u32::try_from(pid).ok());
            Some(Found { path, pid: told.unwrap_or(named), is_init: told == Some(1) })
        }
        Ok(State::Free | State::Stale | State::Occupied) | Err(_) => None,
    }
}

/// Whose this is: of the path, or of the nearest folder above that can be seen.
pub(super) fn owner(path: &Path) -> Option<(PathBuf, u32)> {
    path.ancestors().find_map(|path| Some((path.to_owned(), fs::symlink_metadata(path).ok()?.uid())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::folder::Place;
    use super::super::place::make_in;
    use super::super::socket::Listener;
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_command_takes_the_only_one_of_the_nearest_folder() {
        let parent = tempfile::tempdir().expect("a folder");
        let own = |folder: &PathBuf| Place::of_rule(folder.clone(), None);
        let (near, far) = (parent.path().join("near"), parent.path().join("far"));
        let none = parent.path().join("none");
        let all = [near.as_path(), &none, &far];
        assert_eq!(discover(&all), Discovery::Nobody);
        let of_far = make_in(&[own(&far)]).expect("a socket");
        fs::create_dir(&near).expect("room");
        drop(UnixListener::bind(near.join("4194305.sock")).expect("a stale one"));
        let one = |listener: &Listener| match discover(&all) {
            Discovery::One(found) => found.path == listener.path() && found.pid == std::process::id(),
            _ => false,
        };
        assert!(one(&of_far));
        let of_near = make_in(&[own(&near)]).expect("a socket");
        assert!(one(&of_near));
        let another = make_in(&[own(&near)]).expect("a socket");
        let Discovery::Several(several) = discover(&all) else { panic!("there are two") };
        let paths: Vec<_> = several.iter().map(|f| f.path.as_path()).collect();
        let mut both = [of_near.path(), another.path()];
        both.sort();
        assert_eq!(paths, both);
    }
}
