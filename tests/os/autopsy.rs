//! What the kernel tells of a death: what the run has used, and whether the signal was ours.

use crate::world::{program, shell, with_world};
use phpeek_actors::ports::Launcher;
use phpeek_core::autopsy::{Oom, Sender};
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use rustix::process::{Pid, Signal as Raw, kill_process};
use std::time::Duration;

#[test]
fn what_a_run_has_used_is_known() {
    with_world(|world| async move {
        // One read into a buffer of 50 MB.
        let large = world.launch(program(&["dd", "if=/dev/zero", "of=/dev/null", "bs=50M", "count=1"]));
        let busy = world.launch(shell("i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; exit 4"));
        let large = world.autopsy(large).await.usage.expect("wait4 tells it");
        assert!((50 << 20..200 << 20).contains(&large.max_rss), "{large:?}");
        assert!(large.minor_faults > 100, "{large:?}");
        let busy = world.autopsy(busy).await;
        assert_eq!((busy.exit, busy.sender), (Exit::Code(4), Sender::Nobody));
        let usage = busy.usage.expect("wait4 tells it");
        assert!(usage.user > Duration::from_millis(10), "{usage:?}");
        assert!(usage.user + usage.system < Duration::from_secs(30), "{usage:?}");
    });
}

#[test]
fn a_signal_of_ours_is_known_from_one_of_others() {
    with_world(|world| async move {
        let sleeper = || world.launch(program(&["/bin/sleep", "1000"]));
        let (grouped, leader, foreign) = (sleeper(), sleeper(), sleeper());
        for id in [grouped, leader, foreign] {
            world.pid(id).await;
        }
        assert!(world.children.signal_group(grouped, Signal::KILL));
        assert!(world.children.signal_leader(leader, Signal::TERM));
        let pid = Pid::from_raw(world.pid(foreign).await).expect("a pid");
        // What was sent and did not kill it is not what killed it.
        assert!(world.children.signal_leader(foreign, Signal::CONT));
        kill_process(pid, Raw::KILL).expect("it runs");
        for (id, sender) in
            [(grouped, Sender::Supervisor), (leader, Sender::Supervisor), (foreign, Sender::Other)]
        {
            let autopsy = world.autopsy(id).await;
            assert_eq!((autopsy.sender, autopsy.oom), (sender, Oom::None), "{autopsy:?}");
        }
    });
}
