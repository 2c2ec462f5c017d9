//! `check-config --host`: what is looked for on this machine, and that nothing is looked for without it.

use phpeek_pm::app::{load, load_on_this_machine};
use phpeek_pm::cli::check::{Detail, human, json};
use phpeek_pm::config::{Loaded, Source, Strictness};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn file(folder: &Path, name: &str, text: &str, mode: u32) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    path.display().to_string()
}

fn vars() -> BTreeMap<String, String> {
    BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())])
}

fn looked(process: &str) -> Loaded {
    load_on_this_machine(&Source::Text(format!("processes: {{app: {{{process}}}}}")), &vars())
}

fn told(loaded: &Loaded) -> String {
    human(&loaded.report, Detail::Full, Strictness::Usual)
}

#[test]
fn what_is_there_passes_and_what_is_not_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let good = file(at, "good.sh", "#!/bin/sh\n", 0o755);
    let plain = file(at, "plain", "#!/bin/sh\n", 0o644);
    let orphan = file(at, "orphan", "#! /nonexistent/interpreter -x\n", 0o755);
    let here = at.display();
    for process in [
        "command: [sleep, '1']".to_owned(),
        format!("command: ['{good}']"),
        format!("command: [./good.sh], working_dir: '{here}'"),
        format!("command: [good.sh], env: {{PATH: '/nowhere:{here}'}}"),
        "command: [sleep], user: root".to_owned(),
        "command: [sleep], user: '0', group: '0'".to_owned(),
        "command: [nonexistent], enabled: false".to_owned(),
    ] {
        let loaded = looked(&process);
        assert!(loaded.configuration.is_some(), "{process}: {}", told(&loaded));
    }
    for (process, path, words) in [
        (
            "command: [nonexistent-x]".to_owned(),
            "command",
            "exec: \"nonexistent-x\": executable file not found in $PATH",
        ),
        ("command: [/nonexistent/program-x]".to_owned(), "command", "/nonexistent/program-x"),
        (format!("command: ['{plain}']"), "command", "may not be run"),
        (format!("command: ['{here}']"), "command", "is a directory"),
        (format!("command: ['{orphan}']"), "command", "the interpreter \"/nonexistent/interpreter\""),
        (format!("command: [./orphan], working_dir: '{here}'"), "command", "/nonexistent/interpreter"),
        (format!("command: [plain], env: {{PATH: '{here}'}}"), "command", "may not be run"),
        ("command: [sleep], user: nobody-x".to_owned(), "user", "there is no user \"nobody-x\""),
        ("command: [sleep], group: nogroup-x".to_owned(), "group", "there is no group \"nogroup-x\""),
        ("command: [sleep], working_dir: /nonexistent".to_owned(), "working_dir", "/nonexistent"),
        (format!("command: [sleep], working_dir: '{good}'"), "working_dir", "no directory"),
    ] {
        let loaded = looked(&process);
        let text = told(&loaded);
        let finding = loaded.report.findings.iter().find(|f| f.path == format!("processes.app.{path}"));
        assert!(loaded.configuration.is_none(), "{process}: {text}");
        assert!(
            finding.is_some_and(|f| f.message.contains(words)) && text.contains("<no file>:1:"),
            "{process}: {text}"
        );
        let without = load(&Source::Text(format!("processes: {{app: {{{process}}}}}")), &vars());
        assert!(without.configuration.is_some(), "{process}");
    }
}

#[test]
fn certificates_that_are_switched_on_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let pem = file(folder.path(), "a.pem", "-----BEGIN CERTIFICATE-----\n", 0o600);
    let other = file(folder.path(), "b.pem", "text\n", 0o600);
    let with = |on: bool, file: &str| {
        let text = format!(
            "global: {{api_tls: {{enabled: {on}, cert_file: '{file}'}}}}\nprocesses: {{a: {{command: [sleep]}}}}"
        );
        load_on_this_machine(&Source::Text(text), &vars())
    };
    assert!(with(true, &pem).configuration.is_some() && with(false, "/nonexistent").configuration.is_some());
    assert!(told(&with(true, &other)).contains("holds no PEM"));
    assert!(told(&with(true, "/nonexistent/c.pem")).contains("global.api_tls.cert_file"));
}

#[test]
fn a_missing_certificate_is_told_once() {
    let tls = "api_enabled: true, audit_enabled: true, api_tls: {enabled: true, cert_file: /nonexistent/c.pem, key_file: /nonexistent/k.pem}";
    let text = format!("global: {{{tls}}}\nprocesses: {{a: {{command: [sleep]}}}}");
    let loaded = load_on_this_machine(&Source::Text(text), &vars());
    let paths: Vec<&str> = loaded.report.findings.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(paths, ["global.api_tls.cert_file", "global.api_tls.key_file"], "{}", told(&loaded));
}

#[test]
fn of_a_hook_and_a_check_user_and_program_are_told() {
    let hook = "hooks: {pre_start: [{name: h, command: [gone-x], user: nobody-x}]}";
    let check = "health_check: {type: exec, command: [gone-y], group: nogroup-y}";
    let loaded = looked(&format!("command: [sleep], {hook}, {check}"));
    let text = told(&loaded);
    for (path, message, advice) in [
        ("processes.app.hooks.user", "there is no user \"nobody-x\"", "name one that is there"),
        ("processes.app.hooks", "exec: \"gone-x\"", "install it"),
        ("processes.app.health_check.group", "there is no group \"nogroup-y\"", "name one that is there"),
        ("processes.app.health_check.command", "exec: \"gone-y\"", "install it"),
    ] {
        let found = loaded.report.findings.iter().find(|f| f.path == path && f.message.starts_with(message));
        let advised = found.and_then(|f| f.advice.as_deref());
        assert!(advised.is_some_and(|own| own.starts_with(advice)), "{path}: {text}");
    }
}

#[test]
fn where_the_supervisor_writes_is_looked_at() {
    let with = |key: &str, path: &str| {
        let text = format!("global: {{{key}: {path}}}\nprocesses: {{a: {{command: [sleep]}}}}");
        told(&load_on_this_machine(&Source::Text(text), &vars()))
    };
    for (key, path) in [
        ("control_socket", "/nonexistent/a.sock"),
        ("control_socket", "/etc/hostname/a"),
        ("tracing_spool_dir", "/etc/hostname/spool/a"),
    ] {
        let told = with(key, path);
        assert!(told.contains(&format!("global.{key}")) && told.contains("no directory"), "{told}");
    }
    for (key, path) in [
        ("control_socket", "/tmp/a.sock"),
        ("control_socket", "none"),
        ("tracing_spool_dir", "/tmp/not/made/yet"),
    ] {
        assert!(!with(key, path).contains("no directory"), "{key} {path}");
    }
}

#[test]
fn the_report_says_whether_this_machine_was_looked_at() {
    let text = Source::Text("processes: {app: {command: [sleep]}}".to_owned());
    let (with, without) = (load_on_this_machine(&text, &vars()), load(&text, &vars()));
    assert!(told(&with).contains("this machine:     looked at"), "{}", told(&with));
    assert!(told(&without).contains("not looked at; --host looks for"), "{}", told(&without));
    for (loaded, seen) in [(with, true), (without, false)] {
        let value: serde_json::Value =
            serde_json::from_str(&json(&loaded.report, Strictness::Usual)).expect("JSON");
        assert_eq!(value["host"], seen);
    }
}
