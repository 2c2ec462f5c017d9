//! What a dead leader has left: it holds nothing up for good, and daemons of a oneshot are stopped like anything else.

use crate::support::{Rig, ms, paused, run};
use phpeek_actors::manager::Request;
use phpeek_actors::ports::Level;
use phpeek_actors::testkit::{Behaviour, Grandchildren, SpecBuilder, system};
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;

fn leaves(grandchildren: Grandchildren, after: u64, code: u8) -> Behaviour {
    Behaviour { grandchildren, ..Behaviour::ends(ms(after), Exit::Code(code)) }
}

#[test]
fn what_hangs_in_the_kernel_is_named_and_the_restart_comes() {
    paused(async {
        let spec = SpecBuilder::new("web").grace(ms(1000)).backoff(ms(10), ms(10));
        let rig = Rig::booted(system(vec![spec]), |l| {
            l.script(0, |id| match id.run {
                1 => leaves(Grandchildren::Stuck, 50, 1),
                _ => Behaviour::default(),
            });
        });
        rig.pass(ms(4000)).await;
        let sent: Vec<_> = rig.launcher.signals().iter().map(|s| s.signal).collect();
        assert_eq!(sent, [Signal::TERM, Signal::KILL], "it had its time");
        let runs: Vec<_> = rig.launcher.launches().iter().map(|(_, id)| *id).collect();
        assert_eq!(runs, [run(0, 0, 1), run(0, 0, 2)]);
        let told = rig.log.records().into_iter().find(|r| r.message == "cannot be ended, and is left alone");
        let told = told.expect("it is named");
        assert_eq!(told.level, Level::Error);
        assert!(format!("{:?}", told.fields).contains("stuck (pid 99): it hangs in the kernel"), "{told:?}");
    });
}

#[test]
fn what_puts_itself_into_the_background_is_told_how_to_stay() {
    paused(async {
        let rig = Rig::booted(system(vec![SpecBuilder::new("nginx").grace(ms(100))]), |l| {
            l.script(0, |id| match id.run {
                1 => leaves(Grandchildren::Daemons, 20, 0),
                _ => Behaviour::default(),
            });
        });
        rig.pass(ms(2000)).await;
        let told = rig.log.records().into_iter().find(|r| r.message.contains("into the background"));
        let told = told.expect("it is told");
        assert!(told.level == Level::Warn && told.message.contains("daemon off;"), "{told:?}");
        assert_eq!(rig.launcher.launches().len(), 2, "the daemon was stopped, and the program is run again");
        assert_eq!(rig.launcher.signals()[0].signal, Signal::TERM);
    });
}

#[test]
fn the_daemon_of_a_oneshot_lives_until_its_turn_to_stop() {
    paused(async {
        let boot = SpecBuilder::new("boot").oneshot().grace(ms(1000));
        let web = SpecBuilder::new("web").after_end_of(0);
        let mut rig = Rig::booted(system(vec![boot, web]), |l| {
            l.script(0, |_| leaves(Grandchildren::Daemons, 20, 0));
        });
        rig.all_up().await;
        rig.pass(ms(5000)).await;
        assert!(rig.launcher.signals().is_empty(), "it lives on by right");
        assert_eq!(rig.launcher.alive(), [run(0, 0, 1), run(1, 0, 1)]);
        rig.ask(Request::Shutdown(Cause::Request));
        rig.finished().await;
    });
}
