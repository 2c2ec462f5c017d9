//! The supervisors of a storm, one after the other on one spool, and what is known of them from outside: each process
//! writes a line with its generation, instance, pid and time when it starts.

use crate::receiver::now_ns;
use crate::support::procfs::{alive, marked, signal};
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// How a supervisor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Stopped,
    Killed,
}

/// One supervisor.
#[derive(Debug, Clone)]
pub(crate) struct Generation {
    pub(crate) launched: u64,
    /// Just before it was killed, or when it was gone.
    pub(crate) ended: u64,
    pub(crate) end: End,
    pub(crate) records: Vec<Value>,
    /// SIGUSR1, with all of its processes up.
    pub(crate) restarts_asked: Vec<u64>,
    /// SIGKILL of a process.
    pub(crate) kills: u64,
}

/// A line that a process has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) generation: usize,
    pub(crate) instance: String,
    pub(crate) pid: i32,
    pub(crate) what: String,
    pub(crate) at: u64,
}

impl Line {
    pub(crate) fn is_of(&self, process: &str) -> bool {
        self.instance.starts_with(process)
    }
}

pub(crate) struct Fleet {
    // Goes first, while its folder is there: it shows what it said when the test fails.
    supervisor: Option<Supervisor>,
    pub(crate) sandbox: Sandbox,
    config: PathBuf,
    pub(crate) generations: Vec<Generation>,
}

/// What a script says when something happens. One write, so lines never mix.
fn tell(what: &str) -> String {
    format!("echo \"$GENERATION $PHPEEK_PM_INSTANCE_ID $$ {what} $(date +%s%N)\" >> \"$SANDBOX/lines\"")
}

impl Fleet {
    pub(crate) fn new(endpoint: &str) -> Self {
        let sandbox = Sandbox::new();
        let settings = json!({
            "tracing_enabled": true,
            "tracing_exporter": "otlp-grpc",
            "tracing_endpoint": endpoint,
            "tracing_spool_dir": sandbox.path("spool"),
            "max_restart_attempts": -1,
            "restart_backoff_initial": "300ms",
            "restart_backoff_max": "600ms",
        });
        let script = |name: &str, body: &str| sandbox.script(name, body);
        let stay = format!("{}\nexec sleep 1000", tell("start"));
        let job = format!("{}\nsleep 0.3\n{}", tell("start"), tell("end"));
        let crash = format!("{}\nsleep 0.$((($$ % 4) + 1))\nexit 3", tell("start"));
        let config = sandbox.config(
            settings,
            json!({
                "job": {"type": "oneshot", "command": script("job", &job)},
                "web": {"command": script("web", &stay), "scale": 3, "depends_on": ["job"]},
                "db": {"command": script("db", &stay), "restart": "always"},
                "crash": {"command": script("crash", &crash), "restart": "always"},
            }),
        );
        Self { sandbox, config, supervisor: None, generations: Vec::new() }
    }

    /// Starts the next supervisor.
    pub(crate) fn launch(&mut self) {
        let number = self.generations.len();
        let launched = now_ns();
        let supervisor = Launch::new(&self.sandbox)
            .env("GENERATION", number.to_string())
            .env("OTEL_EXPORTER_OTLP_HEADERS", format!("x-generation={number}"))
            .env("OTEL_RESOURCE_ATTRIBUTES", format!("chaos.generation={number}"))
            .serve(&self.config);
        self.supervisor = Some(supervisor);
        self.generations.push(Generation {
            launched,
            ended: u64::MAX,
            end: End::Killed,
            records: Vec::new(),
            restarts_asked: Vec::new(),
            kills: 0,
        });
    }

    fn current(&mut self) -> (&mut Supervisor, &mut Generation) {
        let generation = self.generations.last_mut().expect("launched");
        (self.supervisor.as_mut().expect("it runs"), generation)
    }

    /// Asks for a flush of telemetry, once its signals are handled: the first process comes after that.
    pub(crate) fn flush(&mut self) {
        let number = self.generations.len() - 1;
        if self.lines().iter().any(|line| line.generation == number) {
            self.current().0.signal(Signal::USR2);
        }
    }

    /// Whether everything of the current supervisor has been up once.
    pub(crate) fn is_up(&self) -> bool {
        let number = self.generations.len() - 1;
        let lines = self.lines();
        let of = |name: &str| lines.iter().filter(|l| l.generation == number && l.is_of(name)).count();
        of("web") >= 3 && of("db") >= 1 && of("crash") >= 1
    }

    pub(crate) fn wait_until_up(&mut self) {
        wait_until(LONG, "the processes to be up", || {
            let supervisor = self.supervisor.as_mut().expect("it runs");
            assert!(supervisor.runs(), "it ended by itself with {}", supervisor.ended());
            self.is_up()
        });
    }

    /// Asks for a rolling restart.
    pub(crate) fn restart(&mut self) {
        let (supervisor, generation) = self.current();
        supervisor.signal(Signal::USR1);
        generation.restarts_asked.push(now_ns());
    }

    /// SIGKILL to one of its processes.
    pub(crate) fn kill_a_process(&mut self, choose: impl FnOnce(usize) -> usize) {
        let number = self.generations.len() - 1;
        // The oneshot is left alone: a boot whose oneshot is killed fails.
        let lives = |line: &Line| line.generation == number && !line.is_of("job") && alive(line.pid);
        let live: Vec<i32> = self.lines().iter().filter(|l| lives(l)).map(|l| l.pid).collect();
        if !live.is_empty() && signal(live[choose(live.len())], Signal::KILL) {
            self.current().1.kills += 1;
        }
    }

    /// SIGKILL to the supervisor; its processes go too, as they do with a container.
    pub(crate) fn kill(&mut self) {
        let (supervisor, generation) = self.current();
        assert!(supervisor.runs(), "it ended by itself with {}", supervisor.ended());
        generation.ended = now_ns();
        supervisor.signal(Signal::KILL);
        assert_eq!(supervisor.ended(), 137);
        generation.records = supervisor.records();
        self.supervisor = None;
        let dir = self.sandbox.dir().to_owned();
        wait_until(LONG, "the end of the processes", || {
            let left = marked(&dir);
            for pid in &left {
                signal(*pid, Signal::KILL);
            }
            left.is_empty()
        });
    }

    /// SIGTERM to the supervisor.
    pub(crate) fn stop(&mut self) {
        let (supervisor, generation) = self.current();
        assert_eq!(supervisor.stop(), 0);
        generation.ended = now_ns();
        generation.end = End::Stopped;
        generation.records = supervisor.records();
        assert_eq!(supervisor.leftovers(), Vec::<String>::new());
        self.supervisor = None;
    }

    /// What the processes have written so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let text = fs::read_to_string(self.sandbox.path("lines")).unwrap_or_default();
        let parse = |line: &str| {
            let mut words = line.split(' ');
            Some(Line {
                generation: words.next()?.parse().ok()?,
                instance: words.next()?.to_owned(),
                pid: words.next()?.parse().ok()?,
                what: words.next()?.to_owned(),
                at: words.next()?.parse().ok()?,
            })
        };
        text.lines().filter_map(parse).collect()
    }
}
