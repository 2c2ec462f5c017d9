//! Monitors that are told of jobs: a listener that makes of what happens to a job what its `heartbeat` wants to be told.
//! Another thread tells it; nobody waits.

use phpeek_actors::listeners::Listener;
use phpeek_actors::phrases::job_failure;
use phpeek_core::facts::{Fact, ScheduleFact, Told};
use phpeek_core::ids::ProcessId;
use phpeek_core::name::ProcessName;
use phpeek_core::presence::Presence;
use phpeek_core::schedule::{HeartbeatSpec, JobEnd};
use phpeek_core::spec::ProcessSpec;
use phpeek_probe::{Ping, Pings};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// See the top of the file.
pub(super) struct Heartbeats {
    pings: Pings,
    told: RefCell<BTreeMap<ProcessId, (ProcessName, Arc<HeartbeatSpec>)>>,
}

impl Heartbeats {
    pub(super) fn new(pings: Pings) -> Self {
        Self { pings, told: RefCell::default() }
    }

    fn known(&self, id: ProcessId, spec: &ProcessSpec) {
        let heartbeat = spec.schedule.as_ref().and_then(|schedule| schedule.heartbeat.clone());
        let mut told = self.told.borrow_mut();
        match heartbeat {
            Some(heartbeat) => drop(told.insert(id, (spec.name.clone(), heartbeat))),
            None => drop(told.remove(&id)),
        }
    }

    fn job(&self, id: ProcessId, fact: &ScheduleFact) {
        let told = self.told.borrow();
        let Some((process, how)) = told.get(&id) else { return };
        let (kind, url, body) = match fact {
            ScheduleFact::Began { trigger, .. } => ("start", &how.start, trigger.as_str().to_owned()),
            ScheduleFact::Ended(over) => match over.end {
                JobEnd::Succeeded => ("success", &how.success, String::new()),
                JobEnd::Failed | JobEnd::TimedOut | JobEnd::Replaced => {
                    ("failure", &how.failure, job_failure(over))
                }
                // Somebody has stopped it: it has neither succeeded nor failed.
                JobEnd::Interrupted => return,
            },
            // No job begins or ends by these.
            ScheduleFact::Stops { .. }
            | ScheduleFact::TriedInVain { .. }
            | ScheduleFact::Skipped { .. }
            | ScheduleFact::Paused
            | ScheduleFact::Resumed
            | ScheduleFact::ClockReset
            | ScheduleFact::Next(_) => return,
        };
        if let Some(url) = url {
            let (process, url, how) = (process.clone(), url.clone(), how.clone());
            self.pings.tell(Ping { process, kind, url, body, how });
        }
    }
}

impl Listener for Heartbeats {
    fn hear(&self, told: &Told) {
        if let Fact::Schedule(id, fact) = &told.fact {
            return self.job(*id, fact);
        }
        let Some(presence) = told.fact.presence() else { return };
        match presence {
            Presence::ProcessCame(id, spec) | Presence::ProcessChanged(id, spec) => self.known(id, spec),
            Presence::ProcessWent(id) => drop(self.told.borrow_mut().remove(&id)),
            Presence::InstanceCame(..) | Presence::InstanceWent(_) => {}
        }
    }
}
