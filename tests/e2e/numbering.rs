//! What each instance has of its own: its port and its number, in its arguments, its variables, its directory and its
//! hooks.

use crate::support::procfs::signal;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

fn with(command: Value, arguments: &[&str]) -> Value {
    let written = command.as_array().expect("a command").iter().cloned();
    written.chain(arguments.iter().map(|argument| json!(argument))).collect()
}

#[test]
fn each_instance_finds_its_port_also_after_a_restart() {
    let sandbox = Sandbox::new();
    let web = sandbox.script(
        "web",
        "emit \"$PHPEEK_PM_INSTANCE_ID\" \"$PORT $PHPEEK_PM_INSTANCE_NUMBER\"\nexec sleep 1000",
    );
    let config = sandbox.config(
        json!({"restart_backoff_initial": "10ms"}),
        json!({"web": {"command": web, "scale": 3, "port_base": 3000, "restart": "always", "env": {"PORT": "1"}}}),
    );
    let mut supervisor = Supervisor::start(&sandbox, &config);
    wait_until(LONG, "three starts", || sandbox.events().len() == 3);
    let mut told = sandbox.story();
    told.sort();
    assert_eq!(told, ["web-0 3000 0", "web-1 3001 1", "web-2 3002 2"]);
    let first = sandbox.events_of("web-1", "3001 1");
    signal(first[0].pid, Signal::KILL);
    wait_until(LONG, "a restart", || sandbox.events_of("web-1", "3001 1").len() == 2);
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn texts_of_a_process_and_of_its_hooks_are_each_instances_own() {
    let sandbox = Sandbox::new();
    let script = |name: &str| sandbox.script(name, "emit \"$(basename \"$PWD\")\" \"$1 $2 $OWN\"\nexit 0");
    for number in 0..2 {
        std::fs::create_dir(sandbox.path(&format!("home-{number}"))).expect("room");
    }
    let home = format!("{}/home-{{{{instance}}}}", sandbox.path("").display());
    let own = |command, what: &str| {
        let command = with(command, &[&format!("{what}={{{{name}}}}:{{{{port}}}}"), "{{{{raw}} {{.Go}}"]);
        json!({"command": command, "working_dir": home, "env": {"OWN": "{{instance}}"}})
    };
    let mut web = own(script("web"), "run");
    web["scale"] = json!(2);
    web["port_base"] = json!(4100);
    web["restart"] = json!("never");
    web["hooks"] = json!({"pre_start": [own(script("hook"), "hook")]});
    let config = sandbox.config(json!({}), json!({"web": web}));
    let mut supervisor = Supervisor::start(&sandbox, &config);
    assert_eq!(supervisor.ended(), 0);
    let mut told = sandbox.story();
    told.sort();
    let line = |n: u16, what: &str| format!("home-{n} {what}=web:{} {{{{raw}}}} {{{{.Go}}}} {n}", 4100 + n);
    assert_eq!(told, [line(0, "hook"), line(0, "run"), line(1, "hook"), line(1, "run")]);
}
