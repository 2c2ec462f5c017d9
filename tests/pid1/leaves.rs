//! A cgroup of its own for each run and each hook: made where ours was handed over and nowhere else, exact where marks, groups and
//! sessions know nothing, and gone with the run. Needs root and a mount of cgroup v2 in which one can be made.

use super::support::procfs::alive;
use super::support::supervisor::Launch;
use super::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::fs::{XattrFlags, setxattr};
use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// A cgroup for one supervisor; removed at the end, when nothing is in it any more.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new(name: &str) -> Self {
        let mounts = fs::read_to_string("/proc/self/mounts").expect("the mounts");
        let mut mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let mount = mounts.find(|mount| mount.get(2) == Some(&"cgroup2")).expect("a mount of cgroup v2");
        let folder = Path::new(mount[1]).join(format!("phpeek-pm-{name}-{}", std::process::id()));
        fs::create_dir(&folder).expect("a cgroup: this test needs root");
        Self(folder)
    }

    /// As systemd does it with `Delegate=`.
    fn hand_over(self) -> Self {
        setxattr(&self.0, "user.delegate", b"1", XattrFlags::empty()).expect("a mark, since Linux 5.7");
        self
    }

    fn serve(&self, sandbox: &Sandbox, config: &Path) -> Supervisor {
        Launch::new(sandbox).cgroup(&self.0).env("INVOCATION_ID", "0123456789abcdef").serve(config)
    }

    fn below(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the cgroup").flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.map(|entry| entry.file_name().into_string().expect("plain text")).collect()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        fs::write(self.0.join("cgroup.kill"), "1").ok();
        for below in self.below() {
            fs::remove_dir(self.0.join(below)).ok();
        }
        fs::remove_dir(&self.0).ok();
    }
}

fn cgroup_of(pid: i32) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).expect("it lives");
    text.lines().find_map(|line| line.strip_prefix("0::")).expect("version 2").to_owned()
}

#[test]
fn each_run_has_its_own_for_as_long_as_it_lasts() {
    let (cgroup, sandbox) = (Cgroup::new("each").hand_over(), Sandbox::new());
    let config = sandbox.config(
        json!({}),
        json!({
            "a": {"command": sandbox.worker("a"), "scale": 2},
            "once": {"command": sandbox.script("once", "emit once start"), "type": "oneshot"},
        }),
    );
    let mut supervisor = cgroup.serve(&sandbox, &config);
    let first = sandbox.seen("a", "start", 2).into_iter().map(|event| event.pid).collect::<Vec<_>>();
    sandbox.seen("once", "start", 1);
    let (one, two) = (cgroup_of(first[0]), cgroup_of(first[1]));
    assert!(one != two && one.contains("/pm-a@"), "{one} {two}");
    wait_until(LONG, "what has ended has none", || cgroup.below().len() == 2);
    assert!(super::support::procfs::signal(first[0], Signal::KILL));
    let third = sandbox.started("a", 3);
    assert!(![one, two].contains(&cgroup_of(third)), "one for each run");
    assert_eq!(cgroup.below().len(), 2);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(cgroup.below(), Vec::<String>::new());
}

#[test]
fn what_never_became_a_program_leaves_none() {
    let (cgroup, sandbox) = (Cgroup::new("none").hand_over(), Sandbox::new());
    let config = sandbox.config(
        json!({}),
        json!({"a": {"command": sandbox.worker("a")}, "none": {"command": ["/nowhere/to/be/found"]}}),
    );
    assert_eq!(cgroup.serve(&sandbox, &config).ended(), super::support::supervisor::MISSING_PROGRAM);
    assert_eq!(cgroup.below(), Vec::<String>::new());
}

#[test]
fn what_has_left_everything_else_is_still_of_its_run() {
    let (cgroup, sandbox) = (Cgroup::new("exact").hand_over(), Sandbox::new());
    // Two leaders leave a daemon each in the same moment: neither mark, group, session nor the death of one tells whose.
    let body = |who: &str| {
        format!(
            "setsid env -i sh -c 'setsid sleep 1000 & echo $! > {0}/{who}.new; \
             mv {0}/{who}.new {0}/{who}.pid' > /dev/null 2>&1 &\nuntil [ -s {0}/x.pid ] && [ -s {0}/y.pid ]; do \
             sleep 0.01; done",
            sandbox.dir().display()
        )
    };
    let config = sandbox.config(
        json!({}),
        json!({
            "x": {"command": sandbox.script("x", &body("x")), "restart": "never"},
            "y": {"command": sandbox.script("y", &body("y")), "restart": "never"},
            "stays": {"command": sandbox.worker("stays")},
        }),
    );
    let mut supervisor = cgroup.serve(&sandbox, &config);
    sandbox.started("stays", 1);
    let pid = |who: &str| -> i32 {
        let path = sandbox.path(&format!("{who}.pid"));
        wait_until(LONG, "a daemon", || path.exists());
        fs::read_to_string(path).expect("it is there").trim().parse().expect("a pid")
    };
    let (x, y) = (pid("x"), pid("y"));
    for (process, daemon) in [("x", x), ("y", y)] {
        wait_until(LONG, "each is told by the process it came from", || {
            supervisor.records().iter().any(|record| {
                let left = record["left"].as_str().unwrap_or_default();
                record["process"] == process && left.contains(&format!("(pid {daemon})"))
            })
        });
    }
    assert_eq!(supervisor.stop(), 0);
    assert!(!alive(x) && !alive(y));
    assert_eq!(cgroup.below(), Vec::<String>::new());
}

#[test]
fn a_hook_has_its_own_and_all_of_it_ends_with_the_hook() {
    let (cgroup, sandbox) = (Cgroup::new("hook").hand_over(), Sandbox::new());
    let place = sandbox.dir().display().to_string();
    let body = format!(
        "cat /proc/self/cgroup > {place}/own\nsetsid env -i sh -c 'trap \"\" TERM; setsid sleep 1000 & \
         echo $! > {place}/new; mv {place}/new {place}/left' > /dev/null 2>&1\nexec sleep 1000"
    );
    let hook =
        json!({"name": "h", "command": sandbox.script("h", &body), "timeout": 1, "continue_on_error": true});
    let worker = json!({"command": sandbox.worker("a"), "hooks": {"pre_start": [hook]}});
    let config = sandbox.config(json!({}), json!({"a": worker}));
    let mut supervisor = cgroup.serve(&sandbox, &config);
    let worker = sandbox.started("a", 1);
    let own = fs::read_to_string(sandbox.path("own")).expect("it has begun");
    let left = fs::read_to_string(sandbox.path("left")).expect("so has what it has left");
    assert!(own.contains("/pm-a@") && !own.contains(&cgroup_of(worker)), "{own}");
    assert!(!alive(left.trim().parse().expect("a pid")), "whatever it has left");
    wait_until(LONG, "that of the hook is gone", || cgroup.below().len() == 1);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(cgroup.below(), Vec::<String>::new());
}

#[test]
fn a_kill_reaches_who_forks_faster_than_they_can_be_told_apart() {
    let (cgroup, sandbox) = (Cgroup::new("storm").hand_over(), Sandbox::new());
    // Each of them goes on in a session of its own, and is gone before anybody has looked at it.
    let storm = "f() { trap '' TERM; while :; do setsid env -i sh \"$0\" on & exit 0; done; }\n\
        [ \"$1\" = on ] && f\nemit s start\nsetsid env -i sh \"$0\" on &\ntrap '' TERM\nwhile :; do sleep 0.05; done";
    let config = sandbox.config(
        json!({"shutdown_timeout": 10}),
        json!({"s": {"command": sandbox.script("s", storm), "shutdown": {"timeout": 1}}}),
    );
    let mut supervisor = cgroup.serve(&sandbox, &config);
    sandbox.seen("s", "start", 1);
    supervisor.signal(Signal::TERM);
    supervisor.ended();
    let left = || fs::read_to_string(cgroup.0.join("cgroup.events")).expect("the cgroup");
    assert!(left().contains("populated 0"), "{:?}", cgroup.below());
}

#[test]
fn none_is_made_where_nobody_has_handed_ours_over() {
    let (cgroup, sandbox) = (Cgroup::new("kept"), Sandbox::new());
    let config = sandbox.config(json!({}), json!({"a": {"command": sandbox.worker("a")}}));
    let mut supervisor = cgroup.serve(&sandbox, &config);
    assert_eq!(cgroup_of(sandbox.started("a", 1)), cgroup_of(supervisor.pid()));
    assert_eq!(cgroup.below(), Vec::<String>::new());
    assert_eq!(supervisor.stop(), 0);
}

#[test]
fn what_stands_in_the_way_is_told_once_and_stops_nothing() {
    let (cgroup, sandbox) = (Cgroup::new("full").hand_over(), Sandbox::new());
    let config = sandbox.config(json!({}), json!({"a": {"command": sandbox.worker("a"), "scale": 3}}));
    fs::write(cgroup.0.join("cgroup.max.descendants"), "1").expect("a limit");
    let mut supervisor = cgroup.serve(&sandbox, &config);
    sandbox.seen("a", "start", 3);
    let told = |supervisor: &Supervisor| {
        let records = supervisor.records();
        let of =
            |r: &&serde_json::Value| r["msg"].as_str().is_some_and(|m| m.contains("cannot use the cgroup"));
        records.iter().filter(of).count()
    };
    wait_until(LONG, "it is told", || told(&supervisor) > 0);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!((told(&supervisor), cgroup.below()), (1, Vec::new()));
}

#[test]
fn what_a_killed_supervisor_has_left_empty_goes_with_the_next() {
    let (cgroup, sandbox) = (Cgroup::new("swept").hand_over(), Sandbox::new());
    fs::create_dir_all(cgroup.0.join("pm-old@999999999.1.r.0.1.1").join("its/own")).expect("cgroups");
    let other = format!("pm-other@{}.", std::process::id());
    fs::create_dir(cgroup.0.join(&other)).expect("one whose maker is not known");
    let config = sandbox.config(json!({}), json!({"a": {"command": sandbox.worker("a")}}));
    let mut supervisor = cgroup.serve(&sandbox, &config);
    sandbox.started("a", 1);
    assert!(!cgroup.below().iter().any(|name| name.starts_with("pm-old@")), "{:?}", cgroup.below());
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(cgroup.below(), [other]);
}
