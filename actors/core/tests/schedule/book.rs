//! What a schedule has done, and the laws about it. Knows the ticks by a division, and what became of jobs by what the
//! world said; never by what the machine believes.

use crate::world::{Broken, Plan, ms};
use phpeek_core::operation::OperationId;
use phpeek_core::schedule::{
    CatchUp, Event, JobEnd, LATE, MOST_MISSED, Now, Output, Overlap, Skip, StopReason, Trigger,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
struct Job {
    attempts: u32,
    /// When its try began; none between two tries.
    runs: Option<Duration>,
    stopped: Option<StopReason>,
    /// Whether its last try succeeded.
    success: bool,
    /// When the next try may begin.
    again: Option<Duration>,
}

pub(crate) struct Book {
    plan: Plan,
    /// Ticks are counted: number `n` is at `n` periods.
    first: u64,
    /// The last tick that a step has seen.
    seen: u64,
    seen_before: u64,
    /// Ticks that have come and are not answered.
    open: BTreeSet<u64>,
    jobs: BTreeMap<u64, Job>,
    given: u64,
    /// Triggers that are not answered.
    triggered: BTreeSet<OperationId>,
    paused: bool,
    closed: bool,
    /// Whether the step is the one that resumes.
    resumes: bool,
    idle: bool,
    caught: Vec<u64>,
    /// Ticks that have come when it is resumed.
    due: Vec<u64>,
    last: Now,
    pub(crate) broken: Broken,
}

impl Book {
    pub(crate) fn new(plan: &Plan, now: Now) -> Self {
        let here = if plan.span { now.at } else { now.wall };
        let seen = here.as_secs() / plan.period;
        Self {
            plan: plan.clone(),
            first: seen + 1,
            seen,
            seen_before: seen,
            open: BTreeSet::new(),
            jobs: BTreeMap::new(),
            given: 0,
            triggered: BTreeSet::new(),
            paused: false,
            closed: false,
            resumes: false,
            idle: true,
            caught: Vec::new(),
            due: Vec::new(),
            last: now,
            broken: Vec::new(),
        }
    }

    fn broken(&mut self, law: &'static str, what: impl Into<String>) {
        self.broken.push((law, what.into()));
    }

    fn here(&self, now: Now) -> Duration {
        if self.plan.span { now.at } else { now.wall }
    }

    fn time(&self, tick: u64) -> Duration {
        Duration::from_secs(tick * self.plan.period)
    }

    fn jitter(&self) -> Duration {
        ms(self.plan.jitter).min(Duration::from_secs(self.plan.period))
    }

    /// Whether the clock goes as it went at the last step.
    pub(crate) fn is_steady(&self, now: Now) -> bool {
        now.wall.as_nanos() + self.last.at.as_nanos() == self.last.wall.as_nanos() + now.at.as_nanos()
    }

    pub(crate) fn stale(&mut self, same: bool, now: Now) {
        if !same {
            self.broken("T7", format!("a step at {:?} has changed something", now.at));
        }
    }

    pub(crate) fn before(&mut self, now: Now, event: Event) {
        self.last = now;
        self.idle = self.jobs.is_empty();
        self.caught.clear();
        self.seen_before = self.seen;
        self.resumes = self.paused && !self.closed && event == Event::Resume;
        let looks = matches!(event, Event::Tick | Event::Pause) && !self.paused;
        if (looks || self.resumes) && !self.closed {
            let seen = self.seen.max(self.here(now).as_secs() / self.plan.period);
            self.open.extend(self.seen + 1..=seen);
            self.seen = seen;
        }
        // By a clock that was put back, some have not come again.
        let here = self.here(now).as_secs() / self.plan.period;
        self.due = self.open.range(..=here).copied().collect();
        match event {
            Event::Trigger(by) => drop(self.triggered.insert(by)),
            Event::Resume => self.paused = false,
            Event::Close => self.closed = true,
            Event::Ended { job, success } => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    (job.success, job.runs) = (success, None);
                }
            }
            Event::Tick | Event::Pause => {}
        }
    }

    fn answer(&mut self, tick: u64) {
        if !self.open.remove(&tick) {
            self.broken("T1", format!("tick {tick} is answered, and was before or had not come"));
        }
    }

    fn answer_trigger(&mut self, by: OperationId) {
        if !self.triggered.remove(&by) {
            self.broken("T10", format!("an answer to {by:?}, which is answered or was never asked"));
        }
    }

    pub(crate) fn heard(&mut self, now: Now, output: Output) {
        match output {
            Output::Begin { job, tick, trigger, late } => self.began(now, job, tick, trigger, late),
            Output::Again { job, attempt } => self.tried_again(now, job, attempt),
            Output::Stop { job, reason } => self.stopped(now, job, reason),
            Output::TriedInVain { job, attempt, delay } => {
                let retries = self.plan.retries;
                let Some(known) = self.jobs.get_mut(&job) else { return self.broken("T4", "no such job") };
                let failed = !known.success || known.stopped == Some(StopReason::Timeout);
                known.again = Some(now.at + ms(self.plan.delay));
                let replaced = known.stopped == Some(StopReason::Replaced);
                if !failed
                    || replaced
                    || known.runs.is_some()
                    || attempt != known.attempts
                    || attempt > retries
                    || delay != ms(self.plan.delay)
                {
                    self.broken("T4", format!("job {job} is to be tried again after try {attempt}"));
                }
            }
            Output::Ended { job, end, attempts } => self.ended(job, end, attempts),
            Output::Skipped { tick, ticks, more, trigger, reason } => {
                self.skipped(now, tick, ticks, more, trigger, reason);
            }
            Output::ClockReset => self.broken("T1", "no clock was put back by so much"),
        }
    }

    fn began(&mut self, now: Now, job: u64, tick: Duration, trigger: Trigger, late: Duration) {
        let here = self.here(now);
        if self.closed || (self.paused && !is_manual(trigger)) {
            self.broken("T6", format!("job {job} begins"));
        }
        let number = tick.as_secs() / self.plan.period;
        // One that waits had come by the clock as it was.
        let waited =
            number <= self.seen_before && (trigger == Trigger::CatchUp || self.plan.overlap != Overlap::Skip);
        if (tick > here && !waited && !is_manual(trigger)) || here.saturating_sub(tick) != late {
            self.broken("T2", format!("job {job} of {tick:?} begins at {here:?}"));
        }
        match trigger {
            Trigger::Manual(by) => self.answer_trigger(by),
            Trigger::Clock | Trigger::CatchUp if self.time(number) != tick => {
                self.broken("T1", format!("{tick:?} is no tick"));
            }
            Trigger::Clock => self.answer(number),
            Trigger::CatchUp => {
                self.caught.push(number);
                self.answer(number);
            }
        }
        self.given += 1;
        let new = Job { attempts: 1, runs: Some(now.at), stopped: None, success: false, again: None };
        if self.jobs.insert(job, new).is_some() || job != self.given {
            self.broken("T9", format!("job {job} begins as number {}", self.given));
        }
        if self.jobs.len() > self.plan.at_once as usize {
            self.broken("T3", format!("{} jobs", self.jobs.len()));
        }
    }

    fn tried_again(&mut self, now: Now, job: u64, attempt: u32) {
        let Some(known) = self.jobs.get_mut(&job) else { return self.broken("T4", "no such job") };
        let due = known.again.take();
        known.attempts += 1;
        let fits = known.attempts == attempt && known.runs.is_none() && due.is_some_and(|due| due <= now.at);
        (known.runs, known.stopped) = (Some(now.at), None);
        if !fits || attempt > self.plan.retries + 1 {
            self.broken("T4", format!("try {attempt} of job {job} begins"));
        }
        if self.closed {
            self.broken("T6", format!("try {attempt} of job {job} begins"));
        }
    }

    fn stopped(&mut self, now: Now, job: u64, reason: StopReason) {
        let timeout = self.plan.timeout.map(ms);
        let Some(known) = self.jobs.get_mut(&job) else { return self.broken("T5", "no such job") };
        let over = known.runs.zip(timeout).is_some_and(|(began, timeout)| began + timeout <= now.at);
        let fits = known.stopped.is_none() && known.runs.is_some();
        known.stopped = Some(reason);
        let allowed = match reason {
            StopReason::Timeout => over,
            StopReason::Replaced => self.plan.overlap == Overlap::Replace,
        };
        if !fits || !allowed {
            self.broken("T5", format!("job {job} is stopped for {reason:?}"));
        }
    }

    fn ended(&mut self, job: u64, end: JobEnd, attempts: u32) {
        let Some(known) = self.jobs.remove(&job) else {
            return self.broken("T9", format!("job {job} ends, and does not run"));
        };
        let last = attempts == self.plan.retries + 1 || self.closed;
        let fits = match end {
            JobEnd::Succeeded => known.success && known.stopped.is_none(),
            JobEnd::Failed => !known.success && last && !self.closed,
            JobEnd::TimedOut => known.stopped == Some(StopReason::Timeout) && last,
            JobEnd::Replaced => self.plan.overlap == Overlap::Replace,
            JobEnd::Interrupted => self.closed && (known.again.is_some() || !known.success),
        };
        if !fits || attempts != known.attempts || known.runs.is_some() {
            self.broken("T4", format!("job {job} ends as {end:?} after {attempts} tries: {known:?}"));
        }
    }

    fn skipped(&mut self, now: Now, tick: Duration, ticks: usize, more: bool, trigger: Trigger, why: Skip) {
        let here = self.here(now);
        let number = tick.as_secs() / self.plan.period;
        let oldest = (number + 1).saturating_sub(ticks as u64);
        if let Trigger::Manual(by) = trigger {
            self.answer_trigger(by);
        } else {
            (oldest..=number).for_each(|tick| self.answer(tick));
        }
        if more {
            (self.seen_before + 1..oldest).for_each(|tick| self.answer(tick));
        }
        let full = self.jobs.len() >= self.plan.at_once as usize;
        let others = self.triggered.len() + self.open.len() > 0;
        let fits = match why {
            Skip::Overlap => match self.plan.overlap {
                Overlap::Skip => full,
                Overlap::Queue => others,
                Overlap::Replace => false,
            },
            Skip::Replaced => self.plan.overlap == Overlap::Replace,
            Skip::Missed => self.resumes || number < self.seen || here.saturating_sub(tick) > LATE,
            Skip::Closing => self.closed,
        };
        if !fits {
            self.broken("T2", format!("tick {number} is skipped at {here:?}: {why:?}"));
        }
    }

    pub(crate) fn after(&mut self, now: Now, event: Event, deadline: Option<Duration>) {
        if event == Event::Pause && !self.closed {
            self.paused = true;
        }
        let timeout = self.plan.timeout.map(ms);
        let running = self.jobs.values().filter(|job| job.stopped.is_none());
        let over = running.filter_map(|job| Some(job.runs? + timeout?)).min();
        if event == Event::Tick && !self.closed && over.is_some_and(|over| over <= now.at) {
            self.broken("T5", "a try goes on behind its timeout");
        }
        self.made_up(event);
        if !self.closed {
            self.woken(now, over, deadline);
        }
    }

    /// Nothing that will be due is slept through.
    fn woken(&mut self, now: Now, over: Option<Duration>, deadline: Option<Duration>) {
        let here = self.here(now);
        let again = self.jobs.values().filter_map(|job| job.again).min();
        let wait = |tick: u64| now.at + (self.time(tick) + self.jitter()).saturating_sub(here);
        let simple = self.plan.overlap == Overlap::Skip && self.plan.catch_up == CatchUp::None;
        let held = self.open.last().copied().filter(|_| simple);
        let ticks = [Some(self.seen + 1), held];
        let ticks = ticks.into_iter().flatten().filter(|_| !self.paused).map(wait);
        for due in ticks.chain(over).chain(again) {
            if deadline.is_none_or(|deadline| deadline > due) {
                return self
                    .broken("T2", format!("it wakes at {deadline:?}, and something is due at {due:?}"));
            }
        }
    }

    /// After a pause, where nothing else is in the way.
    fn made_up(&mut self, event: Event) {
        let none = self.plan.catch_up == CatchUp::None;
        if none && !self.caught.is_empty() {
            return self.broken("T8", "it makes up for a tick");
        }
        let clear = self.resumes && event == Event::Resume && self.idle && self.plan.overlap == Overlap::Skip;
        let (Some(oldest), Some(newest)) = (self.due.first(), self.due.last()) else { return };
        if none || !clear {
            return;
        }
        let wanted = match (self.plan.catch_up, self.caught.as_slice()) {
            (CatchUp::Latest, [caught]) => caught == newest,
            (CatchUp::All, [caught]) => caught == oldest || self.due.len() > MOST_MISSED,
            (CatchUp::None | CatchUp::Latest | CatchUp::All, _) => false,
        };
        if !wanted {
            self.broken("T8", format!("of {:?} it makes up for {:?} first", self.due, self.caught));
        }
    }

    pub(crate) fn end(&mut self) {
        if !self.broken.is_empty() {
            return;
        }
        if !self.jobs.is_empty() {
            self.broken("T9", format!("{:?} have not ended", self.jobs));
        }
        let left: Vec<u64> = self.open.iter().copied().collect();
        // The newest may be held back by its jitter when everything ends, or by a pause.
        let held = self.plan.jitter > 0 && left == [self.seen];
        if !(left.is_empty() || held) {
            self.broken("T1", format!("{left:?} of {} to {} were never answered", self.first, self.seen));
        }
        if !self.triggered.is_empty() {
            self.broken("T10", format!("{:?} were never answered", self.triggered));
        }
    }
}

fn is_manual(trigger: Trigger) -> bool {
    matches!(trigger, Trigger::Manual(_))
}
