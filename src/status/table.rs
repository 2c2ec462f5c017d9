//! A snapshot as a table for people. Text only; called by the `status` command.

use super::{InstanceSnapshot, Snapshot};

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
    let rows: Vec<[String; 6]> = snapshot.processes.iter().flat_map(|p| &p.instances).map(row).collect();
    let titles = ["INSTANCE", "STATE", "PID", "UPTIME", "RESTARTS", "LAST EXIT"];
    let wide = |column: usize| {
        let cells = rows.iter().map(|r| r[column].chars().count());
        cells.max().unwrap_or(0).max(titles[column].len())
    };
    let (id, state) = (wide(0), wide(1));
    let line = |[a, b, c, d, e, f]: [&str; 6]| {
        let line = format!("{a:id$}  {b:state$}  {c:>8}  {d:>8}  {e:>8}  {f}");
        line.trim_end().to_owned() + "\n"
    };
    let mut text = headline(snapshot, presence) + "\n" + &line(titles);
    for row in &rows {
        text.push_str(&line(row.each_ref().map(String::as_str)));
    }
    text
}

fn headline(snapshot: &Snapshot, presence: Presence) -> String {
    let state = match presence {
        Presence::Gone if snapshot.state != "stopped" => "gone without a word",
        Presence::Runs | Presence::Gone => snapshot.state.as_str(),
    };
    let mut text = format!("{state} (pid {})", snapshot.pid);
    if let Some(code) = snapshot.exit_code {
        text += &format!(", exit code {code}");
    }
    if let Some(uptime) = snapshot.uptime_s {
        text += &format!(", up {}", span(uptime));
    }
    if let Some(config) = &snapshot.config {
        text += &format!(", {}", config.display());
    }
    text
}

fn row(instance: &InstanceSnapshot) -> [String; 6] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        instance.id.clone(),
        instance.state.clone(),
        or_dash(instance.pid.map(|pid| pid.to_string())),
        or_dash(instance.uptime_s.map(span)),
        instance.restarts.to_string(),
        or_dash(instance.last_exit.as_ref().map(ToString::to_string)),
    ]
}

/// A span of time in its two largest units.
#[must_use]
pub(crate) fn span(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{}s", whole),
        (0, 0, minutes) => format!("{minutes}m{:02}s", whole % 60),
        (0, hours, minutes) => format!("{hours}h{minutes:02}m"),
        (days, hours, _) => format!("{days}d{hours:02}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{LastExit, ProcessSnapshot};

    #[test]
    fn spans_show_their_two_largest_units() {
        let shown = [0.4, 59.9, 61.0, 3600.0, 86_399.0, 90_000.0].map(span);
        assert_eq!(shown, ["0s", "59s", "1m01s", "1h00m", "23h59m", "1d01h"]);
    }

    #[test]
    fn the_table_has_a_row_for_each_instance() {
        let instance = |id: &str, pid, uptime_s, last_exit| InstanceSnapshot {
            id: id.to_owned(),
            state: "running".to_owned(),
            pid,
            uptime_s,
            restarts: 2,
            last_exit,
        };
        let exit = LastExit { code: None, signal: Some("SIGSEGV".to_owned()), core_dumped: true };
        let snapshot = Snapshot {
            pid: 7,
            state: "running".to_owned(),
            ready: true,
            exit_code: None,
            version: String::new(),
            config: Some("/etc/app.yaml".into()),
            uptime_s: Some(61.0),
            processes: vec![ProcessSnapshot {
                name: "web".to_owned(),
                state: "running".to_owned(),
                instances: vec![
                    instance("web-0", Some(12), Some(5.0), Some(exit)),
                    instance("web-1", None, None, None),
                ],
            }],
        };
        let text = table(&snapshot, Presence::Runs);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "running (pid 7), up 1m01s, /etc/app.yaml");
        assert_eq!(lines[1], "INSTANCE  STATE         PID    UPTIME  RESTARTS  LAST EXIT");
        assert_eq!(lines[2], "web-0     running        12        5s         2  SIGSEGV, core dumped");
        assert_eq!(lines[3], "web-1     running         -         -         2  -");
        assert!(table(&snapshot, Presence::Gone).starts_with("gone without a word (pid 7)"));
    }
}
