//! The page of another exporter, in the text format of Prometheus 0.0.4: read line by line into families, and written
//! again behind our own. A page with a line that is none is refused whole: it would spoil ours for who reads both.

use crate::format::Format;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    #[default]
    Untyped,
}

/// A family with its samples, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Family {
    kind: Kind,
    help: Option<String>,
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sample {
    name: String,
    /// With their braces; empty when there are none.
    labels: String,
    value: String,
    /// Milliseconds since 1970.
    at: Option<i64>,
}

/// A page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    families: BTreeMap<String, Family>,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "summary" => Self::Summary,
            "untyped" | "unknown" => Self::Untyped,
            _ => return None,
        })
    }

    /// What the names of its samples may end with, behind its own.
    fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Histogram => &["", "_bucket", "_sum", "_count"],
            Self::Summary => &["", "_sum", "_count"],
            Self::Counter | Self::Gauge | Self::Untyped => &[""],
        }
    }
}

impl Text {
    /// Reads a page; an error says which line is none.
    pub(super) fn read(page: &str) -> Result<Self, String> {
        let mut text = Self::default();
        let mut current = String::new();
        for (at, line) in page.lines().enumerate() {
            let line = line.trim();
            let wrong = || format!("line {} is none of the text format of Prometheus", at + 1);
            if let Some(comment) = line.strip_prefix('#') {
                let mut words = comment.trim_start().splitn(3, [' ', '\t']);
                let (Some(what), Some(name)) = (words.next(), words.next()) else { continue };
                let rest = words.next().unwrap_or_default().trim_start();
                if !matches!(what, "HELP" | "TYPE") {
                    continue; // a comment
                }
                if name_end(name) != name.len() {
                    return Err(wrong());
                }
                let family = text.families.entry(name.to_owned()).or_default();
                if what == "HELP" {
                    family.help = Some(rest.to_owned());
                } else {
                    family.kind = Kind::of(rest.trim()).ok_or_else(wrong)?;
                }
                name.clone_into(&mut current);
            } else if !line.is_empty() {
                let sample = Sample::read(line).ok_or_else(wrong)?;
                text.family(&mut current, &sample.name).samples.push(sample);
            }
        }
        text.families.retain(|_, family| !family.samples.is_empty());
        Ok(text)
    }

    /// The family of a sample: the one that was begun, when it is of it.
    fn family(&mut self, current: &mut String, sample: &str) -> &mut Family {
        let kind = self.families.get(current).map(|family| family.kind).unwrap_or_default();
        let own = sample.strip_prefix(current.as_str()).is_some_and(|end| kind.ends().contains(&end));
        if !own || current.is_empty() {
            sample.clone_into(current);
        }
        self.families.entry(current.clone()).or_default()
    }
}

/// How long the name is that a text begins with.
fn name_end(text: &str) -> usize {
    let of_name = |(at, byte): (usize, u8)| {
        byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || (at > 0 && byte.is_ascii_digit())
    };
    text.bytes().enumerate().take_while(|found| of_name(*found)).count()
}

impl Sample {
    fn read(line: &str) -> Option<Self> {
        let (name, rest) = line.split_at(name_end(line));
        let rest = rest.trim_start();
        let (labels, rest) =
            if rest.starts_with('{') { rest.split_at(labels_end(rest)?) } else { ("", rest) };
        let mut words = rest.split_ascii_whitespace();
        let value = words.next()?;
        let at = words.next().map(str::parse).transpose().ok()?;
        // As Go reads numbers: that is more than Rust does only where nobody writes it.
        let number = value.trim_start_matches(['+', '-']);
        let good = number.parse::<f64>().is_ok() && words.next().is_none() && !name.is_empty();
        let labels = if labels.trim_matches(['{', '}', ' ']).is_empty() { "" } else { labels };
        good.then(|| Self { name: name.to_owned(), labels: labels.to_owned(), value: value.to_owned(), at })
    }
}

/// Where `{name="value",…}` ends; nothing when it is none.
fn labels_end(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix('{')?;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some(text.len() - after.len());
        }
        let name = name_end(rest);
        rest = rest.get(name..).filter(|_| name > 0)?.trim_start().strip_prefix('=')?.trim_start();
        rest = rest.strip_prefix('"')?;
        let mut escaped = false;
        let end = rest.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        rest = rest.get(end + 1..)?.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(after) => after,
            None if rest.starts_with('}') => rest,
            None => return None,
        };
    }
}

/// The name that a family has in both formats.
fn bare(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}

/// Writes pages behind ours. A family that ours or an earlier one has, as something else, is left out and counted for
/// its page; one that is the same there goes with it, and a series that is there already gets the label `federate`.
pub(super) fn append(page: &mut String, sources: &[(&str, &Text)], format: Format) -> Vec<u64> {
    const END: &str = "# EOF\n";
    let ends = page.ends_with(END);
    if ends {
        page.truncate(page.len() - END.len());
    }
    let ours: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(|name| bare(name).to_owned())
        .collect();
    let mut merged: BTreeMap<&str, (&str, Family)> = BTreeMap::new();
    let left_out = sources.iter().map(|(source, text)| {
        let mut left_out = 0;
        for (name, family) in &text.families {
            let (as_named, all) = merged.entry(bare(name)).or_insert((name, Family::default()));
            let first = all.samples.is_empty();
            if ours.contains(bare(name)) || !first && (all.kind != family.kind || *as_named != name.as_str())
            {
                left_out += 1;
                continue;
            }
            if first {
                (all.kind, all.help) = (family.kind, family.help.clone());
            }
            add(&mut all.samples, &family.samples, source);
        }
        left_out
    });
    let left_out: Vec<u64> = left_out.collect();
    for (name, family) in merged.into_values().filter(|(_, family)| !family.samples.is_empty()) {
        family.write(page, name, format);
    }
    if ends {
        page.push_str(END);
    }
    left_out
}

fn add(all: &mut Vec<Sample>, more: &[Sample], source: &str) {
    let key = |sample: &Sample| (sample.name.clone(), sample.labels.clone());
    let known: BTreeSet<_> = all.iter().map(key).collect();
    all.extend(more.iter().cloned().map(|mut sample| {
        if known.contains(&key(&sample)) {
            let inside = sample.labels.trim_matches(['{', '}']).trim().trim_end_matches(',');
            let comma = if inside.is_empty() { "" } else { "," };
            sample.labels = format!("{{{inside}{comma}federate=\"{source}\"}}");
        }
        sample
    }));
}

impl Family {
    fn write(&self, page: &mut String, name: &str, format: Format) {
        let open = format == Format::OpenMetrics;
        let total = self.kind == Kind::Counter && name.ends_with("_total");
        let (shown, kind) = match self.kind {
            Kind::Counter if open && total => (bare(name), "counter"),
            // A count without the ending is none there.
            Kind::Counter if open => (name, "unknown"),
            Kind::Counter => (name, "counter"),
            Kind::Gauge => (name, "gauge"),
            Kind::Histogram => (name, "histogram"),
            Kind::Summary => (name, "summary"),
            Kind::Untyped => (name, if open { "unknown" } else { "untyped" }),
        };
        // Nothing is lost that could be told: what is written to is memory.
        if let Some(help) = &self.help {
            let help = if open { help.replace('"', "\\\"") } else { help.clone() };
            writeln!(page, "# HELP {shown} {help}").ok();
        }
        writeln!(page, "# TYPE {shown} {kind}").ok();
        for Sample { name, labels, value, at } in &self.samples {
            write!(page, "{name}{labels} {value}").ok();
            if let Some(at) = at {
                let (whole, rest) = (at.div_euclid(1000), at.rem_euclid(1000));
                if open {
                    write!(page, " {whole}.{rest:03}").ok()
                } else {
                    write!(page, " {at}").ok()
                };
            }
            page.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    const PAGE: &str = "# HELP a_total How often \"a\"\n# TYPE a_total counter\na_total{x=\"1}, \\\"\"} 3 1700000000123\n\
        # TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 0.5\nh_count 1\nalone -Inf\n# a comment\n# EOF\n";

    fn appended(own: &str, sources: &[(&str, &str)], format: Format) -> (String, Vec<u64>) {
        let texts: Vec<_> =
            sources.iter().map(|(name, page)| (*name, Text::read(page).expect(page))).collect();
        let sources: Vec<_> = texts.iter().map(|(name, text)| (*name, text)).collect();
        let mut page = own.to_owned();
        let left_out = append(&mut page, &sources, format);
        (page, left_out)
    }

    #[test]
    fn a_page_is_written_as_the_format_of_ours_wants_it() {
        let (text, none) = appended("ours 1\n", &[("e", PAGE)], Format::Prometheus);
        assert_eq!(none, [0]);
        assert_eq!(
            text,
            "ours 1\n# HELP a_total How often \"a\"\n# TYPE a_total counter\na_total{x=\"1}, \\\"\"} 3 1700000000123\n\
             # TYPE alone untyped\nalone -Inf\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 0.5\nh_count 1\n"
        );
        let (open, _) = appended("ours 1\n# EOF\n", &[("e", PAGE)], Format::OpenMetrics);
        assert_eq!(
            open,
            "ours 1\n# HELP a How often \\\"a\\\"\n# TYPE a counter\na_total{x=\"1}, \\\"\"} 3 1700000000.123\n\
             # TYPE alone unknown\nalone -Inf\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 0.5\nh_count 1\n# EOF\n"
        );
    }

    #[test]
    fn what_two_have_is_one_family_and_what_differs_or_is_ours_is_left_out() {
        let own = "# TYPE up gauge\nup 1\n";
        let first = "# TYPE go gauge\ngo 1\ngo{a=\"b\",} 1\n# TYPE other gauge\nother 1\n";
        let second = "# TYPE go gauge\ngo 2\ngo{a=\"b\",} 2\n# TYPE other counter\nother 2\nup 7\n";
        let (text, left_out) = appended(own, &[("one", first), ("two", second)], Format::Prometheus);
        assert_eq!(left_out, [0, 2]);
        assert_eq!(
            text,
            "# TYPE up gauge\nup 1\n# TYPE go gauge\ngo 1\ngo{a=\"b\",} 1\ngo{federate=\"two\"} 2\n\
             go{a=\"b\",federate=\"two\"} 2\n# TYPE other gauge\nother 1\n"
        );
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for wrong in [
            "a",
            "a x",
            "1a 2",
            "a{x=1} 2",
            "a{x=\"1\" 2",
            "a{x=\"1\"}",
            "a 1 2 3",
            "a 1 x",
            "{} 1",
            "# TYPE a b",
        ] {
            let error = Text::read(&format!("good 1\n{wrong}\n")).expect_err(wrong);
            assert!(error.starts_with("line 2 "), "{wrong}: {error}");
        }
        for good in
            ["a 1e5", "a NaN", "a +Inf 5", "a{} 1", " a { b = \"\" , } 1 ", "#", "#x", "", "a:b_c 0x10"]
        {
            assert_eq!(Text::read(good).is_ok(), good != "a:b_c 0x10", "{good}");
        }
    }
}
