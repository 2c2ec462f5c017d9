//! Keeps the heap of a long-lived small process small (mallopt(3)). Nothing here changes what the program does.
//! Called by the composition root: first thing in main, and after the burst of a start has drained.

/// One arena for all threads and fixed thresholds: freed bursts go back to the kernel.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "mallopt has no safe form")]
pub fn tune_allocator() {
    // SAFETY: mallopt takes plain numbers; a refusal only leaves the default.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 * 1024);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 128 * 1024);
    }
}

/// Gives free memory back to the kernel.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "malloc_trim has no safe form")]
pub fn trim() {
    // SAFETY: takes a plain number.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries have nothing to tune.
#[cfg(not(target_env = "gnu"))]
pub fn tune_allocator() {}

/// Other C libraries give memory back by themselves.
#[cfg(not(target_env = "gnu"))]
pub fn trim() {}
