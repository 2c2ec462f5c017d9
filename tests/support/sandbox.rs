//! A folder for one test: scripts, the configuration, and a file to which children report. Scripts lie in files, so
//! that no `$` gets into a configuration. Called by every test.

use super::wait::{LONG, wait_for};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// `emit WHO WHAT` appends a line with the script's pid; one write, so lines never mix and stand in their order.
/// `await_turn A B` waits until there are more lines that begin with A than with B.
const PREAMBLE: &str = "#!/bin/sh\nemit() { echo \"$*\" $$ >> \"$SANDBOX/events\"; }\n\
    count() { grep -c \"^$1 \" \"$SANDBOX/events\"; }\n\
    await_turn() { until [ \"$(count \"$1\")\" -gt \"$(count \"$2\")\" ]; do sleep 0.01; done; }\n";

/// With `PHPEEK_TEST_LATE` set, what a script that is late begins with: a test that takes two programs to be in an
/// order that nothing keeps fails then, not only on a slow machine.
const LATE: &str = "case $(($$ % 3)) in 0) sleep 0.08;; 1) sleep 0.02;; esac\n";

/// One line that a child wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who wrote it.
    pub who: String,
    /// What happened.
    pub what: String,
    /// The pid of the script.
    pub pid: i32,
}

/// A folder that goes when the test ends.
#[derive(Debug)]
pub struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            dir: tempfile::Builder::new().prefix("phpeek-pm-test-").tempdir().expect("a temporary folder"),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file in the sandbox");
        path
    }

    /// A command that runs a shell script.
    pub fn script(&self, name: &str, body: &str) -> Value {
        let late = if std::env::var_os("PHPEEK_TEST_LATE").is_some() { LATE } else { "" };
        let path = self.write(&format!("{name}.sh"), &format!("{PREAMBLE}{late}{body}\n"));
        json!(["/bin/sh", path])
    }

    /// A command that reports its start and stays, with the default reaction to every signal.
    pub fn worker(&self, name: &str) -> Value {
        self.script(name, &format!("emit {name} start\nexec sleep 1000"))
    }

    /// A command that reports its start, and its end by SIGTERM.
    pub fn polite(&self, name: &str) -> Value {
        self.script(
            name,
            &format!("trap 'emit {name} end; exit 0' TERM\nemit {name} start\nwhile :; do sleep 0.02; done"),
        )
    }

    /// A command that reports its start and cares for nothing but SIGKILL.
    pub fn stubborn(&self, name: &str) -> Value {
        self.script(
            name,
            &format!("trap '' TERM INT QUIT HUP\nemit {name} start\nwhile :; do sleep 0.02; done"),
        )
    }

    /// What a shell script does until the file `gate` is there: see [`Self::write`] to open it.
    pub fn until_open(gate: &str) -> String {
        format!("while [ ! -e \"$SANDBOX/{gate}\" ]; do sleep 0.02; done")
    }

    /// Everything that children have reported so far, in order.
    pub fn events(&self) -> Vec<Event> {
        let text = fs::read_to_string(self.path("events")).unwrap_or_default();
        let parse = |line: &str| {
            let (rest, pid) = line.rsplit_once(' ')?;
            let (who, what) = rest.split_once(' ')?;
            Some(Event { who: who.to_owned(), what: what.to_owned(), pid: pid.parse().ok()? })
        };
        text.lines().filter_map(parse).collect()
    }

    /// What one child has reported.
    pub fn events_of(&self, who: &str, what: &str) -> Vec<Event> {
        self.events().into_iter().filter(|e| e.who == who && e.what == what).collect()
    }

    /// The story as `who what` lines.
    pub fn story(&self) -> Vec<String> {
        self.events().iter().map(|e| format!("{} {}", e.who, e.what)).collect()
    }

    /// Waits for the `count`th report of `who what`; gives all of them.
    pub fn seen(&self, who: &str, what: &str, count: usize) -> Vec<Event> {
        wait_for(LONG, &format!("{count} x \"{who} {what}\""), || {
            Some(self.events_of(who, what)).filter(|events| events.len() >= count)
        })
    }

    /// Waits for the `count`th start of `who`; gives the pid of the latest.
    pub fn started(&self, who: &str, count: usize) -> i32 {
        self.seen(who, "start", count)[count - 1].pid
    }

    /// Writes a configuration. JSON is YAML, so nothing needs quoting. Restarts come fast unless `global` says
    /// otherwise.
    pub fn config(&self, global: Value, processes: Value) -> PathBuf {
        let mut settings = Map::from_iter([
            ("api_enabled".to_owned(), json!(false)),
            ("metrics_enabled".to_owned(), json!(false)),
            ("restart_backoff_initial".to_owned(), json!("10ms")),
            ("restart_backoff_max".to_owned(), json!("10ms")),
        ]);
        if let Value::Object(more) = global {
            settings.extend(more);
        }
        let signals = settings.remove("signals");
        let mut document = json!({"version": "1.0", "global": settings, "processes": processes});
        if let (Some(signals), Some(document)) = (signals, document.as_object_mut()) {
            document.insert("signals".to_owned(), signals);
        }
        self.write("config.yaml", &document.to_string())
    }
}
