//! Where the configuration meets TLS: whoever loads one has its certificate files judged by what will use them. An
//! adapter; holds no rule.

use phpeek_config::{Loaded, Source, Vars};
use phpeek_telemetry::tls::Judge;

/// Reads, checks and compiles a configuration.
#[must_use]
pub fn load(source: &Source, vars: &dyn Vars) -> Loaded {
    phpeek_config::load(source, vars, &Judge)
}
