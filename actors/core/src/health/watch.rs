//! One check of one run: when it asks, and what its answers in a row mean.

use super::exec::Trial;
use super::facts::{Answer, Health, ProbeFault, Probed};
use super::heard::Heard;
use super::words::Effect;
use super::{CheckSpec, Question};
use crate::backoff::Jitter;
use crate::facts::{Outbox, Words};
use crate::ids::{InstanceId, ProbeId};
use crate::lifecycle::Now;
use crate::program::TaskEvent;
use std::time::Duration;

/// Probes begin at multiples of this, or of a fiftieth of their period if that is less.
const BEAT: Duration = Duration::from_millis(20);

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// For another check, or for nothing any more.
    Nothing,
    /// The next probe is due then.
    Probe(Duration),
    /// The next probe is due, and the program of the last one is not gone.
    Gone,
    /// The answer to this probe, which was asked at `began`, may take until `until`.
    Answer { serial: u64, began: Duration, until: Duration },
    /// What is told, since `open`; when nothing is until `due`, that says something too.
    News { open: Duration, due: Option<Duration> },
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) of: InstanceId,
    pub(super) number: u32,
}

/// A check of the current run.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    wait: Wait,
    pub(super) health: Health,
    attempts: u64,
    in_a_row: u32,
    /// Whether the last answer was a good one.
    last: Option<bool>,
    /// When the probe that was answered last was asked.
    asked: Duration,
    /// The program of a probe that is not gone.
    trial: Option<Trial>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            wait: Wait::Nothing,
            health: Health::Unknown,
            attempts: 0,
            in_a_row: 0,
            last: None,
            asked: Duration::ZERO,
            trial: None,
        }
    }

    /// It asks from now on, with nothing known.
    pub(super) fn begin(&mut self, now: Now, check: &CheckSpec) {
        *self = Self { trial: self.trial.take(), ..Self::new() };
        self.wait = match check.question.is_told() {
            true => Wait::News { open: now.at, due: None },
            false => Wait::Probe(now.at.saturating_add(check.initial_delay)),
        };
    }

    /// Nothing is known any more, and nothing asked; gives the probe that will have no answer.
    pub(super) fn end<E: From<Effect>>(
        &mut self,
        now: Now,
        of: InstanceId,
        out: &mut Outbox<E>,
    ) -> Option<u64> {
        let wait = std::mem::replace(&mut self.wait, Wait::Nothing);
        self.health = Health::Unknown;
        match wait {
            Wait::Answer { serial, .. } => {
                self.give_up(now, of, serial, out);
                Some(serial)
            }
            Wait::Nothing | Wait::Probe(_) | Wait::Gone | Wait::News { .. } => None,
        }
    }

    /// What it has said stays, and it asks no more.
    pub(super) fn rest(&mut self) {
        self.wait = Wait::Nothing;
    }

    /// Nobody wants the answer any more.
    fn give_up<E: From<Effect>>(&mut self, now: Now, of: InstanceId, serial: u64, out: &mut Outbox<E>) {
        match &mut self.trial {
            Some(trial) => trial.kill(now, out),
            None => out.act(Effect::Forget(ProbeId { of, serial }).into()),
        }
        self.clear();
    }

    /// Forgets a program that is gone.
    fn clear(&mut self) {
        self.trial.take_if(|trial| trial.is_over());
    }

    /// Whether this probe is the one that it waits for.
    pub(super) fn waits_for(&self, serial: u64) -> bool {
        matches!(self.wait, Wait::Answer { serial: own, .. } if own == serial)
    }

    /// Whether nothing is left of the last probe.
    pub(super) fn is_free(&self) -> bool {
        self.trial.is_none()
    }

    /// Whether a probe is to be asked now.
    pub(super) fn is_due(&self, now: Now) -> bool {
        match self.wait {
            Wait::Probe(due) => due <= now.at,
            Wait::Gone => self.trial.is_none(),
            Wait::Nothing | Wait::Answer { .. } | Wait::News { .. } => false,
        }
    }

    /// The next probe is due now, when none was asked since then, and one was before.
    pub(super) fn hasten(&mut self, now: Now, since: Duration) {
        if let Wait::Probe(due) = &mut self.wait
            && self.attempts > 0
            && self.asked < since
        {
            *due = now.at.min(*due);
        }
    }

    /// Whether it asks nothing, or has been answered well last by a probe that was asked since then.
    pub(super) fn is_well_since(&self, since: Duration) -> bool {
        let asks = !matches!(self.wait, Wait::Nothing | Wait::News { .. });
        !asks || (self.health == Health::Passing && self.last == Some(true) && self.asked >= since)
    }

    /// Asks, unless the program of the last probe has to go first.
    pub(super) fn ask<E: From<Effect>>(
        &mut self,
        now: Now,
        check: &CheckSpec,
        asker: Asker,
        serial: u64,
        out: &mut Outbox<E>,
    ) {
        if !self.is_free() {
            self.wait = Wait::Gone;
            return;
        }
        let probe = ProbeId { of: asker.of, serial };
        match &check.question {
            Question::Exec(program) => {
                let program = program.of_instance(asker.number);
                self.trial = Some(Trial::begin(probe, asker.number, &program, now, out));
            }
            _ => {
                let (question, timeout) = (check.question_of(asker.number), check.timeout);
                out.act(Effect::Ask { probe, question, timeout }.into());
            }
        }
        self.attempts = self.attempts.saturating_add(1);
        self.wait = Wait::Answer { serial, began: now.at, until: now.at.saturating_add(check.timeout) };
    }

    /// The answer to a probe; one that is not waited for is nothing.
    pub(super) fn answered(
        &mut self,
        now: Now,
        check: &CheckSpec,
        run: u64,
        serial: u64,
        answer: Answer,
    ) -> Option<Probed> {
        let Wait::Answer { serial: own, began, .. } = self.wait else { return None };
        if own != serial {
            return None;
        }
        self.in_a_row = match self.last == Some(answer.fault.is_none()) {
            true => self.in_a_row.saturating_add(1),
            false => 1,
        };
        self.last = Some(answer.fault.is_none());
        self.asked = began;
        let (says, threshold) = match answer.fault {
            None => (Health::Passing, check.success_threshold),
            Some(_) => (Health::Failing, check.failure_threshold),
        };
        let changes = self.health != says && self.in_a_row >= threshold;
        if changes {
            self.health = says;
        }
        self.wait = Wait::Probe(next(began, check.period, now.jitter).max(now.at));
        Some(Probed {
            serial,
            run,
            role: check.role,
            kind: check.question.as_str(),
            began,
            attempt: self.attempts,
            in_a_row: self.in_a_row,
            answer,
            change: changes.then_some(says),
        })
    }

    /// What was told, weighed anew, when it listens; told when that makes a difference.
    pub(super) fn listen(
        &mut self,
        now: Now,
        (place, check): (usize, &CheckSpec),
        heard: &Heard,
    ) -> Option<Probed> {
        let Wait::News { open, due } = &mut self.wait else { return None };
        let verdict = heard.judge(check, place, *open, now.at);
        *due = verdict.due;
        if std::mem::replace(&mut self.health, verdict.health) == verdict.health {
            return None;
        }
        let answer = verdict.answer?;
        self.attempts = self.attempts.saturating_add(1);
        Some(Probed {
            serial: 0,
            run: heard.run,
            role: check.role,
            kind: check.question.as_str(),
            began: verdict.began,
            attempt: self.attempts,
            in_a_row: 1,
            answer,
            change: Some(verdict.health),
        })
    }

    /// The probe whose time is over now, with the answer that stands for none.
    pub(super) fn timed_out<E: From<Effect>>(
        &mut self,
        now: Now,
        of: InstanceId,
        timeout: Duration,
        out: &mut Outbox<E>,
    ) -> Option<(u64, Answer)> {
        match self.wait {
            Wait::Answer { serial, until, .. } if until <= now.at => {
                let failed = self.trial.as_mut().and_then(|trial| trial.unheard(None));
                self.give_up(now, of, serial, out);
                let late = || Answer::bad(ProbeFault::TimedOut, format!("no answer within {timeout:?}"));
                Some((serial, failed.unwrap_or_else(late)))
            }
            Wait::Nothing | Wait::Probe(_) | Wait::Gone | Wait::Answer { .. } | Wait::News { .. } => None,
        }
    }

    /// Something has happened to the program of a probe.
    pub(super) fn observe<E: From<Effect>>(
        &mut self,
        now: Now,
        serial: u64,
        event: TaskEvent,
        out: &mut Outbox<E>,
    ) -> Option<Answer> {
        let trial = self.trial.as_mut().filter(|trial| trial.probe.serial == serial)?;
        let answer = trial.observe(now, event, out);
        self.clear();
        answer
    }

    /// What the program of a probe wrote last.
    pub(super) fn hear(&mut self, serial: u64, words: &Words) -> Option<Answer> {
        let trial = self.trial.as_mut().filter(|trial| trial.probe.serial == serial)?;
        let answer = trial.hear(words);
        self.clear();
        answer
    }

    /// Time has passed for the program of a probe; its answer, when nothing more is waited for.
    pub(super) fn tick<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) -> Option<(u64, Answer)> {
        let trial = self.trial.as_mut()?;
        trial.tick(now, out);
        let answer = trial.unheard(Some(now)).map(|answer| (trial.probe.serial, answer));
        self.clear();
        answer
    }

    /// When something is due, if at all.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let own = match self.wait {
            Wait::Nothing | Wait::Gone => None,
            Wait::Probe(due) => Some(due),
            Wait::Answer { until, .. } => Some(until),
            Wait::News { due, .. } => due,
        };
        own.into_iter().chain(self.trial.as_ref().and_then(Trial::deadline)).min()
    }

    /// The probe whose program is not gone.
    pub(super) fn task(&self) -> Option<ProbeId> {
        self.trial.as_ref().map(|trial| trial.probe)
    }

    /// How many probes of the run were asked.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts
    }
}

/// When the next probe begins: up to a tenth of the period sooner, so that many that began together do not stay together,
/// and then at a multiple of [`BEAT`], so that a thousand probes a second wake nobody a thousand times.
fn next(began: Duration, period: Duration, jitter: Jitter) -> Duration {
    let spare = period.as_nanos() / 10 * u128::from(jitter.0) / u128::from(u16::MAX);
    let due = began.saturating_add(period).as_nanos().saturating_sub(spare);
    let beat = BEAT.min(period / 50).as_nanos().max(1);
    Duration::from_nanos(u64::try_from(due / beat * beat).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_begin_together_and_none_late() {
        let ms = Duration::from_millis;
        for (period, beat) in [(ms(1000), 20), (ms(30_000), 20), (ms(100), 2)] {
            for jitter in [0, 1, 30_000, u16::MAX] {
                let began = ms(12_345);
                let next = next(began, period, Jitter(jitter));
                assert_eq!(next.as_nanos() % ms(beat).as_nanos(), 0, "{next:?}");
                assert!(next <= began + period && next >= began + period * 8 / 10, "{next:?}");
            }
        }
        assert!(
            next(ms(1), Duration::from_nanos(3), Jitter(0)) >= ms(1),
            "also for a period that makes no sense"
        );
    }
}
