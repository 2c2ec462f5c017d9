//! What is said of PHP-FPM's autotune: `global.autotune_*`, and the variables that name the profile. A variable counts more
//! than the file; a profile that nobody knows is an error, since the pool would be that of no profile.

use super::block::Block;
use super::keys::GLOBAL;
use super::report::{Finding, Findings};
use super::tree::{Node, Place};
use super::value;
use super::vars::Vars;
use phpeek_core::autotune::Profile;
use phpeek_settings::autotune::{AutotuneSettings, doubt};

const PROFILE: &str = "PHP_FPM_AUTOTUNE_PROFILE";
const THRESHOLD: &str = "PHP_FPM_AUTOTUNE_MEMORY_THRESHOLD";
const STRICT: &str = "PHP_FPM_AUTOTUNE_STRICT";

/// Reads them.
pub(crate) fn autotune(global: &Node, vars: &dyn Vars, findings: &mut Findings) -> Option<AutotuneSettings> {
    let block = Block::new(Some(global), GLOBAL);
    let written = global.get("autotune_memory_threshold").map_or(Place::Nowhere, |node| node.place.clone());
    let said = variable(vars, THRESHOLD, threshold, "write a share of the memory from 0.0 to 2.0", findings);
    let (share, place) = match said {
        Some(share) => (share, Place::Variable(THRESHOLD.into())),
        None => (block.float("autotune_memory_threshold")?, written),
    };
    let profile = variable(vars, PROFILE, Profile::parse, &profiles(), findings);
    let strict = variable(vars, STRICT, value::truth, "write true or false", findings);
    let settings = AutotuneSettings {
        profile,
        threshold: Some(share).filter(|share| *share > 0.0),
        strict: strict.unwrap_or(false) || block.truth("autotune_strict")?,
    };
    if let Some(doubt) = settings.threshold.and_then(doubt) {
        let message = format!("an autotune threshold of {share}: {doubt}");
        let warning = Finding::warning("global.autotune_memory_threshold", place, message);
        findings.push(warning.advice("write a share between 0.3 and 1.0, or 0 for the profile's own"));
    }
    Some(settings)
}

fn threshold(text: &str) -> Option<f64> {
    value::float(text).filter(|share| (0.0..=2.0).contains(share))
}

fn profiles() -> String {
    format!("write one of {}", Profile::WORDS.map(|(word, _)| word).join(", "))
}

/// What a variable says; one that is empty says nothing.
fn variable<T>(
    vars: &dyn Vars,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    advice: &str,
    findings: &mut Findings,
) -> Option<T> {
    let text = vars.get(name).filter(|text| !text.trim().is_empty())?;
    let parsed = parse(text.trim());
    if parsed.is_none() {
        let message = format!("{text:?} is not known here");
        findings.push(Finding::error("", Place::Variable(name.into()), message).advice(advice));
    }
    parsed
}
