//! The board on which actors show their state, for when somebody may read it. Owns the snapshot; gathers changes for
//! a moment and hands the result to the file thread. Lives on the supervision thread and never waits.

use super::file::Writer;
use super::{InstanceSnapshot, ProcessSnapshot, Snapshot};
use phpeek_actors::world::{InstanceStatus, StatusBoard, SystemState};
use phpeek_core::spec::{InitialState, ProcessIndex, ProcessKind, SystemSpec};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long changes are gathered before they are written: a boot of 1000 is a handful of writes.
const GATHER: Duration = Duration::from_millis(20);

/// A board behind which a file is kept up to date.
#[derive(Clone)]
pub struct SharedBoard(Rc<Inner>);

struct Inner {
    snapshot: RefCell<Snapshot>,
    /// Which processes are started with the system: only these have to be up.
    expected: Vec<bool>,
    changed: Notify,
    writer: Writer,
}

impl SharedBoard {
    /// A board for these processes that writes through `writer`.
    #[must_use]
    pub fn new(spec: &SystemSpec, writer: Writer) -> Self {
        let processes = spec.processes.iter().map(|p| ProcessSnapshot {
            name: p.name.to_string(),
            state: "stopped".to_owned(),
            instances: (0..p.scale.get())
                .map(|i| InstanceSnapshot {
                    id: p.name.instance_id(i),
                    state: "stopped".to_owned(),
                    pid: None,
                    restarts: 0,
                })
                .collect(),
        });
        let expected = spec
            .processes
            .iter()
            .map(|p| p.initial == InitialState::Running && p.kind != ProcessKind::Scheduled);
        let snapshot = Snapshot {
            pid: std::process::id(),
            state: "starting".to_owned(),
            ready: false,
            exit_code: None,
            processes: processes.collect(),
        };
        let expected = expected.collect();
        Self(Rc::new(Inner { snapshot: RefCell::new(snapshot), expected, changed: Notify::new(), writer }))
    }

    /// Writes each change a moment after it happened. Runs for as long as the supervisor does; sleeps when nothing changes.
    pub async fn publish(self) {
        loop {
            self.0.changed.notified().await;
            tokio::time::sleep(GATHER).await;
            self.write();
        }
    }

    /// Writes the last snapshot, and waits a bounded time until it is on its way.
    pub fn finish(&self, code: u8) {
        {
            let mut snapshot = self.0.snapshot.borrow_mut();
            snapshot.state = "stopped".to_owned();
            snapshot.exit_code = Some(code);
        }
        self.write();
        self.0.writer.finish();
    }

    fn write(&self) {
        let mut snapshot = self.0.snapshot.borrow_mut();
        let up = |p: &ProcessSnapshot| {
            p.instances.iter().all(|i| matches!(i.state.as_str(), "running" | "completed"))
        };
        let all_up = snapshot.processes.iter().zip(&self.0.expected).all(|(p, expected)| !expected || up(p));
        snapshot.ready = snapshot.state == "running" && all_up;
        // A snapshot is text and numbers: it can always be written as JSON.
        if let Ok(text) = serde_json::to_string(&*snapshot) {
            self.0.writer.write(text);
        }
    }
}

impl StatusBoard for SharedBoard {
    fn instance(&self, process: ProcessIndex, instance: u32, shown: InstanceStatus) {
        let mut snapshot = self.0.snapshot.borrow_mut();
        let Some(entry) = snapshot.processes.get_mut(process.get()) else { return };
        if let Some(slot) = entry.instances.get_mut(instance as usize) {
            shown.state.clone_into(&mut slot.state);
            slot.pid = shown.pid;
            slot.restarts = shown.restarts;
        }
        let first = entry.instances.first().map_or("stopped", |i| i.state.as_str());
        let same = entry.instances.iter().all(|i| i.state == first);
        entry.state = if same { first } else { "mixed" }.to_owned();
        self.0.changed.notify_one();
    }

    fn system(&self, state: SystemState) {
        let word = match state {
            SystemState::Starting => "starting",
            SystemState::Running => "running",
            SystemState::Restarting => "restarting",
            SystemState::Stopping => "stopping",
        };
        word.clone_into(&mut self.0.snapshot.borrow_mut().state);
        self.0.changed.notify_one();
    }
}
