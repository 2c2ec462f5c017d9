//! The jobs of a schedule: who begins, who waits, who tries again, who is stopped.

use super::{Job, JobEnd, Now, Output, Overlap, Phase, Schedule, Skip, StopReason, Trigger, Waiting};

impl Schedule {
    /// A tick, or somebody, wants a job now.
    pub(super) fn offer(&mut self, now: Now, new: Waiting, out: &mut Vec<Output>) {
        let waits = self.waiting.iter().any(|waiting| waiting.trigger != Trigger::CatchUp);
        // While it is paused nobody who waits has a turn; who catches up has the last.
        if self.jobs.len() < self.spec.at_once as usize && (!waits || self.paused) {
            return self.begin(now, new, out);
        }
        match self.spec.overlap {
            Overlap::Queue if !waits => self.waiting.push_back(new),
            Overlap::Skip | Overlap::Queue => out.push(new.skipped(Skip::Overlap)),
            Overlap::Replace => {
                let old: Vec<Waiting> = self.waiting.drain(..).collect();
                out.extend(old.into_iter().map(|waiting| waiting.skipped(Skip::Replaced)));
                self.waiting.push_back(new);
                self.make_room(now, out);
            }
        }
    }

    /// Ends the oldest job that is not being stopped already, unless one is.
    fn make_room(&mut self, now: Now, out: &mut Vec<Output>) {
        if self.jobs.iter().any(|job| job.phase == Phase::Stops(StopReason::Replaced)) {
            return;
        }
        let Some(oldest) = self.jobs.first_mut() else { return };
        let number = oldest.number;
        match oldest.phase {
            Phase::Waits(_) => {
                self.finish(number, JobEnd::Replaced, out);
                self.fill(now, out);
            }
            Phase::Runs(_) => {
                oldest.phase = Phase::Stops(StopReason::Replaced);
                out.push(Output::Stop { job: number, reason: StopReason::Replaced });
            }
            // It was told to stop; now it has no other try.
            Phase::Stops(_) => oldest.phase = Phase::Stops(StopReason::Replaced),
        }
    }

    fn begin(&mut self, now: Now, new: Waiting, out: &mut Vec<Output>) {
        self.given = self.given.saturating_add(1);
        let late = self.here(now).saturating_sub(new.tick);
        let phase = self.runs(now);
        self.jobs.push(Job { number: self.given, attempt: 1, phase });
        out.push(Output::Begin { job: self.given, tick: new.tick, trigger: new.trigger, late });
    }

    fn runs(&self, now: Now) -> Phase {
        Phase::Runs(self.spec.timeout.map(|timeout| now.at.saturating_add(timeout)))
    }

    /// Who waits begins, as long as there is room.
    pub(super) fn fill(&mut self, now: Now, out: &mut Vec<Output>) {
        while !self.paused && !self.closed && self.jobs.len() < self.spec.at_once as usize {
            // Those that were missed have the last turn, one after the other.
            let first = self.waiting.iter().position(|waiting| waiting.trigger != Trigger::CatchUp);
            let place = first.or_else(|| self.jobs.is_empty().then_some(0));
            let Some(next) = place.and_then(|place| self.waiting.remove(place)) else { return };
            self.begin(now, next, out);
        }
    }

    /// A try is over.
    pub(super) fn ended(&mut self, now: Now, number: u64, success: bool, out: &mut Vec<Output>) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.number == number) else { return };
        let end = match job.phase {
            // None of its tries runs.
            Phase::Waits(_) => return,
            Phase::Stops(StopReason::Replaced) => JobEnd::Replaced,
            Phase::Stops(StopReason::Timeout) => JobEnd::TimedOut,
            Phase::Runs(_) if success => JobEnd::Succeeded,
            Phase::Runs(_) if self.closed => JobEnd::Interrupted,
            Phase::Runs(_) => JobEnd::Failed,
        };
        let failed = matches!(end, JobEnd::Failed | JobEnd::TimedOut);
        if failed && !self.closed && job.attempt <= self.spec.retries {
            let delay = self.spec.retry_delay;
            job.phase = Phase::Waits(now.at.saturating_add(delay));
            out.push(Output::TriedInVain { job: number, attempt: job.attempt, delay });
            return;
        }
        self.finish(number, end, out);
        self.fill(now, out);
    }

    fn finish(&mut self, number: u64, end: JobEnd, out: &mut Vec<Output>) {
        let Some(place) = self.jobs.iter().position(|job| job.number == number) else { return };
        let job = self.jobs.remove(place);
        out.push(Output::Ended { job: number, end, attempts: job.attempt });
    }

    /// Does what is due for jobs under way.
    pub(super) fn work(&mut self, now: Now, out: &mut Vec<Output>) {
        let again = self.runs(now);
        for job in &mut self.jobs {
            match job.phase {
                Phase::Runs(Some(until)) if until <= now.at => {
                    job.phase = Phase::Stops(StopReason::Timeout);
                    out.push(Output::Stop { job: job.number, reason: StopReason::Timeout });
                }
                Phase::Waits(until) if until <= now.at => {
                    job.attempt = job.attempt.saturating_add(1);
                    job.phase = again;
                    out.push(Output::Again { job: job.number, attempt: job.attempt });
                }
                Phase::Runs(_) | Phase::Waits(_) | Phase::Stops(_) => {}
            }
        }
    }

    /// Nothing begins any more.
    pub(super) fn close(&mut self, out: &mut Vec<Output>) {
        self.closed = true;
        self.held = None;
        let waiting = std::mem::take(&mut self.waiting);
        out.extend(waiting.into_iter().map(|waiting| waiting.skipped(Skip::Closing)));
        let between: Vec<u64> = self
            .jobs
            .iter()
            .filter(|job| matches!(job.phase, Phase::Waits(_)))
            .map(|job| job.number)
            .collect();
        for number in between {
            self.finish(number, JobEnd::Interrupted, out);
        }
    }
}
