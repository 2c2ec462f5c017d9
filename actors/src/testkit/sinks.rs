//! A log and a status board that keep what they are told.

use crate::board::{InstanceStatus, StatusBoard, SystemState};
use crate::ports::{Level, LogRecord, LogSink};
use phpeek_core::death::Death;
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::Failure;
use phpeek_core::limit::Breach;
use phpeek_core::outcome::Exit;
use phpeek_core::outlook::Outlook;
use phpeek_core::spec::ProcessSpec;
use std::cell::RefCell;
use std::collections::BTreeMap;
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
    numbers: RefCell<BTreeMap<InstanceId, u32>>,
    instances: RefCell<Vec<(ProcessId, u32, InstanceStatus)>>,
    ends: RefCell<Vec<(ProcessId, u32, Exit)>>,
    breaches: RefCell<Vec<(ProcessId, u32, Breach)>>,
    system: RefCell<Vec<SystemState>>,
    outlooks: RefCell<Vec<Outlook>>,
}

impl RecordingBoard {
    /// Every change of an instance so far, by its process and number.
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

    /// The numbers of the instances that a process has.
    #[must_use]
    pub fn numbers(&self, process: u32) -> Vec<u32> {
        let numbers = self.numbers.borrow();
        numbers.iter().filter(|(id, _)| id.process == ProcessId(process)).map(|(_, n)| *n).collect()
    }

    /// Every bound of memory that was passed so far.
    #[must_use]
    pub fn breaches(&self) -> Vec<(ProcessId, u32, Breach)> {
        self.breaches.borrow().clone()
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

    /// Every change of the outlook so far.
    #[must_use]
    pub fn outlooks(&self) -> Vec<Outlook> {
        self.outlooks.borrow().clone()
    }

    fn number(&self, instance: InstanceId) -> Option<u32> {
        self.numbers.borrow().get(&instance).copied()
    }
}

impl StatusBoard for Rc<RecordingBoard> {
    fn process(&self, _: ProcessId, _: &Arc<ProcessSpec>) {}

    fn process_gone(&self, process: ProcessId) {
        self.numbers.borrow_mut().retain(|id, _| id.process != process);
    }

    fn added(&self, instance: InstanceId, number: u32) {
        self.numbers.borrow_mut().insert(instance, number);
    }

    fn gone(&self, instance: InstanceId) {
        self.numbers.borrow_mut().remove(&instance);
    }

    fn instance(&self, instance: InstanceId, shown: InstanceStatus) {
        if let Some(number) = self.number(instance) {
            self.instances.borrow_mut().push((instance.process, number, shown));
        }
    }

    fn ended(&self, instance: InstanceId, death: &Death) {
        if let Some(number) = self.number(instance) {
            self.ends.borrow_mut().push((instance.process, number, death.autopsy.exit));
        }
    }

    fn failed(&self, _: InstanceId, _: Failure, _: u32) {}

    fn over_limit(&self, instance: InstanceId, breach: Breach) {
        if let Some(number) = self.number(instance) {
            self.breaches.borrow_mut().push((instance.process, number, breach));
        }
    }

    fn schedule(&self, _: ProcessId) {}

    fn says(&self, _: InstanceId, _: &str) {}

    fn system(&self, state: SystemState) {
        self.system.borrow_mut().push(state);
    }

    fn outlook(&self, outlook: Outlook) {
        self.outlooks.borrow_mut().push(outlook);
    }
}
