//! Signals to the supervisor: many of one kind are one, no kind is lost.

use phpeek_core::signal::Signal;
use phpeek_pm::os::signals::Signals;
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn of_ten_thousand_mixed_signals_each_kind_is_seen() {
    crate::world::alone(|| async {
        let signals = Signals::install().expect("signals can be taken");
        let bound = Signal::parse("SIGRTMIN+3").expect("a signal");
        signals.add(bound).expect("it can be caught");
        assert!(signals.add(Signal::KILL).is_err());
        let mut stream = signals.into_stream().expect("a stream");
        let kinds = [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP, Signal::USR1, Signal::USR2, bound];
        for _ in 0..3 {
            let sender = std::thread::spawn(move || {
                for kind in kinds.iter().cycle().take(10_000) {
                    raise(kind.number());
                }
            });
            let mut seen = BTreeSet::new();
            while !kinds.iter().all(|kind| seen.contains(kind)) {
                let next = tokio::time::timeout(Duration::from_secs(30), stream.next()).await;
                let received = next.expect("a signal in time").expect("the pipe works");
                seen.extend(received.into_iter().map(|received| received.signal));
            }
            sender.join().expect("all are sent");
        }
    });
}

#[test]
fn the_kernel_tells_who_sent_a_signal() {
    crate::world::alone(|| async {
        let signals = Signals::install().expect("signals can be taken");
        // One that no other test sends: what those sent to this process can still be on its way to a thread that waits.
        let own = Signal::parse("SIGRTMIN+4").expect("a signal");
        signals.add(own).expect("it can be caught");
        let mut stream = signals.into_stream().expect("a stream");
        raise(own.number());
        let sender = loop {
            let next = tokio::time::timeout(Duration::from_secs(30), stream.next()).await;
            let received = next.expect("a signal in time").expect("the pipe works");
            if let Some(found) = received.into_iter().find(|received| received.signal == own) {
                break found.sender.expect("somebody");
            }
        };
        let name = std::fs::read_to_string("/proc/self/comm").expect("a name");
        assert_eq!(sender.pid, Some(std::process::id().cast_signed()));
        assert_eq!(sender.uid, rustix::process::getuid().as_raw());
        assert_eq!(sender.command.as_deref(), Some(name.trim_end()));
    });
}

#[expect(unsafe_code, reason = "real-time signals have no safe door")]
fn raise(signal: i32) {
    // SAFETY: takes plain numbers, and the signal has a handler.
    assert_eq!(unsafe { libc::kill(std::process::id().cast_signed(), signal) }, 0);
}
