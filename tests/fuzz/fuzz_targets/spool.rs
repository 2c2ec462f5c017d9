//! Any bytes as the segments of a spool: see `../spool.rs`. Run by cargo-fuzz; the corpus is replayed by
//! `tests/telemetry`.
#![no_main]

#[path = "../spool.rs"]
mod spool;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The disk of most machines is too slow for this, and too full for a folder that is left by a fault.
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    spool::law(data, folder.path());
});
