//! The `status` command: asks a running supervisor over its control socket, or reads the snapshot beside its pid file;
//! waits for "all up" if asked, and answers by text and exit code. Only reads.

use super::ask::Target;
use super::fault::Fault;
use super::say::say;
use super::state::{Presence, table};
use crate::app::read_snapshot;
use crate::exit;
use clap::Args;
use phpeek_api::client::ClientError;
use phpeek_api::snapshot::{Snapshot, snapshot_path};
use phpeek_os::lock_file;
use phpeek_os::peer::is_stopped;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Show this process alone, as the API has it; the exit code is 1 when there is none of that name.
    #[arg(conflicts_with_all = ["pid_file", "wait"])]
    pub name: Option<String>,
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH", conflicts_with = "pid_file")]
    pub socket: Option<PathBuf>,
    /// Ask no socket: read the file that was given to `serve --pid-file`.
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// Wait up to this many seconds until all is up; ends at once when it will not be.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub wait: Option<Duration>,
    /// Print the snapshot as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How often the snapshot is looked at while waiting; the writer gathers changes for about as long.
const LOOK: Duration = Duration::from_millis(25);

/// How often is looked for a socket that is not there yet. Once it is, the supervisor itself says when all is up.
const LOOK_FOR_SOCKET: Duration = Duration::from_millis(50);

/// A supervisor that was started together with `status --wait` has written its pid file by then; until that, a
/// snapshot of the last one that has ended says nothing.
const COMING: Duration = Duration::from_secs(2);

/// What a supervisor has for an answer: nobody waits longer for one that is stopped or hangs, unless told to wait.
const ANSWER: Duration = Duration::from_secs(5);
/// What it has when told to wait for less.
const LEAST: Duration = Duration::from_secs(1);
/// So much before the end of the wait the supervisor answers that not all is up, so that the answer is here in time.
const ON_THE_WAY: Duration = Duration::from_millis(500);

/// Runs the command. 0: all is up. 1: not (yet). 3: no supervisor of ours runs. Over the socket also 4: it gives no answer.
pub(super) fn run(config: Option<PathBuf>, arguments: &StatusArguments) -> Result<u8, Fault> {
    match &arguments.pid_file {
        Some(pid_file) => by_file(pid_file, arguments),
        None => by_socket(&Target { socket: arguments.socket.clone(), config }, arguments),
    }
}

fn by_socket(target: &Target, arguments: &StatusArguments) -> Result<u8, Fault> {
    let begin = Instant::now();
    let wait = arguments.wait.unwrap_or_default();
    let bound = if wait.is_zero() { ANSWER } else { wait.max(LEAST) };
    let mut seen = false;
    loop {
        let left = bound.saturating_sub(begin.elapsed());
        let own = wait.saturating_sub(begin.elapsed()).min(left.saturating_sub(ON_THE_WAY.min(left / 5)));
        let answer = target.client().and_then(|client| {
            let bytes = client.get_within(&format!("/status?wait={}", own.as_secs_f64()), left)?;
            let snapshot: Snapshot = serde_json::from_slice(&bytes).map_err(|error| {
                ClientError::Strange { path: client.path().to_owned(), why: error.to_string() }
            })?;
            Ok((bytes, snapshot))
        });
        let error = match answer {
            Ok((bytes, snapshot)) => {
                let text = if arguments.json { bytes } else { table(&snapshot, Presence::Runs).into() };
                say(text);
                return Ok(match (snapshot.ready, snapshot.exit_code) {
                    (_, Some(_)) => exit::NOT_RUNNING,
                    (true, None) => exit::OK,
                    (false, None) => exit::FAILURE,
                });
            }
            Err(error) => error,
        };
        let gone = matches!(error, ClientError::NotRunning { .. });
        // One that ends in the middle of the answer is found to be gone, or its successor to be there.
        let again = (gone && !seen) || matches!(error, ClientError::Closed);
        seen |= !gone;
        if !again || begin.elapsed() >= wait {
            return Err(error.into());
        }
        std::thread::park_timeout(LOOK_FOR_SOCKET);
    }
}

fn by_file(pid_file: &Path, arguments: &StatusArguments) -> Result<u8, Fault> {
    let begin = Instant::now();
    let wait = arguments.wait.unwrap_or_default();
    let mut seen = false;
    loop {
        let snapshot = read_snapshot(pid_file);
        let running = lock_file::is_held(pid_file);
        let pid = lock_file::read_pid(pid_file);
        seen |= running;
        let waited = begin.elapsed();
        // What it has written last says nothing of one that does nothing any more.
        let stopped = pid.filter(|pid| running && is_stopped(*pid));
        let answer = match &snapshot {
            _ if stopped.is_some() => None,
            // One that was killed leaves a snapshot, and its successor's comes later than the pid file.
            Some(s) if running && s.ready && pid == Some(s.pid) => Some(exit::OK),
            Some(s) if running && s.hopeless && pid == Some(s.pid) => Some(exit::FAILURE),
            // It has ended: waiting longer brings nothing.
            Some(s) if !running && s.state == "stopped" && (seen || waited >= COMING) => {
                Some(exit::NOT_RUNNING)
            }
            _ => None,
        };
        if let Some(pid) = stopped.filter(|_| waited >= wait) {
            return Err(ClientError::Stopped { path: pid_file.to_owned(), pid }.into());
        }
        if answer.is_some() || waited >= wait {
            let code = answer.unwrap_or(if running { exit::FAILURE } else { exit::NOT_RUNNING });
            show(pid_file, arguments, snapshot.as_ref(), running);
            return Ok(code);
        }
        std::thread::park_timeout(LOOK);
    }
}

fn show(pid_file: &Path, arguments: &StatusArguments, snapshot: Option<&Snapshot>, running: bool) {
    let presence = if running { Presence::Runs } else { Presence::Gone };
    let text = match snapshot {
        Some(snapshot) if arguments.json => serde_json::to_string(snapshot).unwrap_or_default() + "\n",
        Some(snapshot) => table(snapshot, presence),
        None => format!("no supervisor has written {}\n", snapshot_path(pid_file).display()),
    };
    say(text);
}

/// A number of seconds, with a fraction or without.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds is wanted".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "a number of seconds from 0 is wanted".to_owned())
}
