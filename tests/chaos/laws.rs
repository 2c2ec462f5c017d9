//! What must hold after a storm, from three books that know nothing of each other: the receiver's, the lines that the
//! processes wrote, and what the supervisors logged.
//!
//! What the telemetry thread had not written when the supervisor was killed cannot be there: it looks every 4 ms, and a
//! busy machine may let it wait for a processor. [`WINDOW`] is that time with room for the machine; what is missing
//! inside of it is counted, and what is missing outside of it is a failure.

use crate::fleet::{End, Fleet, Line};
use crate::receiver::{Answer, Book, Call, Mood, moods};
use crate::support::otlp::Span;
use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;
use phpeek_actors::clock::Clock;
use phpeek_actors::ports::{Level, LogRecord, LogSink};
use phpeek_actors::telemetry::SpanStore as _;
use phpeek_pm::telemetry::encode::Origin;
use phpeek_pm::telemetry::recent::Recent;
use phpeek_pm::telemetry::spool::{self, Place, Spool, SpoolParts};
use phpeek_settings::tracing::Limits;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

const WINDOW: u64 = 250_000_000;
/// Beyond this a missing span is counted as late, though it is inside of the window.
const PROMISE: u64 = 5_000_000;
const KILLED: &str = "supervisor_killed";

struct Silent;

impl LogSink for Silent {
    fn enabled(&self, _: Level) -> bool {
        false
    }
    fn log(&self, _: LogRecord) {}
}

/// How many spans a next supervisor would find.
pub(crate) fn left_in_spool(folder: &Path) -> u64 {
    let origin = Origin::new(&Resource::builder_empty().build(), &InstrumentationScope::builder("x").build());
    let lock = spool::lock(folder).expect("its supervisor is gone");
    let mut spool = Spool::new(SpoolParts {
        signal: phpeek_core::otel::OtelSignal::Traces,
        history: Limits::HISTORY,
        place: Place::Directory(folder.to_owned(), Some(lock)),
        limits: Limits::default(),
        recent: Some(Arc::new(Recent::new(origin.clone()))),
        origin,
        report: Arc::default(),
        clock: Clock::starting_at(SystemTime::now()),
        log: Arc::new(Silent),
    });
    spool.keep(&mut Vec::new());
    spool.waiting()
}

/// What was counted; shown at the end.
#[derive(Debug, Default)]
struct Figures(BTreeMap<&'static str, u64>);

impl Figures {
    fn add(&mut self, what: &'static str, count: u64) {
        *self.0.entry(what).or_default() += count;
    }
}

struct Known<'a> {
    fleet: &'a Fleet,
    book: &'a Book,
    lines: Vec<Line>,
    /// Every span that the receiver has seen and not sent back, by id, with the calls that brought it.
    spans: HashMap<(&'a str, &'a str), (&'a Span, Vec<usize>)>,
}

/// Fails with all that does not hold.
pub(crate) fn hold(fleet: &Fleet, book: &Book, seconds: u64) {
    let mut spans: HashMap<(&str, &str), (&Span, Vec<usize>)> = HashMap::new();
    let mut broken = Vec::new();
    for (number, call) in book.calls.iter().enumerate() {
        for span in &call.spans {
            let known = spans.entry((&span.trace, &span.id)).or_insert((span, Vec::new()));
            known.1.push(number);
            if known.0 != span {
                broken.push(format!("two forms of one span: {:?} and {span:?}", known.0));
            }
        }
    }
    let known = Known { fleet, book, lines: fleet.lines(), spans };
    let mut figures = Figures::default();
    known.count(&mut figures);
    known.starts(&mut figures, &mut broken);
    known.boots(&mut broken);
    known.parents(&mut broken);
    known.cut_spans(&mut figures, &mut broken);
    known.copies(&mut figures, &mut broken);
    known.accounts(&mut figures, &mut broken);
    for (what, count) in &figures.0 {
        eprintln!("{count:8} {what}");
    }
    if seconds >= 300 {
        let met: Vec<Mood> = book.calls.iter().map(|c| c.mood).collect();
        let unmet: Vec<Mood> = moods().into_iter().filter(|m| !met.contains(m)).collect();
        assert_eq!(unmet, [], "moods that no call has met");
    }
    assert!(broken.is_empty(), "{} laws are broken:\n{}", broken.len(), broken.join("\n"));
}

fn generation_of(span: &Span) -> usize {
    span.resource["chaos.generation"].parse().expect("a number")
}

fn cut(span: &Span) -> bool {
    span.get("error.type") == KILLED
}

impl Known<'_> {
    fn count(&self, figures: &mut Figures) {
        figures.add("supervisors", self.fleet.generations.len() as u64);
        figures.add("supervisors killed", self.killed().count() as u64);
        figures.add("processes killed", self.fleet.generations.iter().map(|g| g.kills).sum());
        figures.add(
            "rolling restarts asked",
            self.fleet.generations.iter().map(|g| g.restarts_asked.len() as u64).sum(),
        );
        figures.add("calls", self.book.calls.len() as u64);
        figures
            .add("calls cut off", self.book.calls.iter().filter(|c| c.answer == Answer::Cut).count() as u64);
        figures.add("receiver stopped", self.book.stops.len() as u64 / 2);
        figures.add("spans, each once", self.spans.len() as u64);
        let lost = self.book.calls.iter().map(refused).sum();
        figures.add("spans refused for good", lost);
    }

    fn killed(&self) -> impl Iterator<Item = usize> {
        let all = self.fleet.generations.iter().enumerate();
        all.filter(|(_, g)| g.end == End::Killed).map(|(number, _)| number)
    }

    fn of(&self, generation: usize, name: &str) -> Vec<&Span> {
        let all = self.spans.values().map(|(span, _)| *span);
        all.filter(|s| s.name == name && generation_of(s) == generation).collect()
    }

    /// How long before the end of its supervisor something happened; `None` when it ended well.
    fn before_kill(&self, generation: usize, at: u64) -> Option<u64> {
        let generation = &self.fleet.generations[generation];
        (generation.end == End::Killed).then(|| generation.ended.saturating_sub(at))
    }

    /// Every start that a process told of has its `process.spawn`, or was cut at the very end.
    fn starts(&self, figures: &mut Figures, broken: &mut Vec<String>) {
        let mut by_run: HashMap<(usize, String, String), Vec<&Span>> = HashMap::new();
        for (span, _) in self.spans.values().filter(|(s, _)| s.name == "process.spawn") {
            let run = (
                generation_of(span),
                span.get("process.instance_id").to_owned(),
                span.get("process.pid").to_owned(),
            );
            by_run.entry(run).or_default().push(span);
        }
        let told: Vec<&Line> = self.lines.iter().filter(|l| l.what == "start").collect();
        figures.add("starts that processes told of", told.len() as u64);
        for line in told {
            let run = (line.generation, line.instance.clone(), line.pid.to_string());
            match (by_run.get(&run).map_or(0, Vec::len), self.before_kill(line.generation, line.at)) {
                (1, _) => {}
                (0, Some(before)) if before < WINDOW => {
                    figures.add("starts without a finished spawn, within the window before a kill", 1);
                    if before > PROMISE {
                        figures.add("... of which more than 5 ms before it", 1);
                        eprintln!("{:?} was {} us before the kill", line, before / 1000);
                    }
                }
                (n, before) => broken.push(format!("{n} spawns of {line:?}, {before:?} ns before a kill")),
            }
        }
    }

    /// Each supervisor has one start, and a restart when it was asked for one.
    fn boots(&self, broken: &mut Vec<String>) {
        for (number, generation) in self.fleet.generations.iter().enumerate() {
            let starts = self.of(number, "process_manager.start");
            let lived = generation.ended - generation.launched;
            if starts.len() != 1 && (lived > WINDOW || starts.len() > 1) {
                broken.push(format!(
                    "{} starts of supervisor {number}, which lived {} ms",
                    starts.len(),
                    lived / 1_000_000
                ));
            }
            if starts.iter().any(|s| s.start < generation.launched || s.start > generation.ended) {
                broken.push(format!("supervisor {number} did not begin at {:?}", starts[0].start));
            }
            let asked = generation.restarts_asked.first();
            let due =
                asked.is_some_and(|at| self.before_kill(number, *at).is_none_or(|before| before > WINDOW));
            if due && self.of(number, "process_manager.restart").is_empty() {
                broken.push(format!(
                    "supervisor {number} was asked for a rolling restart and has no span of one"
                ));
            }
            if generation.end == End::Stopped && self.of(number, "process_manager.shutdown").len() != 1 {
                broken.push(format!("supervisor {number} was stopped and has no span of that"));
            }
        }
    }

    fn parents(&self, broken: &mut Vec<String>) {
        for (span, _) in self.spans.values().filter(|(s, _)| !s.parent.is_empty()) {
            match self.spans.get(&(span.trace.as_str(), span.parent.as_str())) {
                None => broken.push(format!("without its parent: {span:?}")),
                Some((parent, _)) if generation_of(parent) != generation_of(span) => {
                    broken.push(format!("of another supervisor than its parent: {span:?}"));
                }
                Some(_) => {}
            }
        }
    }

    /// What was cut by a kill says so, and began when it began.
    fn cut_spans(&self, figures: &mut Figures, broken: &mut Vec<String>) {
        for (span, _) in self.spans.values().filter(|(s, _)| cut(s)) {
            figures.add("spans that were cut by a kill", 1);
            figures.add("... of which process.spawn", u64::from(span.name == "process.spawn"));
            let generation = &self.fleet.generations[generation_of(span)];
            let inside = (generation.launched..=generation.ended).contains(&span.start);
            if generation.end != End::Killed || !inside || span.end > generation.ended + WINDOW {
                broken.push(format!("told as cut: {span:?} of {generation:?}"));
            }
        }
        for line in self.lines.iter().filter(|l| l.is_of("job") && l.what == "start") {
            self.job(line, broken);
        }
    }

    /// The oneshot that others wait for has its run; and a boot that was cut while it ran is told as cut, with all that
    /// waited.
    fn job(&self, line: &Line, broken: &mut Vec<String>) {
        let is_end = |l: &&Line| l.what == "end" && (l.generation, l.pid) == (line.generation, line.pid);
        let end = self.lines.iter().find(is_end);
        let early = |at: u64| self.before_kill(line.generation, at).is_none_or(|before| before > WINDOW);
        let right = match end {
            Some(end) if early(end.at) => {
                let runs = self.of(line.generation, "process.run");
                // Two programs looked at their clocks, either of them first.
                runs.len() == 1 && runs[0].start.abs_diff(line.at) < 10 * WINDOW && !cut(runs[0])
            }
            None if early(line.at) => {
                let of = |name: &str| self.of(line.generation, name);
                let waits = of("process_manager.wait_dependency");
                let boots = of("process_manager.start");
                boots.len() == 1 && cut(boots[0]) && waits.len() == 1 && cut(waits[0])
            }
            _ => true,
        };
        if !right {
            broken.push(format!("the spans around {line:?}, which ended at {end:?}"));
        }
    }

    /// A span comes twice only when its first call was not answered, or its supervisor was killed before the mark.
    fn copies(&self, figures: &mut Figures, broken: &mut Vec<String>) {
        for (span, calls) in self.spans.values() {
            for number in &calls[..calls.len() - 1] {
                let call = &self.book.calls[*number];
                let why = match self.fate(*number) {
                    Fate::Settled => {
                        broken.push(format!("again after {:?} in {:?}: {span:?}", call.answer, call.mood));
                        continue;
                    }
                    Fate::Cut => "copies after a reply that was cut off",
                    Fate::Stopped => "copies after a stop of the receiver",
                    Fate::Killed => "copies after a kill between reply and mark",
                };
                figures.add(why, 1);
            }
        }
    }

    /// Whether the supervisor has got the answer of a call.
    fn fate(&self, number: usize) -> Fate {
        let call = &self.book.calls[number];
        if call.answer == Answer::Cut {
            return Fate::Cut;
        }
        let next = self.book.calls[number + 1..].iter().find(|c| c.generation == call.generation);
        let until = next.map_or(u64::MAX, |next| next.arrived);
        if self.book.stops.iter().any(|at| (call.arrived..until).contains(at)) {
            return Fate::Stopped;
        }
        let generation = &self.fleet.generations[call.generation];
        let late = call.replied.is_none_or(|at| at + WINDOW > generation.ended);
        if next.is_none() && generation.end == End::Killed && late { Fate::Killed } else { Fate::Settled }
    }

    /// The two counts that a supervisor logs are at every moment those of the receiver.
    fn accounts(&self, figures: &mut Figures, broken: &mut Vec<String>) {
        for (number, generation) in self.fleet.generations.iter().enumerate() {
            let mut now = BTreeSet::from([(0, 0)]);
            let mut ever = now.clone();
            let calls = self.book.calls.iter().enumerate().filter(|(_, c)| c.generation == number);
            for (at, call) in calls.filter(|(_, c)| !matches!(c.answer, Answer::Cut | Answer::Again)) {
                let (taken, lost) = (call.spans.len() as u64 - refused(call), refused(call));
                let after: Vec<_> =
                    now.iter().map(|(exported, failed)| (exported + taken, failed + lost)).collect();
                if self.fate(at) == Fate::Settled {
                    now.clear();
                }
                now.extend(after);
                ever.extend(now.iter().copied());
            }
            for record in &generation.records {
                let field = |key: &str| record.get(key).and_then(Value::as_u64);
                let (Some(exported), Some(failed)) = (field("spans_exported"), field("spans_failed")) else {
                    continue;
                };
                figures.add("accounts that were logged", 1);
                if !ever.contains(&(exported, failed)) {
                    broken.push(format!("supervisor {number} logged {record}, the receiver counts {ever:?}"));
                }
                if field("spans_dropped") != Some(0) {
                    broken.push(format!("supervisor {number} has dropped spans: {record}"));
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Settled,
    Cut,
    Stopped,
    Killed,
}

/// Spans of a call that are lost by the receiver's will.
fn refused(call: &Call) -> u64 {
    match call.answer {
        Answer::Taken { rejected } => rejected as u64,
        Answer::Refused => call.spans.len() as u64,
        Answer::Cut | Answer::Again => 0,
    }
}
