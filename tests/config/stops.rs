//! Stops that the shutdown of everything would cut short: warned of with both times, where somebody has written one.

use crate::read;

fn said(global: &str, process: &str) -> Vec<String> {
    let text = format!("global: {{{global}}}\nprocesses: {{app: {{command: [x], {process}}}}}");
    let loaded = read(&text, &[]);
    assert!(loaded.configuration.is_some(), "{text}: {:?}", loaded.report.findings);
    let about = loaded.report.findings.iter().filter(|finding| finding.path.contains(".shutdown."));
    about.map(|finding| format!("{}: {}", finding.path, finding.message)).collect()
}

#[test]
fn a_stop_that_is_longer_than_the_whole_shutdown_is_warned_of() {
    for (global, process, wanted) in [
        (
            "",
            "shutdown: {timeout: 60}",
            ["timeout: its stop may take 60s, ", "30s (global.shutdown_timeout, the default)"],
        ),
        (
            "shutdown_timeout: 45",
            "shutdown: {timeout: 1m}",
            ["may take 60s, ", "45s (global.shutdown_timeout)"],
        ),
        (
            "shutdown_timeout: 30",
            "shutdown: {timeout: 28, kill_signal: SIGQUIT, kill_timeout: 3}",
            ["may take 31s (timeout 28s and kill_timeout 3s), ", "30s (global.shutdown_timeout)"],
        ),
        (
            "",
            "shutdown: {kill_signal: SIGQUIT, kill_timeout: 3}",
            ["shutdown.kill_timeout: ", "may take 33s"],
        ),
    ] {
        let told = said(global, process);
        assert!(told.len() == 1 && wanted.iter().all(|part| told[0].contains(part)), "{process}: {told:?}");
    }
}

#[test]
fn defaults_and_what_fits_are_not() {
    for (global, process) in [
        ("", "restart: always"),
        ("shutdown_timeout: 10", "restart: always"),
        ("shutdown_timeout: 20", "shutdown: {signal: SIGINT}"),
        ("", "shutdown: {timeout: 30}"),
        ("", "shutdown: {timeout: 28, kill_timeout: 10}"),
        ("", "shutdown: {timeout: 60, signal: SIGKILL}"),
        ("shutdown_timeout: 70", "shutdown: {timeout: 60}"),
        ("", "enabled: false, shutdown: {timeout: 60}"),
    ] {
        assert!(said(global, process).is_empty(), "{global} {process}: {:?}", said(global, process));
    }
}
