//! Bounds of memory: both ways to write them, and what contradicts what.

use crate::read;
use phpeek_core::spec::MemorySpec;

const MB: u64 = 1 << 20;

/// The bounds, if it is valid, and what is said of it.
fn bounds(fields: &str) -> (Option<Option<MemorySpec>>, Vec<String>) {
    let text = format!("processes: {{app: {{command: [x], {fields}}}}}");
    let loaded = read(&text, &[]);
    let said = loaded.report.findings.iter().map(|f| format!("{}: {}", f.path, f.message));
    (loaded.configuration.map(|own| own.spec.processes[0].memory), said.collect())
}

#[test]
fn bounds_are_what_is_written() {
    let spec = |soft, hard| Some(Some(MemorySpec { soft, hard }));
    for (fields, wanted) in [
        ("memory: {soft: 256MB, hard: 1GB}", spec(Some(256 * MB), Some(1024 * MB))),
        ("memory: {hard: 1000000}", spec(None, Some(1_000_000))),
        ("max_memory_mb: 40", spec(Some(40 * MB), None)),
        ("max_memory_mb: 40, memory: {hard: 80MB}", spec(Some(40 * MB), Some(80 * MB))),
        ("max_memory_mb: 0", Some(None)),
        ("memory: {}", Some(None)),
        ("restart: always", Some(None)),
    ] {
        let (found, said) = bounds(fields);
        assert_eq!(found, wanted, "{fields}: {said:?}");
        assert!(!said.iter().any(|said| said.contains("memory")), "{fields}: {said:?}");
    }
}

#[test]
fn what_contradicts_itself_is_refused_and_what_does_nothing_is_said() {
    for (fields, why) in [
        ("max_memory_mb: 40, memory: {soft: 40MB}", "stands beside memory.soft"),
        ("memory: {soft: 2GB, hard: 1GB}", "before it could be replaced"),
        ("memory: {soft: 0}", "is no size"),
        ("memory: {hard: ''}", "processes.app.memory.hard"),
        ("max_memory_mb: -1", "out of bounds"),
    ] {
        let (found, said) = bounds(fields);
        assert!(found.is_none() && said.iter().any(|said| said.contains(why)), "{fields}: {said:?}");
    }
    for fields in ["restart: never, max_memory_mb: 40", "type: oneshot, memory: {soft: 40MB}"] {
        let (found, said) = bounds(fields);
        let told = said.iter().any(|said| said.contains("nothing would follow it"));
        assert!(found.is_some() && told, "{fields}: {said:?}");
    }
}
