//! The `status` command: asks a running supervisor over its control socket, or reads the snapshot beside its pid file;
//! waits for "all up" if asked, and answers by text and exit code. Only reads.

use super::table::{Presence, table};
use super::{Snapshot, file, snapshot_path};
use crate::app::chain;
use crate::cli::StatusArguments;
use crate::control::client::{Client, ClientError, Target};
use crate::exit;
use crate::os::lock_file;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often the snapshot is looked at while waiting; the writer gathers changes for about as long.
const LOOK: Duration = Duration::from_millis(25);

/// How often is looked for a socket that is not there yet. Once it is, the supervisor itself says when all is up.
const LOOK_FOR_SOCKET: Duration = Duration::from_millis(50);

/// A supervisor that was started together with `status --wait` has written its pid file by then; until that, a
/// snapshot of the last one that has ended says nothing.
const COMING: Duration = Duration::from_secs(2);

/// Runs the command. 0: all is up. 1: not (yet). 3: no supervisor runs. Over the socket also 4: it cannot be asked.
#[must_use]
pub fn command(config: Option<PathBuf>, arguments: &StatusArguments) -> u8 {
    match &arguments.pid_file {
        Some(pid_file) => by_file(pid_file, arguments),
        None => by_socket(&Target { socket: arguments.socket.clone(), config }, arguments),
    }
}

fn by_socket(target: &Target, arguments: &StatusArguments) -> u8 {
    let begin = Instant::now();
    let wait = arguments.wait.unwrap_or_default();
    let mut seen = false;
    loop {
        let left = wait.saturating_sub(begin.elapsed());
        let answer = Client::find(target).and_then(|client| {
            let path = format!("/status?wait={}", left.as_secs_f64());
            let bytes = client.get_within(&path, left)?;
            let snapshot: Snapshot =
                serde_json::from_slice(&bytes).map_err(|error| ClientError::NotOurs {
                    path: client.path().to_owned(),
                    why: format!("its answer is not understood: {error}"),
                })?;
            Ok((bytes, snapshot))
        });
        let error = match answer {
            Ok((bytes, snapshot)) => {
                let text = if arguments.json { bytes } else { table(&snapshot, Presence::Runs).into() };
                // A closed standard output is no reason to fail: the answer is the exit code.
                drop(std::io::stdout().write_all(&text));
                return match (snapshot.ready, snapshot.exit_code) {
                    (_, Some(_)) => exit::NOT_RUNNING,
                    (true, None) => exit::OK,
                    (false, None) => exit::FAILURE,
                };
            }
            Err(error) => error,
        };
        let gone = matches!(error, ClientError::NotRunning { .. });
        // One that ends in the middle of the answer is found to be gone, or its successor to be there.
        let again = (gone && !seen) || matches!(error, ClientError::Closed);
        seen |= !gone;
        if !again || begin.elapsed() >= wait {
            drop(writeln!(std::io::stderr(), "phpeek-pm: {}", chain(&error)));
            return error.exit_code();
        }
        std::thread::park_timeout(LOOK_FOR_SOCKET);
    }
}

fn by_file(pid_file: &Path, arguments: &StatusArguments) -> u8 {
    let begin = Instant::now();
    let wait = arguments.wait.unwrap_or_default();
    let mut seen = false;
    loop {
        let snapshot = file::read_snapshot(pid_file);
        let running = lock_file::is_held(pid_file);
        let pid = lock_file::read_pid(pid_file);
        seen |= running;
        let waited = begin.elapsed();
        let answer = match &snapshot {
            // One that was killed leaves a snapshot, and its successor's comes later than the pid file.
            Some(s) if running && s.ready && pid == Some(s.pid) => Some(exit::OK),
            // It has ended: waiting longer brings nothing.
            Some(s) if !running && s.state == "stopped" && (seen || waited >= COMING) => {
                Some(exit::NOT_RUNNING)
            }
            _ => None,
        };
        if answer.is_some() || waited >= wait {
            let code = answer.unwrap_or(if running { exit::FAILURE } else { exit::NOT_RUNNING });
            show(pid_file, arguments, snapshot.as_ref(), running);
            return code;
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
    // A closed standard output is no reason to fail: the answer is the exit code.
    drop(std::io::stdout().write_all(text.as_bytes()));
}
