//! PHP-FPM is set up for the machine: what processes and hooks find in their environment, and what is refused.

use crate::support::Sandbox;
use crate::support::supervisor::{Launch, run};
use serde_json::json;

const TELL: &str = "$PHP_FPM_PM,$PHP_FPM_MAX_CHILDREN,$PHP_FPM_MAX_REQUESTS,$PHP_FPM_MAX_SPARE";

#[test]
fn the_figures_reach_processes_and_hooks_in_place_of_what_was_inherited() {
    let sandbox = Sandbox::new();
    let look = |name: &str| sandbox.script(name, &format!("emit {name} \"{TELL}\"\nexec sleep 1000"));
    let hook = sandbox.script("hook", &format!("emit hook \"{TELL}\""));
    let config = sandbox.config(
        json!({}),
        json!({
            "plain": {"command": look("plain"), "hooks": {"pre_start": [{"name": "look", "command": hook}]}},
            "own": {"command": look("own"), "env": {"PHP_FPM_MAX_CHILDREN": "7"}},
        }),
    );
    let inherited =
        Launch::new(&sandbox).env("PHP_FPM_MAX_CHILDREN", "99").env("PHP_FPM_AUTOTUNE_PROFILE", "heavy");
    // The option counts more than the variable, and what a process's configuration says is its own.
    let mut supervisor = inherited.arg("--php-fpm-profile").arg("dev").serve(&config);
    for (who, what) in [("hook", "static,2,100,"), ("plain", "static,2,100,"), ("own", "static,7,100,")] {
        sandbox.seen(who, what, 1);
    }
    assert_eq!(supervisor.stop(), 0);
    let said =
        supervisor.records().into_iter().any(|record| record.to_string().contains("by the profile dev"));
    assert!(said, "{}", supervisor.stdout());
}

#[test]
fn what_is_no_profile_and_what_does_not_fit_starts_nothing() {
    let sandbox = Sandbox::new();
    let config =
        sandbox.config(json!({"autotune_strict": true}), json!({"w": {"command": sandbox.worker("w")}}));
    let config = config.to_str().expect("a path");
    let serve = |options: &[&str]| run(&sandbox, &[&["serve", "--config", config], options].concat());
    let (code, text) = serve(&["--php-fpm-profile", "huge"]);
    assert_eq!(code, 64, "{text}");
    assert!(text.contains("dev, light, medium, heavy, bursty"), "{text}");
    let (code, text) = serve(&["--autotune-memory-threshold", "3"]);
    assert!(code == 64 && text.contains("from 0 to 2"), "{text}");
    let (code, text) = serve(&["--php-fpm-profile", "medium", "--dry-run"]);
    assert_eq!(code, 0, "this machine has 488 MB: {text}");
    assert_eq!(sandbox.events(), []);
}
