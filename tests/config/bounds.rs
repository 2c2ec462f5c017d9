//! Reading is bounded: a file that is made to be large or deep is refused soon, and what is said of it stays short.

use crate::{read, refused};
use phpeek_pm::config::Severity;
use std::fmt::Write;
use std::time::Duration;

/// Far above what reading needs, far below what anything that grows with the square takes. Time of this thread alone:
/// what else the machine does counts for nothing.
const SOON: Duration = Duration::from_secs(20);

fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("it never runs backwards")
}

fn soon(what: &str, text: &str, vars: &[(&str, &str)]) -> String {
    let begun = worked();
    let all = refused(text, vars);
    assert!(worked() - begun < SOON, "{what}: {:?}", worked() - begun);
    all
}

#[test]
fn what_is_deep_or_never_closes_is_refused_soon() {
    let deep = format!("processes: {{app: {{command: {}x{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    soon("brackets", &deep, &[]);
    soon("brackets that are open", &"[".repeat(200_000), &[]);
    soon("lists in lists", &format!("a:\n  {}x\n", "- ".repeat(100_000)), &[]);
    let open = format!("processes: {{app: {{command: [x, '{}']}}}}", "${".repeat(100_000));
    assert!(soon("variables that are open", &open, &[]).contains("never closed"));
    let nested =
        format!("processes: {{app: {{command: [x, '{}{}']}}}}", "${A:-".repeat(50_000), "}".repeat(50_000));
    assert!(soon("defaults in defaults", &nested, &[]).contains("inside each other"));
}

#[test]
fn what_repeats_is_refused_before_it_fills_the_memory() {
    let many = |n: usize, line: &str| {
        (0..n).fold(String::from("processes:\n"), |all, i| all + &line.replace('#', &i.to_string()))
    };
    assert!(soon("processes", &many(200_000, "  p#: {command: [x]}\n"), &[]).contains("more than"));
    assert!(soon("processes", &many(10_001, "  p#: {command: [x]}\n"), &[]).contains("more than 10000"));
    let long = format!("x-a: &a '{}'\nprocesses: {{app: {{command: [x], env: {{", "y".repeat(1_000_000));
    let aliases = (0..10_000).fold(long, |mut all, i| {
        write!(all, "K{i}: *a, ").expect("room");
        all
    });
    assert!(soon("a long text, repeated", &(aliases + "}}}\n"), &[]).contains("repeat"));
    let value = "z".repeat(100_000);
    let text = format!("processes: {{app: {{command: [x, '{}']}}}}", "${V}".repeat(10_000));
    assert!(soon("a long variable", &text, &[("V", &value)]).contains("substitutions"));
}

#[test]
fn five_thousand_faults_are_told_in_few_words() {
    let mut unknown = String::from("processes:\n  app:\n    command: [x]\n");
    let mut names = String::from("processes:\n  app:\n    command: [x]\n    depends_on:\n");
    for i in 0..5000 {
        writeln!(unknown, "    unknown_{i}: 1").expect("room");
        writeln!(names, "    - nobody{i}").expect("room");
    }
    for (text, severity) in [(unknown, Severity::Warning), (names, Severity::Error)] {
        let begun = worked();
        let report = read(&text, &[]).report;
        assert!(worked() - begun < SOON, "{:?}", worked() - begun);
        let said: Vec<_> = report.of(severity).collect();
        assert!(said.len() <= 202, "{}", said.len());
        assert!(
            said.iter().any(|f| f.message == "and 4800 more like the ones that are shown"),
            "{:?}",
            said.last()
        );
    }
}

#[test]
fn redaction_has_a_bound_for_all_patterns_together_and_equal_ones_count_once() {
    let file = |pattern: &dyn Fn(usize) -> String| {
        let patterns = (0..500).map(|i| format!("{{name: p, pattern: '{}'}}", pattern(i)));
        let patterns = patterns.collect::<Vec<_>>().join(", ");
        format!(
            "processes: {{app: {{command: [x], logging: {{redaction: {{enabled: true, patterns: [{patterns}]}}}}}}}}"
        )
    };
    assert!(soon("large patterns", &file(&|i| format!("{i}\\w{{10}}")), &[]).contains("together"));
    for small in
        [&(|i| format!("secret{i}=[a-z0-9]+")) as &dyn Fn(usize) -> String, &|_| "\\w{10}".to_owned()]
    {
        let loaded = read(&file(small), &[]);
        assert!(loaded.configuration.is_some(), "{:?}", loaded.report.findings.first());
    }
}

#[test]
fn what_others_load_is_not_refused_for_its_form() {
    let tab = "processes:\n  app:\n    command:\t[sleep, 010]\n    bogus:\t1\n";
    let edge = "processes: {app: {command: [\nsleep,\n010\n]}}\n";
    for text in [tab, edge] {
        let loaded = read(text, &[]);
        let spec = loaded.configuration.expect("it is read").spec;
        assert_eq!(spec.processes[0].program.command.argv(), ["sleep", "010"], "{text}");
    }
    assert!(read(tab, &[]).report.of(Severity::Warning).any(|f| f.message.contains("bogus")));
}
