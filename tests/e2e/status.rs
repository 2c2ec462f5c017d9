//! `--pid-file` and `status`: how a shell script waits for "all up".

use crate::support::supervisor::{Launch, MISSING_PROGRAM, run};
use crate::support::{LONG, Sandbox, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn status_tells_waits_and_ends_with_the_supervisor() {
    let sandbox = Sandbox::new();
    let gate = sandbox.script("gate", &format!("emit gate start\n{}", Sandbox::until_open("go")));
    let config = sandbox.config(
        json!({}),
        json!({
            "gate": {"type": "oneshot", "command": gate},
            "web": {"command": sandbox.worker("web"), "scale": 2, "depends_on": ["gate"]},
        }),
    );
    let pid_file = sandbox.path("pm.pid").display().to_string();
    let status = |more: &[&str]| run(&sandbox, &[&["status", "--pid-file", &pid_file], more].concat());
    assert_eq!(status(&[]).0, 3, "no supervisor runs");

    let mut supervisor = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&config);
    sandbox.started("gate", 1);
    assert_eq!(fs::read_to_string(&pid_file).expect("the pid file").trim(), supervisor.pid().to_string());
    wait_until(LONG, "the first snapshot, which says that web is not up yet", || status(&[]).0 == 1);
    sandbox.write("go", "");
    let (code, text) = status(&["--wait", "30"]);
    assert_eq!(code, 0, "{text}");

    let (code, text) = status(&["--json"]);
    assert_eq!(code, 0, "{text}");
    let snapshot: Value = serde_json::from_str(&text).expect("real JSON");
    assert_eq!(snapshot["state"], "running");
    assert_eq!(snapshot["ready"], true);
    let processes = snapshot["processes"].as_array().expect("a list");
    let web = processes.iter().find(|p| p["name"] == "web").expect("web is listed");
    let instances = web["instances"].as_array().expect("a list");
    let mut pids: Vec<i64> = instances.iter().filter_map(|i| i["pid"].as_i64()).collect();
    pids.sort_unstable();
    let mut reported: Vec<i64> = sandbox.seen("web", "start", 2).iter().map(|e| e.pid.into()).collect();
    reported.sort_unstable();
    assert_eq!(pids, reported, "{text}");

    assert_eq!(supervisor.stop(), 0);
    assert_eq!(status(&[]).0, 3, "it runs no more");
}

#[test]
fn status_counts_restarts_and_shows_the_successor() {
    let sandbox = Sandbox::new();
    let config =
        sandbox.config(json!({}), json!({"w": {"command": sandbox.worker("w"), "restart": "always"}}));
    let pid_file = sandbox.path("pm.pid").display().to_string();
    let mut supervisor = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&config);
    let first = sandbox.started("w", 1);
    assert!(crate::support::procfs::signal(first, rustix::process::Signal::KILL));
    let second = sandbox.started("w", 2);
    wait_until(LONG, "the snapshot shows the new run", || {
        let (_, text) = run(&sandbox, &["status", "--pid-file", &pid_file, "--json"]);
        let snapshot: Value = serde_json::from_str(&text).unwrap_or_default();
        let instance = &snapshot["processes"][0]["instances"][0];
        instance["pid"] == second && instance["restarts"] == 1
    });
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_failed_boot_is_told_to_who_waits() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"bad": {"command": ["/nonexistent/program-x"]}}));
    let pid_file = sandbox.path("pm.pid").display().to_string();
    let mut supervisor = Launch::new(&sandbox).arg("--pid-file").arg(&pid_file).serve(&config);
    assert_eq!(supervisor.ended(), MISSING_PROGRAM);
    let (code, text) = run(&sandbox, &["status", "--pid-file", &pid_file, "--wait", "30"]);
    assert_eq!(code, 3, "it does not wait for what will not come: {text}");
}

#[test]
fn a_pid_file_that_leads_elsewhere_stops_the_start() {
    let sandbox = Sandbox::new();
    let config = sandbox.config(json!({}), json!({"w": {"command": sandbox.worker("w")}}));
    let precious = sandbox.write("precious", "text");
    let (pid_file, shared) = (sandbox.path("pm.pid"), sandbox.path("shared.pid"));
    symlink(&precious, &pid_file).expect("a link");
    fs::write(&shared, "1\n").expect("room");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o666)).expect("ours");
    for (path, why) in [(&pid_file, "it is a symbolic link"), (&shared, "others may write to it")] {
        let mut supervisor =
            Launch::new(&sandbox).arg("--pid-file").arg(path.display().to_string()).serve(&config);
        assert_eq!(supervisor.ended(), 73);
        let said = supervisor.stderr();
        assert!(said.contains(why) && said.contains(&path.display().to_string()), "{said}");
    }
    // Something else lies where its socket should: what could not begin leaves no pid behind.
    let config =
        sandbox.config(json!({"control_socket": precious}), json!({"w": {"command": sandbox.worker("w")}}));
    let own = sandbox.path("own.pid");
    let mut supervisor =
        Launch::new(&sandbox).arg("--pid-file").arg(own.display().to_string()).serve(&config);
    assert_eq!((supervisor.ended(), own.exists()), (73, false), "{}", supervisor.stderr());
    assert_eq!(fs::read_to_string(&precious).expect("it is there"), "text");
    assert!(sandbox.events().is_empty(), "nothing was started");
}

#[test]
fn version_check_completions_and_man_answer() {
    let sandbox = Sandbox::new();
    let (code, text) = run(&sandbox, &["version"]);
    assert!(code == 0 && text.contains(env!("CARGO_PKG_VERSION")), "{code}: {text}");
    let config = sandbox.config(json!({}), json!({"c": {"command": sandbox.worker("c")}}));
    let (code, text) = run(&sandbox, &["check-config", "--json", "--config", &config.display().to_string()]);
    assert_eq!(code, 0, "{text}");
    assert!(serde_json::from_str::<Value>(&text).is_ok_and(|v| v["valid"] == true), "{text}");
    for shell in ["bash", "zsh", "fish"] {
        let (code, text) = run(&sandbox, &["completions", shell]);
        assert!(code == 0 && text.contains("check-config"), "{shell}: {code}: {text}");
    }
    let (code, text) = run(&sandbox, &["man"]);
    assert!(code == 0 && text.contains(".TH"), "{code}: {text}");
}
