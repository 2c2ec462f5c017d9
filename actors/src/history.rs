//! The history of jobs and oneshots as a listener: makes of facts what is remembered, and hands out copies of it. What is
//! kept, and for how long, is decided by `phpeek_core::history`.

use crate::clock::{Clock, Moment};
use crate::listeners::Listener;
use phpeek_core::facts::{Fact, InstanceFact, ProcessFact, ScheduleFact, Told};
use phpeek_core::history::{
    Became, JobHistory, JobRun, Limits, OneshotHistory, OneshotRun, Started, Totals, When,
};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::list_map::{ListMap, Serials};
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_core::presence::Presence;
use phpeek_core::schedule::Trigger;
use phpeek_core::spec::{ProcessKind, ProcessSpec};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// What is shown of a schedule at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleShown {
    /// Whether no tick begins.
    pub paused: bool,
    /// The jobs that run, oldest first, by the ids of their entries.
    pub running: Vec<u64>,
    /// Its next tick.
    pub next: Option<Duration>,
    /// Counts of all jobs.
    pub totals: Totals,
    /// The last job that is over.
    pub last: Option<JobRun>,
}

/// See the top of the file.
pub struct Histories {
    clock: Clock,
    limits: Limits,
    known: RefCell<ListMap<ProcessId, Known>>,
    oneshots: RefCell<OneshotHistory>,
}

struct Known {
    spec: Arc<ProcessSpec>,
    jobs: Option<Box<JobHistory>>,
    /// What its last start was asked for by.
    started: Started,
    /// The numbers of the instances of a oneshot.
    numbers: Serials<u32>,
}

impl Known {
    fn is_oneshot(&self) -> bool {
        self.spec.kind == ProcessKind::Oneshot
    }
}

impl Histories {
    /// Nothing so far.
    #[must_use]
    pub fn new(clock: Clock, limits: Limits) -> Self {
        let oneshots = RefCell::new(OneshotHistory::new(limits.oneshots, limits.age));
        Self { clock, limits, known: RefCell::default(), oneshots }
    }

    /// Every schedule there is, by the name of its process.
    #[must_use]
    pub fn schedules(&self) -> BTreeMap<ProcessName, ScheduleShown> {
        let known = self.known.borrow();
        let jobs = known.values().filter_map(|known| Some((known.spec.name.clone(), known.jobs.as_ref()?)));
        jobs.map(|(name, jobs)| (name, shown(jobs))).collect()
    }

    /// The newest jobs of a process, at most so many; `None`: it has no schedule, or is not there.
    #[must_use]
    pub fn jobs(&self, process: &ProcessName, limit: usize) -> Option<Vec<JobRun>> {
        let known = self.known.borrow();
        let found = known.values().find(|known| known.spec.name == *process)?;
        Some(found.jobs.as_ref()?.newest().take(limit).cloned().collect())
    }

    /// The newest jobs of every schedule, at most so many of each, with the process that they are of.
    #[must_use]
    pub fn all_jobs(&self, limit: usize) -> Vec<(ProcessName, JobRun)> {
        let known = self.known.borrow();
        let each = known.values().filter_map(|known| Some((&known.spec.name, known.jobs.as_ref()?)));
        each.flat_map(|(name, jobs)| jobs.newest().take(limit).map(|run| (name.clone(), run.clone())))
            .collect()
    }

    /// The job that somebody has asked for by the operation of this number.
    #[must_use]
    pub fn job_by(&self, process: &ProcessName, serial: u64) -> Option<JobRun> {
        let known = self.known.borrow();
        let found = known.values().find(|known| known.spec.name == *process)?;
        let by = |run: &&JobRun| matches!(run.trigger, Trigger::Manual(by) if by.serial == serial);
        found.jobs.as_ref()?.newest().find(by).cloned()
    }

    /// The newest runs of oneshots, at most so many.
    #[must_use]
    pub fn oneshots(&self, limit: usize) -> Vec<OneshotRun> {
        let wall = self.wall(self.clock.now());
        self.oneshots.borrow().newest(wall).take(limit).cloned().collect()
    }

    fn wall(&self, at: Moment) -> Duration {
        self.clock.wall(at).duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn presence(&self, presence: Presence<'_>) {
        let mut all = self.known.borrow_mut();
        match presence {
            Presence::ProcessCame(id, spec) => {
                let jobs = spec.schedule.as_ref().map(|_| Box::new(JobHistory::new(self.limits.jobs)));
                let (started, numbers) = (Started::Startup, Serials::default());
                all.insert(id, Known { spec: spec.clone(), jobs, started, numbers });
            }
            Presence::ProcessChanged(id, spec) => {
                let Some(known) = all.get_mut(id) else { return };
                known.spec = spec.clone();
                if spec.schedule.is_none() {
                    known.jobs = None;
                } else if known.jobs.is_none() {
                    known.jobs = Some(Box::new(JobHistory::new(self.limits.jobs)));
                }
            }
            Presence::ProcessWent(id) => drop(all.remove(id)),
            Presence::InstanceCame(id, number) => {
                if let Some(known) = all.get_mut(id.process).filter(|known| known.is_oneshot()) {
                    known.numbers.insert(id.serial, number);
                }
            }
            Presence::InstanceWent(id) => {
                if let Some(known) = all.get_mut(id.process).filter(|known| known.is_oneshot()) {
                    known.numbers.remove(id.serial);
                }
            }
        }
    }

    fn start_began(&self, id: ProcessId, cause: &Cause) {
        if let Some(known) = self.known.borrow_mut().get_mut(id) {
            known.started = match cause {
                Cause::Boot => Started::Startup,
                Cause::Death(_) | Cause::Dependency(_) => Started::Restart,
                Cause::Signal { .. }
                | Cause::Request
                | Cause::Watch(_)
                | Cause::AllEnded
                | Cause::Fatal(_)
                | Cause::BootFailed
                | Cause::Internal => Started::Manual,
            };
        }
    }

    fn schedule(&self, at: Moment, process: ProcessId, fact: &ScheduleFact) {
        let when = When { at, wall: self.wall(at) };
        if let Some(jobs) = self.known.borrow_mut().get_mut(process).and_then(|known| known.jobs.as_mut()) {
            jobs.hear(when, fact);
        }
    }

    fn instance(&self, at: Moment, id: InstanceId, fact: &InstanceFact) {
        let mut all = self.known.borrow_mut();
        let Some(known) = all.get_mut(id.process) else { return };
        match known.spec.kind {
            ProcessKind::Scheduled => {
                if let (InstanceFact::Autopsied(of), Some(jobs)) = (fact, known.jobs.as_mut()) {
                    jobs.hear_words(id, &of.words);
                }
            }
            ProcessKind::Oneshot => self.oneshot(at, id, known, fact),
            ProcessKind::LongRun => {}
        }
    }

    fn oneshot(&self, at: Moment, id: InstanceId, known: &mut Known, fact: &InstanceFact) {
        let mut runs = self.oneshots.borrow_mut();
        match fact {
            InstanceFact::Restarting { .. } => known.started = Started::Restart,
            InstanceFact::Ordered { run } => {
                let number = known.numbers.get(id.serial).copied().unwrap_or_default();
                runs.began(id.run(*run), known.spec.name.clone(), number, known.started, self.wall(at));
            }
            InstanceFact::SpawnFailed { run, failure } => {
                runs.failed(id.run(*run), self.wall(at), failure.message.clone());
            }
            InstanceFact::Died(death) => {
                let (ended, exit) = (self.wall(death.ended), death.autopsy.exit);
                runs.ended(id.run(death.run), ended, death.uptime, exit, death.fine);
            }
            InstanceFact::Autopsied(of) => runs.hear_words(id.run(of.death.run), &of.words),
            // A run begins and ends by these alone; what lies between is no part of a history.
            _ => {}
        }
    }
}

fn shown(jobs: &JobHistory) -> ScheduleShown {
    let is_over = |run: &&JobRun| matches!(run.what, Became::Over { .. });
    let runs = |run: &&JobRun| matches!(run.what, Became::Runs(_));
    let mut running: Vec<u64> = jobs.newest().filter(runs).map(|run| run.id).collect();
    running.reverse();
    ScheduleShown {
        paused: jobs.is_paused(),
        running,
        next: jobs.next(),
        totals: jobs.totals(),
        last: jobs.newest().find(is_over).cloned(),
    }
}

impl Listener for Histories {
    fn hear(&self, told: &Told) {
        if let Some(presence) = told.fact.presence() {
            return self.presence(presence);
        }
        match &told.fact {
            Fact::Process(process, ProcessFact::StartBegan { operation, .. }) => {
                self.start_began(*process, &operation.cause);
            }
            Fact::Schedule(process, fact) => self.schedule(told.at, *process, fact),
            Fact::Instance(instance, fact) => self.instance(told.at, *instance, fact),
            Fact::Process(..) | Fact::System(_) | Fact::Hook(..) | Fact::Health(..) => {}
        }
    }
}
