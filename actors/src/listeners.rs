//! Who hears of facts, in one place: the spans, the log records, the status board, and whoever is added. Owns the
//! order in which they hear. A listener asks for nothing, and nobody waits for one; one that panics misses what it was
//! told, which is counted and said, and supervision and all others go on.

use crate::panics::Panics;
use crate::story::Story;
use opentelemetry::trace::SpanContext;
use phpeek_core::facts::Told;
use phpeek_core::ids::{InstanceId, ProbeId, ProcessId, TaskId};
use phpeek_core::operation::OperationId;
use std::cell::RefCell;
use std::rc::Rc;

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
    panics: Panics,
}

impl Listeners {
    /// The story, and the others in this order.
    #[must_use]
    pub fn new(story: Story, others: Vec<Rc<dyn Listener>>, panics: Panics) -> Self {
        Self { story: RefCell::new(story), others, panics }
    }

    /// Tells everybody.
    pub fn tell(&self, told: &Told) {
        self.panics.caught(std::any::type_name::<Story>(), || self.story.borrow_mut().hear(told));
        for listener in &self.others {
            self.panics.caught(listener.name(), || listener.hear(told));
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
