//! PHP-FPM's autotune: the variables and the keys that say how; a variable counts more than the file.

use crate::{read, refused, valid};
use phpeek_core::autotune::Profile;
use phpeek_settings::autotune::AutotuneSettings;

const PROFILE: &str = "PHP_FPM_AUTOTUNE_PROFILE";
const THRESHOLD: &str = "PHP_FPM_AUTOTUNE_MEMORY_THRESHOLD";
const STRICT: &str = "PHP_FPM_AUTOTUNE_STRICT";

fn file(global: &str) -> String {
    format!("global: {{{global}}}\nprocesses: {{a: {{command: [x]}}}}\n")
}

fn settings(global: &str, vars: &[(&str, &str)]) -> AutotuneSettings {
    valid(&file(global), vars).autotune
}

#[test]
fn nothing_is_tuned_unless_somebody_names_a_profile() {
    assert_eq!(settings("", &[]), AutotuneSettings::default());
    assert_eq!(settings("", &[(PROFILE, ""), (THRESHOLD, " "), (STRICT, "")]), AutotuneSettings::default());
    let keys = settings("autotune_memory_threshold: 0.5, autotune_strict: true", &[]);
    assert_eq!(keys, AutotuneSettings { profile: None, threshold: Some(0.5), strict: true });
    assert_eq!(settings("autotune_memory_threshold: 0", &[]).threshold, None, "0 is the profile's own");
}

#[test]
fn a_variable_counts_more_than_the_file_and_an_override_than_its_key() {
    let vars = [(PROFILE, "heavy"), (THRESHOLD, "0.6"), (STRICT, "y")];
    let said = settings("autotune_memory_threshold: 0.5", &vars);
    assert_eq!(said, AutotuneSettings { profile: Some(Profile::Heavy), threshold: Some(0.6), strict: true });
    let overridden = settings("", &[("PHPEEK_PM_GLOBAL_AUTOTUNE_MEMORY_THRESHOLD", "0.4")]);
    assert_eq!(overridden.threshold, Some(0.4));
}

#[test]
fn what_nobody_knows_is_refused_and_named() {
    for (name, value, said) in [
        (PROFILE, "huge", "write one of dev, light, medium, heavy, bursty"),
        (THRESHOLD, "2.5", "from 0.0 to 2.0"),
        (THRESHOLD, "half", "from 0.0 to 2.0"),
        (STRICT, "perhaps", "true or false"),
    ] {
        let report = refused(&file(""), &[(name, value)]);
        assert!(report.contains(name) && report.contains(value) && report.contains(said), "{report}");
    }
}

#[test]
fn an_odd_share_of_the_memory_is_a_warning() {
    for (global, vars) in [
        ("autotune_memory_threshold: 1.5", &[][..]),
        ("autotune_memory_threshold: 0.2", &[]),
        ("", &[(THRESHOLD, "0.1")]),
    ] {
        let findings = read(&file(global), vars).report.findings;
        assert!(findings.iter().any(|f| f.message.contains("autotune threshold")), "{global}: {findings:?}");
    }
}
