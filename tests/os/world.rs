//! A supervision thread for tests: the table, its driver, the signal loop, and what they delivered. Tests of one
//! process share its children, so they run one after the other.

use opentelemetry::trace::SpanContext;
use phpeek_actors::ports::{LaunchOrder, Launcher, TaskEvent, TaskReport};
use phpeek_core::autopsy::Autopsy;
use phpeek_core::ids::{InstanceId, ProcessId, TaskId};
use phpeek_core::name::ProcessName;
use phpeek_core::outcome::{Exit, SpawnFailure};
use phpeek_core::program::{Handover, Label, Numbering, Program, Speaking};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{CommandLine, OutputSpec};
use phpeek_pm::os::capture::{Capture, CaptureSink, Stream};
use phpeek_pm::os::environment::Environment;
use phpeek_pm::os::ground::Ground;
use phpeek_pm::os::reaper::Children;
use phpeek_pm::os::signals::Signals;
use std::cell::RefCell;
use std::io::Read;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// Never the same for two runs of this process: who is left of one test must not be taken for part of another's run.
static NEXT_RUN: AtomicU64 = AtomicU64::new(1);
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Kept(Mutex<Vec<Capture>>);

impl CaptureSink for Kept {
    fn capture(&self, capture: Capture) {
        self.0.lock().expect("no test panics inside").push(capture);
    }
}

pub struct World {
    pub children: Rc<Children>,
    pub reports: Rc<RefCell<Vec<TaskReport>>>,
    kept: Arc<Kept>,
    changed: Rc<Notify>,
}

/// Runs a test on a supervision thread of its own.
pub fn with_world<F: Future<Output = ()>>(test: impl FnOnce(Rc<World>) -> F) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let signals = Signals::install().expect("signals can be taken");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let world = Rc::new(World::new());
        let mut stream = signals.into_stream().expect("a stream");
        let (children, changed) = (Rc::clone(&world.children), Rc::clone(&world.changed));
        let driver = tokio::task::spawn_local(Rc::clone(&world.children).run());
        let reaper = tokio::task::spawn_local(async move {
            while let Ok(signals) = stream.next().await {
                if signals.iter().any(|received| received.signal == Signal::CHLD) {
                    children.on_sigchld();
                    changed.notify_waiters();
                }
            }
        });
        tokio::time::timeout(DEADLINE, test(world)).await.expect("the test ends in time");
        driver.abort();
        reaper.abort();
    });
}

/// Runs a test on a runtime of its own while no other runs.
pub fn alone<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test());
}

impl World {
    fn new() -> Self {
        let (reports, changed) = (Rc::new(RefCell::new(vec![])), Rc::new(Notify::new()));
        let (log, told) = (Rc::clone(&reports), Rc::clone(&changed));
        let deliver = Rc::new(move |report| {
            log.borrow_mut().push(report);
            told.notify_waiters();
        });
        let kept = Arc::new(Kept::default());
        let sink: Arc<dyn CaptureSink> = Arc::<Kept>::clone(&kept);
        let ground = Ground::new(Environment::inherited()).expect("a spawner starts");
        let children = Children::new(ground, deliver, sink);
        Self { children: Rc::new(children), reports, kept, changed }
    }

    pub async fn until(&self, mut condition: impl FnMut(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            if condition(self) {
                return;
            }
            // The system may change without telling us (a file, /proc), so we look again now and then.
            drop(tokio::time::timeout(Duration::from_millis(20), changed).await);
        }
    }

    pub fn launch(&self, program: Program) -> TaskId {
        let run = NEXT_RUN.fetch_add(1, Ordering::Relaxed);
        let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(run));
        let program = Arc::new(program);
        let label = Label { number: Some(0), incarnation: Some(run) };
        self.children.launch(LaunchOrder { task, label, program, context: SpanContext::NONE });
        task
    }

    pub fn events(&self, id: TaskId) -> Vec<TaskEvent> {
        self.reports.borrow().iter().filter(|r| r.task == id).map(|r| r.event.clone()).collect()
    }

    pub async fn pid(&self, id: TaskId) -> i32 {
        self.until(|w| !w.events(id).is_empty()).await;
        match self.events(id).first() {
            Some(TaskEvent::Spawned { pid }) => *pid,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the end of a run and checks the order of its events.
    pub async fn autopsy(&self, id: TaskId) -> Autopsy {
        self.until(|w| w.events(id).last() == Some(&TaskEvent::GroupEmpty)).await;
        match self.events(id).as_slice() {
            [TaskEvent::Spawned { .. }, TaskEvent::Exited(autopsy), TaskEvent::GroupEmpty]
            | [
                TaskEvent::Spawned { .. },
                TaskEvent::Exited(autopsy),
                TaskEvent::Left(_),
                TaskEvent::GroupEmpty,
            ] => *autopsy,
            other => panic!("{other:?}"),
        }
    }

    /// How a run ended.
    pub async fn exit(&self, id: TaskId) -> Exit {
        self.autopsy(id).await.exit
    }

    pub async fn failure(&self, id: TaskId) -> SpawnFailure {
        self.until(|w| !w.events(id).is_empty()).await;
        match self.events(id).as_slice() {
            [TaskEvent::SpawnFailed(failure)] => failure.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Runs a script to its end and returns what it wrote.
    pub async fn output(&self, mut program: Program) -> String {
        program.output = OutputSpec { stdout: true, stderr: false };
        let id = self.launch(program);
        self.exit(id).await;
        let mut kept = self.kept.0.lock().expect("no test panics inside");
        let at = kept.iter().position(|c| c.stream == Stream::Stdout).expect("captured");
        let mut text = String::new();
        std::fs::File::from(kept.remove(at).read_end).read_to_string(&mut text).expect("text up to its end");
        text
    }
}

pub fn program(argv: &[&str]) -> Program {
    let argv = argv.iter().map(|a| (*a).to_owned()).collect();
    Program {
        name: ProcessName::new("web").expect("a name"),
        hook: None,
        command: CommandLine::new(argv).expect("a command"),
        working_dir: None,
        user: None,
        group: None,
        env: vec![],
        privilege: None,
        output: OutputSpec { stdout: false, stderr: false },
        handover: Handover::Link,
        numbering: Numbering::default(),
        speaks: Speaking::default(),
    }
}

pub fn shell(script: &str) -> Program {
    program(&["/bin/sh", "-c", script])
}
