//! Who hears of facts, in one place: the spans, the log records, the status board, and whoever is added. Owns the
//! order in which they hear. A listener asks for nothing, and nobody waits for one; one that panics misses what it was
//! told, which is counted and said, and supervision and all others go on.

use crate::clock::Moment;
use crate::ports::{Level, LogRecord, LogSink};
use crate::story::Story;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::Told;
use phpeek_core::ids::{InstanceId, ProbeId, ProcessId, TaskId};
use phpeek_core::operation::OperationId;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// Hears of facts, in the order in which they are told.
pub trait Listener {
    /// This has happened. Returns at once.
    fn hear(&self, told: &Told);

    /// What it is, for whoever mends it.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

/// All listeners of a supervisor. The story comes first: what is started is given the context of its span.
pub struct Listeners {
    story: RefCell<Story>,
    others: Vec<Rc<dyn Listener>>,
    /// Where it is said that one has panicked.
    log: Arc<dyn LogSink>,
    panics: Cell<u64>,
}

impl Listeners {
    /// The story, and the others in this order.
    #[must_use]
    pub fn new(story: Story, others: Vec<Rc<dyn Listener>>, log: Arc<dyn LogSink>) -> Self {
        Self { story: RefCell::new(story), others, log, panics: Cell::new(0) }
    }

    /// Tells everybody.
    pub fn tell(&self, told: &Told) {
        self.guarded(told, std::any::type_name::<Story>(), || self.story.borrow_mut().hear(told));
        for listener in &self.others {
            self.guarded(told, listener.name(), || listener.hear(told));
        }
    }

    fn guarded(&self, told: &Told, who: &'static str, hear: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(hear)).is_err() {
            self.panics.set(self.panics.get() + 1);
            // The record may be what panics, or the way to it: what the panic said, the panic hook has told.
            drop(catch_unwind(AssertUnwindSafe(|| self.say(told.at, who))));
        }
    }

    /// Each of the first, and then ever more seldom: one that panics over everything must not fill the log.
    fn say(&self, at: Moment, who: &'static str) {
        let count = self.panics.get();
        if count.is_power_of_two() && self.log.enabled(Level::Error) {
            let message = "a part of the supervisor has panicked over what has happened, and goes on".into();
            let panics = i64::try_from(count).unwrap_or(i64::MAX);
            let fields = vec![("part", who.into()), ("panics", panics.into())];
            let record =
                LogRecord { at, level: Level::Error, message, process: None, instance: None, fields };
            self.log.log(record);
        }
    }

    /// An operation was asked for under this span; its own spans become children of it.
    pub fn adopt(&self, operation: OperationId, parent: &SpanContext) {
        self.story.borrow_mut().adopt(operation, parent);
    }

    /// The span of an operation, else that under which it was asked for: the context of messages about it.
    #[must_use]
    pub fn context_of(&self, operation: OperationId) -> SpanContext {
        self.story.borrow().context_of(operation)
    }

    /// The span that starts a task, for its environment.
    #[must_use]
    pub fn context_of_task(&self, task: TaskId) -> SpanContext {
        match task {
            TaskId::Run(run) => self.story.borrow().context_of_run(run),
            TaskId::Hook(hook) => self.story.borrow().context_of_hook(hook.of),
            TaskId::Probe(probe) => self.context_of_probe(probe),
        }
    }

    /// The span of the restart of an instance that is under way, where one tells of it.
    #[must_use]
    pub fn context_of_restart(&self, of: InstanceId) -> SpanContext {
        self.story.borrow().context_of_restart(of)
    }

    /// The context of a probe, for whoever is asked.
    #[must_use]
    pub fn context_of_probe(&self, probe: ProbeId) -> SpanContext {
        self.story.borrow().context_of_probe(probe)
    }

    /// The latest span of a process that others may link to: its start, or the run of a oneshot.
    #[must_use]
    pub fn context_of_process(&self, process: ProcessId) -> SpanContext {
        self.story.borrow().context_of_process(process)
    }
}
