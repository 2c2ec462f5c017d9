//! Every start has its end, whole and once.

use crate::wait::{LONG, wait_until};
use crate::world::{World, program, shell, with_world};
use phpeek_actors::ports::{Launcher, TaskEvent};
use phpeek_core::ids::TaskId;
use phpeek_core::outcome::{Exit, SpawnFailureKind};
use phpeek_core::signal::Signal;
use phpeek_pm::os::pid1::{Sweep, adopt_orphans, sweep};
use std::time::Duration;

#[test]
fn all_256_exit_codes_arrive() {
    with_world(|world| async move {
        let runs: Vec<(u8, TaskId)> =
            (0..=255).map(|code| (code, world.launch(shell(&format!("exit {code}"))))).collect();
        for (code, id) in runs {
            assert_eq!(world.exit(id).await, Exit::Code(code));
        }
        assert!(world.children.is_empty());
    });
}

#[test]
fn each_deadly_signal_arrives() {
    with_world(|world| async move {
        let harmless = ["CHLD", "CONT", "URG", "WINCH", "STOP", "TSTP", "TTIN", "TTOU"]
            .map(|name| Signal::parse(name).expect("a signal"));
        for signal in (1..=64).filter_map(Signal::from_number).filter(|s| !harmless.contains(s)) {
            let id = world.launch(program(&["/bin/sleep", "1000"]));
            world.pid(id).await;
            assert!(world.children.signal_group(id, signal));
            match world.exit(id).await {
                Exit::Signal { signal: seen, .. } => assert_eq!(seen, signal),
                other => panic!("{signal}: {other}"),
            }
            assert!(!world.children.signal_group(id, Signal::KILL), "the run has left the table");
        }
    });
}

/// Launches so many and ends them with this signal; gives how many deaths one look has told once all are zombies.
async fn told_by_one_look(world: &World, many: usize, signal: Signal) -> (Vec<TaskId>, usize) {
    let runs: Vec<TaskId> = (0..many).map(|_| world.launch(program(&["/bin/sleep", "1000"]))).collect();
    for id in &runs {
        world.pid(*id).await;
    }
    for id in &runs {
        assert!(world.children.signal_group(*id, signal));
    }
    // Nothing else of this thread runs meanwhile, so nobody reaps.
    wait_until(LONG, "all have ended", || zombies() >= many);
    world.children.on_sigchld();
    let ended = |id: &&TaskId| world.events(**id).iter().any(|event| matches!(event, TaskEvent::Exited(_)));
    let told = runs.iter().filter(ended).count();
    (runs, told)
}

#[test]
fn of_many_that_end_at_once_some_are_told_before_all_are_reaped_and_all_in_the_end() {
    with_world(|world| async move {
        let (runs, told) = told_by_one_look(&world, 200, Signal::TERM).await;
        assert!((1..200).contains(&told), "{told}");
        for id in runs {
            assert_eq!(world.exit(id).await, Exit::Signal { signal: Signal::TERM, core: false });
        }
        assert!(world.children.is_empty());
    });
}

#[test]
fn those_that_were_killed_at_once_are_judged_together() {
    with_world(|world| async move {
        let (runs, told) = told_by_one_look(&world, 200, Signal::KILL).await;
        assert_eq!(told, 200);
        for id in runs {
            assert_eq!(world.exit(id).await, Exit::Signal { signal: Signal::KILL, core: false });
        }
    });
}

#[test]
fn in_a_storm_of_orphans_every_status_is_right() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper");
        let before = world.children.orphans();
        // setsid takes the orphan out of the group, so that the run does not wait for it.
        let storm = |code: u8| shell(&format!("setsid sh -c 'sh -c : & exit 0' & exit {code}"));
        let runs: Vec<(u8, TaskId)> = (0..500_u16)
            .map(|n| u8::try_from(n % 251).expect("small"))
            .map(|code| (code, world.launch(storm(code))))
            .collect();
        for (code, id) in runs {
            assert_eq!(world.exit(id).await, Exit::Code(code));
        }
        world.until(|w| w.children.orphans() >= before + 500).await;
        assert_eq!(sweep_now(&world).await, Sweep::Clean);
        assert_eq!(zombies(), 0);
    });
}

#[test]
fn a_thousand_missing_programs_leave_nothing() {
    with_world(|world| async move {
        let failure = world.failure(world.launch(program(&["/nonexistent/program-x"]))).await;
        assert_eq!(failure.kind, SpawnFailureKind::NotFound);
        assert_eq!(failure.message, "cannot run \"/nonexistent/program-x\": no such file or directory");
        let failure = world.failure(world.launch(program(&["program-x"]))).await;
        assert_eq!(failure.message, "exec: \"program-x\": executable file not found in $PATH");
        let before = descriptors();
        let runs: Vec<TaskId> = (0..1000)
            .map(|n| {
                let mut spec = program(&[if n % 2 == 0 { "/nonexistent/program-x" } else { "program-x" }]);
                spec.output.stdout = true;
                world.launch(spec)
            })
            .collect();
        for id in runs {
            assert_eq!(world.failure(id).await.kind, SpawnFailureKind::NotFound);
        }
        world.until(|_| zombies() == 0 && descriptors() <= before).await;
        assert_eq!(world.children.orphans(), 0, "the children that never ran are ours");
    });
}

#[test]
fn what_may_not_run_says_so() {
    with_world(|world| async move {
        let directory = tempfile::tempdir().expect("a directory");
        let plain = directory.path().join("plain");
        std::fs::write(&plain, "no program").expect("a file");
        for path in [plain.as_path(), directory.path()] {
            let failure = world.failure(world.launch(program(&[&path.to_string_lossy()]))).await;
            assert_eq!(failure.kind, SpawnFailureKind::NotExecutable, "{failure}");
        }
        let mut spec = shell("exit 0");
        spec.working_dir = Some("/nonexistent".into());
        let failure = world.failure(world.launch(spec)).await;
        assert_eq!(failure.kind, SpawnFailureKind::WorkingDirectory);
        assert!(failure.message.contains("/nonexistent"), "{failure}");
    });
}

#[test]
fn a_run_ends_when_its_group_is_empty() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper"); // who is left of a group is looked for below us
        let id = world.launch(shell("sleep 1000 & exit 3"));
        let ended =
            |event: &TaskEvent| matches!(event, TaskEvent::Exited(autopsy) if autopsy.exit == Exit::Code(3));
        world.until(|w| w.events(id).iter().any(ended)).await;
        assert_eq!(world.events(id).len(), 2, "somebody is left: {:?}", world.events(id));
        assert!(!world.children.signal_leader(id, Signal::TERM), "the leader is gone");
        assert!(world.children.signal_group(id, Signal::TERM));
        assert_eq!(world.exit(id).await, Exit::Code(3));
    });
}

#[test]
fn a_stopped_process_hears_its_end() {
    with_world(|world| async move {
        let id = world.launch(program(&["/bin/sleep", "1000"]));
        let pid = world.pid(id).await;
        assert!(world.children.signal_group(id, Signal::STOP));
        world.until(|_| status(pid, "State").starts_with('T')).await;
        assert!(world.children.signal_group(id, Signal::TERM));
        assert!(matches!(world.exit(id).await, Exit::Signal { signal: Signal::TERM, .. }));
    });
}

#[test]
fn the_sweep_takes_whoever_is_left() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper");
        let id = world.launch(shell("setsid sleep 1000 & exit 0"));
        world.until(|w| matches!(w.events(id).last(), Some(TaskEvent::Left(_)))).await;
        let other = world.launch(program(&["/bin/sleep", "1000"]));
        world.pid(other).await;
        assert_eq!(sweep_now(&world).await, Sweep::Clean);
        assert!(matches!(world.exit(other).await, Exit::Signal { signal: Signal::KILL, .. }));
    });
}

#[test]
fn captured_runs_return_their_descriptors() {
    with_world(|world| async move {
        settle(&world).await;
        let before = descriptors();
        for _ in 0..50 {
            assert_eq!(world.output(shell("echo hello; echo hidden >&2")).await, "hello\n");
        }
        assert!(descriptors() <= before, "none is left open");
        assert_eq!(zombies(), 0);
    });
}

/// Without time to follow a request.
async fn sweep_now(world: &World) -> Sweep {
    sweep(&world.children, (Duration::ZERO, Duration::from_secs(20)), |_| {}, || false).await
}

async fn settle(world: &World) {
    world.exit(world.launch(shell("exit 0"))).await;
}

pub fn status(pid: i32, key: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("/proc is there").count()
}

/// Children of this process that are not reaped.
fn zombies() -> usize {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").expect("/proc is there").flatten();
    let pids = entries.filter_map(|e| e.file_name().to_str()?.parse().ok());
    pids.filter(|pid| status(*pid, "PPid") == own && status(*pid, "State").starts_with('Z')).count()
}
