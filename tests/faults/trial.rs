//! One life of a supervisor under strace: start, a death and its restart, questions to each part, stop. Owns what is an
//! acceptable end.

use super::calls::{Case, Part};
use super::support::otlp::{Manner, Receiver};
use super::support::procfs::signal;
use super::support::supervisor::{Launch, run};
use super::support::{Sandbox, Supervisor, wait_for, wait_until};
use super::table::ON_PATH;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Each step takes milliseconds; the longest budget of the program below is that of a stop, 3 s.
const LIMIT: Duration = Duration::from_secs(20);
/// The codes of a start that says that it cannot be: those of the README, never a panic's or a signal's.
const CANNOT_START: [i32; 7] = [1, 66, 70, 73, 78, 126, 127];
/// The code of a stop that took more than its budget.
const DEADLINE: i32 = 75;
/// So often the same fault has come again: each new child counts anew.
const AGAIN: usize = 3;

/// How it began.
enum Began {
    Up,
    Ended(i32),
}

/// The pieces of a run.
pub(crate) struct Trial {
    sandbox: Sandbox,
    receiver: Receiver,
    config: PathBuf,
    socket: String,
}

impl Trial {
    pub(crate) fn new() -> Self {
        let (sandbox, receiver) = (Sandbox::new(), Receiver::start(Manner::Takes));
        let socket = sandbox.path("s.sock").display().to_string();
        fs::create_dir(sandbox.path("run")).expect("a folder");
        let global = json!({
            "control_socket": socket, "shutdown_timeout": 3, "max_restart_attempts": -1,
            "tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": receiver.endpoint(),
            "tracing_spool_dir": sandbox.path("spool"),
        });
        let worker =
            |name: &str| sandbox.script(name, &format!("echo I am $$\nemit {name} start\nexec sleep 1000"));
        let processes = json!({
            "a": {"command": worker("a"), "restart": "always"},
            "b": {"command": worker("b"), "restart": "always", "depends_on": ["a"]},
        });
        let config = sandbox.config(global, processes);
        Self { sandbox, receiver, config, socket }
    }

    /// What strace has written.
    pub(crate) fn record(&self) -> String {
        fs::read_to_string(self.sandbox.path("record")).unwrap_or_default()
    }

    fn injected(&self) -> usize {
        self.record().matches("(INJECTED)").count()
    }

    /// Runs it; gives whether the fault was made. Without a case it is a healthy run that is recorded.
    pub(crate) fn run(&self, part: Part, case: Option<Case>) -> bool {
        let record = self.sandbox.path("record").display().to_string();
        let (trace, inject) = match case {
            None => ("--trace=all".to_owned(), String::new()),
            Some(c) => (
                format!("--trace={}", c.call),
                format!("--inject={}:error={}:when={}", c.call, c.error, c.number),
            ),
        };
        let strace = ["strace", "-f", "-b", "execve", "-o", &record, &trace, &inject];
        let mut strace: Vec<&str> = strace.into_iter().filter(|word| !word.is_empty()).collect();
        let only = case.and_then(|c| ON_PATH.iter().find(|(call, _)| *call == c.call));
        let path = only.map(|(_, name)| self.sandbox.path(name).display().to_string());
        strace.extend(path.iter().flat_map(|path| ["-P", path]));
        let folder = self.sandbox.path("run").display().to_string();
        let launch = Launch::new(&self.sandbox).env("RUNTIME_DIRECTORY", folder);
        // -D: strace is the grandchild, and what is started here is the supervisor.
        let through = [strace.as_slice(), &["-D", "-qq"]].concat();
        let launch = if part == Part::Start { launch.through(&through) } else { launch };
        let mut supervisor = launch.serve(&self.config);
        match self.began(&mut supervisor) {
            Began::Ended(code) => self.cannot_start(&supervisor, code, case),
            Began::Up => {
                let mut tracer =
                    (part == Part::Life).then(|| Tracer::attach(&strace, &supervisor, &self.sandbox));
                let refuses = case.is_some_and(|c| c.call == "write" && c.error == "EPERM");
                self.restart(&mut supervisor, tracer.as_mut(), refuses);
                self.questions(&mut supervisor);
                self.stop(&mut supervisor, case);
                let lost = refuses && self.injected() > 0 && supervisor.lines_of("a").len() < 2;
                assert!(!lost || supervisor.stdout().contains("refused_lines"), "a line is lost in silence");
            }
        }
        self.nothing_left(&supervisor);
        self.injected() > 0
    }

    fn began(&self, supervisor: &mut Supervisor) -> Began {
        wait_for(LIMIT, "up or ended", || {
            if !supervisor.runs() {
                return Some(Began::Ended(supervisor.ended()));
            }
            let started = ["a", "b"].iter().all(|name| !self.sandbox.events_of(name, "start").is_empty());
            (started && self.ask("status").0 == 0).then_some(Began::Up)
        })
    }

    fn ask(&self, command: &str) -> (i32, String) {
        run(&self.sandbox, &[command, "--json", "--socket", &self.socket])
    }

    /// It told what it cannot do, with a code of the README's.
    fn cannot_start(&self, supervisor: &Supervisor, code: i32, case: Option<Case>) {
        let words = supervisor.last_words();
        assert!(case.is_some_and(|c| c.part == Part::Start), "ended with {code}: {words}");
        if case.is_some_and(|c| c.loader) && supervisor.stdout().is_empty() {
            return;
        }
        assert!(CANNOT_START.contains(&code), "exit code {code}: {words}");
        assert!(words.len() > 20, "a sentence, not {words:?}");
    }

    /// A death is followed by a new run, whose line and whose span arrive.
    fn restart(&self, supervisor: &mut Supervisor, mut tracer: Option<&mut Tracer>, refuses: bool) {
        let first = self.sandbox.started("a", 1);
        assert!(signal(first, Signal::KILL), "a runs");
        wait_until(LIMIT, "a runs again", || {
            assert!(supervisor.runs(), "the supervisor died: {}", supervisor.last_words());
            if let Some(tracer) = tracer.as_mut().filter(|_| self.injected() >= AGAIN) {
                tracer.end();
            }
            self.sandbox.events_of("a", "start").len() >= 2
        });
        let second = self.sandbox.started("a", 2);
        // A line that standard output refuses is counted, and that is said with the next record.
        wait_until(LIMIT, "the line of the new run", || {
            refuses || supervisor.lines_of("a").contains(&format!("I am {second}"))
        });
        wait_until(LIMIT, "the span of the new run", || {
            let of_it = |s: &super::support::otlp::Span| s.get("process.pid") == second.to_string();
            self.receiver.spans().named("process.spawn").iter().any(of_it)
        });
    }

    /// Each part says that it is well, and it is so.
    fn questions(&self, supervisor: &mut Supervisor) {
        wait_until(LIMIT, "status says that all is up", || self.ask("status").0 == 0);
        wait_until(LIMIT, "telemetry is good", || {
            let (_, text) = self.ask("telemetry");
            serde_json::from_str(&text).is_ok_and(|report: Value| report["state"] == "good")
        });
        assert!(supervisor.runs(), "the supervisor died: {}", supervisor.last_words());
    }

    /// All is stopped and told. Where the request to end is refused, the kill comes at the end of the budget.
    fn stop(&self, supervisor: &mut Supervisor, case: Option<Case>) {
        supervisor.signal(Signal::TERM);
        let code = supervisor.ended_within(LIMIT);
        let refused = code == DEADLINE && case.is_some_and(|c| c.call == "kill");
        assert!(code == 0 || refused, "exit code {code}: {}", supervisor.last_words());
        let told = |part: &str| supervisor.stdout().contains(part);
        let arrived = !self.receiver.spans().named("process_manager.shutdown").is_empty();
        assert!(
            arrived || told("in the spool") || told("are lost"),
            "the trace of the stop is lost in silence"
        );
    }

    fn nothing_left(&self, supervisor: &Supervisor) {
        wait_until(LIMIT, "no process is left", || {
            supervisor.leftovers().iter().all(|line| line.contains("strace"))
        });
        // What strace writes last.
        wait_until(LIMIT, "strace has ended", || supervisor.leftovers().is_empty());
        let said = supervisor.stdout() + &supervisor.stderr();
        assert!(!said.contains("panicked"), "a panic: {said}");
    }
}

/// An strace that was attached to a supervisor.
struct Tracer(Child);

impl Tracer {
    fn attach(strace: &[&str], supervisor: &Supervisor, sandbox: &Sandbox) -> Self {
        let words = sandbox.path("strace.log");
        let pid = supervisor.pid();
        let child = Command::new("strace")
            .args(&strace[1..])
            .args(["-p", &pid.to_string()])
            .env("SANDBOX", sandbox.dir())
            .stderr(fs::File::create(&words).expect("a file"))
            .stdin(Stdio::null())
            .spawn()
            .expect("strace: run tests/run, which installs it");
        wait_until(LIMIT, "strace is attached to every thread", || {
            let text = fs::read_to_string(&words).unwrap_or_default();
            assert!(!text.contains("not permitted"), "ptrace is forbidden here: {text}");
            let traced = |status: String| status != "0";
            text.contains("attached")
                && fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten().all(|task| {
                    let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
                    let line = status.lines().find_map(|l| l.strip_prefix("TracerPid:"));
                    line.is_some_and(|l| traced(l.trim().to_owned()))
                })
        });
        Self(child)
    }

    /// Ends the faults; what was traced goes on. By SIGKILL: an strace that detaches in order can wait for ever for a
    /// thread in vfork(2) whose child it holds.
    fn end(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            signal(i32::try_from(self.0.id()).expect("a pid fits"), Signal::KILL);
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.end();
        drop(self.0.wait());
    }
}
