//! Health checks: what is asked, of whom others wait for what, and what is announced.

use crate::read;
use phpeek_core::program::Speaking;
use phpeek_core::spec::{Condition, NotifyQuestion, ProcessSpec, Protocol, Question, Role};
use phpeek_pm::config::Severity;
use std::time::Duration;

fn process(fields: &str) -> ProcessSpec {
    let text = format!("processes: {{app: {{command: [x], {fields}}}}}");
    let loaded = read(&text, &[]);
    let configuration = loaded.configuration.unwrap_or_else(|| unreachable!("{:?}", loaded.report.findings));
    ProcessSpec::clone(&configuration.spec.processes[0])
}

#[test]
fn a_check_is_what_is_written_and_what_is_documented() {
    let own = process("health_check: {type: tcp, address: 'db:1', timeout: 1}");
    let [check] = &*own.health.expect("a check") else { unreachable!("one check") };
    assert_eq!((check.role, &check.question), (Role::Both, &Question::Tcp("db:1".into())));
    assert_eq!((check.failure_threshold, check.success_threshold), (3, 1));
    let times = [check.initial_delay, check.period, check.timeout];
    assert_eq!(times, [5, 10, 1].map(Duration::from_secs));
    let own = process(
        "env: {A: b}, health: {startup: {type: exec, command: [up], user: nobody}, \
         liveness: {type: http, url: 'http://a/', expected_status: [2xx, 304], headers: {X-A: b}}}",
    );
    let checks = own.health.expect("checks");
    let [Question::Exec(program), Question::Http(http)] = [&checks[0].question, &checks[1].question] else {
        unreachable!("{checks:?}")
    };
    assert_eq!((checks[0].role, checks[1].role), (Role::Startup, Role::Liveness));
    assert_eq!((program.user.as_deref(), program.env.len()), (Some("nobody"), 1));
    assert_eq!((&*http.statuses, http.headers.len()), (&[(200, 299), (304, 304)][..], 1));
}

#[test]
fn others_wait_for_readiness_where_there_is_such_a_check() {
    let condition = |check: &str, depends: &str| {
        let text = format!(
            "processes: {{app: {{command: [x], depends_on: {depends}}}, db: {{command: [x], {check}}}}}"
        );
        let loaded = read(&text, &[]);
        loaded.configuration.expect("it is sound").spec.processes[0].depends_on[0].condition
    };
    let tcp = |more: &str| format!("health_check: {{type: tcp, address: 'a:1'{more}}}");
    assert_eq!(condition(&tcp(""), "[db]"), Condition::Ready);
    assert_eq!(condition(&tcp(""), "{db: healthy}"), Condition::Ready);
    assert_eq!(condition(&tcp(""), "{db: started}"), Condition::Started);
    assert_eq!(condition(&tcp(", mode: readiness"), "[db]"), Condition::Ready);
    assert_eq!(condition(&tcp(", mode: liveness"), "[db]"), Condition::Started);
    assert_eq!(condition("stdout: true", "[db]"), Condition::Started);
}

/// What is said of the check of a process with these fields.
fn said(fields: &str) -> Vec<(String, bool)> {
    let text = format!("processes: {{app: {{command: [x], {fields}}}}}");
    let findings = read(&text, &[]).report.findings;
    findings.into_iter().map(|finding| (finding.message, finding.severity == Severity::Error)).collect()
}

#[test]
fn what_is_told_has_its_way_to_be_told() {
    let own = process("health_check: {type: notify, watchdog: 30s}");
    let watchdog = Some(Duration::from_secs(30));
    let question = Question::Notify(NotifyQuestion { protocol: Protocol::Systemd, watchdog });
    assert_eq!(own.health.expect("a check")[0].question, question);
    assert_eq!(own.program.speaks, Speaking { socket: true, descriptor: None, watchdog });
    let own = process(
        "health: {startup: {type: notify, protocol: s6, fd: 5}, readiness: {type: log, pattern: 'a|b', stream: stderr}, \
         liveness: {type: notify, watchdog: 0}}",
    );
    let checks = own.health.expect("checks");
    let s6 = Question::Notify(NotifyQuestion { protocol: Protocol::S6(5), watchdog: None });
    assert_eq!((&checks[0].question, checks[1].question.as_str()), (&s6, "log"));
    assert_eq!(own.program.speaks, Speaking { socket: true, descriptor: Some(5), watchdog: None });
    let text = "processes: {a: {command: [x], health_check: {type: log, pattern: 'a|b', stream: stderr}}, b: {command: [x]}}";
    let lines = read(text, &[]).configuration.expect("it is sound").lines;
    assert_eq!(lines.len(), 1, "nothing is looked for in the lines of b");
    let rules = lines.values().next().expect("those of a");
    assert!(rules.is_plain() && rules.searches[0].streams == [false, true]);
    assert_eq!((rules.searches[0].check, rules.searches[0].pattern.as_str()), (0, "a|b"));
}

#[test]
fn what_could_never_be_told_is_said_before() {
    for (fields, what, fatal) in [
        ("health_check: {type: log, pattern: a, mode: liveness}", "never that it is ill", false),
        ("health: {liveness: {type: notify, protocol: s6}}", "never that it is ill", false),
        ("health: {startup: {type: notify, watchdog: 3}}", "its watchdog does nothing", false),
        ("health_check: {type: notify, protocol: s6, watchdog: 3}", "no sign of life", true),
        ("health_check: {type: notify, fd: 4}", "fd is for the protocol of s6", false),
        (
            "health_check: {type: log, pattern: a}, stdout: false, stderr: false",
            "no line of it is ever seen",
            true,
        ),
        (
            "health_check: {type: log, pattern: a, stream: stdout}, logging: {stdout: false}",
            "no line of it is ever seen",
            true,
        ),
        ("health_check: {type: log, pattern: 'a('}", "regular expression", true),
        (
            "health: {startup: {type: notify, protocol: s6}, readiness: {type: notify, protocol: s6, fd: 4}}",
            "one descriptor for its newline",
            true,
        ),
    ] {
        let found = said(fields);
        assert!(
            found.iter().any(|(message, error)| message.contains(what) && *error == fatal),
            "{fields}: {found:?}"
        );
    }
    assert_eq!(said("health_check: {type: log, pattern: a, stream: any}, stdout: false"), []);
}
