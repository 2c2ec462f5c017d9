//! What belongs to a run: whoever has left its process group is signalled and waited for like the rest, and nothing that
//! is dead, or traced, is taken for what it is not.

use crate::lifecycle::status;
use crate::world::{World, program, shell, with_world};
use phpeek_actors::ports::{Launcher, TaskEvent};
use phpeek_core::ids::TaskId;
use phpeek_core::outcome::Exit;
use phpeek_core::program::Program;
use phpeek_core::signal::Signal;
use phpeek_pm::os::pid1::adopt_orphans;
use std::path::Path;

/// A script that runs in this folder.
fn in_folder(folder: &Path, script: &str) -> Program {
    let mut program = shell(script);
    program.working_dir = Some(folder.to_owned());
    program
}

async fn until_there(world: &World, file: &Path) -> i32 {
    world.until(|_| std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n'))).await;
    std::fs::read_to_string(file).expect("it is there").trim().parse().expect("a pid")
}

fn is_there(pid: i32) -> bool {
    !status(pid, "State").is_empty()
}

fn is_left(world: &World, id: TaskId) -> bool {
    world.events(id).iter().any(|event| matches!(event, TaskEvent::Left(_)))
}

#[test]
fn a_worker_in_another_group_is_asked_and_waited_for() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper");
        let folder = tempfile::tempdir().expect("a folder");
        let worker =
            "sh -c 'trap \"echo asked > asked; exit 0\" TERM; echo $$ > up; while :; do sleep 0.02; done'";
        let id = world.launch(in_folder(folder.path(), &format!("timeout 1000 {worker}; :")));
        let worker = until_there(&world, &folder.path().join("up")).await;
        world.pid(id).await; // its program runs before that is told
        assert!(world.children.signal_group(id, Signal::TERM));
        assert!(matches!(world.exit(id).await, Exit::Signal { signal: Signal::TERM, .. }));
        assert!(folder.path().join("asked").exists() && !is_there(worker));
    });
}

#[test]
fn a_leader_that_waits_for_another_group_is_helped_on() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper");
        let folder = tempfile::tempdir().expect("a folder");
        // A shell looks at the signal when its command is over, and its command has a group of its own.
        let script = "trap 'exit 7' TERM; timeout 1000 sh -c 'echo $$ > up; exec sleep 1000'; :";
        let id = world.launch(in_folder(folder.path(), script));
        until_there(&world, &folder.path().join("up")).await;
        world.pid(id).await; // its program runs before that is told
        assert!(world.children.signal_group(id, Signal::TERM));
        assert_eq!(world.exit(id).await, Exit::Code(7));
    });
}

#[test]
fn a_leader_outside_of_its_group_is_signalled() {
    with_world(|world| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "$SIG{TERM} = sub { exit 5 }; setpgrp(0, getpgrp(getppid)) or exit 6; \
            open(my $f, '>', 'up'); print $f \"$$\\n\"; close $f; sleep 1 while 1";
        let mut perl = program(&["perl", "-e", script]);
        perl.working_dir = Some(folder.path().to_owned());
        let id = world.launch(perl);
        until_there(&world, &folder.path().join("up")).await;
        world.pid(id).await; // its program runs before that is told
        assert!(world.children.signal_group(id, Signal::TERM));
        assert_eq!(world.exit(id).await, Exit::Code(5));
    });
}

#[test]
fn a_zombie_in_the_group_holds_nothing_up() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper");
        // The sleeper is left in the group, a zombie of a parent that has moved to a session of its own.
        let id = world.launch(shell("(sleep 0.1 & exec setsid tail -f /dev/null) & sleep 0.3; exit 1"));
        world.until(|w| w.events(id).iter().any(|event| matches!(event, TaskEvent::Exited(_)))).await;
        world.until(|w| is_left(w, id)).await;
        world.pid(id).await; // its program runs before that is told
        assert!(world.children.signal_group(id, Signal::TERM));
        assert_eq!(world.exit(id).await, Exit::Code(1));
    });
}

#[test]
fn a_daemon_is_told_of_and_signalled_as_part_of_its_run() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper");
        let folder = tempfile::tempdir().expect("a folder");
        let daemon = "trap \"echo saved > saved; exit 0\" TERM; echo $$ > up; while :; do sleep 0.02; done";
        let script =
            format!("setsid sh -c '{daemon}' > /dev/null 2>&1 & while ! [ -s up ]; do sleep 0.01; done");
        let id = world.launch(in_folder(folder.path(), &script));
        world.until(|w| is_left(w, id)).await;
        let pid = until_there(&world, &folder.path().join("up")).await;
        let events = world.events(id);
        let Some(TaskEvent::Left(members)) = events.last() else { panic!("{events:?}") };
        assert_eq!(members.iter().map(|member| member.pid).collect::<Vec<_>>(), [pid]);
        world.pid(id).await; // its program runs before that is told
        assert!(world.children.signal_group(id, Signal::TERM));
        assert_eq!(world.exit(id).await, Exit::Code(0));
        assert!(folder.path().join("saved").exists());
    });
}

#[test]
fn what_is_left_alone_is_named_and_no_longer_part_of_anything() {
    with_world(|world| async move {
        adopt_orphans().expect("a subreaper");
        let id = world.launch(shell("setsid sleep 1000 & exit 0"));
        world.until(|w| is_left(w, id)).await;
        let events = world.events(id);
        let Some(TaskEvent::Left(members)) = events.last() else { panic!("{events:?}") };
        let pid = members.first().expect("somebody").pid;
        world.until(|_| status(pid, "Name") == "sleep").await;
        let left = world.children.leave(id);
        assert_eq!(left.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["sleep"]);
        assert!(!world.children.signal_group(id, Signal::KILL), "it is nobody's");
        assert!(world.children.is_empty() && is_there(left[0].pid));
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(left[0].pid).expect("a pid"),
            rustix::process::Signal::KILL,
        )
        .expect("it is ours");
        world.until(|_| !is_there(left[0].pid)).await;
    });
}

#[test]
fn what_a_tracer_is_told_is_no_death() {
    with_world(|world| async move {
        let ptrace = if cfg!(target_arch = "aarch64") { 117 } else { 101 };
        let script = format!(
            "$SIG{{USR1}} = sub {{ $heard = 1 }}; syscall({ptrace}, 0, 0, 0, 0); kill 'USR1', $$; exit($heard ? 9 : 8)"
        );
        let id = world.launch(program(&["perl", "-e", &script]));
        assert_eq!(world.exit(id).await, Exit::Code(9), "it goes on with its signal");
    });
}
