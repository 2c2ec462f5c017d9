//! Where the log meets telemetry: what is sent of it, who takes the supervisor's own records, and which span has started
//! which run. Adapters; they decide nothing, and nobody waits for them.

use phpeek_actors::listeners::{Listener, Listeners};
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_config::Configuration;
use phpeek_core::facts::{Fact, InstanceFact, Told};
use phpeek_core::ids::{InstanceId, ProcessId, TaskId};
use phpeek_core::list_map::{ListMap, Serials};
use phpeek_core::name::ProcessName;
use phpeek_core::presence::Presence;
use phpeek_output::Output;
use phpeek_telemetry::{OwnRecords, RunSpans, TelemetryHandle, Wanted};
use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// What the configuration wants to be sent.
pub(super) fn wanted<'a>(configuration: &'a Configuration, output: &Output) -> Wanted<'a> {
    Wanted {
        tracing: configuration.tracing.as_ref(),
        logs: configuration.logs.as_ref().map(|logs| (logs, output.kept())),
        metrics: configuration.sent_metrics.as_ref().map(|metrics| &metrics.otlp),
    }
}

/// Where records of the supervisor go: to standard output, and to telemetry when it sends them.
pub(super) fn log(stdout: Arc<dyn LogSink>, telemetry: &TelemetryHandle) -> Arc<dyn LogSink> {
    match telemetry.logs() {
        None => stdout,
        Some(logs) => Arc::new(Both { stdout, sent: logs.own() }),
    }
}

struct Both {
    stdout: Arc<dyn LogSink>,
    sent: OwnRecords,
}

impl LogSink for Both {
    fn enabled(&self, level: Level) -> bool {
        self.stdout.enabled(level)
    }

    fn log(&self, record: LogRecord) {
        if self.enabled(record.level) {
            self.sent.take(&record);
            self.stdout.log(record);
        }
    }
}

/// Notes which span has started a run, for the lines that it writes.
pub(super) struct Runs {
    runs: Arc<RunSpans>,
    processes: RefCell<ListMap<ProcessId, Known>>,
    spans: OnceCell<Weak<Listeners>>,
}

struct Known {
    name: ProcessName,
    /// The number of each instance.
    numbers: Serials<u32>,
}

impl Runs {
    pub(super) fn new(runs: Arc<RunSpans>) -> Self {
        Self { runs, processes: RefCell::default(), spans: OnceCell::new() }
    }

    /// Who knows the spans: said once, when all who listen are together.
    pub(super) fn know(&self, listeners: &Rc<Listeners>) {
        self.spans.get_or_init(|| Rc::downgrade(listeners));
    }

    /// A run was ordered: from now on it has a span.
    fn ordered(&self, id: InstanceId, run: u64) {
        let mut processes = self.processes.borrow_mut();
        let Some(Known { name, numbers }) = processes.get_mut(id.process) else { return };
        let listeners = self.spans.get().and_then(Weak::upgrade);
        if let (Some(listeners), Some(number)) = (listeners, numbers.get(id.serial)) {
            let context = listeners.context_of_task(TaskId::Run(id.run(run)));
            self.runs.note(name, *number, run, context);
        }
    }
}

impl Listener for Runs {
    fn hear(&self, told: &Told) {
        if let Fact::Instance(id, InstanceFact::Ordered { run }) = &told.fact {
            return self.ordered(*id, *run);
        }
        let Some(presence) = told.fact.presence() else { return };
        let mut processes = self.processes.borrow_mut();
        match presence {
            Presence::ProcessCame(id, spec) => {
                let known = Known { name: spec.name.clone(), numbers: Serials::default() };
                processes.insert(id, known);
            }
            Presence::ProcessWent(id) => drop(processes.remove(id)),
            Presence::InstanceCame(id, number) => {
                if let Some(known) = processes.get_mut(id.process) {
                    known.numbers.insert(id.serial, number);
                }
            }
            Presence::InstanceWent(id) => {
                let Some(Known { name, numbers }) = processes.get_mut(id.process) else { return };
                if let Some(number) = numbers.remove(id.serial) {
                    self.runs.forget(name, number);
                }
            }
            Presence::ProcessChanged(..) => {}
        }
    }
}
