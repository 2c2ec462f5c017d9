//! Bounds and words that keys of several blocks share. Data only.

use super::kind::Kind::{self, Int, OneOf};
use super::kind::words;
use phpeek_core::level::Level;
use phpeek_core::spec::RestartPolicy;

pub(super) const HOUR: f64 = 3600.0;
/// An upper bound for times that nobody documented: a year.
pub(super) const YEAR: f64 = 31_557_600.0;
pub(super) const PORT: Kind = Int(0, 65_535);
pub(super) const MANY: i64 = 1_000_000_000;
pub(super) const LEVEL: Kind = OneOf(&words(&Level::WORDS));
pub(super) const POLICY: Kind = OneOf(&words(&RestartPolicy::WORDS));
