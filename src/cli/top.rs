//! `top`: the instances of a running supervisor, with what each uses, again and again on a terminal and once elsewhere. Asks
//! for the state, and reads /proc itself: nothing has to be configured for it. Only reads.

use super::ask::Target;
use super::fault::Fault;
use super::say::{say, write};
use super::table::{draw, left, right, span};
use crate::exit;
use clap::{Args, ValueEnum};
use phpeek_api::client::{Client, ClientError};
use phpeek_api::snapshot::{InstanceSnapshot, Snapshot};
use phpeek_os::usage::{TreeUsage, of_tree};
use phpeek_output::terminal;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stdout};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Options of `top`.
#[derive(Debug, Args)]
pub struct TopArguments {
    /// What comes first.
    #[arg(long, value_enum, default_value_t = Sort::Cpu)]
    pub sort: Sort,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, allow_negative_numbers = true)]
    pub interval: f64,
    /// Look once; what is no terminal gets no more.
    #[arg(long)]
    pub once: bool,
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Look once, and print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Who uses the most processor time.
    Cpu,
    /// Who holds the most memory.
    Memory,
    /// Who was restarted most often.
    Restarts,
    /// Who runs for the longest time.
    Uptime,
    /// By name.
    Name,
}

/// Processor time is a difference: between the two looks of one that looks once.
const GLANCE: Duration = Duration::from_millis(500);
/// The shortest time between two looks.
const SHORTEST: f64 = 0.1;

/// An instance, as it is shown.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    process: String,
    id: String,
    state: String,
    pid: Option<i32>,
    /// `None` where /proc does not show it: it does not run, or runs in a namespace that we do not see.
    cpu_percent: Option<f64>,
    memory_rss_bytes: Option<u64>,
    restarts: u32,
    uptime_s: Option<f64>,
}

/// What was used at the last look, by leader.
type Before = BTreeMap<i32, Duration>;

/// Shows them. 0: that was all.
pub(super) fn run(config: Option<PathBuf>, arguments: &TopArguments) -> Result<u8, Fault> {
    if !(arguments.interval.is_finite() && arguments.interval >= SHORTEST) {
        return Err(Fault::Usage(format!("--interval wants a number of seconds from {SHORTEST}")));
    }
    let client = Target { socket: arguments.socket.clone(), config }.client()?;
    let out = stdout();
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let live = out.is_terminal() && !dumb && !arguments.once && !arguments.json;
    let mut last = (Before::new(), Instant::now());
    look(&client, &mut last)?;
    if !live {
        std::thread::park_timeout(GLANCE);
        let (snapshot, mut rows) = look(&client, &mut last)?;
        sort(&mut rows, arguments.sort);
        say(if arguments.json { as_json(&snapshot, &rows) } else { table(&snapshot, &rows) });
        return Ok(exit::OK);
    }
    let mut pause = GLANCE;
    loop {
        std::thread::park_timeout(pause);
        pause = Duration::from_secs_f64(arguments.interval);
        let (snapshot, mut rows) = look(&client, &mut last)?;
        sort(&mut rows, arguments.sort);
        if write(screen(&table(&snapshot, &rows), height(), terminal::has_colour(&out))).is_err() {
            return Ok(exit::OK); // nobody looks any more
        }
    }
}

/// One look: the state, and what was used since the last.
fn look(client: &Client, (before, at): &mut (Before, Instant)) -> Result<(Snapshot, Vec<Row>), Fault> {
    let bytes = client.get("/status")?;
    let snapshot: Snapshot = serde_json::from_slice(&bytes)
        .map_err(|error| ClientError::Strange { path: client.path().to_owned(), why: error.to_string() })?;
    let now = Instant::now();
    let since = now.duration_since(*at);
    let supervisor = i32::try_from(snapshot.pid).unwrap_or_default();
    let (mut after, mut rows) = (Before::new(), Vec::new());
    for process in &snapshot.processes {
        for instance in &process.instances {
            let used = instance.pid.and_then(|pid| Some((pid, of_tree(supervisor, pid)?)));
            if let Some((pid, TreeUsage { cpu, .. })) = used {
                after.insert(pid, cpu);
            }
            rows.push(row(&process.name, instance, used, (before, since)));
        }
    }
    (*before, *at) = (after, now);
    Ok((snapshot, rows))
}

fn row(
    process: &str,
    instance: &InstanceSnapshot,
    used: Option<(i32, TreeUsage)>,
    (before, since): (&Before, Duration),
) -> Row {
    let percent = used.and_then(|(pid, usage)| {
        let more = usage.cpu.saturating_sub(*before.get(&pid)?);
        Some(more.as_secs_f64() / since.as_secs_f64().max(f64::EPSILON) * 100.0)
    });
    Row {
        process: process.to_owned(),
        id: instance.id.clone(),
        state: instance.state.clone(),
        pid: instance.pid,
        cpu_percent: percent.map(|percent| (percent * 10.0).round() / 10.0),
        memory_rss_bytes: used.map(|(_, usage)| usage.resident),
        restarts: instance.restarts,
        uptime_s: instance.uptime_s,
    }
}

/// What is the same stays in the order of names.
fn sort(rows: &mut [Row], by: Sort) {
    let most = |a: Option<f64>, b: Option<f64>| b.unwrap_or(-1.0).total_cmp(&a.unwrap_or(-1.0));
    match by {
        Sort::Cpu => rows.sort_by(|a, b| most(a.cpu_percent, b.cpu_percent)),
        Sort::Memory => rows.sort_by_key(|row| Reverse(row.memory_rss_bytes)),
        Sort::Restarts => rows.sort_by_key(|row| Reverse(row.restarts)),
        Sort::Uptime => rows.sort_by(|a, b| most(a.uptime_s, b.uptime_s)),
        Sort::Name => {}
    }
}

fn as_json(snapshot: &Snapshot, rows: &[Row]) -> String {
    let one = |row: &Row| {
        json!({
            "process": row.process, "id": row.id, "state": row.state, "pid": row.pid, "cpu_percent": row.cpu_percent,
            "memory_rss_bytes": row.memory_rss_bytes, "restarts": row.restarts, "uptime_s": row.uptime_s,
        })
    };
    let instances: Vec<Value> = rows.iter().map(one).collect();
    let shown = json!({ "pid": snapshot.pid, "state": snapshot.state, "instances": instances });
    format!("{shown}\n")
}

fn table(snapshot: &Snapshot, rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            row.id.clone(),
            row.state.clone(),
            or_dash(row.pid.map(|pid| pid.to_string())),
            or_dash(row.cpu_percent.map(|percent| format!("{percent:.1}"))),
            or_dash(row.memory_rss_bytes.map(size)),
            row.restarts.to_string(),
            or_dash(row.uptime_s.map(span)),
        ]
    };
    let columns = [
        left("INSTANCE"),
        left("STATE").at_least(8),
        right("PID"),
        right("CPU%"),
        right("RSS"),
        right("RESTARTS"),
        right("UPTIME"),
    ];
    let up = rows.iter().filter(|row| row.state == "running").count();
    let sum = |of: fn(&Row) -> Option<f64>| rows.iter().filter_map(of).sum::<f64>();
    let cpu = sum(|row| row.cpu_percent);
    let memory: u64 = rows.iter().filter_map(|row| row.memory_rss_bytes).sum();
    let run = if rows.len() == 1 { "instance runs" } else { "instances run" };
    let head = format!(
        "{} (pid {}), {up} of {} {run}, {cpu:.1}% CPU, {} RSS\n",
        snapshot.state,
        snapshot.pid,
        rows.len(),
        size(memory)
    );
    head + &draw(columns, &rows.iter().map(cells).collect::<Vec<_>>())
}

fn size(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.1}M") } else { format!("{:.2}G", mib / 1024.0) }
}

/// The text from the upper left corner on, over what was there; what does not fit is counted.
fn screen(text: &str, height: usize, colour: bool) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let shown = if lines.len() > height { height.saturating_sub(1) } else { lines.len() };
    let mut out = String::from("\x1b[H");
    for (at, line) in lines.iter().take(shown).enumerate() {
        // The titles stand out where that may be.
        let titles = colour && at == 1;
        let (begin, end) = if titles { ("\x1b[7m", "\x1b[0m") } else { ("", "") };
        out += &format!("{begin}{line}{end}\x1b[K\n");
    }
    if shown < lines.len() {
        out += &format!("and {} more\x1b[K", lines.len() - shown);
    }
    out + "\x1b[J"
}

/// Lines of the terminal, without the last, which would let it scroll.
fn height() -> usize {
    let rows = rustix::termios::tcgetwinsize(stdout()).map_or(24, |size| usize::from(size.ws_row));
    if rows == 0 { 23 } else { rows.saturating_sub(1).max(3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(id: &str, cpu: Option<f64>, memory: Option<u64>, restarts: u32) -> Row {
        Row {
            process: "p".to_owned(),
            id: id.to_owned(),
            state: "running".to_owned(),
            pid: cpu.map(|_| 7),
            cpu_percent: cpu,
            memory_rss_bytes: memory,
            restarts,
            uptime_s: Some(61.0),
        }
    }

    #[test]
    fn who_uses_the_most_comes_first_and_who_is_not_seen_last() {
        let of = |by| {
            let mut rows = vec![
                some("a", None, None, 5),
                some("b", Some(1.0), Some(9), 0),
                some("c", Some(50.0), Some(3), 1),
            ];
            sort(&mut rows, by);
            rows.into_iter().map(|row| row.id).collect::<String>()
        };
        let all = [Sort::Cpu, Sort::Memory, Sort::Restarts, Sort::Uptime, Sort::Name].map(of);
        assert_eq!(all, ["cba", "bca", "acb", "abc", "abc"]);
    }

    #[test]
    fn what_does_not_fit_on_the_screen_is_counted_and_nothing_of_before_is_left() {
        let text = "head\nTITLES\n1\n2\n3\n";
        assert_eq!(
            screen(text, 9, false),
            "\x1b[Hhead\x1b[K\nTITLES\x1b[K\n1\x1b[K\n2\x1b[K\n3\x1b[K\n\x1b[J"
        );
        let short = screen(text, 3, true);
        assert_eq!(short, "\x1b[Hhead\x1b[K\n\x1b[7mTITLES\x1b[0m\x1b[K\nand 3 more\x1b[K\x1b[J");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([0, 52_428_800, 3 << 30].map(size), ["0.0M", "50.0M", "3.00G"]);
    }
}
