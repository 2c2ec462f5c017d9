//! The `status` command: asks a running supervisor over its control socket, or reads the snapshot beside its pid file;
//! waits for "all up" if asked, and answers by text and exit code. Only reads.

use super::ask::Target;
use super::fault::Fault;
use super::say::say;
use super::table::{draw, left, moment, right, span};
use crate::app::read_snapshot;
use crate::exit;
use clap::Args;
use phpeek_api::client::ClientError;
use phpeek_api::snapshot::{InstanceSnapshot, ProcessSnapshot, Snapshot, snapshot_path};
use phpeek_core::lifecycle::InstanceState;
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

/// Whether the supervisor of a snapshot is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// It runs.
    Runs,
    /// It does not.
    Gone,
}

/// The whole table, with a line about the supervisor above it.
fn table(snapshot: &Snapshot, presence: Presence) -> String {
    let instances = || snapshot.processes.iter().flat_map(|p| &p.instances);
    let rows: Vec<[String; 7]> = instances().map(row).collect();
    let columns = [
        left("INSTANCE"),
        left("STATE"),
        right("PID"),
        right("UPTIME"),
        right("RESTARTS"),
        right("CRASHES"),
        left("LAST EXIT"),
    ];
    let told = instances().filter_map(|instance| Some((&instance.id, instance.status.as_deref()?)));
    let told: String = told.map(|(id, status)| format!("{id} says: {status}\n")).collect();
    headline(snapshot, presence)
        + "\n"
        + &failures(snapshot)
        + &panics(snapshot)
        + &draw(columns, &rows)
        + &told
        + &runs(snapshot)
}

/// A line for each process that goes by the clock.
fn runs(snapshot: &Snapshot) -> String {
    let line = |process: &ProcessSnapshot| {
        let shown = |at: &Option<String>| at.as_deref().map(|at| moment(&at.into()));
        let told = match (shown(&process.next_run), shown(&process.last_run)) {
            (None, None) => return None,
            (Some(next), None) => format!("runs next at {next}, and has not run yet"),
            (None, Some(last)) => format!("ran last at {last}, and no next run is planned"),
            (Some(next), Some(last)) => format!("runs next at {next}, ran last at {last}"),
        };
        Some(format!("{} {told}\n", process.name))
    };
    snapshot.processes.iter().filter_map(line).collect()
}

/// A line for each part of the supervisor that has panicked.
fn panics(snapshot: &Snapshot) -> String {
    let line = |(part, count): (&String, &u64)| {
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        format!("the supervisor itself has panicked {times}, and goes on ({part}): its log says more\n")
    };
    snapshot.panics.iter().map(line).collect()
}

/// A line for each instance that has failed for good, with the reason.
fn failures(snapshot: &Snapshot) -> String {
    let instances = snapshot.processes.iter().flat_map(|p| &p.instances).filter(|i| has_failed(i));
    let line = |instance: &InstanceSnapshot| {
        let why = instance.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{} has failed for good{why}\n", instance.id)
    };
    instances.map(line).collect()
}

/// Whether it has failed for good.
fn has_failed(instance: &InstanceSnapshot) -> bool {
    instance.state == InstanceState::Failed.as_str()
}

fn headline(snapshot: &Snapshot, presence: Presence) -> String {
    let state = match presence {
        Presence::Gone if snapshot.state != "stopped" => "gone without a word",
        Presence::Runs | Presence::Gone => snapshot.state.as_str(),
    };
    let failed = snapshot.processes.iter().flat_map(|p| &p.instances).any(has_failed);
    let ails = failed || !snapshot.panics.is_empty();
    let degraded = ails && presence == Presence::Runs && state == "running";
    let mut text = format!("{} (pid {})", if degraded { "degraded" } else { state }, snapshot.pid);
    if let Some(code) = snapshot.exit_code {
        text += &format!(", exit code {code}");
    }
    match (snapshot.uptime_s.filter(|_| presence == Presence::Runs), &snapshot.started_at) {
        (Some(uptime), _) if snapshot.exit_code.is_none() => text += &format!(", up {}", span(uptime)),
        (_, Some(started)) => {
            text += &format!(", began {started}");
            text += &snapshot.ended_at.as_ref().map(|ended| format!(", ended {ended}")).unwrap_or_default();
        }
        (_, None) => {}
    }
    if let Some(config) = &snapshot.config {
        text += &format!(", {}", config.display());
    }
    text
}

fn row(instance: &InstanceSnapshot) -> [String; 7] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        instance.id.clone(),
        instance.state.clone(),
        or_dash(instance.pid.map(|pid| pid.to_string())),
        or_dash(instance.uptime_s.map(span)),
        instance.restarts.to_string(),
        instance.crashes.to_string(),
        or_dash(last_exit(instance)),
    ]
}

/// How the run before ended, with the bound of memory that was passed.
fn last_exit(instance: &InstanceSnapshot) -> Option<String> {
    let limit = instance.memory_limit.as_ref().map(|passed| format!("{} memory limit", passed.limit));
    let parts: Vec<_> =
        instance.last_exit.as_ref().map(ToString::to_string).into_iter().chain(limit).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A number of seconds, with a fraction or without.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds is wanted".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "a number of seconds from 0 is wanted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use phpeek_api::snapshot::LastExit;
    use std::collections::BTreeMap;

    fn instance(
        id: &str,
        pid: Option<i32>,
        uptime_s: Option<f64>,
        last_exit: Option<LastExit>,
    ) -> InstanceSnapshot {
        InstanceSnapshot {
            id: id.to_owned(),
            state: "running".to_owned(),
            pid,
            uptime_s,
            restarts: 2,
            crashes: 1,
            reason: None,
            last_exit,
            memory_limit: None,
            status: None,
        }
    }

    fn snapshot() -> Snapshot {
        let exit = LastExit { code: None, signal: Some("SIGSEGV".to_owned()), core_dumped: true };
        Snapshot {
            pid: 7,
            state: "running".to_owned(),
            ready: true,
            hopeless: false,
            exit_code: None,
            version: String::new(),
            config: Some("/etc/app.yaml".into()),
            uptime_s: Some(61.0),
            started_at: Some("2026-11-23T22:15:04.000Z".to_owned()),
            ended_at: None,
            panics: BTreeMap::new(),
            processes: vec![ProcessSnapshot {
                name: "web".to_owned(),
                state: "running".to_owned(),
                next_run: None,
                last_run: None,
                instances: vec![
                    instance("web-0", Some(12), Some(5.0), Some(exit)),
                    InstanceSnapshot {
                        status: Some("warming up".to_owned()),
                        ..instance("web-1", None, None, None)
                    },
                ],
            }],
        }
    }

    #[test]
    fn the_table_has_a_row_for_each_instance() {
        let snapshot = snapshot();
        let text = table(&snapshot, Presence::Runs);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "running (pid 7), up 1m01s, /etc/app.yaml");
        assert_eq!(lines[1], "INSTANCE  STATE         PID    UPTIME  RESTARTS   CRASHES  LAST EXIT");
        assert_eq!(
            lines[2],
            "web-0     running        12        5s         2         1  SIGSEGV, core dumped"
        );
        assert_eq!(lines[3], "web-1     running         -         -         2         1  -");
        assert_eq!(lines[4..], ["web-1 says: warming up"]);
    }

    #[test]
    fn what_goes_by_the_clock_says_when_it_runs() {
        let mut snapshot = snapshot();
        for (next, last, says) in
            [(true, false, "runs next at 20"), (true, true, ", ran last at 20"), (false, true, "no next run")]
        {
            let at = |known: bool| known.then(|| "2026-11-29T03:00:00.000Z".to_owned());
            snapshot.processes[0].next_run = at(next);
            snapshot.processes[0].last_run = at(last);
            let text = table(&snapshot, Presence::Runs);
            let line = text.lines().last().unwrap_or_default();
            assert!(line.starts_with("web r") && line.contains(says), "{text}");
        }
    }

    #[test]
    fn the_first_lines_say_what_is_wrong_and_since_when() {
        let snapshot = snapshot();
        let gone = table(&snapshot, Presence::Gone);
        assert!(
            gone.starts_with("gone without a word (pid 7), began 2026-11-23T22:15:04.000Z, /etc"),
            "{gone}"
        );
        let ended = Snapshot {
            state: "stopped".to_owned(),
            exit_code: Some(1),
            ended_at: Some("2026-11-23T22:16:04.000Z".to_owned()),
            ..snapshot.clone()
        };
        let said =
            "stopped (pid 7), exit code 1, began 2026-11-23T22:15:04.000Z, ended 2026-11-23T22:16:04.000Z, ";
        assert!(table(&ended, Presence::Gone).starts_with(said), "{}", table(&ended, Presence::Gone));
        let mut degraded = snapshot;
        let instance = &mut degraded.processes[0].instances[0];
        instance.state = "failed".to_owned();
        instance.reason = Some("gave up after 1 restart: exit code 3".to_owned());
        let text = table(&degraded, Presence::Runs);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "degraded (pid 7), up 1m01s, /etc/app.yaml");
        assert_eq!(lines[1], "web-0 has failed for good: gave up after 1 restart: exit code 3");
    }

    #[test]
    fn a_panic_of_a_part_is_told_before_anything_else() {
        let panics = BTreeMap::from([("listener".to_owned(), 1), ("metrics".to_owned(), 4)]);
        let text = table(&Snapshot { panics, ..snapshot() }, Presence::Runs);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "degraded (pid 7), up 1m01s, /etc/app.yaml");
        assert_eq!(
            lines[1..3],
            [
                "the supervisor itself has panicked once, and goes on (listener): its log says more",
                "the supervisor itself has panicked 4 times, and goes on (metrics): its log says more",
            ]
        );
    }
}
