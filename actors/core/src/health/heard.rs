//! What a program has said of its health in one run, and what follows from it for a check that is told. Keeps no more than
//! the last of each; asks for nothing, never reads a clock.

use super::facts::{Answer, Health, ProbeFault};
use super::news::News;
use super::{CheckSpec, NotifyQuestion, Question, Role};
use std::time::Duration;

/// All that was said in one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    pub(super) run: u64,
    /// Each check with its first line.
    lines: Vec<(usize, Box<str>)>,
    ready: Option<Duration>,
    pinged: Option<Duration>,
    triggered: bool,
    stopping: bool,
    watchdog: Option<Duration>,
    extended: Duration,
    /// Whether it has been ready since it has said that it takes over its configuration; none when it has not said so.
    pub(super) reloads: Option<bool>,
}

/// What follows for a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) health: Health,
    /// Why, unless nothing is known.
    pub(super) answer: Option<Answer>,
    /// What it goes by began then.
    pub(super) began: Duration,
    /// When it will be another, if nothing is said until then.
    pub(super) due: Option<Duration>,
}

impl Verdict {
    fn unknown(began: Duration, due: Option<Duration>) -> Self {
        Self { health: Health::Unknown, answer: None, began, due }
    }

    fn well(got: &str, began: Duration, due: Option<Duration>) -> Self {
        Self { health: Health::Passing, answer: Some(Answer::well(got)), began, due }
    }

    fn bad(fault: ProbeFault, got: impl Into<Box<str>>, began: Duration) -> Self {
        Self { health: Health::Failing, answer: Some(Answer::bad(fault, got)), began, due: None }
    }
}

impl Heard {
    /// Nothing was said in this run yet.
    pub(super) fn of(run: u64) -> Self {
        Self { run, ..Self::default() }
    }

    /// This was said.
    pub(super) fn take(&mut self, at: Duration, news: News) {
        match news {
            News::Line { check, text } => {
                if self.lines.iter().all(|(known, _)| *known != check) {
                    self.lines.push((check, text));
                }
            }
            News::Ready => {
                (self.ready, self.triggered, self.stopping) = (Some(at), false, false);
                self.reloads = self.reloads.map(|_| true);
            }
            News::Reloading => self.reloads = Some(false),
            News::Stopping => (self.ready, self.stopping) = (None, true),
            News::Ping => (self.pinged, self.triggered) = (Some(at), false),
            News::Trigger => self.triggered = true,
            News::Watchdog(time) => {
                self.watchdog = Some(time);
                self.pinged = self.ready.map(|_| at).or(self.pinged);
            }
            News::Extend(time) => self.extended = self.extended.max(at.saturating_add(time)),
            News::Said(_) => {}
        }
    }

    /// What follows for a check of this place, which has listened since `open`.
    pub(super) fn judge(&self, check: &CheckSpec, place: usize, open: Duration, now: Duration) -> Verdict {
        let verdict = match &check.question {
            Question::Log(_) => match self.lines.iter().find(|(own, _)| *own == place) {
                Some((_, line)) => Verdict::well(line, open, None),
                None => Verdict::unknown(open, None),
            },
            Question::Notify(notify) => self.judge_notify(check, notify, open, now),
            Question::Tcp(_) | Question::Http(_) | Question::Exec(_) | Question::Grpc(_) => {
                Verdict::unknown(open, None)
            }
        };
        if check.role != Role::Startup || verdict.health != Health::Unknown {
            return verdict;
        }
        let patience = check.period.saturating_mul(check.failure_threshold);
        let until = open.saturating_add(check.initial_delay).saturating_add(patience).max(self.extended);
        match now >= until {
            true => {
                let silence = until.saturating_sub(open);
                let got = format!("it has not said within {silence:?} that it is ready");
                Verdict::bad(ProbeFault::TimedOut, got, open)
            }
            false => Verdict { due: Some(until), ..verdict },
        }
    }

    fn judge_notify(
        &self,
        check: &CheckSpec,
        notify: &NotifyQuestion,
        open: Duration,
        now: Duration,
    ) -> Verdict {
        let own = self.ready.into_iter().chain(self.pinged).max();
        if check.role == Role::Startup {
            let ready = self.ready.map(|_| Verdict::well("ready", open, None));
            return ready.unwrap_or_else(|| Verdict::unknown(open, None));
        }
        if self.stopping {
            return Verdict::unknown(open, None); // whether its end takes too long is a matter of its stop
        }
        if self.triggered {
            return Verdict::bad(ProbeFault::Answer, "it says that it is not alive", own.unwrap_or(open));
        }
        let first = (check.role == Role::Liveness).then(|| open.saturating_add(check.initial_delay));
        let since = own.max(first);
        let time = self.watchdog.or(notify.watchdog).filter(|time| !time.is_zero());
        let until = since.zip(time).map(|(since, time)| since.saturating_add(time));
        if let Some((since, time)) = since.zip(time).filter(|_| until.is_some_and(|until| now >= until)) {
            let got = format!("no sign of life within {time:?}");
            return Verdict::bad(ProbeFault::TimedOut, got, since);
        }
        let speaks = match check.role {
            Role::Liveness => own.map(|_| "alive"),
            Role::Startup | Role::Readiness | Role::Both => self.ready.map(|_| "ready"),
        };
        match speaks {
            Some(got) => Verdict::well(got, open, until),
            None => Verdict::unknown(open, until),
        }
    }
}
