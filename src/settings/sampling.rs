//! Which traces are kept: the rate at the root, and what is kept at the end although the rate left it out. Values; the
//! sampler is made of them where spans are.

use phpeek_core::tail::{CallersDecision, TailRules};
use std::fmt;
use std::time::Duration;

/// What of the traces is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Share of traces, 0.0 to 1.0.
    pub rate: f64,
    /// Whether the decision of whoever started us stands.
    pub caller: CallersDecision,
    /// Whether traces with an error are kept although the rate left them out.
    pub keep_errors: bool,
    /// Traces that took at least this long are kept too.
    pub keep_slow: Option<Duration>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { rate: 1.0, caller: CallersDecision::Stands, keep_errors: true, keep_slow: None }
    }
}

impl Sampling {
    /// What the end of a trace decides; `None` when its head has decided all.
    #[must_use]
    pub fn tail(&self) -> Option<TailRules> {
        let asked = self.keep_errors || self.keep_slow.is_some();
        (self.rate < 1.0 && asked).then_some(TailRules { errors: self.keep_errors, slow: self.keep_slow })
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rate)?;
        match self.tail() {
            Some(TailRules { errors, slow }) => {
                if errors {
                    f.write_str(", and every trace with an error")?;
                }
                match slow {
                    Some(limit) => write!(f, ", and every trace of {limit:?} or more"),
                    None => Ok(()),
                }
            }
            None => Ok(()),
        }
    }
}
