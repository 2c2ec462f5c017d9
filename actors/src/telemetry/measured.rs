//! What was measured at one moment, as values: what stands between whoever counts and whoever sends it. Holds no rule but what
//! a value is.

use std::borrow::Cow;
use std::time::SystemTime;

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// When.
    pub at: SystemTime,
    /// By what it is about.
    pub groups: Vec<Group>,
}

/// What is about the supervisor, or about one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Process and instance; none is the supervisor.
    pub of: Option<(String, String)>,
    /// What was measured.
    pub families: Vec<Family>,
}

/// One metric with its points.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it means.
    pub help: Cow<'static, str>,
    /// What it is counted in, as UCUM has it; may be empty.
    pub unit: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Its points.
    pub points: Vec<Point>,
}

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it is now.
    Gauge,
    /// What only grows, since its beginning.
    Sum,
    /// What adds up over instances, and may shrink.
    UpDown,
    /// How often a value fell where, since its beginning.
    Histogram,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What tells it from the others.
    pub labels: Vec<(Cow<'static, str>, String)>,
    /// Since when it is counted.
    pub since: SystemTime,
    /// The value.
    pub value: Number,
    /// The trace that has raised it last.
    pub exemplar: Option<Exemplar>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// A whole one.
    Whole(u64),
    /// Any other.
    Float(f64),
    /// Counts by bucket: bounds, one count more than there are bounds, and the sum.
    Buckets(Vec<f64>, Vec<u64>, f64),
}

/// A trace that has raised a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemplar {
    /// Its id in hex.
    pub trace: String,
    /// The id of the span in hex.
    pub span: String,
    /// When.
    pub at: SystemTime,
}
