//! How long a thousand starts take, beside `std::process`. A figure to look at, so it runs on request only:
//! `cargo test --test os speed -- --ignored --nocapture`.

use crate::world::{program, with_world};
use phpeek_core::outcome::Exit;
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 1000;

#[test]
#[ignore = "measures, and a busy machine makes the figure worthless"]
#[expect(clippy::print_stdout, reason = "the figure is what it is for")]
fn a_thousand_starts() {
    for round in 0..5 {
        with_world(|world| async move {
            let begin = Instant::now();
            let runs: Vec<_> = (0..RUNS).map(|_| world.launch(program(&["/bin/true"]))).collect();
            // Counting reports: to look for each run's own would measure the test.
            world.until(|w| w.reports.borrow().len() == 3 * RUNS).await;
            let ours = begin.elapsed();
            assert_eq!(world.exit(runs[0]).await, Exit::Code(0));
            let begin = Instant::now();
            let start = || {
                let null = || Stdio::null();
                let mut command = Command::new("/bin/true");
                command.stdin(null()).stdout(null()).stderr(null()).spawn().expect("it starts")
            };
            let begun: Vec<_> = (0..RUNS).map(|_| start().id()).collect();
            let orphans = || world.children.orphans() >= begun.len() as u64;
            world.until(|_| orphans()).await;
            println!(
                "round {round}: start and reap {RUNS}: ours {ours:?}, std::process {:?}",
                begin.elapsed()
            );
        });
    }
}
