//! The `status` command: reads the snapshot of a running supervisor, waits for "all up" if asked, and answers by text
//! and exit code. Only reads.

use super::{Snapshot, file, snapshot_path};
use crate::cli::StatusArguments;
use crate::exit;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// How often the snapshot is looked at while waiting; the writer gathers changes for about as long.
const LOOK: Duration = Duration::from_millis(25);

/// A supervisor that was started together with `status --wait` has written its pid file by then; until that, a
/// snapshot of the last one that has ended says nothing.
const COMING: Duration = Duration::from_secs(2);

/// Runs the command. 0: all is up. 1: not (yet). 3: no supervisor runs.
#[must_use]
pub fn command(arguments: &StatusArguments) -> u8 {
    let begin = Instant::now();
    let wait = arguments.wait.unwrap_or_default();
    let mut seen = false;
    loop {
        let snapshot = file::read_snapshot(&arguments.pid_file);
        let running = file::is_held(&arguments.pid_file);
        let pid = file::read_pid(&arguments.pid_file);
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
            show(arguments, snapshot.as_ref(), running);
            return code;
        }
        std::thread::park_timeout(LOOK);
    }
}

fn show(arguments: &StatusArguments, snapshot: Option<&Snapshot>, running: bool) {
    let text = match snapshot {
        Some(snapshot) if arguments.json => serde_json::to_string(snapshot).unwrap_or_default() + "\n",
        Some(snapshot) => table(snapshot, running),
        None => format!("no supervisor has written {}\n", snapshot_path(&arguments.pid_file).display()),
    };
    // A closed standard output is no reason to fail: the answer is the exit code.
    drop(std::io::stdout().write_all(text.as_bytes()));
}

fn table(snapshot: &Snapshot, running: bool) -> String {
    let state =
        if running || snapshot.state == "stopped" { snapshot.state.as_str() } else { "gone without a word" };
    let code = snapshot.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    let instances = || snapshot.processes.iter().flat_map(|p| &p.instances);
    let wide = instances().map(|i| i.id.len()).max().unwrap_or(0).max(8);
    let mut lines = vec![
        format!("{state} (pid {}){code}", snapshot.pid),
        format!("{:wide$}  {:9}  {:>8}  {:>8}", "INSTANCE", "STATE", "PID", "RESTARTS"),
    ];
    lines.extend(instances().map(|i| {
        let pid = i.pid.map_or_else(|| "-".to_owned(), |p| p.to_string());
        format!("{:wide$}  {:9}  {pid:>8}  {:>8}", i.id, i.state, i.restarts)
    }));
    lines.join("\n") + "\n"
}
