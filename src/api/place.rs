//! Where control sockets lie when nobody has said it. The rule is one for the supervisor and for commands: a list of
//! folders; in the first that can be used, `PID.sock`. A name of its own for each, because many supervisors may run
//! on one machine: they never fight for a name, and a command takes the only one that runs, or the one that is PID 1.

use super::socket::{self, Listener, LockedFolder, SocketError, State};
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Supervisors of other pid namespaces may have the same pid and see the same folder.
const SAME_PID: u32 = 64;
/// Sockets of a folder that are looked at; more are left by nobody but a loop that kills supervisors.
const LOOKED_AT: usize = 4096;

/// The environment as the rule sees it.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The folders in their order, for a supervisor or a command of this user.
#[must_use]
pub fn folders(uid: u32, var: Lookup<'_>) -> Vec<PathBuf> {
    let absolute = |name: &str| {
        let value = var(name)?;
        // systemd gives several with colons between them; the first is the service's own (systemd.exec(5)).
        let first = value.to_string_lossy().split(':').next().map(PathBuf::from)?;
        Some(first).filter(|p| p.is_absolute())
    };
    let service = absolute("RUNTIME_DIRECTORY");
    let user = absolute("XDG_RUNTIME_DIR").filter(|_| uid != 0).map(|p| p.join("phpeek-pm"));
    let shared = PathBuf::from("/run/phpeek-pm");
    // For a user who may write nowhere else, and for a container whose file system is read-only.
    let last = PathBuf::from(format!("/tmp/phpeek-pm-{uid}"));
    service.into_iter().chain(user).chain([shared, last]).collect()
}

/// Makes the socket `path`, which somebody has configured.
///
/// # Errors
/// [`SocketError`] when a living supervisor has it, or it cannot be made.
pub fn make_at(path: &Path) -> Result<Listener, SocketError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    LockedFolder::lock(folder)?.make(path)
}

/// Makes a socket in the first of the folders that can be used.
///
/// # Errors
/// What was wrong with each, in their order.
pub fn make_in(folders: &[PathBuf]) -> Result<Listener, Vec<SocketError>> {
    let mut errors = Vec::new();
    for folder in folders {
        match make_own(folder) {
            Ok(listener) => return Ok(listener),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

fn make_own(folder: &Path) -> Result<Listener, SocketError> {
    prepare(folder)?;
    let locked = LockedFolder::lock(folder)?;
    sweep(&locked);
    let pid = std::process::id();
    let names =
        std::iter::once(format!("{pid}.sock")).chain((2..=SAME_PID).map(|n| format!("{pid}-{n}.sock")));
    let mut result = Err(SocketError::Folder { path: folder.to_owned(), why: "every name is taken" });
    for name in names {
        result = locked.make(&folder.join(name));
        if !matches!(result, Err(SocketError::InUse { .. } | SocketError::Occupied(_))) {
            break;
        }
    }
    result
}

/// Makes the folder, or sees that nobody else can put anything into it.
///
/// # Errors
/// [`SocketError`] says what is wrong with it.
pub fn prepare(folder: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Make { path: folder.to_owned(), source };
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let found = fs::symlink_metadata(folder).map_err(failed)?;
    let why = if !found.is_dir() {
        "it is no directory"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to another user"
    } else if found.mode() & 0o022 != 0 {
        "others may write to it"
    } else {
        return Ok(());
    };
    Err(SocketError::Folder { path: folder.to_owned(), why })
}

/// Whether only we or root can have put a socket into this folder.
pub(super) fn is_trusted(folder: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(folder)
        .is_ok_and(|f| f.is_dir() && (f.uid() == own || f.uid() == 0) && f.mode() & 0o022 == 0)
}

/// Removes what killed supervisors have left. A process that runs under the pid of the name is not asked: it would be
/// woken for nothing.
fn sweep(folder: &LockedFolder) {
    for (pid, path) in sockets(folder.path()) {
        let runs = Path::new("/proc").join(pid.to_string()).exists();
        if !runs && matches!(socket::state(&path), Ok(State::Stale)) {
            // Somebody else may have done it; a name that stays costs nothing but a look.
            drop(fs::remove_file(path));
        }
    }
}

/// The sockets of a folder by the rule's names, with the pid in each.
fn sockets(folder: &Path) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let stem = name.to_str()?.strip_suffix(".sock")?;
        let pid = match stem.split_once('-') {
            Some((pid, number)) => number.parse::<u32>().ok().and(pid.parse().ok())?,
            None => stem.parse().ok()?,
        };
        Some((pid, entry.path()))
    };
    let mut all: Vec<_> = entries.flatten().take(LOOKED_AT).filter_map(named).collect();
    all.sort();
    all
}

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
pub(super) fn discover(folders: &[PathBuf]) -> Discovery {
    let mut denied = None;
    for folder in folders {
        if let Err(error) = fs::read_dir(folder)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            denied.get_or_insert_with(|| folder.clone());
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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    fn shown(uid: u32, vars: &[(&str, &str)]) -> Vec<String> {
        let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        folders(uid, &var).iter().map(|f| f.display().to_string()).collect()
    }

    fn folder(parent: &tempfile::TempDir, name: &str) -> PathBuf {
        let path = parent.path().join(name);
        DirBuilder::new().mode(0o700).create(&path).expect("a folder");
        path
    }

    #[test]
    fn the_folders_are_those_of_the_service_the_user_and_the_machine() {
        assert_eq!(shown(0, &[]), ["/run/phpeek-pm", "/tmp/phpeek-pm-0"]);
        assert_eq!(shown(7, &[]), ["/run/phpeek-pm", "/tmp/phpeek-pm-7"]);
        let vars = [("RUNTIME_DIRECTORY", "/run/app:/run/more"), ("XDG_RUNTIME_DIR", "/run/user/7")];
        assert_eq!(shown(7, &vars)[..2], ["/run/app", "/run/user/7/phpeek-pm"]);
        assert_eq!(shown(0, &vars)[..2], ["/run/app", "/run/phpeek-pm"], "root's login is nobody's runtime");
        let odd = [("RUNTIME_DIRECTORY", ""), ("XDG_RUNTIME_DIR", "relative")];
        assert_eq!(shown(7, &odd), shown(7, &[]));
    }

    #[test]
    fn names_go_round_those_who_live_and_take_the_place_of_the_dead() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = folder(&parent, "run");
        let all = [folder.clone()];
        let pid = std::process::id();
        let first = make_in(&all).expect("a socket");
        let second = make_in(&all).expect("another");
        assert_eq!(first.path(), folder.join(format!("{pid}.sock")));
        assert_eq!(second.path(), folder.join(format!("{pid}-2.sock")));
        drop(first);
        // std leaves the file behind, as a supervisor that was killed does.
        drop(UnixListener::bind(folder.join(format!("{pid}.sock"))).expect("a stale one"));
        let third = make_in(&all).expect("in its place");
        assert_eq!(third.path(), folder.join(format!("{pid}.sock")));
        assert!(
            matches!(make_at(third.path()), Err(SocketError::InUse { pid: Some(p), .. }) if p.cast_unsigned() == pid)
        );
        drop((second, third));
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0);
    }

    #[test]
    fn what_the_dead_left_is_cleared_away_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = folder(&parent, "run");
        // Above the largest pid that Linux gives (proc(5), pid_max).
        let dead = folder.join("4194305.sock");
        drop(UnixListener::bind(&dead).expect("a stale one"));
        let foreign = folder.join("theirs.sock");
        drop(UnixListener::bind(&foreign).expect("a stale one"));
        let living = folder.join("4194306.sock");
        let _listens = UnixListener::bind(&living).expect("a living one");
        fs::write(folder.join("4194307.sock"), "text").expect("a file");
        let own = make_in(std::slice::from_ref(&folder)).expect("a socket");
        assert!(!dead.exists() && foreign.exists() && living.exists());
        assert!(folder.join("4194307.sock").exists() && own.path().exists());
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_not_used() {
        let parent = tempfile::tempdir().expect("a folder");
        let open = folder(&parent, "open");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("a mode");
        let link = parent.path().join("link");
        symlink(folder(&parent, "target"), &link).expect("a link");
        let file = parent.path().join("file");
        fs::write(&file, "").expect("a file");
        let errors = make_in(&[open, link, file, parent.path().join("no/no")]).expect_err("none is good");
        let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(why[0].ends_with("others may write to it"), "{why:?}");
        assert!(why[1].ends_with("it is no directory") && why[2].ends_with("it is no directory"), "{why:?}");
        assert!(matches!(errors[3], SocketError::Make { .. }), "{why:?}");
        let good = folder(&parent, "good");
        let own = make_in(&[parent.path().join("no/no"), good.clone()]).expect("the second is good");
        assert_eq!(own.path().parent(), Some(good.as_path()));
    }

    #[test]
    fn a_command_takes_the_only_one_of_the_nearest_folder() {
        let parent = tempfile::tempdir().expect("a folder");
        let (near, far) = (folder(&parent, "near"), folder(&parent, "far"));
        let all = [near.clone(), parent.path().join("none"), far.clone()];
        assert_eq!(discover(&all), Discovery::Nobody);
        let of_far = make_in(std::slice::from_ref(&far)).expect("a socket");
        drop(UnixListener::bind(near.join("4194305.sock")).expect("a stale one"));
        let one = |listener: &Listener| match discover(&all) {
            Discovery::One(found) => found.path == listener.path() && found.pid == std::process::id(),
            _ => false,
        };
        assert!(one(&of_far));
        let of_near = make_in(std::slice::from_ref(&near)).expect("a socket");
        assert!(one(&of_near));
        let another = make_in(std::slice::from_ref(&near)).expect("a socket");
        let Discovery::Several(several) = discover(&all) else { panic!("there are two") };
        let paths: Vec<_> = several.iter().map(|f| f.path.as_path()).collect();
        let mut both = [of_near.path(), another.path()];
        both.sort();
        assert_eq!(paths, both);
    }
}
