//! A world for one schedule: programs that end well or badly after a while, a clock that is set, a caller that stalls,
//! somebody who triggers, pauses and resumes, and an end. Feeds what the machine would hear; the book looks at it.

use crate::book::Book;
use jiff::tz::TimeZone;
use phpeek_core::backoff::Jitter;
use phpeek_core::operation::{Cause, Operations};
use phpeek_core::schedule::{CatchUp, Event, Now, Output, Overlap, Schedule, ScheduleSpec, Timetable};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) type Broken = Vec<(&'static str, String)>;

/// What the clock says when a world begins: no tick of any period.
const START: Duration = Duration::from_millis(1_700_000_000_300);
/// Steps of a world; more is a machine that asks to be woken without end.
const MOST: usize = 20_000;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// The clock is put forward or back, and the machine is told, or not.
    Set(i64, bool),
    /// Nobody looks at anything for so long.
    Stall(u64),
    Trigger,
    Pause,
    Resume,
    Look,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// By a span, and not by the calendar.
    pub(crate) span: bool,
    /// Seconds between ticks.
    pub(crate) period: u64,
    pub(crate) at_once: u32,
    pub(crate) overlap: Overlap,
    pub(crate) jitter: u64,
    pub(crate) catch_up: CatchUp,
    pub(crate) retries: u32,
    pub(crate) delay: u64,
    pub(crate) timeout: Option<u64>,
    /// How long each try runs, whether it succeeds, and how long a stop of it takes.
    tries: Vec<(u64, bool, u64)>,
    actions: Vec<(u64, Action)>,
    draws: Vec<u16>,
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let overlap = prop_oneof![Just(Overlap::Skip), Just(Overlap::Queue), Just(Overlap::Replace)];
    let catch_up = prop_oneof![Just(CatchUp::None), Just(CatchUp::Latest), Just(CatchUp::All)];
    let period = prop_oneof![
        Just((2u64, 0u64)),
        Just((10, 0)),
        Just((30, 0)),
        Just((120, 20_000)),
        Just((120, 200_000))
    ];
    let clock = (any::<bool>(), period, 1u32..4, overlap, catch_up);
    let tries = (0u32..3, prop_oneof![Just(0u64), 1u64..20_000], prop::option::of(500u64..40_000));
    let one = (0u64..60_000, any::<bool>(), 0u64..3_000);
    let action = prop_oneof![
        2 => (-2_400_000i64..2_400_000, any::<bool>()).prop_map(|(by, told)| Action::Set(by, told)),
        1 => (-40_000i64..40_000, any::<bool>()).prop_map(|(by, told)| Action::Set(by, told)),
        1 => (0u64..200_000).prop_map(Action::Stall),
        1 => Just(Action::Trigger),
        1 => Just(Action::Pause),
        2 => Just(Action::Resume),
        1 => Just(Action::Look),
    ];
    (clock, tries, vec(one, 1..6), vec((0u64..120_000, action), 1..10), vec(any::<u16>(), 1..6)).prop_map(
        |(
            (span, (period, jitter), at_once, overlap, catch_up),
            (retries, delay, timeout),
            tries,
            actions,
            draws,
        )| {
            Plan {
                span,
                period,
                at_once,
                overlap,
                jitter,
                catch_up,
                retries,
                delay,
                timeout,
                tries,
                actions,
                draws,
            }
        },
    )
}

/// The plainest schedule, and nothing happens.
pub(crate) fn simple() -> Plan {
    Plan {
        span: false,
        period: 10,
        at_once: 1,
        overlap: Overlap::Skip,
        jitter: 0,
        catch_up: CatchUp::None,
        retries: 0,
        delay: 0,
        timeout: None,
        tries: vec![(0, true, 0)],
        actions: Vec::new(),
        draws: vec![0],
    }
}

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

impl Plan {
    pub(crate) fn spec(&self) -> ScheduleSpec {
        let text = match self.period / 60 {
            0 => format!("*/{} * * * * *", self.period),
            minutes => format!("*/{minutes} * * * *"),
        };
        let timetable = match self.span {
            true => Timetable::Every(Duration::from_secs(self.period)),
            false => Timetable::parse(&text, TimeZone::UTC, |_| None).expect("a schedule"),
        };
        ScheduleSpec {
            text,
            timetable,
            at_once: self.at_once,
            overlap: self.overlap,
            jitter: ms(self.jitter),
            catch_up: self.catch_up,
            retries: self.retries,
            retry_delay: ms(self.delay),
            timeout: self.timeout.map(ms),
            heartbeat: None,
        }
    }
}

/// What is tested. The default is the real thing; a planted bug corrupts one value, event or output.
pub(crate) trait Subject {
    fn spec(&self, _: &mut ScheduleSpec) {}

    fn step(&mut self, schedule: &mut Schedule, now: Now, event: Event, out: &mut Vec<Output>) {
        schedule.step(now, event, out);
    }

    fn deadline(&self, schedule: &Schedule) -> Option<Duration> {
        schedule.deadline()
    }
}

pub(crate) struct Real;
impl Subject for Real {}

struct World<'a> {
    plan: &'a Plan,
    subject: &'a mut dyn Subject,
    schedule: Schedule,
    book: Book,
    at: Duration,
    /// How far the clock on the wall was put, in milliseconds.
    set: i64,
    drawn: usize,
    /// When each try ends, and how.
    running: BTreeMap<u64, (Duration, bool)>,
    tried: usize,
    operations: Operations,
}

/// Runs a plan; what it breaks.
pub(crate) fn run(plan: &Plan, subject: &mut dyn Subject) -> Broken {
    let mut spec = plan.spec();
    subject.spec(&mut spec);
    let now = Now { at: Duration::ZERO, wall: START, jitter: Jitter(plan.draws[0]) };
    let schedule = Schedule::new(Arc::new(spec), now);
    let (book, running) = (Book::new(plan, now), BTreeMap::new());
    let mut world = World {
        plan,
        subject,
        schedule,
        book,
        at: Duration::ZERO,
        set: 0,
        drawn: 0,
        running,
        tried: 0,
        operations: Operations::of_system(),
    };
    for (wait, action) in &plan.actions {
        world.pass(ms(*wait));
        world.act(*action);
    }
    world.feed(Event::Close);
    world.pass(Duration::from_secs(600));
    world.book.end();
    world.book.broken
}

impl World<'_> {
    fn now(&mut self) -> Now {
        self.drawn += 1;
        let wall = (START + self.at).as_millis() as i64 + self.set;
        let jitter = Jitter(self.plan.draws[self.drawn % self.plan.draws.len()]);
        Now { at: self.at, wall: ms(wall.unsigned_abs()), jitter }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Set(by, told) => {
                // With jitter, more than a hundred ticks at once would hide one that was held: so it is never so many.
                self.set += if self.plan.jitter > 0 { by / 4 } else { by };
                if told {
                    self.feed(Event::Tick);
                }
            }
            Action::Stall(time) => {
                self.at += ms(time);
                self.feed(Event::Tick);
            }
            Action::Trigger => {
                let by = self.operations.begin(Cause::Request).id;
                self.feed(Event::Trigger(by));
            }
            Action::Pause => self.feed(Event::Pause),
            Action::Resume => self.feed(Event::Resume),
            Action::Look => {
                let (now, mut same, mut out) = (self.now(), self.schedule.clone(), Vec::new());
                if self.subject.deadline(&self.schedule).is_none_or(|due| due > now.at)
                    && self.book.is_steady(now)
                {
                    self.subject.step(&mut same, now, Event::Tick, &mut out);
                    self.book.stale(same == self.schedule && out.is_empty(), now);
                }
            }
        }
    }

    /// Time passes, and what is due in it happens.
    fn pass(&mut self, time: Duration) {
        let until = self.at + time;
        for _ in 0..MOST {
            let over = self.running.iter().map(|(job, (at, success))| (*at, *job, *success)).min();
            let due = self.subject.deadline(&self.schedule).map(|due| due.max(self.at));
            match (over, due) {
                (Some((at, job, success)), due) if at <= until && due.is_none_or(|due| at <= due) => {
                    self.at = self.at.max(at);
                    self.running.remove(&job);
                    self.feed(Event::Ended { job, success });
                }
                (_, Some(due)) if due <= until => {
                    self.at = due;
                    self.feed(Event::Tick);
                }
                _ => {
                    self.at = until;
                    return;
                }
            }
            if !self.book.broken.is_empty() {
                return;
            }
        }
        self.book.broken.push(("T7", "it asks to be woken without end".to_owned()));
    }

    fn feed(&mut self, event: Event) {
        let now = self.now();
        let mut out = Vec::new();
        self.book.before(now, event);
        self.subject.step(&mut self.schedule, now, event, &mut out);
        for output in &out {
            match *output {
                Output::Begin { job, .. } | Output::Again { job, .. } => {
                    let (lives, success, _) = self.plan.tries[self.tried % self.plan.tries.len()];
                    self.tried += 1;
                    self.running.insert(job, (self.at + ms(lives), success));
                }
                Output::Stop { job, .. } => {
                    let (.., takes) = self.plan.tries[self.tried % self.plan.tries.len()];
                    if let Some((end, _)) = self.running.get_mut(&job) {
                        *end = (*end).min(self.at + ms(takes));
                    }
                }
                _ => {}
            }
            self.book.heard(now, *output);
        }
        let deadline = self.subject.deadline(&self.schedule);
        self.book.after(now, event, deadline);
    }
}
