//! The real program, running in a sandbox. Whatever it starts carries `SANDBOX=folder` in its environment; when this
//! value goes, everything with that mark is killed, wherever it hangs in the process tree. Called by every test.

use super::procfs;
use super::sandbox::Sandbox;
use super::wait::{LONG, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program under test: `PHPEEK_PM_BIN`, else the one that Cargo built for this test.
pub fn program() -> PathBuf {
    std::env::var_os("PHPEEK_PM_BIN").map_or_else(|| env!("CARGO_BIN_EXE_phpeek-pm").into(), PathBuf::from)
}

/// The code of a boot that fails for a program that is not there, as a shell says it.
pub const MISSING_PROGRAM: i32 = 127;

/// Where the supervisor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As a process like any other.
    Here,
    /// As PID 1 of a PID namespace of its own; needs root.
    Namespace,
}

/// A run to be: what is added to `serve --config FILE`.
#[derive(Debug)]
pub struct Launch<'a> {
    sandbox: &'a Sandbox,
    place: Place,
    through: Vec<String>,
    env: Vec<(String, String)>,
    args: Vec<String>,
}

impl<'a> Launch<'a> {
    /// In this sandbox, as a process like any other.
    pub fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, place: Place::Here, through: Vec::new(), env: Vec::new(), args: Vec::new() }
    }

    /// As PID 1 of a namespace.
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Started by this command, which is given the program's own and must become it (exec); not in a namespace.
    pub fn through(mut self, command: &[&str]) -> Self {
        self.through = command.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// In the cgroup of this folder, from its first moment.
    pub fn cgroup(self, folder: &Path) -> Self {
        let enter = format!("echo $$ > '{}/cgroup.procs' && exec \"$@\"", folder.display());
        self.through(&["/bin/sh", "-c", &enter, "sh"])
    }

    /// With a variable.
    pub fn env(mut self, key: &str, value: impl Into<String>) -> Self {
        self.env.push((key.to_owned(), value.into()));
        self
    }

    /// With an argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Starts it.
    pub fn serve(self, config: &Path) -> Supervisor {
        let mut command = match (self.place, self.through.split_first()) {
            (Place::Here, None) => Command::new(program()),
            (Place::Here, Some((first, rest))) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program());
                command
            }
            (Place::Namespace, _) => {
                let mut command = Command::new("unshare");
                command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(program());
                command
            }
        };
        let out = self.sandbox.path("stdout.log");
        let err = self.sandbox.path("stderr.log");
        let open = |path: &Path| File::create(path).expect("a log file");
        let child = clean(&mut command, self.sandbox)
            .arg("serve")
            .arg("--config")
            .arg(config)
            .args(&self.args)
            .envs(self.env)
            .process_group(0)
            .stdout(open(&out))
            .stderr(open(&err))
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} cannot be started: {e}"));
        let mut supervisor = Supervisor {
            pid: id_of(&child),
            child,
            dir: self.sandbox.dir().to_owned(),
            out,
            err,
            place: self.place,
        };
        supervisor.find_inner();
        supervisor
    }
}

/// The environment of every program under test: the search path, the mark, nothing else.
pub fn clean<'c>(command: &'c mut Command, sandbox: &Sandbox) -> &'c mut Command {
    command
        .current_dir(sandbox.dir())
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", sandbox.dir())
        .env("SANDBOX", sandbox.dir())
        .stdin(Stdio::null())
}

/// Runs the program with these arguments to its end; gives the exit code and both outputs.
pub fn run(sandbox: &Sandbox, args: &[&str]) -> (i32, String) {
    let output = clean(&mut Command::new(program()), sandbox).args(args).output().expect("the program runs");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}

fn id_of(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("a pid fits")
}

/// A running supervisor.
#[derive(Debug)]
pub struct Supervisor {
    child: Child,
    pid: i32,
    dir: PathBuf,
    out: PathBuf,
    err: PathBuf,
    place: Place,
}

impl Supervisor {
    /// Starts `serve` on a configuration, as a process like any other.
    pub fn start(sandbox: &Sandbox, config: &Path) -> Self {
        Launch::new(sandbox).serve(config)
    }

    /// In a namespace the supervisor is the child of unshare(1).
    fn find_inner(&mut self) {
        if self.place == Place::Here {
            return;
        }
        let outer = self.pid;
        let program = program().display().to_string();
        let (child, pid) = (&mut self.child, &mut self.pid);
        wait_until(LONG, "PID 1 of the namespace", || {
            let inner = procfs::children_of(outer)
                .into_iter()
                .find(|p| procfs::command_line(*p).starts_with(&program));
            *pid = inner.unwrap_or(outer);
            inner.is_some() || !matches!(child.try_wait(), Ok(None))
        });
    }

    /// Its pid, as seen from here.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a standard signal to it.
    pub fn signal(&self, signal: Signal) {
        assert!(procfs::signal(self.pid, signal), "the supervisor is not there to be signalled");
    }

    /// Sends a signal by number, real-time ones too.
    pub fn signal_number(&self, number: i32) {
        let status = Command::new("/bin/sh").args(["-c", &format!("kill -{number} {}", self.pid)]).status();
        assert!(status.is_ok_and(|s| s.success()), "signal {number} cannot be sent");
    }

    /// Waits for its end; the code as a shell says it, 128 + signal for a death by signal.
    pub fn ended(&mut self) -> i32 {
        self.ended_within(LONG)
    }

    /// The same with another limit.
    pub fn ended_within(&mut self, limit: Duration) -> i32 {
        let child = &mut self.child;
        let status = wait_for(limit, "the end of the supervisor", || child.try_wait().expect("our child"));
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }

    /// SIGTERM, then the exit code.
    pub fn stop(&mut self) -> i32 {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Standard output so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.out).unwrap_or_default()).into_owned()
    }

    /// Standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.err).unwrap_or_default()).into_owned()
    }

    /// The log records so far.
    pub fn records(&self) -> Vec<Value> {
        self.stdout().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The lines of a process so far.
    pub fn lines_of(&self, process: &str) -> Vec<String> {
        let of = |r: &Value| {
            (r["process"] == process && r["stream"].is_string())
                .then(|| r["msg"].as_str().map(str::to_owned))?
        };
        self.records().iter().filter_map(of).collect()
    }

    /// The last line that it said to a person: of standard error, else of standard output.
    pub fn last_words(&self) -> String {
        let last = |text: String| text.lines().rev().find(|l| !l.trim().is_empty()).map(str::to_owned);
        last(self.stderr()).or_else(|| last(self.stdout())).unwrap_or_default()
    }

    /// Everything of this run that is still alive; empty after a good end.
    pub fn leftovers(&self) -> Vec<String> {
        let show = |pid: i32| format!("{pid} {}", procfs::command_line(pid));
        procfs::marked(&self.dir).into_iter().map(show).collect()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "--- supervisor's stdout\n{}--- supervisor's stderr\n{}---",
                self.stdout(),
                self.stderr()
            );
        }
        drop(self.child.kill());
        drop(self.child.wait());
        // A process can fork between the look and the kill: look again until nobody is left.
        for _ in 0..100 {
            let left = procfs::marked(&self.dir);
            if left.is_empty() {
                break;
            }
            for pid in left {
                procfs::signal(pid, Signal::KILL);
            }
            std::thread::yield_now();
        }
    }
}
