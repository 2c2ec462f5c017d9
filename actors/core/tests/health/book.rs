//! What the health of an instance has done, and the laws about it. Knows the answers by what the world said, never by what
//! the machine believes.

use crate::told;
use crate::world::{Broken, Check, Piece, Plan, Way, ms};
use phpeek_core::health::Role;
use phpeek_core::health::facts::{Health, HealthFact, Probed};
use phpeek_core::health::monitor::Monitor;
use phpeek_core::health::words::Event;
use phpeek_core::ids::ProbeId;
use phpeek_core::process::WORDS_PATIENCE;
use phpeek_core::program::TaskEvent;
use std::collections::BTreeMap;
use std::time::Duration;

/// A check as the answers make it.
#[derive(Debug, Clone, Default)]
struct Truth {
    /// When it may begin to ask; none: it may not.
    open: Option<Duration>,
    /// Since when it listens; none: it does not.
    listens: Option<Duration>,
    /// Changes that it has not told.
    untold: u32,
    waits: Option<(u64, Duration)>,
    /// When the program that it waits for has failed, until what it wrote has come.
    failed: Option<Duration>,
    /// Whether that was asked for.
    words_asked: bool,
    last: Option<(Duration, Duration)>,
    in_a_row: (bool, u32),
    passes: bool,
    fails: bool,
    asked: usize,
    /// The program that is not gone, and whether it was told to go.
    program: Option<(u64, Duration, bool)>,
}

impl Truth {
    fn begin(&mut self, now: Duration, check: &Check) {
        match check.way.is_told() {
            true => self.listens = Some(now),
            false => self.open = Some(now + ms(check.delay)),
        }
    }
}

pub(crate) struct Book {
    checks: Vec<Check>,
    truths: Vec<Truth>,
    run: Option<u64>,
    /// Runs so far.
    runs: u64,
    /// What each run has said.
    said: BTreeMap<u64, Vec<(Duration, Piece)>>,
    /// Probes that were announced and not asked: each with its check.
    announced: BTreeMap<u64, usize>,
    open: BTreeMap<u64, usize>,
    answered: BTreeMap<u64, bool>,
    ready: bool,
    fallen: bool,
    pub(crate) broken: Broken,
}

impl Book {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            checks: plan.checks.clone(),
            truths: vec![Truth::default(); plan.checks.len()],
            run: None,
            runs: 0,
            said: BTreeMap::new(),
            announced: BTreeMap::new(),
            open: BTreeMap::new(),
            answered: BTreeMap::new(),
            ready: false,
            fallen: false,
            broken: Vec::new(),
        }
    }

    fn broken(&mut self, law: &'static str, what: impl Into<String>) {
        self.broken.push((law, what.into()));
    }

    pub(crate) fn run_is_up(&mut self, now: Duration, run: u64) {
        (self.run, self.runs) = (Some(run), run);
        let startup = self.checks.iter().any(|check| check.role == Role::Startup);
        for (check, truth) in self.checks.iter().zip(&mut self.truths) {
            let opens = !startup || check.role == Role::Startup;
            let program = truth.program;
            *truth = Truth { asked: truth.asked, program, ..Truth::default() };
            if opens {
                truth.begin(now, check);
            }
        }
        self.weigh();
    }

    pub(crate) fn run_is_over(&mut self, _: Duration) {
        self.run = None;
        self.ready = false;
        for truth in &mut self.truths {
            (truth.open, truth.listens, truth.waits, truth.failed) = (None, None, None, None);
        }
    }

    /// A probe is asked; gives its check, and how many that had before.
    pub(crate) fn asks(&mut self, now: Duration, probe: ProbeId) -> Option<(usize, usize)> {
        let Some(place) = self.announced.remove(&probe.serial) else {
            self.broken("H3", format!("probe {} was not told of, or twice", probe.serial));
            return None;
        };
        let (check, truth) = (self.checks[place].clone(), self.truths[place].clone());
        match truth.open {
            _ if check.way.is_told() => self.broken("H8", "it asks, and is told"),
            _ if self.run.is_none() => self.broken("H1", "a probe while nothing runs"),
            None => self.broken("H6", format!("{:?} asks out of its turn", check.role)),
            Some(from) if now < from => self.broken("H1", format!("asked at {now:?}, before {from:?}")),
            Some(_) => {}
        }
        if truth.waits.is_some() {
            self.broken("H2", "two probes of one check at a time");
        }
        if truth.program.is_some() {
            self.broken("H7", "the program of the last probe is not gone");
        }
        if let Some((began, _)) = truth.last.filter(|(began, _)| now < *began + ms(check.period) * 8 / 10) {
            self.broken("H2", format!("asked at {now:?}, the last at {began:?}"));
        }
        let truth = &mut self.truths[place];
        truth.waits = Some((probe.serial, now));
        truth.asked += 1;
        if check.way == Way::Exec {
            truth.program = Some((probe.serial, now, false));
        }
        Some((place, truth.asked - 1))
    }

    /// Nothing may be late when time passes.
    pub(crate) fn passes(&mut self, now: Duration) {
        if self.run.is_none() {
            return;
        }
        for place in 0..self.checks.len() {
            let (check, truth) = (self.checks[place].clone(), self.truths[place].clone());
            let before = now.saturating_sub(Duration::from_nanos(1));
            if before > Duration::ZERO
                && self.verdict(place, before).is_some_and(|(_, fails)| fails && !truth.fails)
            {
                self.broken("H9", format!("{:?} has not failed by silence before {now:?}", check.role));
            }
            if truth.failed.is_some_and(|at| now > at + WORDS_PATIENCE) {
                self.broken("H11", format!("{:?} has failed, and is not answered at {now:?}", check.role));
            }
            let (Some(open), None, None) = (truth.open, truth.waits, truth.program) else { continue };
            let due = truth.last.map_or(open, |(began, over)| over.max(began + ms(check.period)));
            if now > due + ms(1) {
                self.broken("H2", format!("{:?} asks nothing at {now:?}, and was to at {due:?}", check.role));
            }
        }
    }

    /// What the world says of a probe.
    pub(crate) fn heard(&mut self, now: Duration, probe: ProbeId, event: &Event) {
        let well = match event {
            Event::Answered(answer) => answer.fault.is_none(),
            Event::Task(TaskEvent::Exited(autopsy)) => autopsy.exit.is_success(),
            Event::Wrote(_) => false,
            Event::Task(TaskEvent::GroupEmpty) => {
                for truth in &mut self.truths {
                    if truth.program.take_if(|(serial, ..)| *serial == probe.serial).is_some()
                        && let Some(last) = &mut truth.last
                    {
                        last.1 = last.1.max(now); // the next has waited for it
                    }
                }
                return;
            }
            Event::Task(_) => return,
        };
        let waits = |t: &Truth| t.waits.is_some_and(|(serial, _)| serial == probe.serial);
        if let Some(place) = self.truths.iter().position(waits) {
            let (_, began) = self.truths[place].waits.expect("it waits");
            let in_time = now <= began + ms(self.checks[place].timeout);
            match event {
                Event::Task(_) if in_time && !well => {
                    (self.truths[place].failed, self.truths[place].words_asked) = (Some(now), false);
                }
                Event::Wrote(_) if self.truths[place].failed.is_none() => {}
                _ if in_time => self.count(now, place, well),
                _ => {}
            }
        }
    }

    fn count(&mut self, now: Duration, place: usize, well: bool) {
        let check = self.checks[place].clone();
        let truth = &mut self.truths[place];
        let Some((serial, began)) = truth.waits.take() else { return };
        truth.failed = None;
        self.answered.insert(serial, well);
        truth.last = Some((began, now));
        truth.in_a_row = (well, if truth.in_a_row.0 == well { truth.in_a_row.1 + 1 } else { 1 });
        let row = truth.in_a_row.1;
        if well && row >= check.successes {
            (truth.passes, truth.fails) = (true, false);
        } else if !well && row >= check.failures {
            self.fallen |= !truth.fails && check.role != Role::Readiness;
            (truth.passes, truth.fails) = (false, true);
        }
        if truth.passes && check.role == Role::Startup && truth.open.take().is_some() {
            self.open_others(now);
        }
        self.weigh();
    }

    fn open_others(&mut self, now: Duration) {
        for (other, truth) in self.checks.iter().zip(&mut self.truths) {
            if other.role != Role::Startup {
                truth.begin(now, other);
            }
        }
    }

    /// A program says something in this run.
    pub(crate) fn says(&mut self, now: Duration, run: u64, piece: Piece) {
        self.said.entry(run).or_default().push((now, piece));
    }

    /// Whether a check that listens passes, or fails, by all that was said in its run.
    fn verdict(&self, place: usize, now: Duration) -> Option<(bool, bool)> {
        let since = self.truths[place].listens?;
        let said = self.said.get(&self.run?).map(Vec::as_slice).unwrap_or_default();
        Some(told::verdict((place, &self.checks[place]), said, since, now))
    }

    /// What follows at this moment from all that was said.
    pub(crate) fn listen(&mut self, now: Duration) {
        let mut again = true;
        while std::mem::take(&mut again) {
            for place in 0..self.checks.len() {
                let Some((passes, fails)) = self.verdict(place, now) else { continue };
                let (role, truth) = (self.checks[place].role, &mut self.truths[place]);
                if (truth.passes, truth.fails) == (passes, fails) {
                    continue;
                }
                truth.untold += u32::from(passes || fails);
                self.fallen |= fails && !truth.fails && role != Role::Readiness;
                (truth.passes, truth.fails) = (passes, fails);
                if passes && role == Role::Startup {
                    truth.listens = None;
                    self.open_others(now);
                    again = true;
                }
            }
        }
        self.weigh();
    }

    fn heard_of(&mut self, probed: &Probed) {
        let place = self.checks.iter().position(|check| check.role == probed.role && check.way.is_told());
        let Some(place) = place else { return self.broken("H8", "told of a check that asks") };
        let truth = &mut self.truths[place];
        let says = probed.change.map(|health| (health == Health::Passing, health == Health::Failing));
        let right =
            truth.untold > 0 && says == Some((truth.passes, truth.fails)) && Some(probed.run) == self.run;
        truth.untold = truth.untold.saturating_sub(1);
        if !right {
            self.broken(
                "H8",
                format!("{:?} is said to be {:?} by {:?}", probed.role, probed.change, probed.answer),
            );
        }
    }

    fn weigh(&mut self) {
        let mut gates = self.checks.iter().zip(&self.truths).filter(|(c, _)| c.role != Role::Liveness);
        self.ready = self.run.is_some() && gates.all(|(_, truth)| truth.passes);
    }

    pub(crate) fn asks_for_words(&mut self, probe: ProbeId) {
        let waits = |t: &&mut Truth| t.waits.is_some_and(|(serial, _)| serial == probe.serial);
        if let Some(truth) = self.truths.iter_mut().find(waits) {
            truth.words_asked = true;
        }
    }

    pub(crate) fn killed(&mut self, now: Duration, probe: ProbeId) {
        let up = self.run.is_some();
        let mut early = None;
        for (check, truth) in self.checks.iter().zip(&mut self.truths) {
            if let Some((_, began, told)) = truth.program.as_mut().filter(|p| p.0 == probe.serial) {
                *told = true;
                let waits = truth.waits.is_some_and(|(serial, _)| serial == probe.serial);
                let answered = !waits || truth.failed.is_some();
                if up && !answered && now < *began + ms(check.timeout) {
                    early = Some(*began);
                }
            }
        }
        if let Some(began) = early {
            self.broken("H7", format!("killed at {now:?}, and it began at {began:?}"));
        }
    }

    pub(crate) fn told(&mut self, now: Duration, fact: &HealthFact) {
        match fact {
            HealthFact::Asked { serial, role, .. } => {
                let place = self.checks.iter().position(|check| check.role == *role).unwrap_or(0);
                self.announced.insert(*serial, place);
                if self.open.insert(*serial, place).is_some() {
                    self.broken("H3", format!("probe {serial} is asked twice"));
                }
            }
            HealthFact::Probed(probed) if probed.serial == 0 => self.heard_of(probed),
            HealthFact::Probed(probed) => {
                let Some(place) = self.open.remove(&probed.serial) else {
                    return self.broken("H3", format!("probe {} was answered and not asked", probed.serial));
                };
                let unheard = self.truths[place].failed.is_some_and(|at| now >= at + WORDS_PATIENCE);
                if unheard && !self.truths[place].words_asked {
                    self.broken("H11", format!("nobody asks what probe {} wrote", probed.serial));
                }
                let late = self.truths[place].waits.filter(|(serial, began)| {
                    let late = now >= *began + ms(self.checks[place].timeout);
                    *serial == probed.serial && (late || unheard)
                });
                if late.is_some() {
                    self.count(now, place, false);
                }
                if self.answered.remove(&probed.serial) != Some(probed.answer.fault.is_none()) {
                    self.broken("H3", format!("the answer of probe {} is not what it got", probed.serial));
                }
            }
            HealthFact::Forgotten { serial } => {
                if self.open.remove(serial).is_none() || self.run.is_some() {
                    self.broken("H3", format!("probe {serial} is forgotten out of turn"));
                }
            }
            HealthFact::Ready { run, .. } => {
                if !self.ready || self.run != Some(*run) {
                    self.broken("H4", format!("told as ready at {now:?}"));
                }
            }
            HealthFact::Unready { .. } => {
                if self.ready {
                    self.broken("H4", format!("told as not ready at {now:?}"));
                }
            }
            HealthFact::Said { .. } | HealthFact::Waits { .. } | HealthFact::NeverReady { .. } => {}
        }
    }

    /// Looks at the machine after a step.
    pub(crate) fn look(&mut self, now: Duration, ready: bool, fell: bool) {
        if ready != self.ready {
            self.broken("H4", format!("ready {ready} at {now:?}, and the answers say {}", self.ready));
        }
        if fell != std::mem::take(&mut self.fallen) {
            self.broken("H5", format!("fallen {fell} at {now:?}, and the answers say otherwise"));
        }
        if self.truths.iter().any(|truth| truth.untold > 0) {
            self.broken("H3", format!("what a check came to know by {now:?} is not told"));
        }
        let late = |(check, truth): (&Check, &Truth)| {
            let untold = truth.program.filter(|(_, _, told)| !told);
            untold.is_some_and(|(serial, began, _)| {
                let answered = truth.waits.is_none_or(|(own, _)| own != serial);
                !answered && now > began + ms(check.timeout)
                    || self.run.is_none() && now > began + ms(check.timeout + 20)
            })
        };
        if self.checks.iter().zip(&self.truths).any(late) {
            self.broken("H7", format!("a program goes on at {now:?}"));
        }
        if self.run.is_none() && !self.open.is_empty() {
            self.broken("H3", "a run is over, and a probe of it is not told to be");
        }
    }

    /// Nothing happens any more.
    pub(crate) fn over(&mut self, monitor: &Monitor) {
        if monitor.tasks().next().is_some() {
            self.broken("H7", "a program of a probe is left");
        }
    }
}
