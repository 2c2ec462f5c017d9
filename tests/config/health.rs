//! Health checks: what is asked, of whom others wait for what, and what is announced.

use crate::read;
use phpeek_core::spec::{Condition, ProcessSpec, Question, Role};
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

#[test]
fn a_type_that_is_announced_asks_nothing_and_says_so() {
    for check in ["{type: notify}", "{type: log, pattern: a}"] {
        let text = format!("processes: {{app: {{command: [x], health_check: {check}}}}}");
        let loaded = read(&text, &[]);
        let said = loaded.report.findings.iter().any(|f| f.message.contains("asks nothing yet"));
        assert!(said, "{:?}", loaded.report.findings);
        assert!(loaded.configuration.expect("it is sound").spec.processes[0].health.is_none());
    }
}
