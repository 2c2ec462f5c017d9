//! A probe that is a program: started, killed with all that belongs to it when its time is over, and gone before the
//! next one begins. Its run is that of a oneshot that nobody restarts and that is never asked to go. One that has failed
//! is answered with what it wrote last, which comes from another thread: that is waited for [`WORDS_PATIENCE`] at most.

use super::facts::{Answer, ProbeFault};
use super::words::Effect;
use crate::backoff::Backoff;
use crate::budget::Attempts;
use crate::command::ProcessKind;
use crate::death::WORDS_PATIENCE;
use crate::facts::{Outbox, Words};
use crate::ids::{ProbeId, TaskId};
use crate::lifecycle::{self, Machine, Now, Policy, Urgency};
use crate::outcome::Exit;
use crate::program::{Label, Launch, Program, TaskEvent};
use crate::signal::Signal;
use crate::spec::{Ends, KillMode, RestartPolicy, RestartSpec, StopSpec};
use std::sync::Arc;
use std::time::Duration;

const POLICY: Policy = Policy {
    kind: ProcessKind::LongRun, // whatever it leaves in the background goes
    restart: RestartSpec {
        policy: RestartPolicy::Never,
        attempts: Attempts::AtMost(0),
        backoff: Backoff::NONE,
        stable_after: None,
        ends: Ends::USUAL,
    },
    stop: StopSpec {
        signal: Signal::KILL,
        grace: Duration::ZERO,
        kill_signal: Signal::KILL,
        kill_grace: Duration::ZERO,
        mode: KillMode::Group,
    },
};

/// The only run of a probe's machine.
const RUN: u64 = 1;
/// As much of it is shown.
const SHOWN: usize = 200;

/// One try.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) probe: ProbeId,
    machine: Machine,
    /// Nothing can be done about it any more.
    left: bool,
    /// Whether anybody wants to know how it ends.
    wanted: bool,
    /// How it has failed, until what it wrote has come, or this time.
    unheard: Option<(Exit, Duration)>,
}

impl Trial {
    /// Asks for the program.
    pub(super) fn begin<E: From<Effect>>(
        probe: ProbeId,
        number: u32,
        program: &Arc<Program>,
        now: Now,
        out: &mut Outbox<E>,
    ) -> Self {
        let mut trial = Self { probe, machine: Machine::default(), left: false, wanted: true, unheard: None };
        trial.machine.step(&POLICY, now, lifecycle::Event::Start, &mut Vec::new());
        let label = Label { number: Some(number), incarnation: None };
        let (task, program) = (TaskId::Probe(probe), program.clone());
        out.act(Effect::Launch(Launch { task, label, program }).into());
        trial
    }

    /// Something has happened to the program; the answer, when that is one.
    pub(super) fn observe<E: From<Effect>>(
        &mut self,
        now: Now,
        event: TaskEvent,
        out: &mut Outbox<E>,
    ) -> Option<Answer> {
        let (event, answer) = match event {
            TaskEvent::Spawned { .. } => (lifecycle::Event::Spawned { run: RUN }, None),
            TaskEvent::SpawnFailed(failure) => {
                let answer = Answer::bad(ProbeFault::NotStarted, failure.message);
                (lifecycle::Event::SpawnFailed { run: RUN, kind: failure.kind }, Some(answer))
            }
            TaskEvent::Exited(autopsy) => {
                let exit = autopsy.exit;
                let well = exit.is_success().then(|| Answer::well(exit.to_string()));
                if well.is_none() && self.wanted {
                    self.unheard = Some((exit, now.at.saturating_add(WORDS_PATIENCE)));
                    out.act(Effect::AskWords(self.probe).into());
                }
                (lifecycle::Event::Exited { run: RUN, exit }, well)
            }
            TaskEvent::Left(_) => (lifecycle::Event::Left { run: RUN }, None),
            TaskEvent::OutOfReach => (lifecycle::Event::OutOfReach { run: RUN }, None),
            TaskEvent::GroupEmpty => (lifecycle::Event::GroupEmpty { run: RUN }, None),
        };
        self.feed(now, event, out);
        answer
    }

    /// What it wrote last has come; the answer, when that is what was waited for.
    pub(super) fn hear(&mut self, words: &Words) -> Option<Answer> {
        self.unheard.take().map(|(exit, _)| failed(exit, words))
    }

    /// The answer of one that has failed, once nothing that it wrote is waited for any longer: now, or whatever comes.
    pub(super) fn unheard(&mut self, now: Option<Now>) -> Option<Answer> {
        let over = self.unheard.take_if(|(_, due)| now.is_none_or(|now| *due <= now.at));
        over.map(|(exit, _)| failed(exit, &Words::default()))
    }

    /// Its time is over, or nobody wants to know.
    pub(super) fn kill<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        (self.wanted, self.unheard) = (false, None);
        self.feed(now, lifecycle::Event::Stop(Urgency::Now), out);
    }

    /// Time has passed.
    pub(super) fn tick<E: From<Effect>>(&mut self, now: Now, out: &mut Outbox<E>) {
        self.feed(now, lifecycle::Event::Tick, out);
    }

    /// When a tick is due, if at all.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.machine.deadline().into_iter().chain(self.unheard.map(|(_, due)| due)).min()
    }

    /// Whether nobody is left of it, or nobody that anything can be done about.
    pub(super) fn is_over(&self) -> bool {
        self.unheard.is_none() && (self.left || self.machine.at_rest())
    }

    fn feed<E: From<Effect>>(&mut self, now: Now, event: lifecycle::Event, out: &mut Outbox<E>) {
        let mut effects = Vec::new();
        self.machine.step(&POLICY, now, event, &mut effects);
        for effect in effects {
            match effect {
                lifecycle::Effect::Signal { .. } => out.act(Effect::Kill(self.probe).into()),
                lifecycle::Effect::Cancel { .. } => out.act(Effect::Cancel(self.probe).into()),
                lifecycle::Effect::Leave { .. } => {
                    self.left = true;
                    out.act(Effect::Leave(self.probe).into());
                }
                // It begins once, and nothing follows its end.
                lifecycle::Effect::Spawn { .. }
                | lifecycle::Effect::RunStarted { .. }
                | lifecycle::Effect::RunEnded { .. }
                | lifecycle::Effect::BackoffBegan { .. }
                | lifecycle::Effect::Restarting { .. }
                | lifecycle::Effect::Exhausted(_)
                | lifecycle::Effect::Rested(_) => {}
            }
        }
    }
}

/// How it ended, and the last line that it wrote for people: programs say last what it comes to.
fn failed(exit: Exit, words: &Words) -> Answer {
    let last =
        |lines: &[String]| lines.iter().rev().map(|l| l.trim()).find(|l| !l.is_empty()).map(str::to_owned);
    let got = match last(&words.stderr).or_else(|| last(&words.stdout)) {
        Some(line) => format!("{exit}: {}", line.chars().take(SHOWN).collect::<String>()),
        None => exit.to_string(),
    };
    Answer::bad(ProbeFault::Exit(exit), got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_wrote_last_for_people_is_part_of_the_answer() {
        let got = |stdout: &[&str], stderr: &[&str]| {
            let [stdout, stderr] =
                [stdout, stderr].map(|lines| lines.iter().map(|l| (*l).to_owned()).collect());
            failed(Exit::Code(3), &Words { stdout, stderr }).got
        };
        assert_eq!(&*got(&["first", "sick  ", ""], &[]), "exit code 3: sick");
        assert_eq!(&*got(&["sick"], &["no route"]), "exit code 3: no route");
        assert_eq!(&*got(&[], &[" "]), "exit code 3");
        assert_eq!(got(&[&"x".repeat(1000)], &[]).len(), "exit code 3: ".len() + SHOWN);
    }
}
