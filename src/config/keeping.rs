//! Which traces are kept, and where spans wait and stay: `tracing_sample_rate`, `tracing_keep_*`, `tracing_spool_*`, `history_*`, with
//! OTEL_TRACES_SAMPLER behind the rate.

use super::block::Block;
use super::keys::GLOBAL;
use super::names::truth;
use super::tracing::{Chosen, Reader};
use super::value;
use phpeek_core::tail::CallersDecision;
use phpeek_settings::sampling::Sampling;
use phpeek_settings::tracing::{Limits, SpoolSettings};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Used when it is there and nobody has named another: a package or an image makes it.
const USUAL_SPOOL: &str = "/var/lib/phpeek-pm/spool";
const SAMPLERS: &str = "write always_on, always_off, traceidratio, or parentbased_ before one of them";

impl Reader<'_> {
    pub(super) fn sampling(&mut self) -> Sampling {
        let block = Block::new(Some(self.global), GLOBAL);
        let usual = Block::unwritten(GLOBAL).float("tracing_sample_rate").unwrap_or(1.0);
        let text = self.global.get("tracing_sample_rate").and_then(super::tree::Node::text);
        let (rate, caller) = match text.and_then(value::float) {
            Some(rate) => {
                // It wins over the variable, and says so.
                self.pick("tracing_sample_rate", &["OTEL_TRACES_SAMPLER"]);
                (rate, CallersDecision::Stands)
            }
            None => self.sampler().unwrap_or((usual, CallersDecision::Stands)),
        };
        let keep_errors = truth(self.global, "tracing_keep_errors");
        Sampling {
            rate,
            caller,
            // A rate of nothing means nothing, unless the errors are asked for by name.
            keep_errors: keep_errors.unwrap_or(rate > 0.0),
            keep_slow: block.time("tracing_keep_slow").filter(|limit| !limit.is_zero()),
        }
    }

    /// OTEL_TRACES_SAMPLER. One that is not known is left out with a warning, as the specification says.
    fn sampler(&mut self) -> Option<(f64, CallersDecision)> {
        let Chosen { text, place, .. } = self.pick("tracing_sample_rate", &["OTEL_TRACES_SAMPLER"])?;
        let lower = text.to_ascii_lowercase();
        let (name, caller) = match lower.strip_prefix("parentbased_") {
            Some(name) => (name, CallersDecision::Stands),
            None => (lower.as_str(), CallersDecision::Ignored),
        };
        let rate = match name {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => self.sampler_argument()?,
            _ => {
                let message =
                    format!("OTEL_TRACES_SAMPLER: there is no sampler {text:?}; every trace is kept");
                self.warn_at("tracing_sample_rate", place, &message, SAMPLERS);
                return None;
            }
        };
        Some((rate, caller))
    }

    fn sampler_argument(&mut self) -> Option<f64> {
        const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
        let Some(text) = self.variable(NAME) else { return Some(1.0) };
        let rate = value::float(&text).filter(|rate| (0.0..=1.0).contains(rate));
        if rate.is_none() {
            let message = format!("{NAME}: {text:?} is no share between 0 and 1; every trace is kept");
            let place = super::tree::Place::Variable(NAME.into());
            self.warn_at("tracing_sample_rate", place, &message, "write a number from 0.0 to 1.0");
        }
        rate
    }

    pub(super) fn spool(&mut self) -> SpoolSettings {
        let (directory, named) = self.spool_directory();
        let usual = Limits::default();
        let block = Block::new(Some(self.global), GLOBAL);
        let megabytes = block.int("tracing_spool_max_mb").and_then(|n| u64::try_from(n).ok());
        let limits = Limits {
            bytes: megabytes.map_or(usual.bytes, |n| n << 20),
            age: block.time("tracing_spool_max_age").filter(|age| *age > Duration::ZERO).unwrap_or(usual.age),
        };
        let kept = block.int("history_max_mb").and_then(|n| u64::try_from(n).ok());
        let history = Limits {
            bytes: kept.map_or(Limits::HISTORY.bytes, |n| n << 20),
            age: block.time("history_max_age").unwrap_or(Limits::HISTORY.age),
        };
        SpoolSettings { directory, named, limits, history }
    }

    /// The directory and whether somebody has named it. Without a name: systemd's for this service, or the usual one
    /// if it is there.
    fn spool_directory(&mut self) -> (Option<PathBuf>, bool) {
        let Some(chosen) = self.pick("tracing_spool_dir", &[]) else {
            let state = self.variable("STATE_DIRECTORY");
            let state = state.as_deref().and_then(|list| list.split(':').next());
            let of_service = state.map(|folder| Path::new(folder).join("spool"));
            let usual = || Some(PathBuf::from(USUAL_SPOOL)).filter(|folder| self.on && folder.is_dir());
            return (of_service.or_else(usual), false);
        };
        if chosen.text == "none" {
            return (None, true);
        }
        let path = PathBuf::from(&chosen.text);
        if !path.is_absolute() {
            let message = format!("{} is no absolute path", path.display());
            self.error("tracing_spool_dir", chosen.place, message, "write a path from /, or none for memory");
            return (None, true);
        }
        if self.on && path.exists() && !path.is_dir() {
            let message = format!("{} is no directory", path.display());
            self.error(
                "tracing_spool_dir",
                chosen.place,
                message,
                "name a directory; it is made when missing",
            );
        }
        (Some(path), true)
    }
}
