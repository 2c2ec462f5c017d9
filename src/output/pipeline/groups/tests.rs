//! The laws of groups, against every order of lines and silences; and that the laws see what would break them.
#![allow(clippy::expect_used, reason = "a test may fail")]
use super::*;
use proptest::prelude::*;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_millis(500);

/// What happens: a line comes, or nothing for a while.
#[derive(Debug, Clone)]
enum Step {
    Line(String, bool),
    Wait(u64),
}

/// What a machine of groups does.
trait Machine: Default {
    fn line(&mut self, line: &[u8], first: bool, rule: &Multiline, now: Instant, out: &mut Vec<Group>);
    fn due(&self) -> Option<Instant>;
    fn flush(&mut self, out: &mut Vec<Group>);
}

/// A group as it was given: text, lines.
type Group = (String, u64);

fn keep(out: &mut Vec<Group>) -> impl FnMut(Text<'_>) {
    |text| out.push((String::from_utf8_lossy(text.bytes).into_owned(), text.lines))
}

impl Machine for Groups {
    fn line(&mut self, line: &[u8], first: bool, rule: &Multiline, now: Instant, out: &mut Vec<Group>) {
        Groups::line(self, line, first, rule, now, &mut keep(out));
    }
    fn due(&self) -> Option<Instant> {
        Groups::due(self)
    }
    fn flush(&mut self, out: &mut Vec<Group>) {
        Groups::flush(self, &mut keep(out));
    }
}

fn rule(max_lines: usize) -> Multiline {
    Multiline { first: regex::Regex::new("^!").expect("an expression").into(), max_lines, timeout: TIMEOUT }
}

/// Runs a machine through the steps, its timer included, and says which law it broke.
fn judge<M: Machine>(steps: &[Step], max_lines: usize) -> Result<(), String> {
    let (mut machine, rule, mut now) = (M::default(), rule(max_lines), Instant::now());
    let (mut groups, mut lines) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Line(line, first) => {
                let line = if *first { format!("!{line}") } else { line.clone() };
                machine.line(line.as_bytes(), *first, &rule, now, &mut groups);
                lines.push(line);
            }
            Step::Wait(millis) => now += Duration::from_millis(*millis),
        }
        if machine.due().is_some_and(|due| due <= now) {
            machine.flush(&mut groups);
        }
        let given: u64 = groups.iter().map(|(_, lines)| *lines).sum();
        let waits = given < lines.len() as u64;
        if waits != machine.due().is_some() {
            return Err(format!("{waits} that lines wait, and due {:?}", machine.due().is_some()));
        }
        if machine.due().is_some_and(|due| due > now + TIMEOUT) {
            return Err("a line waits for longer than the silence".into());
        }
    }
    machine.flush(&mut groups);
    let texts: Vec<&str> = groups.iter().map(|(text, _)| text.as_str()).collect();
    if texts.join("\n") != lines.join("\n") || groups.iter().map(|g| g.1).sum::<u64>() != lines.len() as u64 {
        return Err(format!("{lines:?} became {groups:?}"));
    }
    for (text, count) in &groups {
        let inner = text.split('\n').skip(1);
        if *count > max_lines as u64 || inner.filter(|line| line.starts_with('!')).count() > 0 {
            return Err(format!("no group is {text:?} of {count}"));
        }
    }
    Ok(())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let line = ("[a-z]{0,6}", any::<bool>()).prop_map(|(line, first)| Step::Line(line, first));
    prop::collection::vec(prop_oneof![3 => line, 1 => (0..900u64).prop_map(Step::Wait)], 0..40)
}

proptest! {
    #[test]
    fn no_line_is_lost_or_doubled_and_none_waits_for_ever(steps in steps(), max_lines in 1..6usize) {
        prop_assert_eq!(judge::<Groups>(&steps, max_lines), Ok(()));
    }
}

/// A machine with a fault of this number.
#[derive(Default)]
struct Faulty<const FAULT: u8> {
    inner: Groups,
    late: Option<Instant>,
}

impl<const FAULT: u8> Machine for Faulty<FAULT> {
    fn line(&mut self, line: &[u8], first: bool, rule: &Multiline, now: Instant, out: &mut Vec<Group>) {
        let first = first && FAULT != 1; // first lines are overlooked
        let wide = Multiline { max_lines: rule.max_lines + usize::from(FAULT == 2), ..rule.clone() };
        Machine::line(&mut self.inner, line, first, &wide, now, out);
        if FAULT == 3 && first {
            Machine::line(&mut self.inner, line, false, rule, now, out); // twice
        }
        self.late = Some(now + rule.timeout * 2);
    }
    fn due(&self) -> Option<Instant> {
        match FAULT {
            4 => None,                          // no timer
            5 => self.inner.due.and(self.late), // too late
            _ => self.inner.due,
        }
    }
    fn flush(&mut self, out: &mut Vec<Group>) {
        Machine::flush(&mut self.inner, out);
        if FAULT == 6 {
            out.pop(); // forgotten
        }
    }
}

#[test]
fn the_laws_see_what_would_break_them() {
    let steps = [
        Step::Line("a".into(), true),
        Step::Line("b".into(), false),
        Step::Line("c".into(), true),
        Step::Line("d".into(), false),
        Step::Line("e".into(), false),
        Step::Wait(600),
    ];
    assert_eq!(judge::<Faulty<0>>(&steps, 2), Ok(()));
    let broken = [
        judge::<Faulty<1>>(&steps, 9),
        judge::<Faulty<2>>(&steps, 2),
        judge::<Faulty<3>>(&steps, 2),
        judge::<Faulty<4>>(&steps, 9),
        judge::<Faulty<5>>(&steps, 9),
        judge::<Faulty<6>>(&steps, 9),
    ];
    for (fault, verdict) in broken.iter().enumerate() {
        assert!(verdict.is_err(), "fault {} was not seen", fault + 1);
    }
}
