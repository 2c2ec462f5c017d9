//! What stands in the way of a newcomer on his machine, and every word that he is told: `golden/first_faults.txt` holds both.
//! `UPDATE_GOLDEN=1` writes it anew. Root can read everything, so it asks without the capabilities that let it.

use crate::support::Sandbox;
use crate::support::supervisor::{clean, program};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

const LINES: &[&str] = &[
    "check-config --config locked.yaml",
    "serve --config locked.yaml",
    "reload --config locked.yaml",
    "check-config --config locked/phpeek-pm.yaml",
    "check-config --host --config programs.yaml",
    "status --socket THEIRS/x.sock",
    "restart web --socket THEIRS/x.sock",
    "status --socket programs.yaml",
    "check-config --config bytes.yaml",
];

const PROGRAMS: &str = "processes:
  path: {command: [no-such-program]}
  file: {command: [/nowhere/program]}
  folder: {command: [/etc]}
  text: {command: [./programs.yaml]}
  user: {command: [sleep, \"1\"], user: nobody-x, working_dir: /nowhere}
";

/// A command that may do what anybody may.
fn as_anybody(sandbox: &Sandbox) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        let without = "-dac_override,-dac_read_search";
        command.args(["--bounding-set", without, "--inh-caps", without, "--"]).arg(program());
        command
    } else {
        Command::new(program())
    };
    clean(&mut command, sandbox).current_dir(sandbox.dir());
    command
}

/// A folder of another user into which nobody else can look.
fn theirs(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.path("theirs");
    fs::create_dir(&folder).expect("a folder");
    if chown(&folder, Some(65_534), Some(65_534)).is_err() {
        return PathBuf::from("/root"); // we are not root
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("a mode");
    folder
}

#[test]
fn each_fault_of_the_machine_is_told_in_exactly_these_words() {
    let sandbox = Sandbox::new();
    let theirs = theirs(&sandbox);
    fs::write(sandbox.path("programs.yaml"), PROGRAMS).expect("a file");
    fs::write(sandbox.path("bytes.yaml"), "processes: {web: {command: [\"true\"], user: \"${WHOSE}\"}}\n")
        .expect("a file");
    fs::write(sandbox.path("locked.yaml"), "").expect("a file");
    fs::create_dir(sandbox.path("locked")).expect("a folder");
    for locked in ["locked.yaml", "locked"] {
        fs::set_permissions(sandbox.path(locked), Permissions::from_mode(0o000)).expect("a mode");
    }
    let owner = fs::metadata(&theirs).expect("it is there").uid().to_string();
    let mut all = String::new();
    for line in LINES {
        let asked = line.replace("THEIRS", &theirs.display().to_string());
        let output = as_anybody(&sandbox)
            .args(asked.split(' '))
            .env("WHOSE", OsStr::from_bytes(b"caf\xe9"))
            .env("PHPEEK_PM_GLOBAL_LOG_LEVEL", OsStr::from_bytes(b"\xff"))
            .output()
            .expect("it runs; `setpriv` is in util-linux");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said)
            .replace(&theirs.display().to_string(), "THEIRS")
            .replace(&sandbox.dir().display().to_string(), "SANDBOX")
            .replace(&format!("the user {owner}"), "the user UID");
        all.push_str(&format!("=== phpeek-pm {line}\n{said}[{}]\n\n", output.status.code().unwrap_or(-1)));
    }
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/golden/first_faults.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, &all).expect("a writable file");
    }
    let held = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(held, all, "run with UPDATE_GOLDEN=1 and look at the difference");
}
