//! A log and a status board that keep what they are told.

use crate::board::{InstanceStatus, StatusBoard, SystemState};
use crate::ports::{Level, LogRecord, LogSink};
use phpeek_core::ids::ProcessId;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::ProcessSpec;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// A log that keeps its records.
#[derive(Debug, Clone, Default)]
pub struct RecordingLog(Arc<Mutex<Vec<LogRecord>>>);

impl RecordingLog {
    /// Every record so far.
    #[must_use]
    pub fn records(&self) -> Vec<LogRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a record of this level holds this text.
    #[must_use]
    pub fn holds(&self, level: Level, text: &str) -> bool {
        self.records().iter().any(|r| r.level == level && r.message.contains(text))
    }
}

impl LogSink for RecordingLog {
    fn enabled(&self, _: Level) -> bool {
        true
    }

    fn log(&self, record: LogRecord) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }
}

/// A board that keeps every change.
#[derive(Debug, Default)]
pub struct RecordingBoard {
    instances: RefCell<Vec<(ProcessId, u32, InstanceStatus)>>,
    ends: RefCell<Vec<(ProcessId, u32, Exit)>>,
    system: RefCell<Vec<SystemState>>,
    panics: Cell<bool>,
}

impl RecordingBoard {
    /// Makes the next change of the system panic: a fault of the supervisor, inside its manager.
    pub fn panic_next(&self) {
        self.panics.set(true);
    }

    /// Every change of an instance so far.
    #[must_use]
    pub fn instances(&self) -> Vec<(ProcessId, u32, InstanceStatus)> {
        self.instances.borrow().clone()
    }

    /// What is shown of an instance now.
    #[must_use]
    pub fn shown(&self, process: u32, instance: u32) -> Option<InstanceStatus> {
        let last = |(p, i, _): &&(ProcessId, u32, InstanceStatus)| *p == ProcessId(process) && *i == instance;
        self.instances.borrow().iter().rfind(last).map(|(_, _, shown)| *shown)
    }

    /// The end of every run so far.
    #[must_use]
    pub fn ends(&self) -> Vec<(ProcessId, u32, Exit)> {
        self.ends.borrow().clone()
    }

    /// Every change of the system so far.
    #[must_use]
    pub fn system(&self) -> Vec<SystemState> {
        self.system.borrow().clone()
    }
}

impl StatusBoard for Rc<RecordingBoard> {
    fn process(&self, _: ProcessId, _: &ProcessSpec) {}

    fn instance(&self, process: ProcessId, instance: u32, shown: InstanceStatus) {
        self.instances.borrow_mut().push((process, instance, shown));
    }

    fn ended(&self, process: ProcessId, instance: u32, exit: Exit) {
        self.ends.borrow_mut().push((process, instance, exit));
    }

    #[expect(clippy::panic, reason = "a scripted fault of the supervisor")]
    fn system(&self, state: SystemState) {
        if self.panics.get() {
            panic!("scripted: the board panics");
        }
        self.system.borrow_mut().push(state);
    }
}
