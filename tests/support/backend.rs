//! Trace backends that are not ours, as programs: where `tests/run` puts them, and how one is started, watched and
//! ended. Called by the tests that need them installed.

use super::wait::{LONG, wait_until};
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

/// A file below `$PHPEEK_TEST_CACHE`. Fails when it is not there, and says what brings it.
pub fn installed(path: &str, by: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/phpeek-pm-tests");
    let path = std::env::var_os("PHPEEK_TEST_CACHE").map_or_else(home, PathBuf::from).join(path);
    assert!(path.exists(), "{} is not there: run {by}, which installs it", path.display());
    path
}

/// A program that ends with the value.
#[derive(Debug)]
pub struct Running {
    child: Child,
    dir: TempDir,
}

impl Running {
    /// Starts it, its output in a log.
    pub fn start(command: &mut Command) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let log = File::create(dir.path().join("log")).expect("a log");
        let both = log.try_clone().expect("a second handle");
        let child =
            command.stdin(Stdio::null()).stdout(log).stderr(both).spawn().expect("the receiver starts");
        Self { child, dir }
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.path().join("log")).unwrap_or_default()).into_owned()
    }

    /// A folder that goes with it.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Waits until it listens there.
    pub fn listens(&mut self, port: u16) {
        let child = &mut self.child;
        let mut ended = false;
        wait_until(LONG, "the receiver listens", || {
            ended = !matches!(child.try_wait(), Ok(None));
            ended || TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(!ended, "the receiver has ended: {}", self.log());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
