//! Records of the supervisor on their way to the thread that reads the pipes, so that a record comes after what a
//! process wrote before it. Owns their order and their bound; never waits. Filled by any thread, emptied by the output
//! actor.

use phpeek_actors::ports::{LogRecord, Value};
use phpeek_os::capture::Capture;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct Records {
    /// Each with how many pipes had come before it.
    records: VecDeque<(u64, LogRecord)>,
    bytes: usize,
}

/// See the top of the file.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<Records>);

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is the first: the actor must be told.
    First,
    /// The actor knows.
    Another,
    /// There are too many.
    No,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // whole between any two operations
    }

    pub(super) fn add(&self, record: LogRecord, pipes: u64, limit: usize) -> Taken {
        let size = record.bytes();
        let mut held = self.lock();
        if held.bytes + size > limit {
            return Taken::No;
        }
        held.bytes += size;
        held.records.push_back((pipes, record));
        if held.records.len() == 1 { Taken::First } else { Taken::Another }
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().records.is_empty()
    }

    /// All of them, in the order in which they came.
    pub(super) fn take(&self) -> impl Iterator<Item = LogRecord> + use<> {
        let mut held = self.lock();
        held.bytes = 0;
        std::mem::take(&mut held.records).into_iter().map(|(_, record)| record)
    }

    /// The first of them, with how many pipes came before it. It stays until [`Self::pop_front`].
    pub(super) fn front(&self) -> Option<(u64, LogRecord)> {
        self.lock().records.front().cloned()
    }

    /// Takes the first of them out.
    pub(super) fn pop_front(&self) {
        let mut held = self.lock();
        if let Some((_, record)) = held.records.pop_front() {
            held.bytes = held.bytes.saturating_sub(record.bytes());
        }
    }

    /// Whether a record about whom this pipe is of came before it.
    pub(super) fn any_before(&self, capture: &Capture, number: u64) -> bool {
        self.lock().records.iter().any(|(pipes, record)| *pipes <= number && is_about(record, capture))
    }
}

/// Whether a record is about whom this pipe is of: an instance, or a hook of the system.
pub(super) fn is_about(record: &LogRecord, capture: &Capture) -> bool {
    match (&record.process, capture.number) {
        (Some(process), Some(_)) => record.instance == capture.number && *process == capture.process,
        (None, None) => hook(record).is_some_and(|name| capture.hook.as_deref() == Some(name)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a record can be about whom a pipe is of.
pub(super) fn is_about_any(record: &LogRecord) -> bool {
    record.instance.is_some() || hook(record).is_some()
}

/// The hook that a record is about.
fn hook(record: &LogRecord) -> Option<&str> {
    record.fields.iter().find_map(|(_, value)| match value {
        Value::Hook(name) => Some(&**name),
        Value::Text(_) | Value::Int(_) | Value::Bool(_) => None,
    })
}
