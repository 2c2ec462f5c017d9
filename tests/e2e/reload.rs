//! SIGHUP and `--watch`: what has changed is touched and nothing else; a faulty file changes nothing.

use crate::support::procfs::alive;
use crate::support::supervisor::{Launch, run};
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn three(sandbox: &Sandbox) -> [Value; 4] {
    ["same", "change", "drop", "new"].map(|name| sandbox.polite(name))
}

/// Waits until the supervisor has said this so often.
fn said(sandbox: &Sandbox, what: &str, count: usize) {
    let log = sandbox.path("stdout.log");
    wait_until(LONG, what, || fs::read_to_string(&log).is_ok_and(|text| text.matches(what).count() >= count));
}

#[test]
fn sighup_touches_what_has_changed_and_nothing_else() {
    let sandbox = Sandbox::new();
    let [same, change, drop, new] = three(&sandbox);
    let before = json!({"same": {"command": same}, "change": {"command": change}, "drop": {"command": drop}});
    let config = sandbox.config(json!({}), before);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pids = ["same", "change", "drop"].map(|name| sandbox.started(name, 1));
    let changed = json!({"command": change, "env": {"K": "v"}});
    sandbox.config(json!({}), json!({"same": {"command": same}, "change": changed, "new": {"command": new}}));
    supervisor.signal(Signal::HUP);
    sandbox.started("new", 1);
    sandbox.started("change", 2);
    wait_until(LONG, "the removed process is gone", || !alive(pids[2]));
    said(&sandbox, "reload is over: everything is as it is configured now", 1);
    assert!(alive(pids[0]) && sandbox.events_of("same", "start").len() == 1, "the other keeps its pid");
    // The next one is asked for after what the first has left.
    sandbox.config(json!({}), json!({"same": {"command": same}}));
    supervisor.signal(Signal::HUP);
    said(&sandbox, "reload is over: everything is as it is configured now", 2);
    assert!(alive(pids[0]));
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_faulty_file_changes_nothing_and_what_cannot_run_is_undone() {
    let sandbox = Sandbox::new();
    let [same, change, ..] = three(&sandbox);
    let before = json!({"same": {"command": same}, "change": {"command": change}});
    let config = sandbox.config(json!({}), before);
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pids = ["same", "change"].map(|name| sandbox.started(name, 1));
    let fault = "was not taken over, nothing was changed";
    for (count, bad) in
        ["processes: [broken\n", "processes: {a: {command: [x], depends_on: [zz]}}\n"].iter().enumerate()
    {
        sandbox.write("config.yaml", bad);
        supervisor.signal(Signal::HUP);
        said(&sandbox, fault, count + 1);
    }
    assert!(pids.iter().all(|pid| alive(*pid)) && sandbox.events().len() == 2);
    let missing = json!({"same": {"command": same}, "change": {"command": ["/nonexistent/program"]}});
    sandbox.config(json!({}), missing);
    supervisor.signal(Signal::HUP);
    sandbox.started("change", 2);
    said(&sandbox, "could not be brought up, so everything is as it was before", 1);
    assert!(alive(pids[0]) && sandbox.events_of("same", "start").len() == 1);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn rules_of_output_hold_from_the_reload_on() {
    let sandbox = Sandbox::new();
    let body = "emit app start\nwhile :; do echo tick; sleep 0.05; done";
    let app = sandbox.script("app", body);
    let config = sandbox.config(json!({}), json!({"app": {"command": app}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("app", 1);
    said(&sandbox, "tick", 3);
    let ruled = json!({"command": app, "logging": {"labels": {"colour": "blue"}}});
    sandbox.config(json!({}), json!({"app": ruled}));
    supervisor.signal(Signal::HUP);
    said(&sandbox, "blue", 3);
    assert!(alive(pid), "it was not touched for that");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn watch_sees_an_edit_in_place_a_rename_and_a_swapped_link() {
    let sandbox = Sandbox::new();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| sandbox.polite(name));
    let text = |processes: Value| json!({"processes": processes}).to_string();
    let folder = sandbox.path("mounted");
    let put = |version: &str, processes: Value| {
        fs::create_dir_all(folder.join(version)).expect("room");
        fs::write(folder.join(version).join("config.yaml"), text(processes)).expect("room");
    };
    put("..1", json!({"a": {"command": a}}));
    symlink("..1", folder.join("..data")).expect("room");
    symlink("..data/config.yaml", folder.join("config.yaml")).expect("room");
    let config = folder.join("config.yaml");
    let mut supervisor = Launch::new(&sandbox).arg("--watch").serve(Path::new(&config));
    let pid = sandbox.started("a", 1);
    said(&sandbox, "all processes are up", 1);
    put("..2", json!({"a": {"command": a}, "b": {"command": b}}));
    symlink("..2", folder.join("..data_tmp")).expect("room");
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("ours");
    sandbox.started("b", 1);
    said(&sandbox, "reload is over", 1);
    put("..2", json!({"a": {"command": a}, "b": {"command": b}, "c": {"command": c}}));
    sandbox.started("c", 1);
    said(&sandbox, "reload is over", 2);
    let next = folder.join("next");
    fs::write(&next, text(json!({"a": {"command": a}, "d": {"command": d}}))).expect("room");
    fs::rename(&next, &config).expect("ours");
    sandbox.started("d", 1);
    said(&sandbox, "reload is over", 3);
    assert!(alive(pid) && sandbox.events_of("a", "start").len() == 1, "the other keeps its pid");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn watch_sees_a_link_on_the_way_to_an_included_link() {
    let sandbox = Sandbox::new();
    let [a, b] = ["a", "b"].map(|name| sandbox.polite(name));
    let at = |name: &str| sandbox.path(name);
    for (version, processes) in
        [("v1", json!({"a": {"command": a}})), ("v2", json!({"a": {"command": a}, "b": {"command": b}}))]
    {
        fs::create_dir(at(version)).expect("room");
        fs::write(at(version).join("x.yaml"), json!({ "processes": processes }).to_string()).expect("room");
    }
    fs::create_dir(at("conf.d")).expect("room");
    symlink("v1", at("data")).expect("room");
    symlink("../data/x.yaml", at("conf.d/x.yaml")).expect("room");
    let config = sandbox.write("config.yaml", "include: [conf.d/*.yaml]\n");
    let mut supervisor = Launch::new(&sandbox).arg("--watch").serve(&config);
    sandbox.started("a", 1);
    said(&sandbox, "all processes are up", 1);
    symlink("v2", at("next")).expect("room");
    fs::rename(at("next"), at("data")).expect("ours");
    sandbox.started("b", 1);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn a_file_that_is_written_all_the_time_puts_off_no_edit_beside_it() {
    let sandbox = Sandbox::new();
    let [a, b] = ["a", "b"].map(|name| sandbox.polite(name));
    let folder = sandbox.path("noisy");
    fs::create_dir_all(&folder).expect("room");
    let config = folder.join("config.yaml");
    fs::write(&config, json!({"processes": {"a": {"command": a}}}).to_string()).expect("room");
    let (noise, over) = (folder.join("noise.tmp"), Arc::new(AtomicBool::new(false)));
    let until = over.clone();
    let noisy = std::thread::spawn(move || {
        while !until.load(Ordering::Relaxed) {
            fs::write(&noise, "x").expect("room");
        }
    });
    let mut supervisor = Launch::new(&sandbox).arg("--watch").serve(Path::new(&config));
    sandbox.started("a", 1);
    said(&sandbox, "all processes are up", 1);
    fs::write(&config, json!({"processes": {"a": {"command": a}, "b": {"command": b}}}).to_string())
        .expect("room");
    sandbox.started("b", 1);
    over.store(true, Ordering::Relaxed);
    noisy.join().expect("it does not panic");
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn jobs_come_go_and_change_with_the_rest() {
    let sandbox = Sandbox::new();
    let job = |name: &str| json!({"command": sandbox.script(name, &format!("emit {name} start")), "schedule": "* * * * * *"});
    let keeper = json!({"command": sandbox.worker("keeper")});
    let config = sandbox.config(json!({}), json!({"keeper": keeper, "job": job("one")}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    sandbox.started("one", 1);
    sandbox.config(json!({}), json!({"keeper": keeper, "job": job("two"), "other": job("three")}));
    supervisor.signal(Signal::HUP);
    sandbox.started("two", 2);
    sandbox.started("three", 2);
    said(&sandbox, "reload is over: everything is as it is configured now", 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());
}

#[test]
fn a_command_reloads_and_tells_what_came_of_it() {
    let sandbox = Sandbox::new();
    let [same, _, _, new] = three(&sandbox);
    let settings = json!({"control_socket": sandbox.path("c.sock")});
    let config = sandbox.config(settings.clone(), json!({"same": {"command": same}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("same", 1);
    let socket = sandbox.path("c.sock").display().to_string();
    let ask = || run(&sandbox, &["reload", "--socket", &socket]);
    sandbox.config(settings, json!({"same": {"command": same}, "new": {"command": new}}));
    assert_eq!(ask(), (0, "reloaded\n".to_owned()));
    sandbox.started("new", 1);
    sandbox.write("config.yaml", "processes: {a: {command: [x], depends_on: [zz]}}\n");
    let (code, text) = ask();
    assert!(code == 1 && text.contains("depends_on"), "{code}: {text}");
    let refused = || run(&sandbox, &["events", "--socket", &socket]).1;
    assert_eq!(refused().matches("system.reload_refused").count(), 1, "{}", refused());
    assert!(refused().contains("depends_on"), "{}", refused());
    supervisor.signal(Signal::HUP);
    wait_until(LONG, "that of a signal is told as well", || {
        refused().matches("system.reload_refused").count() == 2
    });
    assert!(alive(pid) && sandbox.events_of("same", "start").len() == 1);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn by_a_command_another_file_is_run_from_then_on() {
    let sandbox = Sandbox::new();
    let [same, _, _, new] = three(&sandbox);
    let global = json!({"control_socket": sandbox.path("c.sock")});
    let other = |text: &Value| sandbox.write("other.yaml", &text.to_string());
    let config = sandbox.config(global.clone(), json!({"same": {"command": same}}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    let pid = sandbox.started("same", 1);
    let file = other(
        &json!({"version": "1.0", "global": global, "processes": {"same": {"command": same}, "new": {"command": new}}}),
    );
    let file = file.display().to_string();
    let socket = sandbox.path("c.sock").display().to_string();
    let reload = |file: &str| run(&sandbox, &["reload", "--file", file, "--socket", &socket]);
    let (code, text) = reload("/nowhere.yaml");
    assert!(code == 1 && text.contains("/nowhere.yaml"), "{text}");
    assert_eq!(reload(&file), (0, "reloaded\n".to_owned()));
    sandbox.started("new", 1);
    assert!(alive(pid), "what is the same in both goes on");
    let status = run(&sandbox, &["status", "--json", "--socket", &socket]).1;
    let status: Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(status["config"], json!(file));
    other(&json!({"version": "1.0", "global": global, "processes": {"new": {"command": new}}}));
    supervisor.signal(Signal::HUP);
    wait_until(LONG, "the other file is the one that is read again", || !alive(pid));
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.ended(), 0);
}
