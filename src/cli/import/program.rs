//! A `[program:…]` of supervisord as a process of ours. Texts only.

use super::expand::{Names, expand};
use super::ini::{Entry, File, Section};
use super::model::{Process, Value};

/// A section of a program, and where it stands.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: String,
    label: String,
    here: String,
    line: usize,
    entries: Vec<Entry>,
}

impl Program {
    pub(super) fn of(name: &str, section: &Section, file: &File) -> Self {
        Self {
            name: name.trim().to_owned(),
            label: file.label.clone(),
            here: file.here.clone(),
            line: section.line,
            entries: section.entries.clone(),
        }
    }

    /// Whether supervisord leaves what its leader has started, when it is stopped.
    pub(super) fn leaves_children(&self) -> bool {
        !self.truth("stopasgroup") && !self.truth("killasgroup")
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    }

    pub(super) fn has_command(&self) -> bool {
        self.value("command").is_some_and(|line| !line.trim().is_empty())
    }

    fn truth(&self, key: &str) -> bool {
        self.value(key).is_some_and(is_true)
    }

    /// Programs that must run before it, as supervisord's relatives in Go have it.
    pub(super) fn awaited(&self) -> Vec<String> {
        let values = ["depends_on", "depend"].iter().find_map(|key| self.value(key)).unwrap_or_default();
        values.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    }

    pub(super) fn priority(&self) -> Option<i64> {
        self.value("priority").map_or(Some(999), |text| text.parse().ok())
    }
}

fn is_true(text: &str) -> bool {
    ["true", "yes", "on", "1", "t", "y"].contains(&text.to_ascii_lowercase().as_str())
}

/// Places that are our own standard output and error.
const STREAMS: [&str; 10] = [
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/1",
    "/dev/fd/2",
    "/proc/self/fd/1",
    "/proc/self/fd/2",
    "/proc/1/fd/1",
    "/proc/1/fd/2",
    "AUTO",
    "",
];

/// The process, if it has a command.
pub(super) fn process(program: &Program, group: &str, lost: &mut Vec<String>) -> Option<Process> {
    let count = program.value("numprocs").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
    let first = program.value("numprocs_start").and_then(|text| text.parse().ok()).unwrap_or(0);
    let names = Names { here: &program.here, program: &program.name, group, count, first };
    let at = format!("{}:{}: [program:{}]", program.label, program.line, program.name);
    let Some(line) = program.value("command").map(|text| expand(text, &names, lost)) else {
        lost.push(format!("{at} has no command and is left out"));
        return None;
    };
    let Some(words) = shlex::split(&line).filter(|words| !words.is_empty()) else {
        lost.push(format!("{at}: the quotes of its command do not fit together: {line}"));
        return None;
    };
    let mut process = Process::named(&program.name);
    process.set("command", Value::List(words));
    if count > 1 {
        process.set("scale", Value::plain(count));
        let numbered =
            program.entries.iter().any(|e| e.key != "process_name" && e.value.contains("%(process_num)"));
        if numbered && first != 0 {
            process.note(format!("process_num counted from {first}; {{{{instance}}}} counts from 0"));
        }
        if numbered
            && program.entries.iter().any(|e| e.key != "process_name" && e.value.contains("%(process_num)0"))
        {
            process.note("process_num had leading zeros; {{instance}} has none");
        }
    }
    life(program, &mut process);
    ending(program, &mut process);
    let mut left = Vec::new();
    for entry in &program.entries {
        surroundings(entry, &names, &mut process, &mut left, lost);
    }
    if !left.is_empty() {
        process.note(format!("left out: {}", left.join(", ")));
    }
    for unknown in program.entries.iter().filter(|entry| !known(&entry.key)) {
        lost.push(format!(
            "{}:{}: {}={} is no key of supervisord",
            program.label, unknown.line, unknown.key, unknown.value
        ));
    }
    Some(process)
}

/// When it is started, and started again.
fn life(program: &Program, process: &mut Process) {
    if program.value("autostart").is_some_and(|text| !is_true(text)) {
        process.set("initial_state", Value::plain("stopped"));
    }
    match program.value("autorestart").unwrap_or("unexpected").to_ascii_lowercase().as_str() {
        "unexpected" => {
            process.set("restart", Value::plain("on-failure"));
            let codes: Vec<u8> = program
                .value("exitcodes")
                .unwrap_or_default()
                .split(',')
                .filter_map(|c| c.trim().parse().ok())
                .collect();
            if !codes.is_empty() && codes != [0] {
                let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
                process.set("success_codes", Value::plain(format!("[{}]", codes.join(", "))));
            }
        }
        text if is_true(text) => process.set("restart", Value::plain("always")),
        _ => process.set("restart", Value::plain("never")),
    }
    let number = |key: &str| program.value(key).and_then(|text| text.parse::<u32>().ok());
    match (number("startsecs"), number("startretries")) {
        _ if process.get("restart") == Some(&Value::plain("never")) => {}
        (Some(0), _) => process.set_noted(
            "max_restart_attempts",
            Value::plain(-1),
            "startsecs=0: no failed start was counted",
        ),
        (seconds, retries) => {
            if let Some(retries) = retries.filter(|retries| *retries != 3) {
                process.set("max_restart_attempts", Value::plain(retries.min(100)));
            }
            if let Some(seconds) = seconds.filter(|seconds| *seconds != 1) {
                process.set("restart_stability_window", Value::plain(format!("{seconds}s")));
            }
        }
    }
}

/// How it is stopped.
fn ending(program: &Program, process: &mut Process) {
    let mut stop = Vec::new();
    if let Some(signal) = program
        .value("stopsignal")
        .map(|text| text.trim().to_ascii_uppercase())
        .filter(|s| s != "TERM" && s != "SIGTERM")
    {
        let named = signal.starts_with("SIG") || signal.starts_with(|c: char| c.is_ascii_digit());
        stop.push(("signal", Value::plain(if named { signal } else { format!("SIG{signal}") })));
    }
    let seconds = program.value("stopwaitsecs").and_then(|text| text.parse::<u32>().ok()).unwrap_or(10);
    stop.push(("timeout", Value::plain(seconds)));
    if !program.truth("stopasgroup") {
        stop.push(("kill_mode", Value::plain("mixed")));
    }
    process.set("shutdown", Value::Map(stop));
}

fn surroundings(
    entry: &Entry,
    names: &Names<'_>,
    process: &mut Process,
    left: &mut Vec<String>,
    lost: &mut Vec<String>,
) {
    let mut text = || expand(&entry.value, names, lost);
    match entry.key.as_str() {
        "directory" => process.set("working_dir", Value::Text(text())),
        "user" => process.set("user", Value::Text(text())),
        "umask" => process.set("umask", Value::Text(text())),
        "environment" => {
            let text = text();
            process.env = pairs(&text);
        }
        "stdout_logfile" | "stderr_logfile" => {
            let stream = if entry.key == "stdout_logfile" { "stdout" } else { "stderr" };
            match entry.value.as_str() {
                "NONE" | "/dev/null" => process.set(stream, Value::plain(false)),
                path if STREAMS.contains(&path) => {}
                path => left.push(format!("{}={path}", entry.key)),
            }
        }
        "stdout_syslog" | "stderr_syslog" | "stdout_events_enabled" | "stderr_events_enabled"
            if is_true(&entry.value) =>
        {
            left.push(format!("{}={}", entry.key, entry.value));
        }
        "serverurl" => left.push(format!("serverurl={}", entry.value)),
        _ => {}
    }
}

fn known(key: &str) -> bool {
    const KEYS: [&str; 39] = [
        "depends_on",
        "depend",
        "command",
        "process_name",
        "numprocs",
        "numprocs_start",
        "priority",
        "autostart",
        "startsecs",
        "startretries",
        "autorestart",
        "exitcodes",
        "stopsignal",
        "stopwaitsecs",
        "stopasgroup",
        "killasgroup",
        "user",
        "redirect_stderr",
        "stdout_logfile",
        "stdout_logfile_maxbytes",
        "stdout_logfile_backups",
        "stdout_capture_maxbytes",
        "stdout_events_enabled",
        "stdout_syslog",
        "stderr_logfile",
        "stderr_logfile_maxbytes",
        "stderr_logfile_backups",
        "stderr_capture_maxbytes",
        "stderr_events_enabled",
        "stderr_syslog",
        "environment",
        "directory",
        "umask",
        "serverurl",
        "socket",
        "socket_backlog",
        "socket_owner",
        "socket_mode",
        "loglevel",
    ];
    KEYS.contains(&key)
}

/// `A="x",B='y',C=z`, over several lines if need be.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches([',', ' ', '\t', '\n']);
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, next) = match quote.and_then(|quote| after.get(1..)?.split_once(quote)) {
            Some((value, next)) => (value, next.split_once([',', '\n']).map_or("", |(_, next)| next)),
            None => after.split_once([',', '\n']).unwrap_or((after, "")),
        };
        pairs.push((key.trim().to_owned(), value.trim_end().to_owned()));
        rest = next.trim_start_matches([',', ' ', '\t', '\n', '\r']);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn variables_are_read_in_every_form() {
        let own = |all: &[(&str, &str)]| {
            all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(pairs("A=\"x,y\",B='z w' , C=d"), own(&[("A", "x,y"), ("B", "z w"), ("C", "d")]));
        assert_eq!(pairs("\nA=1,\nB=\"2\"\nC=\"3\","), own(&[("A", "1"), ("B", "2"), ("C", "3")]));
        assert_eq!(pairs("A=\"\",B=a=b"), own(&[("A", ""), ("B", "a=b")]));
        assert_eq!(pairs(""), own(&[]));
    }
}
