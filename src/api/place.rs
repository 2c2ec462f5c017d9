//! Where control sockets lie when nobody has said it. The rule is one for the supervisor and for commands: a list of
//! folders; in the first that can be used, `PID.sock`. A name of its own for each, because many supervisors may run
//! on one machine: they never fight for a name, and a command takes the only one that runs, or the one that is PID 1.

use super::error::SocketError;
use super::folder::{Place, make_missing};
use super::socket::{self, Listener, LockedFolder, State};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Supervisors of other pid namespaces may have the same pid and see the same folder.
const SAME_PID: u32 = 64;
/// Sockets of a folder that are looked at; more are left by nobody but a loop that kills supervisors.
const LOOKED_AT: usize = 4096;

/// The environment as the rule sees it.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What `/run` and `/tmp` are everywhere.
const RUN: u32 = 0o755;
const TMP: u32 = 0o1777;

/// The places in their order, for a supervisor or a command of this user.
#[must_use]
pub fn places(uid: u32, var: Lookup<'_>) -> Vec<Place> {
    places_below(Path::new("/"), uid, var)
}

fn places_below(root: &Path, uid: u32, var: Lookup<'_>) -> Vec<Place> {
    let absolute = |name: &str| {
        let value = var(name)?;
        // systemd gives several with colons between them; the first is the service's own (systemd.exec(5)).
        let first = value.to_string_lossy().split(':').next().map(PathBuf::from)?;
        Some(root.join(first.strip_prefix("/").ok()?))
    };
    let service = absolute("RUNTIME_DIRECTORY").map(|folder| Place::of_rule(folder, None));
    let user = absolute("XDG_RUNTIME_DIR").filter(|_| uid != 0);
    let user = user.map(|folder| Place::of_rule(folder.join("phpeek-pm"), None));
    let shared = Place::of_rule(root.join("run/phpeek-pm"), Some(RUN));
    // For a user who may write nowhere else, and for a container whose file system is read-only or all but empty:
    // engines mount /dev/shm into every one.
    let last = [("tmp", Some(TMP)), ("dev/shm", None), ("var/tmp", None)];
    let last =
        last.map(|(above, mode)| Place::of_rule(root.join(above).join(format!("phpeek-pm-{uid}")), mode));
    service.into_iter().chain(user).chain([shared]).chain(last).collect()
}

/// Makes the socket `path`, which somebody has configured, and what is missing of its folder.
///
/// # Errors
/// [`SocketError`] when a living supervisor has it, or it cannot be made.
pub fn make_at(path: &Path) -> Result<Listener, SocketError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    make_missing(folder)?;
    LockedFolder::lock(folder)?.make(path, Place::configured(folder))
}

/// Makes a socket in the first of the places that can be used.
///
/// # Errors
/// What was wrong with each, in their order.
pub fn make_in(places: &[Place]) -> Result<Listener, Vec<SocketError>> {
    let mut errors = Vec::new();
    for place in places {
        match make_own(place) {
            Ok(listener) => return Ok(listener),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

fn make_own(place: &Place) -> Result<Listener, SocketError> {
    place.prepare()?;
    let folder = place.folder();
    let locked = LockedFolder::lock(folder)?;
    let pid = std::process::id();
    let names =
        std::iter::once(format!("{pid}.sock")).chain((2..=SAME_PID).map(|n| format!("{pid}-{n}.sock")));
    let mut result = Err(SocketError::Folder { path: folder.to_owned(), why: "every name is taken" });
    for name in names {
        result = locked.make(&folder.join(name), place.clone());
        if !matches!(result, Err(SocketError::InUse { .. } | SocketError::Occupied(_))) {
            break;
        }
    }
    result
}

/// Removes what killed supervisors have left beside a socket whose place is by the rule. A process that runs under the pid
/// of the name is not asked: it would be woken for nothing. Waits for the disk, and reads the whole folder: not for a start.
pub fn sweep_beside(socket: &Path) {
    let Some(folder) = socket.parent().and_then(|folder| LockedFolder::lock(folder).ok()) else { return };
    for (pid, path) in sockets(folder.path()) {
        let runs = Path::new("/proc").join(pid.to_string()).exists();
        if !runs && matches!(socket::state(&path), Ok(State::Stale)) {
            // Somebody else may have done it; a name that stays costs nothing but a look.
            drop(fs::remove_file(path));
        }
    }
}

/// The sockets of a folder by the rule's names, with the pid in each.
pub(super) fn sockets(folder: &Path) -> Vec<(u32, PathBuf)> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::discover::{Discovery, discover};
    use super::*;
    use std::fs::DirBuilder;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    fn shown(uid: u32, vars: &[(&str, &str)]) -> Vec<String> {
        let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        places(uid, &var).iter().map(|place| place.folder().display().to_string()).collect()
    }

    fn folder(parent: &tempfile::TempDir, name: &str) -> PathBuf {
        let path = parent.path().join(name);
        DirBuilder::new().mode(0o700).create(&path).expect("a folder");
        path
    }

    fn own(folder: &Path) -> Place {
        Place::of_rule(folder.to_owned(), None)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").mode() & 0o7777
    }

    #[test]
    fn an_image_without_run_and_tmp_gets_them_or_another_place_is_taken() {
        let root = tempfile::tempdir().expect("a folder");
        let uid = rustix::process::geteuid().as_raw();
        let all = || places_below(root.path(), uid, &|_| None);
        let made = make_in(&all()).expect("we may make what is missing");
        assert_eq!(made.path().parent(), Some(root.path().join("run/phpeek-pm").as_path()));
        assert_eq!(
            (mode(&root.path().join("run")), mode(&root.path().join("run/phpeek-pm"))),
            (0o755, 0o700)
        );
        drop(made);
        // Who may not make /run makes /tmp, which all may use then.
        fs::remove_dir_all(root.path().join("run")).expect("ours");
        fs::write(root.path().join("run"), "").expect("room");
        let made = make_in(&all()).expect("a socket");
        assert_eq!(made.path().parent().and_then(Path::parent), Some(root.path().join("tmp").as_path()));
        assert_eq!(mode(&root.path().join("tmp")), 0o1777);
        drop(made);
        // And who may make neither takes what the engine has put there.
        fs::remove_dir_all(root.path().join("tmp")).expect("ours");
        fs::write(root.path().join("tmp"), "").expect("room");
        assert_eq!(make_in(&all()).expect_err("there is no place").len(), 4);
        fs::create_dir_all(root.path().join("dev/shm")).expect("room");
        let made = make_in(&all()).expect("a socket");
        assert!(made.path().starts_with(root.path().join("dev/shm")), "{}", made.path().display());
        let places = all();
        let trusted: Vec<_> = places.iter().filter(|place| place.is_trusted()).map(Place::folder).collect();
        let Discovery::One(found) = discover(&trusted) else { panic!("a command finds it") };
        assert_eq!(found.path, made.path());
    }

    #[test]
    fn the_folders_are_those_of_the_service_the_user_and_the_machine() {
        let last = |uid| ["/tmp", "/dev/shm", "/var/tmp"].map(|above| format!("{above}/phpeek-pm-{uid}"));
        assert_eq!(shown(0, &[])[..1], ["/run/phpeek-pm"]);
        assert_eq!((&shown(0, &[])[1..], &shown(7, &[])[1..]), (&last(0)[..], &last(7)[..]));
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
        let all = [own(&folder)];
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
        let ours = make_in(&[own(&folder)]).expect("a socket");
        sweep_beside(ours.path());
        assert!(!dead.exists() && foreign.exists() && living.exists());
        assert!(folder.join("4194307.sock").exists() && ours.path().exists());
    }

    #[test]
    fn what_is_missing_of_a_folder_that_was_named_is_made_for_us_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        let deep = parent.path().join("a/b");
        let made = make_at(&deep.join("c.sock")).expect("what is missing is made");
        assert_eq!((mode(&parent.path().join("a")), mode(&deep)), (0o700, 0o700));
        drop(made);
        let link = parent.path().join("link");
        symlink(parent.path().join("none"), &link).expect("a link");
        fs::write(parent.path().join("file"), "").expect("a file");
        for wrong in ["link/c.sock", "file/c.sock", "file/d/c.sock"] {
            let path = parent.path().join(wrong);
            let folder = path.parent().expect("a folder").display().to_string();
            let said = make_at(&path).expect_err("that is no folder").to_string();
            assert_eq!(said, format!("cannot use the folder {folder} for a control socket"));
        }
        assert!(!parent.path().join("none").exists(), "a link that leads nowhere is not followed");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::lchown(&link, Some(4711), None).expect("root may");
            fs::create_dir(parent.path().join("none")).expect("room");
            let said = make_at(&link.join("d/c.sock")).expect_err("somebody else leads us").to_string();
            assert!(said.ends_with("it is a symbolic link of another user"), "{said}");
        }
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
        let nowhere = parent.path().join("no/no");
        let faulty = [&open, &link, &file, &nowhere].map(|folder| own(folder));
        let errors = make_in(&faulty).expect_err("none is good");
        let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(why[0].ends_with("others may write to it"), "{why:?}");
        assert!(why[1].ends_with("it is no directory") && why[2].ends_with("it is no directory"), "{why:?}");
        assert!(matches!(errors[3], SocketError::Within { .. }), "{why:?}");
        let good = folder(&parent, "good");
        let made = make_in(&[own(&nowhere), own(&good)]).expect("the second is good");
        assert_eq!(made.path().parent(), Some(good.as_path()));
    }
}
