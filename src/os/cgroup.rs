//! Where the cgroup of this process lies, in both versions, by the two files of /proc (cgroups(7), proc_pid_mountinfo(5)).
//! Looks at names alone; what is in its files is for who asks.

use super::procfs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The two files.
#[derive(Debug)]
pub(super) struct Membership {
    cgroups: String,
    mounts: String,
}

/// A cgroup: its folder, and that of the mount in which it lies, above which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    mount: PathBuf,
}

impl Place {
    /// The folders of the cgroup and of those around it, the innermost first.
    pub(super) fn with_those_around(&self) -> impl Iterator<Item = &Path> {
        self.folder.ancestors().take_while(|folder| folder.starts_with(&self.mount))
    }
}

impl Membership {
    /// That of this process when it was asked for first: its limits and counts are those, also when it has moved below
    /// it since.
    pub(super) fn own() -> &'static Self {
        static OWN: OnceLock<Membership> = OnceLock::new();
        let read = |path| procfs::text(path).unwrap_or_default();
        OWN.get_or_init(|| Self::new(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo")))
    }

    /// Keeps of the mounts those of cgroups.
    pub(super) fn new(cgroups: &str, mounts: &str) -> Self {
        let mounts = mounts.lines().filter(|line| line.contains(" - cgroup"));
        let mounts = mounts.fold(String::new(), |all, line| all + line + "\n");
        Self { cgroups: cgroups.to_owned(), mounts }
    }

    /// Whether no cgroup of version 1 is beside it.
    pub(super) fn is_unified_alone(&self) -> bool {
        self.cgroups.lines().all(|line| line.starts_with("0::"))
    }

    /// The cgroup of version 2.
    pub(super) fn unified(&self) -> Option<Place> {
        self.below_mount(self.of(str::is_empty)?, |kind, _| kind == "cgroup2")
    }

    /// The cgroup of version 1 of a controller.
    pub(super) fn of_controller(&self, controller: &str) -> Option<Place> {
        let named = |list: &str| list.split(',').any(|word| word == controller);
        self.below_mount(self.of(named)?, |kind, options| kind == "cgroup" && named(options))
    }

    fn of(&self, wanted: impl Fn(&str) -> bool) -> Option<&str> {
        self.cgroups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            wanted(controllers).then_some(path)
        })
    }

    /// The folder of a cgroup below the first mount that is wanted. `None` when it lies outside of what is mounted.
    fn below_mount(&self, cgroup: &str, wanted: impl Fn(&str, &str) -> bool) -> Option<Place> {
        self.mounts.lines().find_map(|line| {
            let (place, system) = line.split_once(" - ")?;
            let (root, point) = {
                let mut fields = place.split(' ').skip(3);
                (fields.next()?, fields.next()?)
            };
            let mut fields = system.split(' ');
            let (kind, options) = (fields.next()?, fields.nth(1)?);
            let below = cgroup.strip_prefix(root.trim_end_matches('/'))?;
            let inside = below.is_empty() || below.starts_with('/');
            let plain = !cgroup.split('/').any(|part| part == "..");
            (wanted(kind, options) && inside && plain).then(|| {
                let mount = PathBuf::from(point);
                let below = below.trim_start_matches('/');
                let folder = if below.is_empty() { mount.clone() } else { mount.join(below) };
                Place { folder, mount }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
    const V2: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn v2(mounts: &str, cgroup: &str) -> Option<PathBuf> {
        Membership::new(&format!("0::{cgroup}\n"), mounts).unified().map(|place| place.folder)
    }

    fn v1(mounts: &str, cgroup: &str) -> Option<PathBuf> {
        let text = format!("7:cpu,cpuacct:/other\n4:memory:{cgroup}\n");
        Membership::new(&text, mounts).of_controller("memory").map(|place| place.folder)
    }

    #[test]
    fn a_cgroup_is_found_below_its_mount() {
        assert_eq!(v2(V2, "/"), Some("/sys/fs/cgroup".into()));
        assert_eq!(v2(V2, "/system.slice/a.service"), Some("/sys/fs/cgroup/system.slice/a.service".into()));
        assert_eq!(v1(V1, "/docker/abc/x"), Some("/sys/fs/cgroup/memory/x".into()));
        assert_eq!(v1(V1, "/docker/abc"), Some("/sys/fs/cgroup/memory".into()));
    }

    #[test]
    fn what_is_not_mounted_here_is_not_looked_for() {
        assert_eq!((v1(V1, "/docker/abcd"), v1(V1, "/other"), v1(V2, "/docker/abc")), (None, None, None));
        assert_eq!((v2(V1, "/"), v2(V2, "/../outside"), v2("", "/")), (None, None, None));
    }

    #[test]
    fn those_around_it_end_with_the_mount() {
        let place = Membership::new("0::/a/b\n", V2).unified();
        let all: Vec<String> =
            place.iter().flat_map(Place::with_those_around).map(|p| p.display().to_string()).collect();
        assert_eq!(all, ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"]);
    }
}
