//! Gives back the memory that reading the configuration and starting took: once, when most boots are over.

use phpeek_os::memory;
use std::time::Duration;

const SETTLED: Duration = Duration::from_secs(2);

/// See the top of the file.
pub(super) async fn settle() {
    tokio::time::sleep(SETTLED).await;
    memory::trim();
    memory::forget_code();
}
