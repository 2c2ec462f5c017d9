//! Where the configuration meets TLS: whoever loads one has its certificate files judged by what will use them. An
//! adapter; holds no rule.

use crate::config::{self, Loaded, Source, Vars};
use crate::telemetry::tls::Judge;

/// Reads, checks and compiles a configuration.
#[must_use]
pub fn load(source: &Source, vars: &dyn Vars) -> Loaded {
    config::load(source, vars, &Judge)
}
