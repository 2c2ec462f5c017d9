//! What can wait until most boots are over, once: the memory that reading the configuration and starting took is given
//! back, and sockets that killed supervisors have left are removed. In a thread of its own, which ends with it: while it
//! works all others rest in the kernel, and what they would need of our code to come to rest is not read in again at once
//! (64 KiB for each function).

use phpeek_api::place;
use phpeek_os::memory;
use std::path::PathBuf;
use std::time::Duration;

const SETTLED: Duration = Duration::from_secs(1);
/// In which all other threads come to rest, if they have nothing to do: also who looks at the control socket, up to 2 s after
/// something has changed beside it, as it does in a start and by what is removed here.
const REST: Duration = Duration::from_millis(2200);

/// See the top of the file; `beside` is our socket, if it lies where all do. Without a thread to be had nothing is done: the
/// memory stays, and the sockets are left to the next supervisor.
pub(super) async fn settle(beside: Option<PathBuf>, thread_init: fn()) {
    tokio::time::sleep(SETTLED).await;
    let settle = std::thread::Builder::new().name("settle".to_owned()).spawn(move || {
        thread_init();
        if let Some(socket) = beside {
            place::sweep_beside(&socket);
        }
        std::thread::park_timeout(REST);
        memory::trim();
        memory::forget_code();
    });
    drop(settle); // an error: there is no thread to be had
}
