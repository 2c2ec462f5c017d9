//! Runs the supervisor under test: its configuration, its start through the worker program's `launch` mode (which
//! takes the time right before the exec), its end. Knows phpeek-pm only as its documentation describes it.

use crate::captured::Captured;
use crate::options::{Load, Tracing};
use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, PidfdFlags, Signal};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A supervisor that was started.
#[derive(Debug)]
pub(crate) struct Supervisor {
    child: Child,
    pid: Pid,
    stderr: PathBuf,
    /// Its standard output, read as it comes.
    pub(crate) captured: Captured,
}

/// The first line of `binary version`; empty when it says nothing within five seconds.
pub(crate) fn version(binary: &Path) -> String {
    let mut command = Command::new(binary);
    command.arg("version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return String::new() };
    let ended = wait_for(&mut child, Duration::from_secs(5));
    if !matches!(ended, Ok(Some(_))) {
        child.kill().ok();
    }
    let output = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().to_owned()
}

/// Waits for the end of a child; none when it still runs at the deadline.
fn wait_for(child: &mut Child, patience: Duration) -> Result<Option<ExitStatus>, String> {
    let failed = |e: &dyn std::fmt::Display| format!("cannot wait for the supervisor: {e}");
    let fd =
        rustix::process::pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(|e| failed(&e))?;
    let timeout = rustix::event::Timespec {
        tv_sec: patience.as_secs().cast_signed(),
        tv_nsec: patience.subsec_nanos().into(),
    };
    let mut wanted = [PollFd::new(&fd, PollFlags::IN)];
    rustix::event::poll(&mut wanted, Some(&timeout)).map_err(|e| failed(&e))?;
    child.try_wait().map_err(|e| failed(&e))
}

/// The configuration of a run.
pub(crate) fn configuration(load: &Load, worker: &Path, events: &Path, endpoint: &str) -> String {
    let backoff = if load.crash_loop > 0 { "1ms" } else { "0s" };
    let mut global = vec![
        ("shutdown_timeout".to_owned(), "30".to_owned()),
        ("log_level".to_owned(), if load.chatty > 0 { "info" } else { "error" }.to_owned()),
        ("max_restart_attempts".to_owned(), "-1".to_owned()),
        ("restart_backoff_initial".to_owned(), backoff.to_owned()),
        ("restart_backoff_max".to_owned(), backoff.to_owned()),
        ("metrics_enabled".to_owned(), "false".to_owned()),
        ("api_enabled".to_owned(), "false".to_owned()),
        ("tracing_enabled".to_owned(), (load.tracing != Tracing::Off).to_string()),
    ];
    if load.tracing != Tracing::Off {
        global.push(("tracing_exporter".to_owned(), "otlp-grpc".to_owned()));
        global.push(("tracing_endpoint".to_owned(), format!("\"{endpoint}\"")));
    }
    if load.tracing == Tracing::OnePercent {
        global.push(("tracing_sample_rate".to_owned(), "0.01".to_owned()));
    }
    global.retain(|(key, _)| load.global.iter().all(|(other, _)| other != key));
    global.extend(load.global.iter().cloned());
    let mut text = "version: \"1.0\"\nglobal:\n".to_owned();
    for (key, value) in global {
        text.push_str(&format!("  {key}: {value}\n"));
    }
    text.push_str("processes:\n");
    for (worker_index, dependencies) in load.shape.dependencies(load.processes).iter().enumerate() {
        let mode = if (worker_index as u32) < load.chatty { Mode::Chatty } else { Mode::Idle };
        process(&mut text, load, (worker, events), (worker_index as u32, mode), dependencies);
    }
    for extra in 0..load.crash_loop {
        process(&mut text, load, (worker, events), (load.processes + extra, Mode::Crash), &[]);
    }
    text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Idle,
    Chatty,
    Crash,
}

fn process(text: &mut String, load: &Load, files: (&Path, &Path), (index, mode): (u32, Mode), after: &[u32]) {
    // No worker outlives the longest run there can be, whatever happens to the harness.
    let limit = load.wait.as_secs() * 6 + load.idle.as_secs() + load.duration.as_secs() + 60;
    let mut argv = vec![files.0.display().to_string()];
    argv.push(match mode {
        Mode::Idle => "idle".to_owned(),
        Mode::Chatty => "chatty".to_owned(),
        Mode::Crash => "crash".to_owned(),
    });
    argv.extend([files.1.display().to_string(), index.to_string(), limit.to_string()]);
    if mode == Mode::Chatty {
        argv.extend([load.chatty_rate.to_string(), load.line_bytes.to_string()]);
    }
    let argv: Vec<String> =
        argv.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
    text.push_str(&format!(
        "  w{index}:\n    enabled: true\n    command: [{}]\n    restart: always\n",
        argv.join(", ")
    ));
    text.push_str("    shutdown: {signal: SIGTERM, timeout: 10}\n");
    text.push_str(&format!("    stdout: {0}\n    stderr: {0}\n", mode == Mode::Chatty));
    if !after.is_empty() {
        let names: Vec<String> = after.iter().map(|dependency| format!("w{dependency}")).collect();
        text.push_str(&format!("    depends_on: [{}]\n", names.join(", ")));
    }
}

impl Supervisor {
    /// Starts `binary serve --config FILE` in `directory`, in a process group of its own, with a clean environment.
    /// Call it on the main thread: PR_SET_PDEATHSIG watches the thread that forks.
    pub(crate) fn start(binary: &Path, worker: &Path, directory: &Path, load: &Load) -> Result<Self, String> {
        use std::os::unix::process::CommandExt;
        let stderr = directory.join("stderr");
        let open = File::create(&stderr).map_err(|e| format!("cannot create {}: {e}", stderr.display()))?;
        let mut child = Command::new(worker)
            .arg("launch")
            .arg(directory.join("events"))
            .arg(binary)
            .args(["serve", "--config"])
            .arg(directory.join("phpeek-pm.yaml"))
            .current_dir(directory)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(open)
            .process_group(0)
            .spawn()
            .map_err(|e| format!("cannot start {}: {e}", worker.display()))?;
        let stdout = child.stdout.take().ok_or("the supervisor has no standard output")?;
        let captured = Captured::read(stdout, load.line_bytes)?;
        let pid = Pid::from_child(&child);
        Ok(Self { child, pid, stderr, captured })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), String> {
        rustix::process::kill_process(self.pid, signal)
            .map_err(|e| format!("cannot signal the supervisor: {e}"))
    }

    /// An error when it has ended although it should not.
    pub(crate) fn must_run(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("the supervisor ended early ({status})")),
            Err(error) => Err(format!("cannot ask for the supervisor's state: {error}")),
        }
    }

    /// Waits for its end; none when it still runs at the deadline.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<Option<ExitStatus>, String> {
        wait_for(&mut self.child, patience)
    }

    /// The end of what it wrote to stderr and stdout.
    pub(crate) fn last_words(&self) -> String {
        let stderr = std::fs::read_to_string(&self.stderr).unwrap_or_default();
        let tail: Vec<&str> = stderr.lines().rev().take(10).collect();
        let mut words: Vec<String> = tail.into_iter().rev().map(|line| format!("  stderr: {line}")).collect();
        words.extend(self.captured.last_lines().into_iter().map(|line| format!("  stdout: {line}")));
        words.join("\n")
    }
}
