//! A world for one pass: hooks that end, fail, hang, ignore signals or leave others behind, as a plan says; and a stop
//! at some moment. Feeds what the machine would hear, and has the book look at what it does.

use crate::book::Book;
use crate::support::program;
use phpeek_core::facts::{Fact, Outbox, Output, Told};
use phpeek_core::hook::pass::Pass;
use phpeek_core::hook::words::Effect;
use phpeek_core::hook::{HookList, HookSpec, OnError, Stage};
use phpeek_core::ids::{HookTask, TaskId};
use phpeek_core::lifecycle::{Now, Urgency};
use phpeek_core::outcome::{Exit, SpawnFailure, SpawnFailureKind};
use phpeek_core::program::{Handover, Launch, Program, TaskEvent};
use phpeek_core::signal::Signal;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) type Asked = Output<Effect>;
pub(crate) type Broken = Vec<(&'static str, String)>;

/// What one try does.
#[derive(Debug, Clone)]
pub(crate) struct Try {
    spawn: u64,
    fails: bool,
    /// When it ends by itself, and with which code.
    lives: Option<(u64, u8)>,
    /// How long after a request it ends; `None`: SIGKILL alone helps.
    obeys: Option<u64>,
    /// Not even SIGKILL helps.
    stuck: bool,
    /// Somebody else stays until a signal comes.
    leaves: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) timeout: u64,
    pub(crate) retries: u32,
    pub(crate) delay: u64,
    pub(crate) goes_on: bool,
    tries: Vec<Try>,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) hooks: Vec<Hook>,
    /// When it is stopped, and how long after that it is killed, if it is.
    pub(crate) stop: Option<(u64, Option<u64>)>,
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let one = (
        0u64..40,
        prop::bool::weighted(0.1),
        prop::option::weighted(0.8, (0u64..4000, prop_oneof![2 => Just(0u8), 2 => 1u8..4])),
        prop::option::weighted(0.7, 0u64..7000),
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(spawn, fails, lives, obeys, stuck, leaves)| Try {
            spawn,
            fails,
            lives,
            obeys,
            stuck,
            leaves,
        });
    let hook =
        (100u64..3000, 0u32..4, prop_oneof![Just(0u64), 1u64..2000], any::<bool>(), vec(one, 4)).prop_map(
            |(timeout, retries, delay, goes_on, tries)| Hook { timeout, retries, delay, goes_on, tries },
        );
    let stop = prop::option::weighted(0.5, (0u64..6000, prop::option::of(0u64..4000)));
    (vec(hook, 1..4), stop).prop_map(|(hooks, stop)| Plan { hooks, stop })
}

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What is tested. The default is the real thing; a planted bug corrupts one event or output.
pub(crate) trait Subject {
    fn observe(&mut self, pass: &mut Pass, now: Now, task: HookTask, event: TaskEvent, out: &mut Vec<Asked>) {
        let mut own = Outbox::new();
        pass.observe(now, task, event, &mut own);
        out.extend(own.drain());
    }

    fn deadline(&self, pass: &Pass) -> Option<Duration> {
        pass.deadline()
    }

    fn spec(&self, _: &mut HookSpec) {}

    /// Last of each step.
    fn corrupt(&mut self, _: &Pass, _: &mut Vec<Asked>) {}
}

pub(crate) struct Real;
impl Subject for Real {}

#[derive(Debug)]
struct Living {
    plan: Try,
    leader: bool,
    told: bool,
}

#[derive(Default)]
struct Os {
    coming: BTreeMap<(Duration, u64), (HookTask, TaskEvent)>,
    count: u64,
    living: BTreeMap<HookTask, Living>,
}

impl Os {
    fn at(&mut self, when: Duration, task: HookTask, event: TaskEvent) {
        self.count += 1;
        self.coming.insert((when, self.count), (task, event));
    }

    fn launch(&mut self, now: Duration, task: HookTask, plan: Try) {
        let up = now + ms(plan.spawn);
        if plan.fails {
            let failure = SpawnFailure { kind: SpawnFailureKind::NotFound, message: "no".to_owned() };
            return self.at(up, task, TaskEvent::SpawnFailed(failure));
        }
        self.at(up, task, TaskEvent::Spawned { pid: 7 });
        if let Some((lives, code)) = plan.lives {
            self.at(up + ms(lives), task, TaskEvent::Exited(Exit::Code(code).into()));
        }
        self.living.insert(task, Living { plan, leader: true, told: false });
    }

    fn signal(&mut self, now: Duration, task: HookTask, signal: Signal) {
        let Some(living) = self.living.get_mut(&task) else { return };
        living.told = true;
        let kill = signal == Signal::KILL;
        let after = if kill { Some(0) } else { living.plan.obeys };
        if living.plan.stuck {
            return;
        }
        if !living.leader {
            self.at(now, task, TaskEvent::GroupEmpty);
        } else if let Some(after) = after {
            self.at(now + ms(after), task, TaskEvent::Exited(Exit::Signal { signal, core: false }.into()));
        }
    }

    /// What comes next, with what follows from it.
    fn next(&mut self) -> Option<(HookTask, TaskEvent)> {
        let ((at, _), (task, event)) = self.coming.pop_first()?;
        match &event {
            TaskEvent::Exited(_) => {
                let living = self.living.get_mut(&task)?;
                if !std::mem::replace(&mut living.leader, false) {
                    return None;
                }
                if !living.plan.leaves || living.told {
                    self.at(at, task, TaskEvent::GroupEmpty);
                }
            }
            TaskEvent::GroupEmpty => {
                self.living.remove(&task)?;
            }
            _ => {}
        }
        Some((task, event))
    }
}

fn list(plan: &Plan, subject: &impl Subject) -> HookList {
    let hook = |(i, hook): (usize, &Hook)| {
        let name: Arc<str> = format!("h{i}").into();
        let program = Program { hook: Some(name.clone()), handover: Handover::Parent, ..program("h") };
        let mut spec = HookSpec {
            name,
            program: Arc::new(program),
            timeout: ms(hook.timeout),
            retries: hook.retries,
            retry_delay: ms(hook.delay),
            on_error: if hook.goes_on { OnError::Continue } else { OnError::Stop },
        };
        subject.spec(&mut spec);
        Arc::new(spec)
    };
    plan.hooks.iter().enumerate().map(hook).collect()
}

/// Plays a plan to its end, or to the first law that is broken.
pub(crate) fn run(plan: &Plan, subject: &mut impl Subject) -> Broken {
    let mut pass = Pass::new(None, Stage::PreStart, list(plan, subject), 10);
    let (mut os, mut book) = (Os::default(), Book::new(plan));
    let mut stops: Vec<(Duration, Urgency)> = Vec::new();
    if let Some((at, kill)) = plan.stop {
        stops.extend(kill.map(|after| (ms(at + after), Urgency::Now)));
        stops.push((ms(at), Urgency::Graceful));
    }
    let mut now = Now::default();
    let mut out = Vec::new();
    let mut own = Outbox::new();
    pass.begin(now, &mut own);
    out.extend(own.drain());
    loop {
        subject.corrupt(&pass, &mut out);
        for asked in out.drain(..) {
            match asked {
                Output::Tell(Told { fact: Fact::Hook(_, fact), .. }) => book.told(now.at, &fact),
                Output::Tell(_) => {}
                Output::Do(effect) => perform(plan, &mut os, &mut book, now.at, effect),
            }
        }
        if let Some(verdict) = pass.verdict() {
            book.over(now.at, verdict);
            return book.broken;
        }
        if !book.broken.is_empty() {
            return book.broken;
        }
        let (coming, due, stop) = (
            os.coming.first_key_value().map(|((at, _), _)| *at),
            subject.deadline(&pass),
            stops.last().map(|(at, _)| *at),
        );
        let Some(at) = coming.into_iter().chain(due).chain(stop).min().filter(|at| *at < ms(900_000)) else {
            book.broken.push(("R7", "it is never over".to_owned()));
            return book.broken;
        };
        now.at = now.at.max(at);
        if coming == Some(at) {
            if let Some((task, event)) = os.next() {
                book.heard(now.at, task, &event);
                subject.observe(&mut pass, now, task, event, &mut out);
            }
        } else if stop == Some(at) {
            let (_, urgency) = stops.pop().expect("it is due");
            book.stopped(now.at, urgency);
            pass.stop(now, urgency, &mut own);
            out.extend(own.drain());
        } else {
            pass.tick(now, &mut own);
            out.extend(own.drain());
        }
    }
}

fn perform(plan: &Plan, os: &mut Os, book: &mut Book, now: Duration, effect: Effect) {
    match effect {
        Effect::Launch(Launch { task: TaskId::Hook(task), program, .. }) => {
            let name = program.hook.as_deref().expect("a hook has a name");
            let place: usize = name.trim_start_matches('h').parse().expect("its place");
            let number = book.launched(now, task, place);
            let tries = plan.hooks.get(place).map(|hook| hook.tries.clone()).unwrap_or_default();
            let own = tries.get(number % tries.len().max(1)).cloned().expect("a plan for it");
            os.launch(now, task, own);
        }
        Effect::Signal { task, signal, step } => {
            book.signalled(now, task, step);
            os.signal(now, task, signal);
        }
        Effect::Launch(launch) => book.broken.push(("R1", format!("{launch:?} is no hook"))),
        Effect::Cancel(_) => {}
        Effect::Leave(task) => book.left(now, task),
    }
}
