//! Specifications in a few words, for tests. Owns sensible defaults for what a test does not care about.

use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::name::ProcessName;
use phpeek_core::program::{Handover, Numbering, Program, Speaking};
use phpeek_core::schedule::{CatchUp, Overlap, ScheduleSpec, TimeZone, Timetable};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    CheckSpec, CommandLine, Condition, Dependency, Ends, HookList, HookSpec, Hooks, InitialState, KillMode,
    MemorySpec, OnError, OnTimeout, OutputSpec, ProcessKind, ProcessSpec, Question, RestartPolicy,
    RestartSpec, Role, StopSpec, SystemSpec,
};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Builds the specification of a process.
#[derive(Debug, Clone)]
pub struct SpecBuilder(ProcessSpec, Vec<Need>);

/// What it needs of another, by its place.
#[derive(Debug, Clone)]
struct Need {
    on: u32,
    condition: Condition,
    timeout: Option<Duration>,
    on_timeout: OnTimeout,
    restart: bool,
}

impl SpecBuilder {
    /// A long-running process with one instance: restarted always, ten failures forgiven, backoff 100 ms to 1 s,
    /// stopped with SIGTERM and ten seconds of grace.
    ///
    /// # Panics
    /// When the name is not valid: a test wrote it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the arguments are written in tests")]
    pub fn new(name: &str) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let own = ProcessName::new(name).expect("a test names its processes well");
        let spec = ProcessSpec {
            name: own.clone(),
            kind: ProcessKind::LongRun,
            initial: InitialState::Running,
            program: Arc::new(Program {
                name: own,
                hook: None,
                command: CommandLine::new(vec![format!("/usr/bin/{name}"), "--flag".to_owned()])
                    .expect("a name is a program"),
                working_dir: None,
                user: None,
                group: None,
                env: Vec::new(),
                privilege: None,
                output: OutputSpec { stdout: false, stderr: false },
                handover: Handover::Link,
                numbering: Numbering::default(),
                speaks: Speaking::default(),
            }),
            scale: NonZeroU32::MIN,
            max_scale: 100,
            depends_on: Vec::new(),
            restart: RestartSpec {
                policy: RestartPolicy::Always,
                attempts: Attempts::AtMost(10),
                backoff: backoff.expect("100 ms is less than 1 s"),
                stable_after: Some(Duration::from_secs(60)),
                ends: Ends::USUAL,
            },
            stop: StopSpec {
                signal: Signal::TERM,
                grace: Duration::from_secs(10),
                kill_signal: Signal::KILL,
                kill_grace: Duration::from_secs(5),
                mode: KillMode::Group,
            },
            essential: false,
            rolling: None,
            hooks: None,
            health: None,
            memory: None,
            watch: None,
            schedule: None,
        };
        Self(spec, Vec::new())
    }

    /// It is meant to end with 0, once.
    #[must_use]
    pub fn oneshot(mut self) -> Self {
        self.0.kind = ProcessKind::Oneshot;
        self
    }

    /// It runs by the clock, in UTC: each job once, one at a time, and nothing is made up for, but for this change.
    ///
    /// # Panics
    /// When that is no schedule: a test wrote it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the arguments are written in tests")]
    pub fn by_the_clock(mut self, cron: &str, change: impl FnOnce(&mut ScheduleSpec)) -> Self {
        let timetable = Timetable::parse(cron, TimeZone::UTC, |_| None);
        let mut spec = ScheduleSpec {
            text: cron.to_owned(),
            timetable: timetable.expect("a test writes a schedule that can be meant"),
            at_once: 1,
            overlap: Overlap::Skip,
            jitter: Duration::ZERO,
            catch_up: CatchUp::None,
            retries: 0,
            retry_delay: Duration::ZERO,
            timeout: None,
            heartbeat: None,
        };
        change(&mut spec);
        self.0.kind = ProcessKind::Scheduled;
        self.0.schedule = Some(Arc::new(spec));
        self
    }

    /// It is started on request only.
    #[must_use]
    pub fn dormant(mut self) -> Self {
        self.0.initial = InitialState::Stopped;
        self
    }

    /// How many instances; at least one.
    #[must_use]
    pub fn scale(mut self, n: u32) -> Self {
        self.0.scale = NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// It waits until this process runs.
    #[must_use]
    pub fn after(self, process: u32) -> Self {
        self.needs(process, Condition::Started)
    }

    /// It waits until this process has ended with 0.
    #[must_use]
    pub fn after_end_of(self, process: u32) -> Self {
        self.needs(process, Condition::CompletedSuccessfully)
    }

    /// It waits until this process has ended, well or not.
    #[must_use]
    pub fn after_any_end_of(self, process: u32) -> Self {
        self.needs(process, Condition::Completed)
    }

    /// It waits for the latest it was told to wait for no longer than this.
    #[must_use]
    pub fn at_most(mut self, timeout: Duration, on_timeout: OnTimeout) -> Self {
        if let Some(need) = self.1.last_mut() {
            (need.timeout, need.on_timeout) = (Some(timeout), on_timeout);
        }
        self
    }

    /// It shares the fate of the latest it was told to wait for.
    #[must_use]
    pub fn restarted_with(mut self) -> Self {
        if let Some(need) = self.1.last_mut() {
            need.restart = true;
        }
        self
    }

    fn needs(mut self, on: u32, condition: Condition) -> Self {
        self.1.push(Need { on, condition, timeout: None, on_timeout: OnTimeout::Fail, restart: false });
        self
    }

    /// Which ends are followed by a new run.
    #[must_use]
    pub fn policy(mut self, policy: RestartPolicy) -> Self {
        self.0.restart.policy = policy;
        self
    }

    /// What its ends mean.
    #[must_use]
    pub fn ends(mut self, ends: Ends) -> Self {
        self.0.restart.ends = ends;
        self
    }

    /// Its end is the end of everything.
    #[must_use]
    pub fn essential(mut self) -> Self {
        self.0.essential = true;
        self
    }

    /// How many failures are forgiven.
    #[must_use]
    pub fn attempts(mut self, n: u32) -> Self {
        self.0.restart.attempts = Attempts::AtMost(n);
        self
    }

    /// What runs around its starts and stops.
    #[must_use]
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.0.hooks = Some(Box::new(hooks));
        self
    }

    /// What each of its instances is asked.
    #[must_use]
    pub fn health<const N: usize>(mut self, checks: [CheckSpec; N]) -> Self {
        self.0.health = Some(checks.into_iter().collect());
        self
    }

    /// How much memory each of its instances may take.
    #[must_use]
    pub fn memory(mut self, bounds: MemorySpec) -> Self {
        self.0.memory = Some(bounds);
        self
    }

    /// It waits until this process is ready.
    #[must_use]
    pub fn ready_after(self, process: u32) -> Self {
        self.needs(process, Condition::Ready)
    }

    /// Both its streams are captured.
    #[must_use]
    pub fn captured(mut self) -> Self {
        Arc::make_mut(&mut self.0.program).output = OutputSpec { stdout: true, stderr: true };
        self
    }

    /// How long the waits before a new run are; the longest when the first is longer.
    #[must_use]
    pub fn backoff(mut self, initial: Duration, max: Duration) -> Self {
        self.0.restart.backoff = Backoff::new(initial.min(max), max).unwrap_or(self.0.restart.backoff);
        self
    }

    /// How long a stop may take.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.0.stop.grace = grace;
        self
    }

    /// As it stands, without dependencies.
    #[must_use]
    pub fn spec(self) -> ProcessSpec {
        self.0
    }
}

/// A system of these processes; dependencies may take 30 s, a shutdown 30 s.
#[must_use]
pub fn system(mut processes: Vec<SpecBuilder>) -> SystemSpec {
    let names: Vec<ProcessName> = processes.iter().map(|p| p.0.name.clone()).collect();
    for SpecBuilder(spec, needs) in &mut processes {
        let needs = needs.iter().filter_map(|Need { on, condition, timeout, on_timeout, restart }| {
            let process = names.get(*on as usize)?.clone();
            Some(Dependency {
                timeout: *timeout,
                on_timeout: *on_timeout,
                restart: *restart,
                ..Dependency::new(process, *condition)
            })
        });
        spec.depends_on.extend(needs);
    }
    SystemSpec {
        shutdown_timeout: Duration::from_secs(30),
        dependency_timeout: Duration::from_secs(30),
        processes: processes.into_iter().map(|p| Arc::new(p.0)).collect(),
        signals: BTreeMap::new(),
        hooks: Hooks::default(),
    }
}

/// A hook that is tried once, for ten seconds, and whose failure counts.
///
/// # Panics
/// When the name is not valid: a test wrote it.
#[must_use]
#[expect(clippy::expect_used, reason = "the arguments are written in tests")]
pub fn hook(name: &str) -> HookSpec {
    let program = Program {
        name: ProcessName::new(name).expect("a test names its hooks well"),
        hook: Some(name.into()),
        command: CommandLine::new(vec![format!("/usr/bin/{name}")]).expect("a name is a program"),
        working_dir: None,
        user: None,
        group: None,
        env: Vec::new(),
        privilege: None,
        output: OutputSpec { stdout: true, stderr: true },
        handover: Handover::Parent,
        numbering: Numbering::default(),
        speaks: Speaking::default(),
    };
    HookSpec {
        name: name.into(),
        program: Arc::new(program),
        timeout: Duration::from_secs(10),
        retries: 0,
        retry_delay: Duration::ZERO,
        on_error: OnError::Stop,
    }
}

/// A check by TCP without a delay, every ten seconds, for three seconds, that changes with each answer.
#[must_use]
pub fn check(role: Role) -> CheckSpec {
    CheckSpec {
        role,
        question: Question::Tcp("127.0.0.1:1".into()),
        numbered: None,
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(10),
        timeout: Duration::from_secs(3),
        failure_threshold: 1,
        success_threshold: 1,
    }
}

/// The same by a program.
#[must_use]
pub fn exec_check(role: Role) -> CheckSpec {
    CheckSpec { question: Question::Exec(hook("probe").program), ..check(role) }
}

/// Hooks as a list.
#[must_use]
pub fn hooks<const N: usize>(hooks: [HookSpec; N]) -> HookList {
    hooks.into_iter().map(Arc::new).collect()
}
