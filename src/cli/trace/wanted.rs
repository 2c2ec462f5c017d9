//! Which traces are meant, by the command line: those about a process, of late, with errors.

use crate::cli::fault::Fault;
use crate::cli::history::time;
use clap::Args;
use jiff::Timestamp;
use phpeek_viewer::Trace;
use std::time::Duration;

/// Which traces are meant.
#[derive(Debug, Clone, Default, Args)]
pub struct TraceWanted {
    /// Those alone that are about this process, or this instance of one.
    #[arg(long, global = true, value_name = "NAME")]
    pub process: Option<String>,
    /// Those alone that began within this time: 90s, 15m, 6h, 7d.
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    pub since: Option<Duration>,
    /// Those alone in which something failed.
    #[arg(long, global = true)]
    pub errors: bool,
}

impl TraceWanted {
    /// Whether some are left out.
    pub(super) fn chooses(&self) -> bool {
        self.process.is_some() || self.since.is_some() || self.errors
    }

    /// Whether it is one of those.
    pub(super) fn takes(&self, trace: &Trace) -> bool {
        let oldest = self.since.and_then(|since| Timestamp::now().checked_sub(since).ok());
        let fresh = oldest.is_none_or(|oldest| i128::from(trace.start) >= oldest.as_nanosecond());
        let about = self.process.as_deref().is_none_or(|name| trace.is_about(name));
        fresh && about && (!self.errors || trace.failed() > 0)
    }

    /// There is none of those; so many traces go on.
    pub(super) fn nothing(&self, what: &str, going_on: usize) -> Fault {
        let process = self.process.as_ref().map(|name| format!(" about {name}")).unwrap_or_default();
        let errors = if self.errors { " with an error" } else { "" };
        let since = self.since.map(|since| format!(" within {}s", since.as_secs())).unwrap_or_default();
        let none = format!("there is no {what}{process}{errors}{since} here");
        Fault::Nothing(match going_on {
            0 => none,
            1 => format!("{none}; one trace goes on, and what it is shows when its first span has ended"),
            n => format!("{none}; {n} traces go on, and what each is shows when its first span has ended"),
        })
    }
}
