//! The runs of oneshots, bounded by their number and their age.

use crate::facts::Words;
use crate::ids::RunId;
use crate::name::ProcessName;
use crate::outcome::Exit;
use std::collections::VecDeque;
use std::time::Duration;

/// What a oneshot was started by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The start of the supervisor.
    Startup,
    /// Somebody who asked.
    Manual,
    /// The end of its last run, or of what it shares the fate of.
    Restart,
}

impl Started {
    /// As `trigger_type` says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Manual => "manual",
            Self::Restart => "restart",
        }
    }
}

/// A run of a oneshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneshotRun {
    /// Counts them, from 1.
    pub id: u64,
    /// The oneshot.
    pub process: ProcessName,
    /// The number of its instance.
    pub number: u32,
    /// Which run.
    pub run: RunId,
    /// By what.
    pub started: Started,
    /// When it began, by the clock on the wall.
    pub began: Duration,
    /// When it ended; `None`: it runs.
    pub ended: Option<Duration>,
    /// How long it took, whatever the clock did.
    pub took: Duration,
    /// How it ended; `None`: it runs, or never did.
    pub exit: Option<Exit>,
    /// Whether that was a success.
    pub success: bool,
    /// Why it never ran.
    pub error: Option<String>,
    /// The last line that it wrote, if it wrote any.
    pub output: Option<String>,
}

/// The runs of all oneshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneshotHistory {
    most: usize,
    age: Duration,
    given: u64,
    /// In the order in which they began.
    runs: VecDeque<OneshotRun>,
}

impl OneshotHistory {
    /// Nothing so far; keeps so many, and none that ended longer ago.
    #[must_use]
    pub fn new(most: usize, age: Duration) -> Self {
        Self { most, age, given: 0, runs: VecDeque::new() }
    }

    /// A run was ordered.
    pub fn began(&mut self, run: RunId, process: ProcessName, number: u32, started: Started, wall: Duration) {
        self.given = self.given.saturating_add(1);
        self.runs.push_back(OneshotRun {
            id: self.given,
            process,
            number,
            run,
            started,
            began: wall,
            ended: None,
            took: Duration::ZERO,
            exit: None,
            success: false,
            error: None,
            output: None,
        });
        self.forget(wall);
    }

    /// Its leader has ended.
    pub fn ended(&mut self, run: RunId, wall: Duration, took: Duration, exit: Exit, success: bool) {
        if let Some(known) = self.find(run) {
            (known.ended, known.took, known.exit, known.success) = (Some(wall), took, Some(exit), success);
        }
        self.forget(wall);
    }

    /// It never ran.
    pub fn failed(&mut self, run: RunId, wall: Duration, error: String) {
        if let Some(known) = self.find(run) {
            (known.ended, known.error) = (Some(wall), Some(error));
        }
        self.forget(wall);
    }

    /// The last lines that it has written.
    pub fn hear_words(&mut self, run: RunId, words: &Words) {
        let line = words.stderr.last().or_else(|| words.stdout.last());
        if let Some((line, known)) = line.zip(self.find(run)) {
            known.output = Some(line.clone());
        }
    }

    /// Those that are not too old, the newest first.
    pub fn newest(&self, wall: Duration) -> impl Iterator<Item = &OneshotRun> {
        self.runs.iter().rev().filter(move |run| !self.is_old(run, wall))
    }

    fn find(&mut self, run: RunId) -> Option<&mut OneshotRun> {
        self.runs.iter_mut().rev().find(|known| known.run == run)
    }

    fn is_old(&self, run: &OneshotRun, wall: Duration) -> bool {
        run.ended.is_some_and(|ended| wall.saturating_sub(ended) > self.age)
    }

    fn forget(&mut self, wall: Duration) {
        while self.runs.len() > self.most || self.runs.front().is_some_and(|run| self.is_old(run, wall)) {
            self.runs.pop_front();
        }
    }
}
