//! The laws of the process machine, kept by an observer that knows only what was told and what was answered.

#[path = "book/ends.rs"]
mod ends;
#[path = "book/signals.rs"]
mod signals;

use phpeek_core::facts::{Asked, Death, Fact, InstanceFact, Output, ProcessFact, Told, Words};
use phpeek_core::fleet::{Ending, RestartOutcome};
use phpeek_core::fold::{Tally, Telling};
use phpeek_core::ids::{InstanceId, RunId, TaskId};
use phpeek_core::lifecycle::{Failure, Rest};
use phpeek_core::process::{Command, Effect, Event, Pressing, Process, Report, WORDS_PATIENCE};
use phpeek_core::program::{Launch, TaskEvent};
use phpeek_core::spec::{Exhausted, ProcessSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A broken law: its name and what was seen.
pub(crate) type Broken = (&'static str, String);

/// Whether a command waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Answer {
    #[default]
    None,
    Due,
    Given,
}

/// A first run comes up, or does not, within this.
const START_PATIENCE: Duration = Duration::from_millis(30);
/// An instance ends, is killed and comes up again within this.
const RESTART_PATIENCE: Duration = Duration::from_millis(200);

/// What has been seen.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) broken: Vec<Broken>,
    captured: bool,
    start: Answer,
    start_by: Duration,
    restart_by: Duration,
    stop: Answer,
    restart: Answer,
    scale: Answer,
    /// Orders to scale that are not answered.
    scales: usize,
    /// How many instances there are to be, when that was asked for.
    wanted: usize,
    /// Whether instances came or went during the rolling restart.
    scaled: bool,
    /// Instances that are no more.
    gone: BTreeSet<InstanceId>,
    instances: BTreeSet<InstanceId>,
    numbers: BTreeMap<InstanceId, u32>,
    /// Instances that were up since the command to start.
    up: BTreeSet<InstanceId>,
    spawn_failed: bool,
    /// Whose turn a rolling restart is, until its new run is up.
    rolling: BTreeSet<InstanceId>,
    /// How many may have it at once.
    at_once: usize,
    rolled: usize,
    roll_failed: bool,
    /// Runs that were ordered and are not over.
    live: BTreeSet<RunId>,
    /// Whether a run was ordered since the last end was reported.
    ran: bool,
    failed: Option<Failure>,
    /// Deaths that nobody asked for, by run, with the time when nobody was left.
    deaths: BTreeMap<RunId, Option<Duration>>,
    words: BTreeMap<RunId, Words>,
    words_asked: BTreeSet<RunId>,
    told: BTreeSet<RunId>,
    /// Restarts of each instance that are folded and in no count.
    folded: BTreeMap<InstanceId, u64>,
    /// Signals that are on their way to a leader.
    relays: BTreeMap<InstanceId, u32>,
    /// Whether somebody takes the signal that was asked for, until that is answered.
    relay_asked: Option<bool>,
    /// What came of a signal, until that is told.
    unsaid: Option<(Pressing, bool)>,
    essential: bool,
    exhausted: Option<Exhausted>,
    /// Ends that are the end of everything, and those that were reported so.
    fatal: Vec<Ending>,
    fatal_told: Vec<Ending>,
}

impl Book {
    pub(crate) fn new(spec: &ProcessSpec) -> Self {
        let output = spec.program.output;
        Self {
            captured: output.stderr || output.stdout,
            essential: spec.essential,
            exhausted: Some(spec.restart.ends.exhausted),
            wanted: spec.scale.get() as usize,
            at_once: spec.at_once(spec.scale.get() as usize),
            ..Self::default()
        }
    }

    fn broken(&mut self, law: &'static str, what: impl Into<String>) {
        self.broken.push((law, what.into()));
    }

    pub(crate) fn commanded(&mut self, now: Duration, command: Command, process: &Process) {
        match command {
            Command::Start => {
                (self.start, self.failed, self.start_by) = (Answer::Due, None, now + START_PATIENCE)
            }
            Command::Reload(_) => (self.restart, self.scaled) = (Answer::Due, true),
            Command::Restart => {
                (self.restart, self.failed) = (Answer::Due, None);
                (self.rolled, self.roll_failed) = (0, false);
                self.scaled = self.scale == Answer::Due;
                let each = u32::try_from(self.instances.len()).unwrap_or(u32::MAX);
                self.restart_by = now + RESTART_PATIENCE * each;
            }
            Command::Scale { to, .. } => {
                (self.scale, self.wanted, self.scaled) = (Answer::Due, to as usize, true);
                self.scales += 1;
                self.rolling.retain(|id| self.numbers.get(id).is_none_or(|number| *number < to));
                let longest = RESTART_PATIENCE * (to + 4);
                self.restart_by = self.restart_by.max(now + longest);
                self.start_by = self.start_by.max(now + RESTART_PATIENCE);
            }
            Command::AbandonRestart => (self.restart, self.rolling) = (Answer::None, BTreeSet::new()),
            Command::Stop(_) => {
                self.stop = Answer::Due;
                self.start = Answer::None;
                (self.restart, self.rolling) = (Answer::None, BTreeSet::new());
            }
            Command::Schedule(_) => {} // these processes have none
            Command::Relay(_) => self.relay_commanded(process),
        }
    }

    pub(crate) fn heard(&mut self, event: &Event) {
        if let Event::LastWords(run, words) = event {
            self.words.entry(*run).or_insert(words.clone());
        }
        match event {
            Event::Task(_, TaskEvent::SpawnFailed(_)) => self.spawn_failed = true,
            Event::Signalled(pressing, delivered) => self.unsaid = Some((*pressing, *delivered)),
            Event::NotRelayed(run, _) => *self.relays.entry(run.instance).or_default() += 1, // it is to be told
            _ => {}
        }
    }

    pub(crate) fn asked(&mut self, now: Duration, asked: &Output<Effect>, process: &Process) {
        match asked {
            // The processes of this world have no hooks, no checks, and no bounds.
            Output::Do(Effect::Hook(_) | Effect::Health(_) | Effect::Measure { .. }) => {}
            Output::Tell(Told { fact: Fact::Instance(id, fact), .. }) => self.told_of(now, *id, fact),
            Output::Tell(Told { fact: Fact::Process(_, ProcessFact::Ended(ending)), .. }) => {
                self.is_the_ending(*ending);
            }
            Output::Tell(_) => {}
            Output::Do(Effect::Launch(Launch { task: TaskId::Run(run), .. })) => {
                if self.live.iter().any(|other| other.instance == run.instance) || !self.live.insert(*run) {
                    self.broken("P1", format!("{run:?} was launched beside another"));
                }
                self.ran = true;
            }
            Output::Do(Effect::Signal(Pressing { run, .. })) if !self.live.contains(run) => {
                self.broken("P3", format!("a signal to {run:?}, which is not there"));
            }
            Output::Do(Effect::Leave(run) | Effect::Cancel(run)) if !self.live.contains(run) => {
                self.broken("P3", format!("{run:?} is given up, and is not there"));
            }
            Output::Do(Effect::Launch(_)) => {} // a hook
            Output::Do(Effect::Signal(_) | Effect::Leave(_) | Effect::Cancel(_)) => {}
            Output::Do(Effect::Relay { run, .. }) => self.relayed(run.instance),
            Output::Do(Effect::AskLastWords(run)) => {
                if !self.deaths.contains_key(run) || !self.words_asked.insert(*run) {
                    self.broken("Q5", format!("the words of {run:?} were asked for out of turn"));
                }
            }
            Output::Do(Effect::Report(report)) => self.reported(report, process),
        }
    }

    fn told_of(&mut self, now: Duration, id: InstanceId, fact: &InstanceFact) {
        if self.gone.contains(&id) {
            self.broken("Q10", format!("{id:?} is no more, and {fact:?}"));
        }
        match fact {
            InstanceFact::Added { number } if self.numbers.insert(id, *number).is_some() => {}
            InstanceFact::Removed => self.removed(id),
            InstanceFact::Added { .. } if !self.instances.insert(id) => {
                self.broken("ids", format!("{id:?} was given twice"));
            }
            InstanceFact::Started { run, .. } => {
                self.up.insert(id);
                if self.rolling.contains(&id) && self.live.contains(&id.run(*run)) {
                    self.rolling.remove(&id);
                    self.rolled += 1;
                }
            }
            InstanceFact::SpawnFailed { run, .. } => {
                self.live.remove(&id.run(*run));
                self.roll_failed |= self.rolling.contains(&id);
            }
            InstanceFact::Died(death) if death.asked == Asked::No => {
                self.deaths.insert(id.run(death.run), None);
            }
            InstanceFact::Ended(death) => self.ended(now, id, death),
            InstanceFact::Autopsied(obituary) => self.autopsied(id.run(obituary.death.run), &obituary.words),
            InstanceFact::RestartBegan(_) => {
                let twice = !self.rolling.insert(id);
                if twice || self.rolling.len() > self.at_once {
                    self.broken("Q3", format!("{id:?} is restarted while {:?} are not up", self.rolling));
                }
            }
            InstanceFact::Signalled { signal, step, delivered, .. } => {
                let said = self.unsaid.take().map(|(p, said)| (p.run.instance, p.signal, p.step, said));
                if said != Some((id, *signal, *step, *delivered)) {
                    self.broken("Q9", format!("{signal} to {id:?} is told, and {said:?} happened"));
                }
            }
            InstanceFact::Restarting { telling, .. } => self.restarting(id, *telling),
            InstanceFact::Unfolded(Tally { folded, .. }) if self.folded.remove(&id) != Some(folded + 1) => {
                self.broken("Q6", format!("{id:?}: a folded restart was told with another count"));
            }
            InstanceFact::Rested { rest, .. } => {
                self.relays.remove(&id);
                if self.folded.contains_key(&id) {
                    self.broken("Q6", format!("{id:?} rests and its last restart was not told"));
                }
                if let Rest::Failed(failure) = rest {
                    self.failed = Some(*failure);
                    if matches!(failure, Failure::GaveUp(_)) && self.exhausted == Some(Exhausted::Exit) {
                        self.fatal.push(Ending::Failed(*failure));
                    }
                }
            }
            InstanceFact::RelayFailed(_) if self.relays.get(&id).is_some_and(|n| *n > 0) => self.relayed(id),
            _ => {}
        }
    }

    fn ended(&mut self, now: Duration, id: InstanceId, death: &Death) {
        let run = id.run(death.run);
        if !self.live.remove(&run) {
            self.broken("P10", format!("{run:?} ended twice"));
        }
        if let Some(over) = self.deaths.get_mut(&run) {
            *over = Some(now);
        }
    }

    fn autopsied(&mut self, run: RunId, words: &Words) {
        let Some(over) = self.deaths.remove(&run) else {
            return self.broken("Q5", format!("the obituary of {run:?} came out of turn"));
        };
        let said = self.words.get(&run).cloned().unwrap_or_default();
        if !self.told.insert(run) || over.is_none() || *words != said {
            self.broken("Q5", format!("the obituary of {run:?} says {words:?} and not {said:?}"));
        }
        if self.captured != self.words_asked.contains(&run) {
            self.broken("Q5", format!("the words of {run:?} were asked for: {}", !self.captured));
        }
    }

    fn restarting(&mut self, id: InstanceId, telling: Telling) {
        let folded = self.folded.entry(id).or_default();
        match telling {
            Telling::Folded => *folded += 1,
            Telling::Told(tally) => {
                let expected = self.folded.remove(&id).unwrap_or_default();
                if tally.folded != expected {
                    self.broken("Q6", format!("{id:?}: {tally:?} where {expected} were folded"));
                }
            }
        }
        if self.folded.get(&id) == Some(&0) {
            self.folded.remove(&id);
        }
    }

    fn reported(&mut self, report: &Report, process: &Process) {
        match report {
            Report::Left => {
                if process.machines().all(|(_, m)| !m.has_left()) {
                    self.broken("Q4", "daemons were reported that nobody has left");
                }
            }
            Report::Up => {
                self.answer(Answer::Due, "Q1", |b| &mut b.start, "Up");
                // One that is about to go is waited for by nobody.
                let stays =
                    |id: &&InstanceId| self.numbers.get(*id).is_none_or(|n| (*n as usize) < self.wanted);
                if self.instances.iter().filter(stays).any(|id| !self.up.contains(id)) {
                    self.broken("Q2", format!("up with {} of {}", self.up.len(), self.instances.len()));
                }
            }
            Report::Ready | Report::Unready => self.broken("Q2", "readiness of what has no checks"),
            Report::Answered(_, answer) => self.relay_answered(answer),
            Report::StartFailed(_) => {
                self.answer(Answer::Due, "Q1", |b| &mut b.start, "StartFailed");
                if !self.spawn_failed {
                    self.broken("Q1", "a start failed without a failure");
                }
            }
            Report::Stopped => {
                self.answer(Answer::Due, "Q1", |b| &mut b.stop, "Stopped");
                self.ran = false;
                if process.machines().any(|(_, m)| !m.at_rest()) || !self.live.is_empty() {
                    self.broken("Q1", format!("stopped while {:?} live", self.live));
                }
            }
            Report::Restarted(outcome) => {
                self.answer(Answer::Due, "Q1", |b| &mut b.restart, "Restarted");
                let all = self.rolled == self.instances.len() && self.rolling.is_empty();
                if *outcome == RestartOutcome::Up && !all && !self.scaled {
                    self.broken("Q3", format!("restarted with {} of {}", self.rolled, self.instances.len()));
                }
                if *outcome == RestartOutcome::Failed && all && !self.scaled {
                    self.broken("Q1", "a restart failed that was complete");
                }
                self.rolling.clear();
            }
            Report::Scaled(_, outcome) => self.scaled(*outcome),
            Report::Fatal(ending) => self.fatal_told.push(*ending),
            Report::Ended(ending) => {
                if self.essential {
                    self.fatal.push(*ending);
                }
                if !std::mem::take(&mut self.ran) || !self.live.is_empty() || self.stop == Answer::Due {
                    self.broken("Q4", "an end was reported out of turn");
                }
            }
        }
    }

    fn answer(
        &mut self,
        due: Answer,
        law: &'static str,
        of: impl Fn(&mut Self) -> &mut Answer,
        what: &'static str,
    ) {
        if std::mem::replace(of(self), Answer::Given) != due {
            self.broken(law, format!("{what} was reported out of turn"));
        }
    }

    pub(crate) fn overdue(&mut self, now: Duration, process: &Process) {
        if self.start == Answer::Due && now > self.start_by {
            self.broken("Q1", "a start was not answered");
        }
        if self.restart == Answer::Due && now > self.restart_by {
            self.broken("Q1", "a restart was not answered");
        }
        let busy = [self.start, self.stop, self.restart, self.scale].contains(&Answer::Due);
        if !busy && self.ran && process.machines().all(|(_, m)| m.at_rest()) {
            self.broken("Q4", "all came to rest and no end was reported");
        }
        if let Some(unsaid) = self.unsaid.take() {
            self.broken("Q9", format!("what came of {unsaid:?} was not told"));
        }
        self.fatal_is_told();
        let waits = |id: &InstanceId| self.relays.get(id).is_some_and(|n| *n > 0);
        if let Some((id, _)) = process.machines().find(|(id, m)| m.live_run().is_some() && waits(id)) {
            self.broken("Q7", format!("{id:?} is up and was not handed its signal"));
        }
        let late = |over: &Option<Duration>| over.is_some_and(|t| now > t + WORDS_PATIENCE);
        if let Some((run, _)) = self.deaths.iter().find(|(_, over)| late(over)) {
            let what = format!("{run:?} has no obituary long after its end");
            self.broken("Q5", what);
        }
    }

    /// Nothing will happen any more; a stop came last.
    pub(crate) fn at_the_end(&mut self, process: &Process, leaders: usize) {
        if self.stop != Answer::Given || process.machines().any(|(_, m)| !m.at_rest()) || leaders > 0 {
            self.broken("Q1", format!("the last stop was not answered: {:?}", self.stop));
        }
        if [self.start, self.restart, self.scale].contains(&Answer::Due) {
            self.broken("Q1", "a command was never answered");
        }
        if !self.deaths.is_empty() {
            self.broken("Q5", format!("{:?} were never told", self.deaths));
        }
        if self.relay_asked.is_some() {
            self.broken("Q1", "whether a signal was taken was not answered");
        }
        if self.relays.values().any(|n| *n > 0) {
            self.broken("Q7", "a relayed signal never arrived");
        }
    }
}
