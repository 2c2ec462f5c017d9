//! Disks that can be made to fail, mounted in a sandbox. Needs root. Whatever happens, a disk is unmounted when its value
//! goes.

use crate::support::{LONG, Sandbox, wait_until};
use rustix::process::geteuid;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk, mounted at `disk` of its sandbox, with an empty spool directory.
pub(crate) struct Disk {
    mount: PathBuf,
}

/// A disk that hangs. Goes before the supervisor that writes to it, which could not end otherwise.
#[must_use]
pub(crate) struct Hang<'a>(&'a Disk);

impl Drop for Hang<'_> {
    fn drop(&mut self) {
        if let Err(error) = run("fsfreeze", &[&"--unfreeze", &self.0.mount]) {
            eprintln!("{error}");
        }
    }
}

fn run(program: &str, args: &[&dyn AsRef<std::ffi::OsStr>]) -> Result<(), String> {
    let args: Vec<_> = args.iter().map(|a| a.as_ref()).collect();
    let output = Command::new(program).args(&args).output().map_err(|e| format!("{program}: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{program} {args:?}: {said}")) }
}

fn must(program: &str, args: &[&dyn AsRef<std::ffi::OsStr>]) {
    run(program, args).unwrap_or_else(|error| panic!("root, loop devices and e2fsprogs are needed: {error}"));
}

impl Disk {
    fn at(sandbox: &Sandbox) -> Self {
        assert!(geteuid().is_root(), "disks need root: run tests/run as root or through sudo");
        let mount = sandbox.path("disk");
        fs::create_dir(&mount).expect("a place to mount at");
        Self { mount }
    }

    /// One MiB of memory.
    pub(crate) fn tmpfs(sandbox: &Sandbox) -> Self {
        let disk = Self::at(sandbox);
        must("mount", &[&"-t", &"tmpfs", &"-o", &"size=1m", &"tmpfs", &disk.mount]);
        disk
    }

    /// A real file system on a loop device.
    pub(crate) fn ext4(sandbox: &Sandbox) -> Self {
        let disk = Self::at(sandbox);
        let image = sandbox.path("image");
        must("truncate", &[&"-s", &"16M", &image]);
        must("mkfs.ext4", &[&"-q", &image]);
        must("mount", &[&"-o", &"loop,errors=remount-ro", &image, &disk.mount]);
        disk
    }

    fn ballast(&self) -> PathBuf {
        self.mount.join("ballast")
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) {
        let mut size = 1 << 20;
        let mut written = Vec::new();
        while size > 0 {
            let mut more = written.clone();
            more.resize(written.len() + size, 7);
            match fs::write(self.ballast(), &more) {
                Ok(()) => written = more,
                Err(_) => size /= 2,
            }
        }
        fs::write(self.ballast(), &written).expect("as much as there was room for");
    }

    /// Leaves so many bytes.
    pub(crate) fn fill_but(&self, room: u64) {
        self.fill();
        let ballast = fs::File::options().write(true).open(self.ballast()).expect("it was filled");
        let size = ballast.metadata().expect("its size").len();
        ballast.set_len(size - room).expect("a smaller file");
    }

    pub(crate) fn empty(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    pub(crate) fn read_only(&self) {
        must("mount", &[&"-o", &"remount,ro", &self.mount]);
    }

    /// The kernel finds an error, and ext4 does what it was mounted to do: it turns read-only.
    pub(crate) fn break_it(&self) {
        let device = fs::read_to_string("/proc/mounts").expect("mounts");
        let of_us =
            device.lines().find(|l| l.split(' ').nth(1) == self.mount.to_str()).expect("it is mounted");
        let device = of_us.split(' ').next().and_then(|d| d.strip_prefix("/dev/")).expect("a device");
        let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
        fs::write(&trigger, "test").unwrap_or_else(|e| panic!("{trigger}: {e}"));
        let probe = self.mount.join("probe");
        wait_until(LONG, "the disk to be read-only", || fs::write(&probe, "x").is_err());
    }

    /// Whoever writes waits, and cannot be killed, until the value goes.
    pub(crate) fn freeze(&self) -> Hang<'_> {
        must("fsfreeze", &[&"--freeze", &self.mount]);
        Hang(self)
    }

    /// How often a text is in the segments.
    pub(crate) fn count(&self, text: &str) -> usize {
        let spool = self.mount.join("spool");
        let Ok(entries) = fs::read_dir(&spool) else { return 0 };
        let paths = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| is_segment(p));
        let bytes = paths.map(|path| fs::read(path).unwrap_or_default());
        bytes.map(|b| b.windows(text.len()).filter(|w| *w == text.as_bytes()).count()).sum()
    }
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "spans")
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = run("umount", &[&"--lazy", &self.mount]) {
            eprintln!("{error}");
        }
    }
}
