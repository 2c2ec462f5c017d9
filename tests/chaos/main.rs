//! The real program under a storm: its processes are killed and restarted, its receiver is stopped, slow, refuses, cuts
//! off, and the supervisor itself is killed again and again on one spool. In the end nothing is lost that had ended,
//! what was cut is told as cut, and every account adds up: see `laws.rs`.
//!
//! `CHAOS_SECONDS` is the length of the storm (20), in which the supervisor is killed once in ten seconds or so, at most
//! 20 times. `CHAOS_SEED` repeats its order of events; the moments depend on the machine. `-- --nocapture` shows figures.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "the figures of a storm, and what it was")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read clocks")]

mod fleet;
mod laws;
mod receiver;
#[path = "../support/mod.rs"]
mod support;
mod times;

use fleet::Fleet;
use receiver::{Mood, Receiver, moods};
use std::time::{Duration, Instant};
use support::wait::let_pass;
use support::{LONG, wait_until};

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no whole number")))
}

/// A storm of events, from one seed.
struct Storm {
    random: fastrand::Rng,
    fleet: Fleet,
    receiver: Receiver,
    /// Moods that are still to come before all of them come again.
    deck: Vec<Option<Mood>>,
}

impl Storm {
    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.random.u64(from..to))
    }

    /// The next trouble of the receiver; `None` is that it is stopped.
    fn next_mood(&mut self) -> Option<Mood> {
        if self.deck.is_empty() {
            self.deck = moods().into_iter().map(Some).chain([None; 4]).collect();
            self.random.shuffle(&mut self.deck);
        }
        self.deck.pop().expect("just filled")
    }

    /// One trouble: until it has been met or so, then health for a while.
    fn trouble(&mut self) {
        match self.next_mood() {
            Some(mood) => {
                self.receiver.set(mood);
                let calls = self.receiver.calls();
                let until = Instant::now() + self.millis(200, 1500);
                self.fleet.flush();
                while self.receiver.calls() == calls && Instant::now() < until {
                    let_pass(Duration::from_millis(10));
                }
                self.act();
            }
            None => {
                self.receiver.stop();
                self.act();
                let_pass(self.millis(100, 1500));
                self.receiver.resume();
            }
        }
        self.receiver.set(Mood::Healthy);
        self.fleet.flush();
        self.act();
        let_pass(self.millis(20, 500));
    }

    /// Something that makes spans.
    fn act(&mut self) {
        let random = &mut self.random;
        match random.u8(..10) {
            0..=5 => self.fleet.kill_a_process(|count| random.usize(..count)),
            6..=7 if self.fleet.is_up() => self.fleet.restart(),
            _ => {}
        }
    }
}

/// Times of the kills: one in each part of the storm, anywhere in it.
fn kill_times(random: &mut fastrand::Rng, seconds: u64) -> Vec<Duration> {
    let count = (seconds / 10).clamp(2, 20);
    let part = seconds * 1000 / count;
    (0..count).map(|n| Duration::from_millis(n * part + random.u64(..part))).collect()
}

#[test]
fn nothing_is_lost_in_a_storm() {
    let seconds = setting("CHAOS_SECONDS").unwrap_or(20);
    let seed = setting("CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("CHAOS_SEED={seed} CHAOS_SECONDS={seconds}");
    let mut random = fastrand::Rng::with_seed(seed);
    let kills = kill_times(&mut random, seconds);
    let receiver = Receiver::start();
    let fleet = Fleet::new(&receiver.endpoint());
    let mut storm = Storm { random, fleet, receiver, deck: Vec::new() };
    let began = Instant::now();
    storm.fleet.launch();
    for kill in kills.into_iter().chain([Duration::from_secs(seconds)]) {
        let last = kill >= Duration::from_secs(seconds);
        while began.elapsed() + Duration::from_secs(2) < kill {
            storm.trouble();
        }
        let_pass(kill.saturating_sub(began.elapsed()));
        if !last {
            // In the midst of something, and not only at rest.
            for _ in 0..4 {
                storm.act();
            }
            let_pass(storm.millis(0, 40));
            storm.fleet.kill();
            storm.fleet.launch();
        }
    }
    drain(&mut storm);
    laws::hold(&storm.fleet, &storm.receiver.book(), seconds);
}

/// The receiver is well; supervisors come and go until the spool is empty.
fn drain(storm: &mut Storm) {
    storm.receiver.resume();
    // A refusal and a recovery, so that the supervisor shows its account.
    storm.receiver.set(Mood::Code(tonic::Code::Unavailable));
    storm.fleet.wait_until_up();
    let calls = storm.receiver.calls();
    storm.fleet.flush();
    wait_until(LONG, "a call that is refused", || storm.receiver.calls() > calls);
    storm.receiver.set(Mood::Healthy);
    storm.fleet.flush();
    storm.fleet.stop();
    for _ in 0..5 {
        if laws::left_in_spool(&storm.fleet.sandbox.path("spool")) == 0 {
            return;
        }
        storm.fleet.launch();
        storm.fleet.wait_until_up();
        storm.fleet.stop();
    }
    panic!("the spool is not drained by five healthy runs");
}
