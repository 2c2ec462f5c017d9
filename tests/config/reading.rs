//! What valid files mean.

use crate::{read, refused, valid};
use phpeek_core::budget::Attempts;
use phpeek_core::signal::Signal;
use phpeek_core::spec::{Condition, ProcessKind, RestartPolicy, SignalAction};
use std::time::Duration;

const APP: &str = "processes: {app: {command: [sleep, '1']}}\n";

#[test]
fn defaults_are_the_documented_ones() {
    let spec = valid(APP, &[]).spec;
    assert_eq!(spec.shutdown_timeout, Duration::from_secs(30));
    assert_eq!(spec.dependency_timeout, Duration::from_secs(300));
    let app = &spec.processes[0];
    assert_eq!((app.kind, app.restart.policy), (ProcessKind::LongRun, RestartPolicy::Always));
    assert_eq!(app.restart.attempts, Attempts::AtMost(3));
    assert_eq!(app.restart.backoff.initial(), Duration::from_secs(5));
    assert_eq!(app.restart.backoff.max(), Duration::from_secs(60));
    assert_eq!(app.restart.stable_after, Some(Duration::from_secs(60)));
    assert_eq!((app.stop.signal, app.stop.kill_signal), (Signal::TERM, Signal::KILL));
    assert_eq!(app.stop.grace, Duration::from_secs(30));
    assert_eq!(spec.signals.get(&Signal::USR1), Some(&SignalAction::RestartAll));
}

#[test]
fn a_process_has_a_budget_and_waits_of_its_own() {
    let text = "global: {restart_backoff_initial: 2s, restart_backoff_max: 20s}\nprocesses:\n  own: {command: [x], \
        max_restart_attempts: -1, restart_backoff_initial: 600ms, restart_backoff_max: 700ms, restart_stability_window: -1}\n  \
        slow: {command: [x], restart_backoff_initial: 30s}\n  fast: {command: [x], restart_backoff_max: 1s}\n  usual: {command: [x]}\n";
    let spec = valid(text, &[]).spec;
    let of = |at: usize| {
        let restart = &spec.processes[at].restart;
        (restart.attempts, restart.backoff.initial().as_millis(), restart.backoff.max().as_millis())
    };
    assert_eq!(of(0), (Attempts::AtMost(3), 1000, 1000), "fast");
    assert_eq!(of(1), (Attempts::Unlimited, 600, 700), "own");
    assert_eq!(of(2), (Attempts::AtMost(3), 30_000, 30_000), "slow");
    assert_eq!(of(3), (Attempts::AtMost(3), 2000, 20_000), "usual");
    assert_eq!(spec.processes[1].restart.stable_after, None);
    let wrong = "processes: {a: {command: [x], restart_backoff_initial: 9s, restart_backoff_max: 1s}}";
    assert!(refused(wrong, &[]).contains("processes.a.restart_backoff_max"));
}

#[test]
fn scalars_of_env_stay_as_written() {
    let text =
        "processes: {app: {command: [x], env: {A: 010, B: 1.10, C: 2024-01-01, D: 0x1F, E: null, F: yes}}}";
    let env = &valid(text, &[]).spec.processes[0].program.env;
    let values: Vec<&str> = env.iter().map(|(_, v)| v.as_str()).collect();
    assert_eq!(values, ["010", "1.10", "2024-01-01", "0x1F", "", "yes"]);
}

#[test]
fn substitution_nests_and_escapes_and_never_changes_structure() {
    let text = "processes: {app: {command: [x, ${A:-${B:-deep,er}}, '${C}', '$${D}', $NAME, '$$', '${E:?no}', 'a${C}b']}}";
    let loaded = valid(text, &[("C", "x]\n- y: {")]);
    let argv = loaded.spec.processes[0].program.command.argv();
    assert_eq!(argv[1..], ["deep,er", "x]\n- y: {", "${D}", "$NAME", "$$", "${E:?no}", "ax]\n- y: {b"]);
    let typed = "processes: {app: {command: \"${CMD}\", scale: ${N}, enabled: ${ON:-true}}}";
    let app = valid(typed, &[("CMD", "[\"a\", \"b\"]"), ("N", "3")]);
    assert_eq!(
        (app.spec.processes[0].program.command.argv().len(), app.spec.processes[0].scale.get()),
        (2, 3)
    );
    assert!(refused("processes: {app: {command: [x, 'a${B']}}", &[]).contains("never closed"));
}

#[test]
fn overrides_are_typed_by_their_key_and_the_longest_field_wins() {
    let text = "processes: {app: {command: [x], scale: 4}, php-fpm: {command: [x]}}";
    assert!(refused(text, &[("PHPEEK_PM_PROCESS_APP_MAX_SCALE", "3")]).contains("max_scale"));
    let spec = valid(
        text,
        &[
            ("PHPEEK_PM_PROCESS_APP_SCALE", "1"),
            ("CBOX_INIT_PROCESS_PHP_FPM_ENV_TOKEN", "007"),
            ("PHPEEK_PM_GLOBAL_SHUTDOWN_TIMEOUT", "61"),
            ("PHPEEK_PM_PROCESS_APP_SHUTDOWN_TIMEOUT", "1m30s"),
            ("PHPEEK_PM_PROCESS_NEW_ONE_COMMAND", "[\"y\"]"),
        ],
    )
    .spec;
    let names: Vec<&str> = spec.processes.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["app", "new-one", "php-fpm"]);
    assert_eq!(spec.processes[0].scale.get(), 1);
    assert_eq!(spec.processes[0].stop.grace, Duration::from_secs(90));
    assert_eq!(spec.processes[2].program.env, [("TOKEN".to_owned(), "007".to_owned())]);
    assert_eq!(spec.shutdown_timeout, Duration::from_secs(61));
}

#[test]
fn a_variable_of_a_hook_below_shutdown_is_no_process() {
    let of = |text: &str, vars: &[(&str, &str)]| {
        let processes = valid(text, vars).spec.processes;
        assert_eq!(processes.len(), 1, "{vars:?}");
        let hook = processes[0]
            .hooks
            .as_ref()
            .and_then(|hooks| hooks.pre_stop.iter().next())
            .expect("a hook")
            .program
            .env
            .clone();
        (processes[0].program.env.clone(), hook)
    };
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let file = "processes: {app: {command: [x], shutdown: {pre_stop_hook: {command: [y]}}}}";
    let command = "processes: {app: {command: [x]}}";
    let variable = ("PHPEEK_PM_PROCESS_APP_SHUTDOWN_PRE_STOP_HOOK_COMMAND", "y");
    for family in ["PHPEEK_PM", "CBOX_INIT"] {
        let name = format!("{family}_PROCESS_APP_SHUTDOWN_PRE_STOP_HOOK_ENV_Some_ENV_X");
        let own = (name.as_str(), "007");
        for (text, vars) in [(file, vec![own]), (command, vec![own, variable])] {
            assert_eq!(of(text, &vars), (Vec::new(), pair("Some_ENV_X", "007")));
        }
    }
    // As ever: what follows `ENV_` of the process itself is a variable, whatever it is called.
    let own = [("PHPEEK_PM_PROCESS_APP_ENV_FILE", "f"), variable];
    assert_eq!(of(command, &own), (pair("FILE", "f"), Vec::new()));
}

#[test]
fn an_override_that_can_mean_two_processes_says_so() {
    let text = "processes: {a-b: {command: [x]}, a_b: {command: [x]}, a-b-env-c: {command: [x]}}";
    let report = read(text, &[("PHPEEK_PM_PROCESS_A_B_SCALE", "2")]).report;
    let told: Vec<_> = report.findings.iter().map(|f| f.message.as_str()).collect();
    assert!(told.iter().any(|m| m.contains("a-b.scale or a_b.scale")), "{told:?}");
    let report = read(text, &[("PHPEEK_PM_PROCESS_A_B_ENV_C_SCALE", "2")]).report;
    assert!(report.findings.iter().any(|f| f.message.contains("can mean")), "{:?}", report.findings);
}

#[test]
fn two_families_that_disagree_are_an_error_and_unknown_overrides_a_warning() {
    let vars = [("PHPEEK_PM_PROCESS_APP_SCALE", "1"), ("CBOX_INIT_PROCESS_APP_SCALE", "2")];
    assert!(refused(APP, &vars).contains("different values"));
    let loaded = read(APP, &[("PHPEEK_PM_GLOBAL_LOG_LEVLE", "debug"), ("PHPEEK_PM_API_AUTH", "x")]);
    assert!(
        loaded.configuration.is_some() && loaded.report.findings.len() == 1,
        "{:?}",
        loaded.report.findings
    );
    assert!(loaded.report.findings[0].advice.as_deref().is_some_and(|a| a.contains("GLOBAL_LOG_LEVEL")));
}

#[test]
fn dependencies_know_their_condition_and_are_merged() {
    let text = "processes: {mig: {type: oneshot, command: [x]}, b: {command: [x]}, \
                a: {command: [x], depends_on: [mig, b, b]}, c: {command: [x], depends_on: {mig: {condition: started}}}}";
    let spec = valid(text, &[]).spec;
    let of = |at: usize| {
        spec.processes[at].depends_on.iter().map(|d| (d.process.to_string(), d.condition)).collect::<Vec<_>>()
    };
    assert_eq!(
        of(0),
        [("mig".to_owned(), Condition::CompletedSuccessfully), ("b".to_owned(), Condition::Started)]
    );
    assert_eq!(of(2), [("mig".to_owned(), Condition::Started)]);
}

#[test]
fn merge_keys_and_anchors_are_followed_and_bombs_are_not() {
    let text = "x-base: &b {command: [x], scale: 2}\nprocesses: {a: {<<: *b, scale: 3}, c: *b}\n";
    let spec = valid(text, &[]).spec;
    assert_eq!((spec.processes[0].scale.get(), spec.processes[1].scale.get()), (3, 2));
    let mut bomb = String::from("x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..9 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("x-{n}: &a{n} [{items}]\n");
    }
    let text = bomb + "processes: {app: {command: [x], env: *a8}}\n";
    assert!(refused(&text, &[]).contains("anchors and aliases repeat"));
}

#[test]
fn signals_are_bound_and_what_cannot_work_is_refused() {
    let text = format!("signals: {{SIGRTMIN+3: 'restart:app', TERM: ignore}}\n{APP}");
    let spec = valid(&text, &[]).spec;
    let rt = Signal::parse("SIGRTMIN+3").expect("a signal");
    assert_eq!(spec.signals.get(&rt), Some(&SignalAction::Restart(spec.processes[0].name.clone())));
    assert_eq!(spec.signals.get(&Signal::TERM), Some(&SignalAction::Ignore));
    for (map, word) in [
        ("KILL: stop", "cannot be caught"),
        ("CHLD: stop", "supervisor itself"),
        ("USR1: dance", "no action"),
        ("USR1: 'relay:nobody'", "no process"),
        ("SIGUSR1: stop, '10': stop", "bound twice"),
        ("NONSENSE: stop", "no signal"),
    ] {
        let all = refused(&format!("signals: {{{map}}}\n{APP}"), &[]);
        assert!(all.contains(word), "{map}: {all}");
    }
}

#[test]
fn wrong_values_are_refused_by_name() {
    for (fields, word) in [
        ("scale: 1001", "scale"),
        ("scale: 101", "max_process_scale"),
        ("type: oneshot, restart: always", "oneshot"),
        ("type: oneshot, scale: 2", "oneshot"),
        ("health_check: {type: tcp}", "address"),
        ("health_check: {type: ping}", "health_check.type"),
        ("schedule: '61 * * * *'", "schedule"),
        ("schedule: '* * *'", "schedule"),
        ("schedule: '* * * * *', schedule_timezone: Mars", "timezone"),
        ("shutdown: {signal: SIGNONSENSE}", "SIGNONSENSE"),
        ("depends_on: [app]", "itself"),
        ("logging: {filters: {exclude: ['a(b']}}", "regular expression"),
        ("command: [y]", "written twice"),
    ] {
        let all = refused(&format!("processes: {{app: {{command: [x], {fields}}}}}"), &[]);
        assert!(all.contains(word), "{fields}: {all}");
    }
    let cycle = "processes: {a: {command: [x], depends_on: [b]}, b: {command: [x], depends_on: [c]}, c: {command: [x], depends_on: [a]}}";
    assert!(refused(cycle, &[]).contains("a -> b -> c -> a"));
    assert!(refused("", &[]).contains("no process"));
}
