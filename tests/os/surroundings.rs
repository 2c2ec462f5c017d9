//! What a child finds when it begins: signals, descriptors, directory, environment, limits.

use crate::lifecycle::status;
use crate::world::{program, shell, with_world};
use phpeek_actors::ports::Launcher;
use phpeek_core::signal::Signal;
use phpeek_pm::os::limits::raise_nofile;
use std::os::fd::AsRawFd;

#[test]
fn nothing_is_blocked_ignored_or_handled() {
    with_world(|world| async move {
        let id = world.launch(program(&["/bin/sleep", "1000"]));
        let pid = world.pid(id).await;
        for key in ["SigBlk", "SigIgn", "SigCgt"] {
            assert_eq!(status(pid, key), "0000000000000000", "{key}");
        }
        world.children.signal_group(id, Signal::KILL);
        world.exit(id).await;
    });
}

#[test]
fn no_descriptor_reaches_a_child() {
    with_world(|world| async move {
        let file = std::fs::File::open("/etc/passwd").expect("a file");
        let inherited = rustix::io::fcntl_dupfd_cloexec(&file, 40).expect("a descriptor");
        rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).expect("no close-on-exec");
        assert!(inherited.as_raw_fd() >= 40);
        let id = world.launch(program(&["/bin/sleep", "1000"]));
        let fds = format!("/proc/{}/fd", world.pid(id).await);
        // The dynamic loader opens libraries of its own at first, and closes them; what is inherited stays.
        world
            .until(|_| {
                let entries = std::fs::read_dir(&fds).expect("the process is there").flatten();
                let mut seen: Vec<_> = entries.map(|e| e.file_name()).collect();
                seen.sort();
                seen == ["0", "1", "2"]
            })
            .await;
        let stdin = std::fs::read_link(format!("{fds}/0")).expect("it has one");
        assert_eq!(stdin.to_str(), Some("/dev/null"));
        world.children.signal_group(id, Signal::KILL);
        world.exit(id).await;
    });
}

#[test]
fn environment_and_directory_arrive() {
    with_world(|world| async move {
        let mut spec = program(&["env"]); // found by PATH
        spec.env = vec![("COLOUR".into(), "red".into()), ("PHPEEK_PROCESS".into(), "mine".into())];
        let seen = world.output(spec).await;
        for line in [
            "COLOUR=red",
            "PHPEEK_PM_PROCESS_NAME=web",
            "PHPEEK_PM_INSTANCE_ID=web-0",
            "PHPEEK_SERVICE=web",
            "PHPEEK_INSTANCE=web-0",
            "PHPEEK_PROCESS=web",
            "CBOX_INIT_PROCESS_NAME=web",
            "CBOX_INIT_INSTANCE_ID=web-0",
            "CBOX_SERVICE=web",
            "CBOX_INSTANCE=web-0",
            "CBOX_PROCESS=web",
            "CBOX_INIT_INSTANCE_INDEX=0",
            "PHPEEK_PM_INSTANCE_NUMBER=0",
        ] {
            assert_eq!(seen.lines().filter(|l| *l == line).count(), 1, "{line} in {seen}");
        }
        assert_eq!(seen.lines().filter(|l| l.starts_with("PHPEEK_PROCESS=")).count(), 1);
        let mut spec = program(&["/bin/pwd"]);
        spec.working_dir = Some("/usr".into());
        assert_eq!(world.output(spec).await, "/usr\n");
    });
}

#[test]
fn the_limit_on_descriptors_is_the_one_of_the_start() {
    with_world(|world| async move {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        raise_nofile().expect("the limit can be raised");
        let soft = limit.current.map_or("unlimited".to_owned(), |n| n.to_string());
        assert_eq!(world.output(shell("ulimit -Sn")).await.trim(), soft);
    });
}
