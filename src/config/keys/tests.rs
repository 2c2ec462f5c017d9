//! Holds that a reload does with each key of a process what the table says of it. Tests alone.
#![allow(clippy::expect_used, reason = "a test may fail")]

use super::{Key, PROCESS, Reload};
use crate::{Source, load};
use phpeek_core::plan::{Action, plan};
use phpeek_core::spec::ProcessSpec;
use phpeek_settings::tls::{Alpn, TlsJudge, TlsSettings, Unusable};
use phpeek_settings::web::ServerTls;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// No certificate is named here.
struct NoCertificates;

impl TlsJudge for NoCertificates {
    fn judge(&self, _: &TlsSettings, _: &str, _: Alpn) -> Result<(), Unusable> {
        Ok(())
    }

    fn judge_name(&self, _: &str) -> Result<(), Unusable> {
        Ok(())
    }

    fn judge_server(&self, _: &ServerTls) -> Result<(), Unusable> {
        Ok(())
    }
}

/// A process with these lines besides its command.
fn process(lines: &str) -> Vec<Arc<ProcessSpec>> {
    let command = if lines.starts_with("command:") { "" } else { "\n    command: [a]" };
    let text =
        format!("processes:\n  p:{command}\n    {}\n  q:\n    command: [a]\n", lines.replace('\n', "\n    "));
    let loaded = load(&Source::Text(text.clone()), &BTreeMap::new(), &NoCertificates);
    loaded.configuration.unwrap_or_else(|| panic!("{text}{:?}", loaded.report)).spec.processes
}

/// Each key with two values that differ, and what stands beside it.
const CHANGES: [(&str, &str, &str, &str); 46] = [
    ("command", "[a]", "[b]", ""),
    ("working_dir", "/", "/tmp", ""),
    ("user", "0", "1", ""),
    ("group", "0", "1", "user: 0"),
    ("groups", "[]", "[1]", ""),
    ("env", "{A: x}", "{A: y}", ""),
    ("stdout", "true", "false", ""),
    ("stderr", "true", "false", ""),
    ("restart", "always", "never", ""),
    ("max_restart_attempts", "1", "2", ""),
    ("restart_backoff_initial", "1s", "2s", ""),
    ("restart_backoff_max", "10s", "20s", ""),
    ("restart_stability_window", "1s", "2s", ""),
    ("essential", "true", "false", ""),
    ("on_exhausted", "stop", "exit", ""),
    ("success_codes", "[0]", "[0, 3]", ""),
    ("recycle_codes", "[]", "[3]", ""),
    ("tracing_context", "link", "none", ""),
    ("shutdown", "{timeout: 1}", "{timeout: 2}", ""),
    ("reload", "{signal: SIGHUP}", "{signal: SIGUSR2}", ""),
    ("rolling", "true", "false", ""),
    ("max_unavailable", "1", "2", ""),
    ("max_scale", "4", "5", ""),
    ("depends_on", "[]", "[q]", ""),
    ("health_check", "{type: tcp, address: 'h:1', period: 5}", "{type: tcp, address: 'h:1', period: 6}", ""),
    ("health", "{liveness: {type: tcp, address: 'h:1'}}", "{liveness: {type: tcp, address: 'h:2'}}", ""),
    ("hooks", "{pre_start: [{name: h, command: [a]}]}", "{pre_start: [{name: h, command: [b]}]}", ""),
    ("schedule", "'1 * * * *'", "'2 * * * *'", ""),
    ("schedule_timezone", "UTC", "Europe/Copenhagen", "schedule: '1 * * * *'"),
    ("schedule_timeout", "1s", "2s", "schedule: '1 * * * *'"),
    ("schedule_max_concurrent", "1", "2", "schedule: '1 * * * *'"),
    ("schedule_overlap", "skip", "queue", "schedule: '1 * * * *'"),
    ("schedule_jitter", "1s", "2s", "schedule: '1 * * * *'"),
    ("schedule_catch_up", "none", "latest", "schedule: '1 * * * *'"),
    ("schedule_retries", "1", "2", "schedule: '1 * * * *'"),
    ("schedule_retry_delay", "1s", "2s", "schedule: '1 * * * *'\nschedule_retries: 1"),
    ("heartbeat", "{url: 'https://h/1'}", "{url: 'https://h/2'}", "schedule: '1 * * * *'"),
    ("port_base", "9000", "9100", ""),
    ("memory", "{hard: 10MB}", "{hard: 20MB}", ""),
    ("limits", "{nofile: 10}", "{nofile: 20}", ""),
    ("umask", "'0022'", "'0027'", ""),
    ("nice", "1", "2", ""),
    ("oom_score_adj", "1", "2", ""),
    ("no_new_privs", "true", "false", ""),
    ("pdeathsig", "SIGTERM", "SIGKILL", ""),
    ("watch", "[/a]", "[/b]", ""),
];

#[test]
fn a_reload_does_with_each_key_what_the_table_says() {
    for (name, before, after, beside) in CHANGES {
        let of = |value: &str| process(&format!("{name}: {value}\n{beside}"));
        let steps = plan(&of(before), &of(after), &BTreeSet::new()).steps;
        let step = steps.first().unwrap_or_else(|| panic!("{name} changes nothing"));
        let Key { reload, .. } = super::find(PROCESS, name).expect("it is a key");
        let wanted = match reload {
            Reload::Live => [Action::Live].as_slice(),
            Reload::Restart => &[Action::Restart, Action::Rolling],
            Reload::Supervisor => &[],
        };
        assert!(wanted.contains(&step.action), "{name} is {reload:?}, and the plan says {:?}", step.action);
    }
}
