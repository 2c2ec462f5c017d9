//! A world for the health of one instance: runs that come and go, servers and programs that answer well, badly, late or
//! never, as a plan says. Feeds what the machine would hear, and has the book look at what it does.

use crate::book::Book;
use crate::support::program;
use phpeek_core::backoff::Jitter;
use phpeek_core::facts::{Fact, Outbox, Output, Told, Words};
use phpeek_core::health::facts::{Answer, ProbeFault};
use phpeek_core::health::words::{Effect, Event};
use phpeek_core::health::{CheckSpec, Checks, LogQuestion, NotifyQuestion, Protocol, Question, Role};
use phpeek_core::health::{monitor::Monitor, news::News};
use phpeek_core::ids::{InstanceId, ProbeId, ProcessId, TaskId};
use phpeek_core::lifecycle::Now;
use phpeek_core::outcome::Exit;
use phpeek_core::program::{Handover, Launch, Program, TaskEvent};
use phpeek_core::signal::Signal;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(crate) type Asked = Output<Effect>;
pub(crate) type Broken = Vec<(&'static str, String)>;

/// What one probe gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply {
    /// After which time; never when absent.
    after: Option<u64>,
    well: bool,
    /// How long what a program leaves behind stays after it; until it is killed when absent.
    leaves: Option<u64>,
    /// How long after its failure what it wrote comes; never when absent.
    heard: Option<u64>,
}

/// How a check comes to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Ask,
    Exec,
    Log,
    /// With the time of its watchdog; 0: none.
    Notify(u64),
}

impl Way {
    pub(crate) fn is_told(self) -> bool {
        matches!(self, Self::Log | Self::Notify(_))
    }
}

/// What a program says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    Line(usize),
    Ready,
    Stopping,
    Ping,
    Trigger,
    Watchdog(u64),
    Extend(u64),
}

impl Piece {
    fn news(self) -> News {
        match self {
            Self::Line(check) => News::Line { check, text: "yes".into() },
            Self::Ready => News::Ready,
            Self::Stopping => News::Stopping,
            Self::Ping => News::Ping,
            Self::Trigger => News::Trigger,
            Self::Watchdog(time) => News::Watchdog(ms(time)),
            Self::Extend(time) => News::Extend(ms(time)),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) role: Role,
    pub(crate) way: Way,
    pub(crate) delay: u64,
    pub(crate) period: u64,
    pub(crate) timeout: u64,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
    replies: Vec<Reply>,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) checks: Vec<Check>,
    /// How long nothing runs, and then something does.
    runs: Vec<(u64, u64)>,
    /// What is said when: in the run that is up, or will be next; or, when it is late, in the one before that.
    news: Vec<(u64, bool, Piece)>,
    jitter: u16,
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let reply = (
        prop::option::weighted(0.9, 0u64..600),
        prop::bool::weighted(0.6),
        prop::option::weighted(0.8, prop_oneof![3 => Just(0u64), 1 => 0u64..300]),
        prop::option::weighted(0.8, prop_oneof![3 => Just(0u64), 1 => 0u64..200]),
    )
        .prop_map(|(after, well, leaves, heard)| Reply { after, well, leaves, heard });
    let check = (
        prop_oneof![
            2 => Just(Way::Ask),
            2 => Just(Way::Exec),
            1 => Just(Way::Log),
            3 => prop_oneof![1 => Just(0u64), 3 => 100u64..2000].prop_map(Way::Notify),
        ],
        prop_oneof![Just(0u64), 1u64..1000],
        100u64..1500,
        50u64..500,
        1u32..4,
        1u32..4,
        vec(reply, 1..8),
    )
        .prop_map(|(way, delay, period, timeout, failures, successes, replies)| Check {
            role: Role::Both,
            way,
            delay,
            period,
            timeout,
            failures,
            successes,
            replies,
        });
    let roles = prop_oneof![
        Just(vec![Role::Both]),
        Just(vec![Role::Liveness]),
        Just(vec![Role::Readiness, Role::Liveness]),
        Just(vec![Role::Startup, Role::Readiness, Role::Liveness]),
        Just(vec![Role::Startup]),
    ];
    let piece = prop_oneof![
        2 => (0usize..3).prop_map(Piece::Line),
        3 => Just(Piece::Ready),
        1 => Just(Piece::Stopping),
        6 => Just(Piece::Ping),
        1 => Just(Piece::Trigger),
        1 => prop_oneof![1 => Just(0u64), 3 => 100u64..2000].prop_map(Piece::Watchdog),
        1 => (0u64..8000).prop_map(Piece::Extend),
    ];
    let news = vec((0u64..12_000, prop::bool::weighted(0.15), piece), 0..40);
    let runs = vec((0u64..500, 0u64..8000), 1..4);
    (roles, vec(check, 3), runs, news, any::<u16>()).prop_map(|(roles, checks, runs, mut news, jitter)| {
        let checks = roles.into_iter().zip(checks).map(|(role, check)| Check { role, ..check }).collect();
        news.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        Plan { checks, runs, news, jitter }
    })
}

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What is tested. The default is the real thing; a planted bug corrupts one value, event or output.
pub(crate) trait Subject {
    fn spec(&self, _: &mut CheckSpec) {}

    /// What the machine hears in the place of this.
    fn hears(&self, event: Event) -> Option<Event> {
        Some(event)
    }

    /// What it is told in the place of this; `latest` is the last run that was up, and whether it still is.
    fn told(&self, run: u64, _latest: (u64, bool), news: News) -> Option<(u64, News)> {
        Some((run, news))
    }

    fn ends(&self) -> bool {
        true
    }

    fn deadline(&self, monitor: &Monitor) -> Option<Duration> {
        monitor.deadline()
    }

    fn is_ready(&self, monitor: &Monitor) -> bool {
        monitor.is_ready()
    }

    fn fell(&self, fell: bool) -> bool {
        fell
    }

    /// Last of each step.
    fn corrupt(&mut self, _: &mut Vec<Asked>) {}
}

pub(crate) struct Real;
impl Subject for Real {}

fn checks(plan: &Plan, subject: &impl Subject) -> Checks {
    let program = Arc::new(Program { handover: Handover::Parent, ..program("p") });
    let spec = |check: &Check| {
        let question = match check.way {
            Way::Exec => Question::Exec(program.clone()),
            Way::Ask => Question::Tcp("h:1".into()),
            Way::Log => Question::Log(Arc::new(LogQuestion { pattern: "x".to_owned(), streams: [true; 2] })),
            Way::Notify(time) => {
                let (protocol, watchdog) = (Protocol::Systemd, (time > 0).then(|| ms(time)));
                Question::Notify(NotifyQuestion { protocol, watchdog })
            }
        };
        let mut spec = CheckSpec {
            numbered: None,
            role: check.role,
            question,
            initial_delay: ms(check.delay),
            period: ms(check.period),
            timeout: ms(check.timeout),
            failure_threshold: check.failures,
            success_threshold: check.successes,
        };
        subject.spec(&mut spec);
        spec
    };
    plan.checks.iter().map(spec).collect()
}

/// Programs and servers.
#[derive(Default)]
struct Others {
    coming: BTreeMap<(Duration, u64), (ProbeId, Event)>,
    count: u64,
    /// Programs whose leader lives, and those of which somebody does.
    leaders: BTreeSet<ProbeId>,
    groups: BTreeSet<ProbeId>,
    /// After which time what each wrote comes.
    heard: BTreeMap<ProbeId, Option<u64>>,
}

impl Others {
    fn at(&mut self, when: Duration, probe: ProbeId, event: Event) {
        self.count += 1;
        self.coming.insert((when, self.count), (probe, event));
    }

    fn launch(&mut self, now: Duration, probe: ProbeId, reply: Reply) {
        self.leaders.insert(probe);
        self.groups.insert(probe);
        self.heard.insert(probe, reply.heard);
        self.at(now, probe, Event::Task(TaskEvent::Spawned { pid: 7 }));
        if let Some(after) = reply.after {
            let exit = Exit::Code(u8::from(!reply.well));
            self.at(now + ms(after), probe, Event::Task(TaskEvent::Exited(exit.into())));
            if let Some(stays) = reply.leaves {
                self.at(now + ms(after + stays), probe, Event::Task(TaskEvent::GroupEmpty));
            }
        }
    }

    fn kill(&mut self, now: Duration, probe: ProbeId) {
        if self.leaders.contains(&probe) {
            let exit = Exit::Signal { signal: Signal::KILL, core: false };
            self.at(now, probe, Event::Task(TaskEvent::Exited(exit.into())));
        }
        self.at(now, probe, Event::Task(TaskEvent::GroupEmpty));
    }

    /// What comes next, unless it has become nothing.
    fn next(&mut self) -> Option<(ProbeId, Event)> {
        let (_, (probe, event)) = self.coming.pop_first()?;
        let real = match &event {
            Event::Task(TaskEvent::Exited(_)) => self.leaders.remove(&probe),
            Event::Task(TaskEvent::GroupEmpty) => self.groups.remove(&probe),
            _ => true,
        };
        real.then_some((probe, event))
    }
}

/// Plays a plan to its end, or to the first law that is broken.
pub(crate) fn run(plan: &Plan, subject: &mut impl Subject) -> Broken {
    let of = InstanceId { process: ProcessId(0), serial: 0 };
    let mut monitor = Monitor::new(of, 0, checks(plan, subject));
    let (mut others, mut book) = (Others::default(), Book::new(plan));
    let mut now = Now { at: Duration::ZERO, jitter: Jitter(plan.jitter) };
    let mut changes = Vec::new();
    let mut time = 0;
    for (i, (gap, lives)) in plan.runs.iter().enumerate() {
        changes.push((ms(time + gap), Some(i as u64 + 1)));
        time += gap + lives;
        changes.push((ms(time), None));
    }
    changes.reverse();
    let (mut news, mut latest) = (plan.news.clone(), (0, false));
    let mut box_ = Outbox::new();
    loop {
        book.listen(now.at);
        let mut out: Vec<Asked> = box_.drain().collect();
        subject.corrupt(&mut out);
        for asked in out {
            match asked {
                Output::Tell(Told { fact: Fact::Health(_, fact), .. }) => book.told(now.at, &fact),
                Output::Tell(_) => {}
                Output::Do(effect) => perform(plan, &mut others, &mut book, now.at, effect),
            }
        }
        let fell = subject.fell(monitor.take_fall());
        book.look(now.at, subject.is_ready(&monitor), fell);
        let (coming, due, change, said) = (
            others.coming.first_key_value().map(|((at, _), _)| *at),
            subject.deadline(&monitor),
            changes.last().map(|(at, _)| *at),
            news.last().map(|(at, ..)| ms(*at)),
        );
        let Some(at) = coming.into_iter().chain(due).chain(change).chain(said).min() else {
            book.over(&monitor);
            return book.broken;
        };
        if !book.broken.is_empty() || at > ms(120_000) {
            return book.broken;
        }
        now.at = now.at.max(at);
        book.passes(now.at);
        if change == Some(at) {
            match changes.pop().expect("it is due").1 {
                Some(run) => {
                    latest = (run, true);
                    book.run_is_up(now.at, run);
                    monitor.begin(now, run, &mut box_);
                }
                None => {
                    latest.1 = false;
                    book.run_is_over(now.at);
                    if subject.ends() {
                        monitor.end(now, &mut box_);
                    }
                }
            }
        } else if coming == Some(at) {
            match others.next() {
                Some((probe, event)) => {
                    book.heard(now.at, probe, &event);
                    if let Some(event) = subject.hears(event) {
                        monitor.observe(now, probe, event, &mut box_);
                    }
                }
                // It has become nothing, but the time has come.
                None => monitor.tick(now, &mut box_),
            }
        } else if said == Some(at) {
            let Some((_, late, piece)) = news.pop() else { continue };
            let run = (latest.0 + u64::from(!latest.1)).saturating_sub(u64::from(late));
            book.says(now.at, run, piece);
            if let Some((run, news)) = subject.told(run, latest, piece.news()) {
                monitor.hear(now, run, news, &mut box_);
            }
        } else {
            monitor.tick(now, &mut box_);
        }
    }
}

fn perform(plan: &Plan, others: &mut Others, book: &mut Book, now: Duration, effect: Effect) {
    match effect {
        Effect::Ask { probe, .. } => {
            let Some((place, nth)) = book.asks(now, probe) else { return };
            let reply = reply(plan, place, nth);
            if let Some(after) = reply.after {
                let answer = match reply.well {
                    true => Answer::well("yes"),
                    false => Answer::bad(ProbeFault::Refused, "no"),
                };
                others.at(now + ms(after), probe, Event::Answered(answer));
            }
        }
        Effect::Launch(Launch { task: TaskId::Probe(probe), .. }) => {
            let Some((place, nth)) = book.asks(now, probe) else { return };
            others.launch(now, probe, reply(plan, place, nth));
        }
        Effect::Kill(probe) => {
            book.killed(now, probe);
            others.kill(now, probe);
        }
        Effect::AskWords(probe) => {
            book.asks_for_words(probe);
            if let Some(Some(after)) = others.heard.get(&probe) {
                others.at(now + ms(*after), probe, Event::Wrote(Words::default()));
            }
        }
        Effect::Launch(_) | Effect::Forget(_) | Effect::Cancel(_) | Effect::Leave(_) => {}
    }
}

fn reply(plan: &Plan, place: usize, nth: usize) -> Reply {
    let replies = &plan.checks[place].replies;
    replies[nth % replies.len()]
}
