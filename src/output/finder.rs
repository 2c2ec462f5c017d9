//! Looks in the output of a run for the lines that say it is ready: each pattern once, in the lines as they were written,
//! whatever becomes of them. Owns what waits of a line, within a bound. Costs nothing once all are found.

use super::lines::{self, Input};
use super::redact;
use phpeek_actors::ports::{NewsDesk, RunNews};
use phpeek_core::health::news::News;
use phpeek_core::ids::{RunId, TaskId};
use phpeek_os::capture::{Capture, Stream};
use phpeek_settings::lines::{LineRules, ProcessLines, Search};
use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// So much of a line is told.
const SHOWN: usize = 200;

/// What both streams of a run have found: bit n is the search n.
type Found = Rc<Cell<u64>>;

/// Makes finders.
#[derive(Default)]
pub(super) struct Finders {
    runs: Vec<(RunId, Weak<Cell<u64>>)>,
}

impl Finders {
    /// That of a stream, where something is looked for in it.
    pub(super) fn of(
        &mut self,
        capture: &Capture,
        lines: &ProcessLines,
        desk: Option<&Arc<dyn NewsDesk>>,
    ) -> Option<Box<Finder>> {
        let TaskId::Run(run) = capture.task else { return None };
        let (rules, desk) = (lines.get(&capture.process)?, desk?);
        let stream = capture.stream;
        rules.searches.iter().any(|search| looks(search, stream)).then(|| {
            let (found, rules, desk) = (self.found(run), Arc::clone(rules), Arc::clone(desk));
            Box::new(Finder { run, stream, rest: Vec::new(), rules, found, desk })
        })
    }

    fn found(&mut self, run: RunId) -> Found {
        self.runs.retain(|(_, found)| found.strong_count() > 0);
        let known = self.runs.iter().find(|(own, _)| *own == run).and_then(|(_, found)| found.upgrade());
        known.unwrap_or_else(|| {
            let found = Found::default();
            self.runs.push((run, Rc::downgrade(&found)));
            found
        })
    }
}

fn looks(search: &Search, stream: Stream) -> bool {
    let [stdout, stderr] = search.streams;
    match stream {
        Stream::Stdout => stdout,
        Stream::Stderr => stderr,
        Stream::File => false, // not of a run
    }
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Finder {
    run: RunId,
    stream: Stream,
    rest: Vec<u8>,
    rules: Arc<LineRules>,
    found: Found,
    desk: Arc<dyn NewsDesk>,
}

impl Finder {
    /// Takes a part of the stream. Whether there is nothing left to look for in it.
    pub(super) fn take(&mut self, input: Input<'_>) -> bool {
        let Self { run, stream, rest, rules, found, desk } = self;
        let mut news = Vec::new();
        lines::cut(rest, input, &mut |line, _| {
            let open = rules
                .searches
                .iter()
                .enumerate()
                .filter(|(place, search)| looks(search, *stream) && found.get() & bit(*place) == 0);
            for (place, search) in open {
                let text = String::from_utf8_lossy(line);
                if search.pattern.is_match(&text) {
                    found.set(found.get() | bit(place));
                    news.push(News::Line { check: search.check, text: shown(&text, rules) });
                }
            }
        });
        if !news.is_empty() {
            desk.bring(RunNews { run: *run, news });
        }
        let all = rules.searches.iter().enumerate();
        all.filter(|(_, search)| looks(search, *stream)).all(|(place, _)| found.get() & bit(place) != 0)
    }
}

fn bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0)
}

/// The line as it may leave the log.
fn shown(text: &str, rules: &LineRules) -> Box<str> {
    let clean = redact::lines(vec![text.to_owned()], &rules.redactions);
    let letters = clean.iter().flat_map(|line| line.chars());
    letters.filter(|letter| !letter.is_control()).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_core::ids::{InstanceId, ProcessId};
    use phpeek_core::name::ProcessName;
    use phpeek_settings::lines::{Pattern, Redaction};
    use regex::Regex;
    use std::sync::Mutex;

    #[derive(Debug, Default)]
    struct Desk(Mutex<Vec<RunNews>>);

    impl NewsDesk for Desk {
        fn bring(&self, news: RunNews) {
            self.0.lock().expect("one thread").push(news);
        }
    }

    fn pattern(text: &str) -> Pattern {
        Regex::new(text).expect("an expression").into()
    }

    fn capture(run: u64, stream: Stream) -> Capture {
        let (read_end, _) = rustix::pipe::pipe().expect("a pipe");
        let process = ProcessName::new("db").expect("a name");
        let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: 0 }.run(run));
        Capture { process, hook: None, file: None, task, number: Some(0), stream, read_end }
    }

    fn rules() -> ProcessLines {
        let search = |check, text, streams| Search { check, pattern: pattern(text), streams };
        let rules = LineRules {
            searches: vec![search(0, "^ready", [true, true]), search(2, "open [0-9]+$", [false, true])],
            redactions: vec![Redaction { pattern: pattern("hush"), replacement: "***".to_owned() }],
            ..LineRules::default()
        };
        ProcessLines::from([(ProcessName::new("db").expect("a name"), Arc::new(rules))])
    }

    #[test]
    fn each_pattern_is_found_once_in_a_run_in_either_stream_and_without_its_secrets() {
        let (lines, own) = (rules(), Arc::<Desk>::default());
        let desk: Arc<dyn NewsDesk> = own.clone();
        let mut finders = Finders::default();
        let mut of = |run, stream| finders.of(&capture(run, stream), &lines, Some(&desk)).expect("it looks");
        let (mut stdout, mut stderr) = (of(1, Stream::Stdout), of(1, Stream::Stderr));
        assert!(!stdout.take(Input::Read(b"not ready\nrea")));
        assert!(stdout.take(Input::Read(b"dy, hush\x1b[m\nready again\n")), "that is all of this stream");
        assert!(!stderr.take(Input::Read(b"ready\nopen x\n")), "it is known");
        assert!(stderr.take(Input::Read(b"open 7")) || stderr.take(Input::End));
        let again = of(2, Stream::Stdout).take(Input::Read(b"ready\r\n"));
        assert!(again, "another run begins anew");
        let told = own.0.lock().expect("one thread");
        let told: Vec<_> = told.iter().map(|told| (told.run.run, told.news.clone())).collect();
        let line = |check, text: &str| vec![News::Line { check, text: text.into() }];
        assert_eq!(told, [(1, line(0, "ready, ***[m")), (1, line(2, "open 7")), (2, line(0, "ready"))]);
    }

    #[test]
    fn nobody_looks_where_nothing_is_looked_for() {
        let (lines, desk) = (rules(), Arc::<Desk>::default() as Arc<dyn NewsDesk>);
        let mut finders = Finders::default();
        assert!(finders.of(&capture(1, Stream::Stdout), &ProcessLines::new(), Some(&desk)).is_none());
        let mut hook = capture(1, Stream::Stdout);
        hook.task = "h.1".parse().expect("a task");
        assert!(finders.of(&hook, &lines, Some(&desk)).is_none());
    }
}
