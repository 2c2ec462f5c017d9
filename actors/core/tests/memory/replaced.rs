//! A process whose instances grow: each measurement gets what the plan says, leaders obey after a while and come up again,
//! and now and then all of it is restarted by command. Whoever is away for its soft bound is alone in that (Q11).

use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::facts::{Fact, InstanceFact, Outbox, Output, Told};
use phpeek_core::ids::{InstanceId, ProcessId, RunId, TaskId};
use phpeek_core::lifecycle::Now;
use phpeek_core::limit::Limit;
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::outcome::Exit;
use phpeek_core::process::{Command, Effect, Event, Process};
use phpeek_core::program::{Launch, TaskEvent};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{InitialState, MemorySpec, ProcessKind, ProcessSpec, RestartPolicy};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

#[path = "../support/spec.rs"]
mod support;

pub(crate) type Asked = Output<Effect>;

const SOFT: u64 = 100;
const HARD: u64 = 200;

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    scale: u32,
    /// What measurements say, in order, again and again.
    used: Vec<u64>,
    /// How long leaders take to go, in milliseconds, in order, again and again.
    goes: Vec<u64>,
    /// When all is restarted by command, in milliseconds.
    restart: Option<u64>,
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let used = prop_oneof![2 => Just(10u64), 4 => Just(150u64), 1 => Just(250u64)];
    (2u32..5, vec(used, 3..20), vec(1u64..4000, 1..5), prop::option::of(600u64..20_000))
        .prop_map(|(scale, used, goes, restart)| Plan { scale, used, goes, restart })
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) broken: Vec<String>,
    pub(crate) replaced: usize,
    /// Who is away for its soft bound, with the run that was.
    away: BTreeMap<InstanceId, u64>,
}

impl Seen {
    fn told(&mut self, id: InstanceId, fact: &InstanceFact) {
        match fact {
            InstanceFact::OverLimit { run, breach } if breach.limit == Limit::Soft => {
                self.replaced += 1;
                if let Some((other, _)) = self.away.iter().find(|(other, _)| **other != id) {
                    self.broken.push(format!("{id:?} is taken away while {other:?} is"));
                }
                self.away.insert(id, *run);
            }
            InstanceFact::Started { run, .. } if self.away.get(&id).is_some_and(|was| run > was) => {
                self.away.remove(&id);
            }
            InstanceFact::Rested { .. } => drop(self.away.remove(&id)),
            _ => {}
        }
    }
}

fn spec(scale: u32) -> Arc<ProcessSpec> {
    let mut spec = Arc::unwrap_or_clone(support::spec(InitialState::Running, ProcessKind::LongRun));
    spec.restart.policy = RestartPolicy::Always;
    spec.scale = NonZeroU32::new(scale).expect("not none");
    spec.memory = Some(MemorySpec { soft: Some(SOFT), hard: Some(HARD) });
    spec.restart.attempts = phpeek_core::budget::Attempts::Unlimited;
    spec.restart.backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1)).expect("in order");
    Arc::new(spec)
}

enum Happening {
    Hear(RunId, TaskEvent),
    Measured(RunId, u64),
    Restart,
}

/// Plays a plan for half a minute. `corrupt` stands between the machine and the world.
pub(crate) fn run(plan: &Plan, corrupt: &dyn Fn(Asked) -> Vec<Asked>) -> Seen {
    let ms = Duration::from_millis;
    let (mut seen, mut out) = (Seen::default(), Outbox::new());
    let mut operations = Operations::of_system();
    let mut process = Process::new(ProcessId(0), spec(plan.scale), Duration::ZERO, &mut out);
    let mut coming: BTreeMap<(Duration, usize), Happening> = BTreeMap::new();
    let (mut now, mut drawn, mut count) = (Duration::ZERO, (0usize, 0usize), 0usize);
    let mut alive: BTreeSet<RunId> = BTreeSet::new();
    if let Some(at) = plan.restart {
        coming.insert((ms(at), usize::MAX), Happening::Restart);
    }
    let mut order =
        |command| Event::Command { operation: operations.begin(Cause::Request), asked: now, command };
    let mut next = Some(order(Command::Start));
    let restart = order(Command::Restart);
    while now < Duration::from_secs(30) && seen.broken.is_empty() {
        let event = match next.take() {
            Some(event) => event,
            None => {
                let (due, first) = (process.deadline(), coming.first_key_value().map(|((at, _), _)| *at));
                let Some(at) = due.into_iter().chain(first).min() else { break };
                now = now.max(at);
                if first != Some(at) {
                    Event::Tick
                } else {
                    match coming.pop_first().expect("it is there").1 {
                        Happening::Hear(run, event) => Event::Task(TaskId::Run(run), event),
                        Happening::Measured(run, used) => Event::Measured(run, used),
                        Happening::Restart => restart.clone(),
                    }
                }
            }
        };
        process.step(Now { at: now, jitter: Jitter(0) }, event, &mut out);
        for asked in out.drain().flat_map(corrupt).collect::<Vec<_>>() {
            let mut soon = |after: u64, happening| {
                count += 1;
                coming.insert((now + ms(after), count), happening);
            };
            match asked {
                Output::Tell(Told { fact: Fact::Instance(id, fact), .. }) => seen.told(id, &fact),
                Output::Do(Effect::Launch(Launch { task: TaskId::Run(run), .. })) => {
                    alive.insert(run);
                    soon(5, Happening::Hear(run, TaskEvent::Spawned { pid: 7 }));
                }
                Output::Do(Effect::Measure { run, .. }) => {
                    soon(3, Happening::Measured(run, plan.used[drawn.0 % plan.used.len()]));
                    drawn.0 += 1;
                }
                Output::Do(Effect::Signal(pressing)) if alive.remove(&pressing.run) => {
                    let goes = plan.goes[drawn.1 % plan.goes.len()];
                    drawn.1 += 1;
                    let goes = if pressing.signal == Signal::KILL { 1 } else { goes };
                    let exit = Exit::Signal { signal: pressing.signal, core: false };
                    soon(goes, Happening::Hear(pressing.run, TaskEvent::Exited(exit.into())));
                    soon(goes, Happening::Hear(pressing.run, TaskEvent::GroupEmpty));
                }
                _ => {}
            }
        }
    }
    seen
}
