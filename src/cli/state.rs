//! The snapshot of a supervisor for people: a line about itself, what is wrong, a row for each instance, what goes by the
//! clock. Text only.

use super::table::{draw, left, moment, right, span, times};
use phpeek_api::snapshot::{InstanceSnapshot, ProcessSnapshot, Snapshot};
use phpeek_core::lifecycle::InstanceState;

/// Whether the supervisor of a snapshot is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It runs.
    Runs,
    /// It does not.
    Gone,
}

/// The whole table, with a line about the supervisor above it.
pub(super) fn table(snapshot: &Snapshot, presence: Presence) -> String {
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
        let failed = process.instances.iter().find(|instance| has_failed(instance));
        let why = failed.and_then(|instance| instance.reason.as_ref());
        let why = why.map(|reason| format!(": it {reason}")).unwrap_or_default();
        let failed = failed.map(|_| format!("; its last run failed{why}")).unwrap_or_default();
        Some(format!("{} {told}{failed}\n", process.name))
    };
    snapshot.processes.iter().filter_map(line).collect()
}

/// A line for each part of the supervisor that has panicked.
fn panics(snapshot: &Snapshot) -> String {
    let line = |(part, count): (&String, &u64)| {
        let times = times(*count);
        format!("the supervisor itself has panicked {times}, and goes on ({part}): its log says more\n")
    };
    snapshot.panics.iter().map(line).collect()
}

/// A line for each instance that has failed for good, with the reason.
fn failures(snapshot: &Snapshot) -> String {
    let line = |instance: &InstanceSnapshot| {
        let why = instance.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{} has failed for good{why}\n", instance.id)
    };
    for_good(snapshot).map(line).collect()
}

/// Those that nobody starts again by itself. Of what goes by the clock one run has failed, and the next is to come.
fn for_good(snapshot: &Snapshot) -> impl Iterator<Item = &InstanceSnapshot> {
    let by_the_clock = |process: &&ProcessSnapshot| process.next_run.is_some() || process.last_run.is_some();
    let others = snapshot.processes.iter().filter(move |process| !by_the_clock(process));
    others.flat_map(|process| &process.instances).filter(|instance| has_failed(instance))
}

/// Whether it is not started again by a policy, after a failure.
fn has_failed(instance: &InstanceSnapshot) -> bool {
    instance.state == InstanceState::Failed.as_str()
}

fn headline(snapshot: &Snapshot, presence: Presence) -> String {
    let state = match presence {
        Presence::Gone if snapshot.state != "stopped" => "gone without a word",
        Presence::Runs | Presence::Gone => snapshot.state.as_str(),
    };
    let ails = for_good(snapshot).next().is_some() || !snapshot.panics.is_empty();
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
    fn a_failed_run_of_what_goes_by_the_clock_is_no_end_for_good() {
        let mut snapshot = snapshot();
        let process = &mut snapshot.processes[0];
        process.next_run = Some("2026-11-29T03:00:00.000Z".to_owned());
        process.last_run = process.next_run.clone();
        let instance = &mut process.instances[0];
        (instance.state, instance.reason) = ("failed".to_owned(), Some("ended with exit code 3".to_owned()));
        let text = table(&snapshot, Presence::Runs);
        assert!(text.starts_with("running (pid 7)") && !text.contains("for good"), "{text}");
        assert!(text.ends_with("; its last run failed: it ended with exit code 3\n"), "{text}");
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
