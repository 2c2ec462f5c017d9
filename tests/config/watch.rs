//! `watch` of a process: both ways to write it, what paths are relative to, and what does nothing.

use crate::read;
use phpeek_core::spec::WatchSpec;
use std::time::Duration;

/// What is watched, if it is valid, and what is said of it.
fn watch(fields: &str) -> (Option<Option<WatchSpec>>, Vec<String>) {
    let loaded = read(&format!("processes: {{app: {{command: [x], {fields}}}}}"), &[]);
    let said = loaded.report.findings.iter().map(|f| format!("{}: {}", f.path, f.message));
    let found = loaded.configuration.map(|own| own.spec.processes[0].watch.as_deref().cloned());
    (found, said.collect())
}

#[test]
fn both_forms_say_the_same() {
    let spec = |paths: &[&str], ignore: &[&str], pause: u64, cascade| {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let pause = Duration::from_millis(pause);
        Some(Some(WatchSpec { paths: own(paths), ignore: own(ignore), pause, cascade }))
    };
    for (fields, wanted) in [
        ("watch: [a, 'b/**/*.php']", spec(&["a", "b/**/*.php"], &[], 500, false)),
        ("watch: a", spec(&["a"], &[], 500, false)),
        (
            "watch: {paths: a, ignore: [b, c/d], debounce: 2s, cascade: true}",
            spec(&["a"], &["b", "c/d"], 2000, true),
        ),
        ("watch: []", Some(None)),
        ("watch: {paths: []}", Some(None)),
    ] {
        let (found, said) = watch(fields);
        assert_eq!(found, wanted, "{fields}: {said:?}");
        assert!(!said.iter().any(|said| said.contains("watch")), "{fields}: {said:?}");
    }
}

#[test]
fn what_is_no_pattern_is_refused_and_what_does_nothing_is_said() {
    let (found, said) = watch("watch: ['a[']");
    assert!(found.is_none() && said.iter().any(|said| said.contains("is no pattern")), "{said:?}");
    let (found, said) = watch("type: oneshot, watch: [a]");
    assert_eq!(found, Some(None));
    assert!(said.iter().any(|said| said.contains("nothing follows it here")), "{said:?}");
}
