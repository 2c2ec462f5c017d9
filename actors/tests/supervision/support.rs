//! A whole system of actors over fakes, and how a test waits: for a condition, in virtual time.

use actix::{Actor, Addr};
use opentelemetry::trace::{Link, SpanContext};
use opentelemetry_sdk::trace::SpanData;
use phpeek_actors::board::{BoardListener, SystemState};
use phpeek_actors::clock::{Clock, Moment};
use phpeek_actors::envelope::Envelope;
use phpeek_actors::journal::Journal;
use phpeek_actors::listeners::{Listener, Listeners};
use phpeek_actors::manager::{Finished, ManagerActor, Request, Router};
use phpeek_actors::panics::Panics;
use phpeek_actors::story::Story;
use phpeek_actors::testkit::{
    Behaviour, FakeLauncher, FakeMeter, FakeProber, RecordingBoard, RecordingLog, SpanRecorder, attribute,
    duration,
};
use phpeek_actors::trace::names;
use phpeek_actors::world::{Deaths, World};
use phpeek_core::fleet::{BootFailureCause, Fleet, Outcome};
use phpeek_core::ids::{InstanceId, ProcessId, RunId};
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::{SpawnFailure, SpawnFailureKind};
use phpeek_core::signal::Signal;
use phpeek_core::spec::SystemSpec;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

pub(crate) struct Rig {
    pub(crate) launcher: Rc<FakeLauncher>,
    pub(crate) prober: Rc<FakeProber>,
    pub(crate) meter: Rc<FakeMeter>,
    pub(crate) spans: SpanRecorder,
    pub(crate) log: RecordingLog,
    pub(crate) board: Rc<RecordingBoard>,
    pub(crate) clock: Clock,
    pub(crate) manager: Addr<ManagerActor>,
    names: Vec<ProcessName>,
    done: oneshot::Receiver<Finished>,
}

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn run(process: u32, instance: u32, run: u64) -> RunId {
    InstanceId { process: ProcessId(process), serial: instance }.run(run)
}

/// Runs a test on the paused clock. A longer virtual time than an hour is a hang.
pub(crate) fn paused<T>(test: impl Future<Output = T>) -> T {
    actix::System::new().block_on(async {
        tokio::time::pause();
        tokio::time::timeout(Duration::from_secs(3600), test).await.expect("it hangs")
    })
}

/// What failed the boot, if that is how it ended.
pub(crate) fn why(end: &Finished) -> Option<BootFailureCause> {
    match &end.outcome {
        Outcome::BootFailed(failure) => Some(failure.cause.clone()),
        _ => None,
    }
}

pub(crate) fn not_found(program: &str) -> SpawnFailure {
    SpawnFailure { kind: SpawnFailureKind::NotFound, message: format!("{program}: no such program") }
}

/// How long it lasted, in whole hundredths of a second: a timer of tokio may be a millisecond late.
pub(crate) fn about(span: &SpanData) -> Duration {
    rounded(duration(span))
}

pub(crate) fn rounded(time: Duration) -> Duration {
    time - Duration::from_nanos(time.as_nanos() as u64 % 10_000_000)
}

pub(crate) fn text(span: &SpanData, key: &str) -> String {
    attribute(span, key).map(|v| v.as_str().into_owned()).unwrap_or_default()
}

/// The one span that this one links to in this way.
pub(crate) fn linked(rig: &Rig, span: &SpanData, kind: &str) -> SpanData {
    let of_kind = |link: &&Link| link.attributes.iter().any(|a| a.value.as_str() == kind);
    let links: Vec<_> = span.links.links.iter().filter(of_kind).collect();
    assert_eq!(links.len(), 1, "links of type {kind} of {span:#?}");
    rig.spans.by_id(links[0].span_context.span_id()).expect("what it links to has ended")
}

pub(crate) fn events(span: &SpanData) -> Vec<String> {
    span.events.events.iter().map(|e| e.name.to_string()).collect()
}

impl Rig {
    /// A system at rest.
    pub(crate) fn new(spec: SystemSpec) -> Self {
        Self::heard_by(spec, Vec::new())
    }

    /// A system at rest, of which these hear before all but the story.
    pub(crate) fn heard_by(spec: SystemSpec, mut listeners: Vec<Rc<dyn Listener>>) -> Self {
        let (clock, router) = (Clock::starting_at(SystemTime::UNIX_EPOCH), Router::default());
        let launcher = FakeLauncher::new(router.clone(), clock);
        let (prober, meter) = (FakeProber::new(clock), FakeMeter::new(clock));
        let (spans, log) = (SpanRecorder::default(), RecordingLog::default());
        let board = Rc::new(RecordingBoard::default());
        listeners.push(Rc::new(Journal::new(Arc::new(log.clone()))));
        listeners.push(Rc::new(BoardListener::new(board.clone())));
        let world = World {
            launcher: launcher.clone(),
            words: launcher.clone(),
            prober: prober.clone(),
            meter: meter.clone(),
            listeners: Rc::new(Listeners::new(
                Story::new(spans.tracing(clock)),
                listeners,
                Panics::new(Arc::new(log.clone()), clock),
            )),
            clock,
            scratch: Rc::default(),
            deaths: Deaths::default(),
        };
        let names = spec.processes.iter().map(|p| p.name.clone()).collect();
        let (tell, done) = oneshot::channel();
        let fleet = Fleet::new(&spec).expect("a test's graph has no cycle");
        let manager = ManagerActor::new(fleet, world, router, tell).start();
        Self { launcher, prober, meter, spans, log, board, clock, manager, names, done }
    }

    /// A system that was told to start; its scripts are set before.
    pub(crate) fn booted(spec: SystemSpec, script: impl FnOnce(&FakeLauncher)) -> Self {
        let rig = Self::new(spec);
        script(&rig.launcher);
        rig.ask(Request::Boot);
        rig
    }

    pub(crate) fn ask(&self, request: Request) {
        self.manager.do_send(Envelope::root(self.clock.now(), request));
    }

    /// Asks as part of an operation of somebody else.
    pub(crate) fn ask_under(&self, parent: SpanContext, request: Request) {
        self.manager.do_send(Envelope::under(parent, self.clock.now(), request));
    }

    /// The name of the process that was configured at this place.
    pub(crate) fn name(&self, process: u32) -> ProcessName {
        self.names[process as usize].clone()
    }

    pub(crate) fn ask_at(&self, at: Moment, request: Request) {
        self.manager.do_send(Envelope::root(at, request));
    }

    pub(crate) fn terminate(&self) {
        self.ask(Request::Shutdown(Cause::signal(Signal::TERM)));
    }

    pub(crate) fn restart_all(&self) {
        self.ask(Request::RestartAll(Cause::signal(Signal::USR1)));
    }

    /// Waits for a condition.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        for _ in 0..600_000 {
            if condition(self) {
                return;
            }
            tokio::time::sleep(ms(1)).await;
        }
        unreachable!("not within ten minutes: {what}");
    }

    pub(crate) async fn all_up(&self) {
        self.until("all up", |rig| rig.board.system().contains(&SystemState::Running)).await;
    }

    pub(crate) async fn spans_named(&self, name: &'static str, count: usize) -> Vec<SpanData> {
        self.until(name, |rig| rig.spans.named(name).len() >= count).await;
        self.spans.named(name)
    }

    /// Lets virtual time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits for the end. No span may be open then, none may have been abandoned, and nothing may run.
    pub(crate) async fn finished(&mut self) -> Finished {
        let finished = (&mut self.done).await.expect("the manager tells the end");
        self.spans_are_sound();
        finished
    }

    /// Waits for the end of a system of which a part was asked for under a span that is not ours.
    pub(crate) async fn finished_under_a_caller(&mut self) -> Finished {
        let finished = (&mut self.done).await.expect("the manager tells the end");
        assert_eq!(self.spans.open(), 0, "spans are still open at the end");
        assert!(self.spans.each_ended_once() && self.spans.abandoned().is_empty());
        finished
    }

    /// Waits for the end of a system that has lost a part of itself: what that part had under way is abandoned.
    pub(crate) async fn end_with_abandoned_spans(&mut self) -> Finished {
        let finished = (&mut self.done).await.expect("the manager tells the end");
        assert_eq!(self.spans.open(), 0, "spans are still open at the end");
        assert!(self.spans.each_ended_once());
        finished
    }

    /// Ends the manager of a system with a `pre_stop` hook as a panic inside it would: without a word.
    pub(crate) fn break_manager(&self) {
        self.launcher.script_hooks(|_| Behaviour { panics: true, ..Behaviour::default() });
        self.ask(Request::Shutdown(Cause::Request));
    }

    pub(crate) async fn lost_manager(&mut self) -> bool {
        (&mut self.done).await.is_err()
    }

    /// Every span that began has ended, once, not before it began, inside a parent that is there.
    pub(crate) fn spans_are_sound(&self) {
        assert_eq!(self.spans.open(), 0, "spans are still open at the end");
        assert!(self.spans.each_ended_once());
        assert_eq!(self.spans.abandoned().len(), 0, "{:#?}", self.spans.abandoned());
        for span in self.spans.spans() {
            assert!(span.start_time <= span.end_time, "ends before it begins: {span:#?}");
            if span.parent_span_id != opentelemetry::trace::SpanId::INVALID {
                let parent = self.spans.by_id(span.parent_span_id).expect("the parent has ended too");
                assert!(parent.start_time <= span.start_time, "begins before its parent: {span:#?}");
                // Jaeger's rule for a clock that is wrong: a child that is not longer than its parent lies within it.
                let fits = span.end_time <= parent.end_time || duration(&span) > duration(&parent);
                assert!(fits, "a backend would move {span:#?} below {parent:#?}");
            }
            for link in &span.links.links {
                assert!(self.spans.by_id(link.span_context.span_id()).is_some(), "a link to nothing");
            }
        }
    }

    pub(crate) fn of_process(&self, name: &str, process: &str) -> Vec<SpanData> {
        let mut spans = self.spans.named(name);
        spans.retain(|s| text(s, names::PROCESS_NAME) == process);
        spans
    }

    pub(crate) fn one(&self, name: &str) -> SpanData {
        let spans = self.spans.named(name);
        assert_eq!(spans.len(), 1, "spans named {name}");
        spans.into_iter().next().expect("there is one")
    }
}
