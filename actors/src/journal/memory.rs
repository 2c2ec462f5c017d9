//! The records of memory: that a bound was passed, and what follows.

use super::fields::int;
use super::{About, Journal};
use crate::clock::Moment;
use crate::phrases::over_limit;
use crate::ports::Level;
use phpeek_core::limit::Breach;

impl Journal {
    pub(super) fn over_limit(&self, at: Moment, about: About, run: u64, breach: &Breach) {
        self.record(at, Level::Warn, about, over_limit(breach), || {
            vec![
                ("run", int(run).into()),
                ("limit", breach.limit.as_str().into()),
                ("limit_bytes", int(breach.bound).into()),
                ("used_bytes", int(breach.used).into()),
            ]
        });
    }
}
