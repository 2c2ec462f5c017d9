//! Tables for people: titles and rows of text, in columns as wide as their widest cell. Text only.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

/// A column: its title, and the side that its cells stand at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    side: Side,
    least: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Columns of numbers are this wide at least: a table that is looked at again and again keeps its shape.
const NUMBER: usize = 8;

impl Column {
    /// The same, this wide at least.
    pub(crate) const fn at_least(self, characters: usize) -> Self {
        Self { least: characters, ..self }
    }
}

/// A column of words.
pub(crate) const fn left(title: &'static str) -> Column {
    Column { title, side: Side::Left, least: 0 }
}

/// A column of numbers.
pub(crate) const fn right(title: &'static str) -> Column {
    Column { title, side: Side::Right, least: NUMBER }
}

/// The table: a line of titles, unless all are empty, and a line for each row.
pub(crate) fn draw<const N: usize>(columns: [Column; N], rows: &[[String; N]]) -> String {
    let titles = columns.map(|column| column.title.to_owned());
    let mut widths = columns.map(|column| column.least);
    for row in rows.iter().chain([&titles]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let titled = titles.iter().any(|title| !title.is_empty());
    let mut text = String::new();
    for row in titled.then_some(&titles).into_iter().chain(rows) {
        let cells =
            row.iter().zip(columns.iter().zip(widths)).map(|(cell, (column, width))| match column.side {
                Side::Left => format!("{cell:width$}"),
                Side::Right => format!("{cell:>width$}"),
            });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// A moment by the clock of whoever reads it.
pub(crate) fn moment(value: &Value) -> String {
    let shown =
        |at: Timestamp| at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    stamp(value).map_or_else(|| "-".to_owned(), shown)
}

/// The moment that a value of the API is: a text, or seconds since 1970.
pub(crate) fn stamp(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => Timestamp::from_second(other.as_i64()?).ok(),
    }
}

/// A span of time in its two largest units.
#[must_use]
pub(crate) fn span(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{}s", whole),
        (0, 0, minutes) => format!("{minutes}m{:02}s", whole % 60),
        (0, hours, minutes) => format!("{hours}h{minutes:02}m"),
        (days, hours, _) => format!("{days}d{hours:02}h"),
    }
}

/// How often.
#[must_use]
pub(crate) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_show_their_two_largest_units() {
        let shown = [0.4, 59.9, 61.0, 3600.0, 86_399.0, 90_000.0].map(span);
        assert_eq!(shown, ["0s", "59s", "1m01s", "1h00m", "23h59m", "1d01h"]);
    }

    #[test]
    fn cells_stand_under_their_titles() {
        let rows = [["a".to_owned(), "1".to_owned()], ["longer".to_owned(), "123456789".to_owned()]];
        let text = draw([left("NAME"), right("SIZE")], &rows);
        assert_eq!(text, "NAME         SIZE\na               1\nlonger  123456789\n");
        assert_eq!(
            draw([left("").at_least(8), left("")], &[["a".to_owned(), "b".to_owned()]]),
            "a         b\n"
        );
    }
}
