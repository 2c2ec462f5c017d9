//! The key tables: what is written as a default is the default, every key of the reference is known, and a word at the wrong
//! place is told where it belongs.

use crate::{read, refused, valid};
use phpeek_pm::config::{Severity, schema_json};
use serde_json::Value;

/// Every key below a part of the schema that has a default, with the lines that write it.
fn defaults(schema: &Value, path: &[String], all: &mut Vec<(Vec<String>, Value)>) {
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let mut path = path.to_vec();
        path.push(name.clone());
        match below.get("default") {
            Some(default) => all.push((path, default.clone())),
            None => defaults(below, &path, all),
        }
    }
}

fn nested(path: &[String], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |inner, key| serde_json::json!({ key.as_str(): inner }))
}

#[test]
fn to_write_a_default_changes_nothing() {
    let schema: Value = serde_json::from_str(&schema_json()).expect("JSON");
    let process = &schema["properties"]["processes"]["anyOf"][0]["additionalProperties"];
    let plain = "processes: {app: {command: [sleep, '1']}}";
    let before = format!("{:?}", valid(plain, &[]));
    let mut count = 0;
    let (mut global, mut own) = (Vec::new(), Vec::new());
    defaults(&schema["properties"]["global"], &[], &mut global);
    defaults(process, &[], &mut own);
    for (path, default) in global {
        let text = format!("global: {}\n{plain}", nested(&path, &default));
        assert_eq!(format!("{:?}", valid(&text, &[])), before, "global.{}", path.join("."));
        count += 1;
    }
    for (path, default) in own {
        // These are judged as a whole.
        if matches!(path[0].as_str(), "health_check" | "health" | "reload")
            || path.contains(&"pre_stop_hook".to_owned())
        {
            continue;
        }
        let mut app = nested(&path, &default);
        app["command"] = serde_json::json!(["sleep", "1"]);
        let text = serde_json::json!({"processes": {"app": app}}).to_string();
        assert_eq!(format!("{:?}", valid(&text, &[])), before, "processes.NAME.{}", path.join("."));
        count += 1;
    }
    assert!(count > 100, "{count}");
}

/// What a report says, as lines.
fn said(text: &str, vars: &[(&str, &str)]) -> Vec<String> {
    let all = read(text, vars).report.findings;
    all.into_iter().map(|f| format!("{}: {} = {}", f.path, f.message, f.advice.unwrap_or_default())).collect()
}

fn has(text: &str, path: &str, words: &str) {
    let all = said(text, &[]);
    assert!(all.iter().any(|f| f.starts_with(path) && f.contains(words)), "{path} {words}: {all:#?}");
}

#[test]
fn a_key_at_the_wrong_level_is_told_where_it_belongs() {
    let app = "processes:\n  app:\n    command: [x]\n";
    has(&format!("log_level: debug\n{app}"), "log_level", "belongs under `global`");
    has(&format!("shutdown_timeout: 30\n{app}"), "shutdown_timeout", "belongs under `global`");
    has(&format!("{app}    signal: TERM\n"), "processes.app.signal", "belongs under `shutdown`");
    has(
        &format!("{app}    restart_policy: never\n"),
        "processes.app.restart_policy",
        "belongs under `global`",
    );
    has(&format!("{app}    url: 'http://a'\n"), "processes.app.url", "`health_check`");
    has(&format!("global: {{scale: 2}}\n{app}"), "global.scale", "belongs under a process");
    has(&format!("pre-start: []\n{app}"), "pre-start", "belongs under `hooks`");
    has(&format!("web: {{command: [x]}}\n{app}"), "web", "belongs under `processes`");
    has(&format!("{app}    priority: 3\n"), "processes.app.priority", "it was removed");
    has(&format!("version: '2.0'\n{app}"), "version", "is not known");
    has(&format!("global: {{log_levle: info}}\n{app}"), "global.log_levle", "did you mean \"log_level\"");
}

#[test]
fn whatever_is_written_in_depends_on_is_read_or_told() {
    let with = |depends: &str| {
        format!(
            "processes: {{mig: {{type: oneshot, command: [x]}}, db: {{command: [x]}}, app: {{command: [x], depends_on: {depends}}}, \
             job: {{command: [x], schedule: '* * * * *'}}, off: {{command: [x], enabled: false}}}}"
        )
    };
    for depends in [
        "[mig, db]",
        "{mig: completed, db: started}",
        "{mig: completed_successfully, db: }",
        "{mig: {condition: completed}, db: {}}",
        "{mig: {timeout: 3s, on_timeout: start, restart: true}, db: ready}",
    ] {
        assert_eq!(valid(&with(depends), &[]).spec.processes[0].depends_on.len(), 2, "{depends}");
    }
    for (depends, word) in [
        ("{db: done}", "not known here"),
        ("{db: {condition: done}}", "not known here"),
        ("{db: [started]}", "single value"),
        ("{db: {timeout: soon}}", "no duration"),
        ("{db: {on_timeout: wait}}", "not known here"),
        ("{db: completed}", "never completes"),
        ("[job]", "it is scheduled"),
        ("[off]", "is disabled"),
        ("{db: '${UNSET}'}", "is empty"),
        ("[{db: started}]", "single value"),
        ("[db, '']", "there is no process"),
        ("[db, ~]", "an item is empty"),
        ("db", "must be a list"),
    ] {
        let all = refused(&with(depends), &[]);
        assert!(all.contains(word), "{depends}: {all}");
    }
    has(&with("{db: {condtion: started}}"), "processes.app.depends_on.db.condtion", "did you mean");
    has(&with("{db: healthy}"), "processes.app.depends_on", "no check says when");
}

#[test]
fn a_dependency_has_a_condition_and_a_time_of_its_own() {
    let of = |depends: &str| {
        let text = format!(
            "processes: {{mig: {{type: oneshot, command: [x]}}, app: {{command: [x], depends_on: {depends}}}}}"
        );
        let all = valid(&text, &[]).spec.processes[0].depends_on.clone();
        all.into_iter().map(|d| (d.condition, d.timeout, d.on_timeout)).next().expect("one")
    };
    use phpeek_core::spec::{Condition, OnTimeout};
    let well = Condition::CompletedSuccessfully;
    assert_eq!(of("[mig]"), (well, None, OnTimeout::Fail));
    assert_eq!(of("{mig: completed}"), (Condition::Completed, None, OnTimeout::Fail));
    assert_eq!(of("{mig: {condition: started}}"), (Condition::Started, None, OnTimeout::Fail));
    let timed = of("{mig: {timeout: 1500ms, on_timeout: start}}");
    assert_eq!(timed, (well, Some(std::time::Duration::from_millis(1500)), OnTimeout::Start));
}

#[test]
fn what_is_announced_is_checked_and_what_contradicts_is_refused() {
    let one = |fields: &str| format!("processes: {{app: {{command: [x], {fields}}}}}");
    let announced = read("global: {process_start_timeout: 3}\nprocesses: {app: {command: [x]}}", &[]);
    let later: Vec<_> = announced.report.of(Severity::Warning).collect();
    assert!(announced.configuration.is_some(), "{later:?}");
    assert!(later.len() == 1 && later[0].message.contains("no effect yet"), "{later:?}");
    for (fields, word) in [
        (
            "health_check: {type: tcp, address: 'a:1'}, health: {readiness: {type: tcp, address: 'a:1'}}",
            "beside health_check",
        ),
        ("health: {readiness: {type: tcp}}", "needs address"),
        ("health: {readiness: {type: tcp, address: 'a:1', mode: both}}", "no mode"),
        ("schedule: '@daily', heartbeat: {failure_url: 'a'}", "no http://"),
        ("schedule: '@daily', heartbeat: {url: 'http:///x'}", "names no host"),
        ("schedule: '@daily', heartbeat: {url: 'http://a/', headers: {'a b': c}}", "is no header"),
        ("health_check: {type: log}", "needs pattern"),
        ("health_check: {type: http, url: 'a'}", "no http://"),
        ("health_check: {type: http, url: 'http:///x'}", "names no host"),
        ("health_check: {type: http, url: 'http://a:0/x'}", "names no host"),
        ("health_check: {type: http, url: 'http://a/ b'}", "names no host"),
        ("health_check: {type: http, url: 'http://a/', headers: {'a b': c}}", "is no header"),
        ("health_check: {type: http, url: 'http://a/', expected_status: [200, 99]}", "no status"),
        ("health_check: {type: tcp, address: 'a:1', user: root}", "exec alone"),
        ("recycle_codes: [3], restart: never", "restart is never"),
        ("reload: {signal: HUP, command: [x]}", "a signal and a command"),
        ("hooks: {pre_start: [{name: a}]}", "needs a command"),
        ("shutdown: {pre_stop_hook: {name: a}}", "needs a command"),
        ("success_codes: [256]", "out of bounds"),
        ("umask: '0999'", "no mask"),
        ("limits: {nofile: '9:1'}", "no limit"),
        ("capabilities: {bounding: [CAP_ALL]}", "no capability"),
        ("capabilities: {bounding: [CAP_KILL], ambient: [CAP_KILL, CAP_CHOWN]}", "CAP_CHOWN, and bounding"),
        ("nice: 20", "out of bounds"),
        ("oom_score_adj: -1001", "out of bounds"),
        ("no_new_privs: maybe", "neither true nor false"),
        ("groups: [adm, '']", "the group is empty"),
        ("max_unavailable: 0", "neither a number"),
        ("watch: {paths: {a: b}}", "single value"),
        ("schedule: '* * * * * * *'", "fields"),
    ] {
        let all = refused(&one(fields), &[]);
        assert!(all.contains(word), "{fields}: {all}");
    }
    let acl = "global: {api_acl: {enabled: true, allow_list: [localhost]}}\nprocesses: {app: {command: [x]}}";
    assert!(refused(acl, &[]).contains("neither an address"));
    let trust = acl.replace("localhost", "127.0.0.1").replace("allow_list", "trust_proxy: true, allow_list");
    has(&trust, "global.api_acl.trust_proxy", "loopback alone");
}

#[test]
fn hooks_of_the_environment_come_after_those_of_the_file_in_the_order_of_their_numbers() {
    let text = "hooks: {pre-start: [{name: one, command: [x]}]}\nprocesses: {app: {command: [x]}}";
    let all = |vars: &[(&str, &str)]| said(text, vars).join("\n");
    let sound = [
        ("CBOX_INIT_HOOK_PRE_START_10_COMMAND", "true, x"),
        ("CBOX_INIT_HOOK_PRE_START_2_COMMAND", "[\"true\"]"),
        ("CBOX_INIT_HOOK_PRE_START_2_TIMEOUT", "300"),
        ("CBOX_INIT_HOOK_PRE_START_2_ENV_K", "v,1"),
        ("CBOX_INIT_HOOK_PRE_START_2_ALLOW_FAILURE", "1"),
        ("PHPEEK_PM_HOOK_POST_STOP_0_COMMAND", "true"),
        ("PHPEEK_PM_HOOK_POST_STOP_1_USER", ""),
    ];
    let quiet = all(&sound);
    assert!(!quiet.contains("known key") && !quiet.contains("needs a command"), "{quiet}");
    let variables: Vec<(&str, &str)> =
        sound.iter().copied().chain([("CBOX_INIT_HOOK_PRE_START_2_NAME", "own")]).collect();
    let hooks = valid(text, &variables).spec.hooks;
    let names: Vec<&str> = hooks.pre_start.iter().chain(hooks.post_stop.iter()).map(|h| &*h.name).collect();
    assert_eq!(names, ["one", "own", "pre-start-10", "post-stop-0"]);
    // The hook of the file is the first, so number 2 is at place 1 and number 10 at place 2.
    let wrong =
        all(&[("CBOX_INIT_HOOK_PRE_START_10_TIMEOUT", "x"), ("CBOX_INIT_HOOK_PRE_START_2_RETRY", "x")]);
    assert!(
        wrong.contains("hooks.pre-start[2].timeout") && wrong.contains("hooks.pre-start[1].retry"),
        "{wrong}"
    );
    assert!(wrong.contains("hooks.pre-start[1]: a hook needs a command"), "{wrong}");
    for unknown in ["HOOK_PRE_START_X_COMMAND", "HOOK_PRE_LUNCH_0_COMMAND", "HOOK_PRE_START_0_COLOUR"] {
        let told = all(&[(&format!("CBOX_INIT_{unknown}"), "x")]);
        assert!(told.contains("names no known key"), "{unknown}: {told}");
    }
    let both = [("CBOX_INIT_HOOK_PRE_STOP_0_COMMAND", "a"), ("PHPEEK_PM_HOOK_PRE_STOP_0_COMMAND", "b")];
    assert!(all(&both).contains("different values"));
    let entrypoint = all(&[("CBOX_INIT_FPM_TUNE_MODE", "apply"), ("CBOX_INIT_LOG_LEVEL", "info")]);
    assert!(entrypoint.contains("entrypoint") && !entrypoint.contains("names no known key"), "{entrypoint}");
}

#[test]
fn a_schedule_is_what_its_keys_say() {
    use phpeek_core::schedule::{CatchUp, Overlap};
    let of = |fields: &str| {
        let loaded = read(&format!("processes: {{app: {{command: [x], {fields}}}}}"), &[]);
        assert_eq!(loaded.report.findings.len(), 0, "{fields}: {:?}", loaded.report.findings);
        let spec = loaded.configuration.expect("it is sound").spec;
        (spec.processes[0].schedule.clone().expect("a schedule"), spec.processes[0].program.clone())
    };
    let (usual, program) = of("schedule: '* * * * *', env: {PHPEEK_PM_SCHEDULED: no}");
    assert_eq!((usual.at_once, usual.overlap, usual.catch_up), (1, Overlap::Skip, CatchUp::None));
    assert_eq!((usual.retries, usual.timeout), (0, None));
    let told = program.env.iter().filter(|(key, _)| key == "PHPEEK_PM_SCHEDULED").collect::<Vec<_>>();
    assert_eq!(told, [&("PHPEEK_PM_SCHEDULED".to_owned(), "true".to_owned())]);
    let (other, _) = of(
        "schedule: '@daily', schedule_timezone: Local, schedule_timeout: 5m, schedule_max_concurrent: 0, \
         schedule_overlap: queue, schedule_catch_up: latest, schedule_retries: 2, schedule_retry_delay: 3s",
    );
    assert_eq!((other.at_once, other.overlap, other.catch_up), (u32::MAX, Overlap::Queue, CatchUp::Latest));
    assert_eq!((other.retries, other.retry_delay), (2, std::time::Duration::from_secs(3)));
    assert_eq!(other.timeout, Some(std::time::Duration::from_secs(300)));
}
