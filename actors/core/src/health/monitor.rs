//! The health of an instance as a pure machine: which of its checks ask when, whether it is ready, and whether it has to
//! be restarted. One for each instance, for as long as that is there. Never acts, never reads a clock, never fails.
//!
//! # The laws
//! * **H1** no probe while no run is up, nor before the initial delay of its check is over.
//! * **H2** one probe of a check at a time, and the next begins within the period of the last, or when that is answered.
//! * **H3** every probe that was asked is told once: by its answer, by its time, or by the end of the run.
//! * **H4** an instance is ready when each check that gates has had its successes in a row since its last failures in a
//!   row, and only in the run that had them.
//! * **H5** it has fallen when a check that restarts has had its failures in a row, and not before.
//! * **H6** nothing asks before the startup check has passed, and that asks no more after it.
//! * **H7** the program of a probe is killed when its time is over, or its run, and is gone before the next begins.
//! * **H8** nothing is asked of a check that is told. It passes by what was told in this run, be that before its turn or
//!   before the run was up, and by nothing else.
//! * **H9** a silence that lasts for the time of a watchdog makes a check failing then and not before, and so does that of
//!   a start; what is told after it begins anew.
//! * **H10** what was asked before it is to ask again is asked once more, and no answer counts for that but one to what was
//!   asked since.
//! * **H11** a program that has failed is answered when what it wrote last has come, within `WORDS_PATIENCE`.

use super::facts::{Answer, Health, HealthFact, Probed};
use super::heard::Heard;
use super::news::{News, Saying};
use super::watch::{Asker, Watch};
use super::words::{Effect, Event};
use super::{Checks, Role};
use crate::facts::{Fact, Outbox};
use crate::ids::{InstanceId, ProbeId};
use crate::lifecycle::Now;
use std::time::Duration;

/// The health of one instance.
#[derive(Debug, Clone)]
pub struct Monitor {
    of: InstanceId,
    number: u32,
    checks: Checks,
    watches: Vec<Watch>,
    /// The run that is watched; 0: none.
    run: u64,
    /// The last run that was watched.
    last: u64,
    /// What was told in the run that is watched, or in the one that will be.
    heard: Heard,
    /// Probes so far.
    given: u64,
    ready: bool,
    fallen: bool,
    /// Whoever has asked before this, in this run, asks again.
    again: Duration,
}

impl Monitor {
    /// Of an instance of which nothing runs.
    #[must_use]
    pub fn new(of: InstanceId, number: u32, checks: Checks) -> Self {
        let watches = checks.iter().map(|_| Watch::new()).collect();
        Self {
            of,
            number,
            checks,
            watches,
            run: 0,
            last: 0,
            heard: Heard::default(),
            given: 0,
            ready: false,
            fallen: false,
            again: Duration::ZERO,
        }
    }

    /// This run is up: everything is asked anew.
    pub fn begin<E: From<Effect>>(&mut self, now: Now, run: u64, out: &mut Outbox<E>) {
        self.end(now, out);
        (self.run, self.last, self.again) = (run, run, Duration::ZERO);
        if self.heard.run != run {
            self.heard = Heard::of(run);
        }
        let startup = self.checks.iter().any(|check| check.role == Role::Startup);
        self.open(now, |role| (role == Role::Startup) == startup);
        let first = self.checks.iter().find(|check| check.role.gates());
        match first.map(|check| check.question.as_str()) {
            Some(kind) => self.tell(now, HealthFact::Waits { run, kind }, out),
            None => self.ready = true,
        }
        self.listen(now, out);
        self.ask_due(now, out);
    }

    /// The run is over, or is to be: nothing is asked any more.
    pub fn end<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        let run = std::mem::take(&mut self.run);
        if run == 0 {
            return;
        }
        let was_ready = std::mem::take(&mut self.ready);
        self.fallen = false;
        for i in 0..self.watches.len() {
            let of = self.of;
            if let Some(serial) = self.watches.get_mut(i).and_then(|watch| watch.end(now, of, out)) {
                self.tell(now, HealthFact::Forgotten { serial }, out);
            }
        }
        if !was_ready && super::gates(&self.checks) {
            self.tell(now, HealthFact::NeverReady { run }, out);
        }
    }

    /// A program has said something in this run, which may not be up yet. Of one that is over it is nothing; what time has
    /// brought by now follows all the same.
    pub fn hear<E: From<Effect>>(&mut self, now: Now, run: u64, news: News, out: &mut Outbox<E>) {
        let current = if self.run > 0 { run == self.run } else { run > self.last && run >= self.heard.run };
        if current {
            if self.heard.run != run {
                self.heard = Heard::of(run);
            }
            match news {
                News::Said(saying) => self.tell(now, HealthFact::Said { run, saying }, out),
                News::Reloading => {
                    self.heard.take(now.at, news);
                    self.tell(now, HealthFact::Said { run, saying: Saying::Reloading }, out);
                }
                news => self.heard.take(now.at, news),
            }
        }
        self.listen(now, out);
        self.ask_due(now, out);
    }

    /// Something has happened to a probe. One that nobody waits for changes nothing.
    pub fn observe<E: From<Effect>>(&mut self, now: Now, probe: ProbeId, event: Event, out: &mut Outbox<E>) {
        match event {
            Event::Answered(answer) => self.answered(now, probe.serial, answer, out),
            Event::Task(_) | Event::Wrote(_) => {
                let mut watches = self.watches.iter_mut();
                let of_it = |watch: &&mut Watch| watch.task().is_some_and(|task| task == probe);
                let answer = watches.find(of_it).and_then(|watch| match event {
                    Event::Task(event) => watch.observe(now, probe.serial, event, out),
                    Event::Wrote(words) => watch.hear(probe.serial, &words),
                    Event::Answered(_) => None,
                });
                if let Some(answer) = answer {
                    self.answered(now, probe.serial, answer, out);
                }
            }
        }
        self.listen(now, out);
        self.ask_due(now, out);
    }

    /// Time has passed. Before the deadline it changes nothing.
    pub fn tick<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        let checks = self.checks.clone();
        for (i, check) in checks.iter().enumerate() {
            let of = self.of;
            let Some(watch) = self.watches.get_mut(i) else { continue };
            let heard = watch.tick(now, out);
            if let Some((serial, answer)) = heard.or_else(|| watch.timed_out(now, of, check.timeout, out)) {
                self.answered(now, serial, answer, out);
            }
        }
        self.listen(now, out);
        self.ask_due(now, out);
    }

    /// When a tick is due, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.watches.iter().filter_map(Watch::deadline).min()
    }

    /// Whether the run is ready. One that nothing gates is, once it is up.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether an instance is not ready before checks have passed.
    #[must_use]
    pub fn gates(&self) -> bool {
        super::gates(&self.checks)
    }

    /// The run that it watches.
    #[must_use]
    pub fn run(&self) -> Option<u64> {
        (self.run > 0).then_some(self.run)
    }

    /// Everything that has asked in this run asks once more: now, or when what it waits for was answered.
    pub fn ask_again<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        self.again = now.at;
        self.ask_due(now, out);
    }

    /// Whether it is ready, and everything that asks has been answered well last, by what was asked since then.
    #[must_use]
    pub fn is_well_since(&self, since: Duration) -> bool {
        self.ready && self.watches.iter().all(|watch| watch.is_well_since(since))
    }

    /// The program is about to be told to take over its configuration: what it has said of that before does not count.
    pub fn expect_reload(&mut self) {
        self.heard.reloads = None;
    }

    /// Whether the program has said since then that it takes over its configuration, and then that it is ready; none when it
    /// has said nothing of that.
    #[must_use]
    pub fn has_reloaded(&self) -> Option<bool> {
        self.heard.reloads
    }

    /// Whether a check that restarts has failed since the last time that this was asked.
    pub fn take_fall(&mut self) -> bool {
        std::mem::take(&mut self.fallen)
    }

    /// Programs of probes that are not gone.
    pub fn tasks(&self) -> impl Iterator<Item = ProbeId> + '_ {
        self.watches.iter().filter_map(Watch::task)
    }

    fn tell<E>(&self, now: Now, fact: HealthFact, out: &mut Outbox<E>) {
        out.tell(now.at, Fact::Health(self.of, fact));
    }

    /// The checks of these roles ask from now on.
    fn open(&mut self, now: Now, which: impl Fn(Role) -> bool) {
        for (watch, check) in self.watches.iter_mut().zip(self.checks.iter()) {
            if which(check.role) {
                watch.begin(now, check);
            }
        }
    }

    fn answered<E: From<Effect>>(&mut self, now: Now, serial: u64, answer: Answer, out: &mut Outbox<E>) {
        let (checks, run) = (self.checks.clone(), self.run);
        let mut heard = checks.iter().zip(self.watches.iter_mut());
        let mut answer = Some(answer);
        let found = heard.find_map(|(check, watch)| {
            let waited = watch.waits_for(serial);
            waited.then(|| answer.take().and_then(|own| watch.answered(now, check, run, serial, own)))?
        });
        let Some(probed) = found else { return };
        self.follow(now, probed, out);
        self.weigh(now, out);
    }

    /// What was told, weighed anew.
    fn listen<E>(&mut self, now: Now, out: &mut Outbox<E>) {
        let checks = self.checks.clone();
        let mut opened = self.run > 0;
        while std::mem::take(&mut opened) {
            for (place, check) in checks.iter().enumerate() {
                let Some(watch) = self.watches.get_mut(place) else { continue };
                if let Some(probed) = watch.listen(now, (place, check), &self.heard) {
                    opened |= self.follow(now, probed, out);
                }
            }
        }
        self.weigh(now, out);
    }

    /// Tells what is known, and lets follow what follows from it. Whether other checks have their turn by it.
    fn follow<E>(&mut self, now: Now, probed: Probed, out: &mut Outbox<E>) -> bool {
        let (role, change) = (probed.role, probed.change);
        self.tell(now, HealthFact::Probed(Box::new(probed)), out);
        match change {
            Some(Health::Passing) if role == Role::Startup => {
                for (watch, check) in self.watches.iter_mut().zip(self.checks.iter()) {
                    if check.role == Role::Startup {
                        watch.rest();
                    }
                }
                self.open(now, |role| role != Role::Startup);
                return true;
            }
            Some(Health::Failing) if role.restarts() => self.fallen = true,
            _ => {}
        }
        false
    }

    /// Looks whether it is ready.
    fn weigh<E>(&mut self, now: Now, out: &mut Outbox<E>) {
        let gates = self.checks.iter().zip(&self.watches).filter(|(check, _)| check.role.gates());
        if self.run == 0 {
            return;
        }
        let ready = gates.clone().all(|(_, watch)| watch.health == Health::Passing);
        if std::mem::replace(&mut self.ready, ready) == ready {
            return;
        }
        let (run, attempts) = (self.run, gates.map(|(_, watch)| watch.attempts()).sum());
        let fact = match ready {
            true => HealthFact::Ready { run, attempts },
            false => HealthFact::Unready { run },
        };
        self.tell(now, fact, out);
    }

    fn ask_due<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        if self.run == 0 {
            return;
        }
        let asker = Asker { of: self.of, number: self.number };
        let checks = self.checks.clone();
        for (check, watch) in checks.iter().zip(self.watches.iter_mut()) {
            watch.hasten(now, self.again);
            if !watch.is_due(now) {
                continue;
            }
            let serial = self.given.saturating_add(1);
            let (role, kind) = (check.role, check.question.as_str());
            if watch.is_free() {
                self.given = serial;
                out.tell(now.at, Fact::Health(self.of, HealthFact::Asked { serial, role, kind }));
            }
            watch.ask(now, check, asker, serial, out);
        }
    }
}
