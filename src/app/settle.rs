//! What can wait until most boots are over, once: the memory that reading the configuration and starting took is given
//! back, and sockets and records that killed supervisors have left are removed. In a thread of its own, which ends with it: while it
//! works all others rest in the kernel, and what they would need of our code to come to rest is not read in again at once
//! (64 KiB for each function).

use super::sweep::sweep_records;
use phpeek_api::place;
use phpeek_os::memory;
use std::path::PathBuf;
use std::time::Duration;

const SETTLED: Duration = Duration::from_secs(1);
/// In which all other threads come to rest, if they have nothing to do: also who looks at the control socket, up to 2 s after
/// something has changed beside it, as it does in a start and by what is removed here.
const REST: Duration = Duration::from_millis(2200);

/// What of ours lies where that of all others does.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The control socket.
    pub(super) socket: Option<PathBuf>,
    /// The record of what runs.
    pub(super) record: Option<PathBuf>,
}

/// See the top of the file. Without a thread to be had nothing is done: the memory stays, and what lies about is left to the
/// next supervisor.
pub(super) async fn settle(beside: Beside, thread_init: fn()) {
    tokio::time::sleep(SETTLED).await;
    let settle = std::thread::Builder::new().name("settle".to_owned()).spawn(move || {
        thread_init();
        if let Some(socket) = beside.socket {
            place::sweep_beside(&socket);
        }
        if let Some(record) = beside.record {
            sweep_records(&record);
        }
        std::thread::park_timeout(REST);
        memory::trim();
        memory::forget_code();
    });
    drop(settle); // an error: there is no thread to be had
}
