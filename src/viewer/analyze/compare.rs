//! Two starts beside each other: what each process took itself, before and after. Pure.

use super::shares::shares;
use crate::links::short;
use crate::model::Trace;
use crate::scale::Scale;
use crate::style::{Ink, Style};
use crate::text;
use serde_json::json;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What the whole start is called.
const WHOLE: &str = "the whole start";

/// Columns of a duration, and of a percentage such as ` +1234.5 %`.
const TIME: usize = 11;
const PERCENT: usize = 10;

/// One line of the comparison; a process that is in one of the two alone has one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub process: String,
    before: Option<u64>,
    after: Option<u64>,
}

/// The comparison: the whole first, then the processes by how much they changed.
#[derive(Debug, Clone)]
pub struct Comparison {
    traces: [String; 2],
    changes: Vec<Change>,
}

impl Change {
    /// How much longer it takes, in nanoseconds.
    fn difference(&self) -> Option<i128> {
        Some(i128::from(self.after?) - i128::from(self.before?))
    }

    /// The same in percent of before; none when there was nothing before.
    fn percent(&self) -> Option<f64> {
        let before = self.before.filter(|b| *b > 0)?;
        Some(self.difference()? as f64 * 100.0 / before as f64)
    }
}

impl Comparison {
    /// Compares the two.
    #[must_use]
    pub fn of(before: &Trace, after: &Trace) -> Self {
        let mut all: BTreeMap<String, (Option<u64>, Option<u64>)> = BTreeMap::new();
        for share in shares(before) {
            all.entry(share.process).or_default().0 = Some(share.own);
        }
        for share in shares(after) {
            all.entry(share.process).or_default().1 = Some(share.own);
        }
        let mut changes: Vec<Change> =
            all.into_iter().map(|(process, (before, after))| Change { process, before, after }).collect();
        changes.sort_by_key(|c| Reverse(c.difference().map(i128::unsigned_abs)));
        let whole =
            Change { process: WHOLE.to_owned(), before: Some(before.took()), after: Some(after.took()) };
        changes.insert(0, whole);
        Self { traces: [before.id.clone(), after.id.clone()], changes }
    }

    /// What takes over so many percent longer than before, and at least so many nanoseconds.
    pub fn worse(&self, percent: f64, noise: u64) -> Vec<&Change> {
        let over = |c: &&Change| {
            let longer = c.difference().is_some_and(|d| d > 0 && d >= i128::from(noise));
            // What took no time before takes infinitely longer.
            longer && c.percent().is_none_or(|p| p > percent)
        };
        self.changes.iter().filter(over).collect()
    }

    /// The comparison for a terminal; `worse` are its lines that fail.
    #[must_use]
    pub fn draw(&self, worse: &[&Change], style: &Style) -> String {
        let name = style.width - 3 * (TIME + 1) - PERCENT - 2;
        let longest = self.changes.iter().map(|c| text::width(&text::clean(&c.process, style.charset))).max();
        let name = name.min(longest.unwrap_or(0).max(WHOLE.len()));
        let [before, after] = self.traces.each_ref().map(|id| short(id));
        let times = self.changes.iter().flat_map(|c| [c.before, c.after]).flatten();
        let scale = Scale::of(times.max().unwrap_or(0));
        let mut out = format!("before: trace {before}, after: trace {after}\n\n");
        let title = ["", "BEFORE", "AFTER", "DIFFERENCE", ""].map(str::to_owned);
        out += &row(&title, name, Ink::Plain, style);
        for change in &self.changes {
            let time = |t: Option<u64>| t.map_or("-".to_owned(), |t| scale.show(t, style.charset));
            let difference = change.difference().map_or("-".to_owned(), |d| {
                let size = u64::try_from(d.unsigned_abs()).unwrap_or(u64::MAX);
                format!("{}{}", if d < 0 { "-" } else { "+" }, scale.show(size, style.charset))
            });
            let percent = change.percent().map(|p| format!("{:+.1} %", p.clamp(-99_999.0, 99_999.0)));
            let cells = [
                text::clean(&change.process, style.charset).into_owned(),
                time(change.before),
                time(change.after),
                difference,
                percent.unwrap_or_default(),
            ];
            let ink = if worse.contains(&change) { Ink::Failed } else { Ink::Plain };
            out += &row(&cells, name, ink, style);
        }
        if !worse.is_empty() {
            out += &format!("\n{} slower than allowed\n", text::count(worse.len(), "line"));
        }
        out
    }

    /// The same as JSON.
    #[must_use]
    pub fn json(&self, worse: &[&Change]) -> String {
        let of = |c: &Change| json!({"process": c.process, "before_ns": c.before, "after_ns": c.after, "percent": c.percent(), "regression": worse.contains(&c)});
        let (whole, rest) = self.changes.split_at(1);
        let processes: Vec<_> = rest.iter().map(of).collect();
        let whole: Vec<_> = whole.iter().map(of).collect();
        let [before, after] = &self.traces;
        json!({"before": before, "after": after, "whole": whole.first(), "processes": processes}).to_string()
            + "\n"
    }
}

fn row(cells: &[String; 5], name: usize, ink: Ink, style: &Style) -> String {
    let [process, before, after, difference, percent] = cells;
    let right = |text: &str, columns: usize| {
        format!("{}{text}", " ".repeat(columns.saturating_sub(text::width(text))))
    };
    let (on, off) = style.ink(ink);
    let line = [
        text::fit(process, name, style.charset),
        right(before, TIME),
        right(after, TIME),
        right(difference, TIME + 1),
        right(percent, PERCENT),
    ]
    .join(" ");
    format!("{on}{}{off}\n", line.trim_end())
}
