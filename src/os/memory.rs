//! Keeps the heap of a long-lived small process small (mallopt(3)). Nothing here changes what the program does.

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

/// Gives back the pages of our own program that are mapped and can be read again: what parsed the command line and the
/// configuration is not needed any more, and what is comes back from the page cache at its next use, a microsecond for
/// 64 KiB. Touches nothing that was ever written: only code, and the read-only data at the beginning of the file
/// (relocated data lies behind it, in a mapping of its own). Does nothing where /proc is not there.
#[expect(unsafe_code, reason = "madvise has no safe form")]
pub fn forget_code() {
    let Ok(program) = std::fs::read_link("/proc/self/exe") else { return };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (begin, end) in maps.lines().filter_map(|line| clean_range(line, &program)) {
        // SAFETY: the range is a private mapping of a file that was never written to (madvise(2): after MADV_DONTNEED
        // the pages are read from the file again); a refusal only leaves them where they are.
        unsafe { libc::madvise(begin as *mut libc::c_void, end - begin, libc::MADV_DONTNEED) };
    }
}

/// The range of a line of /proc/self/maps (proc(5)) if it maps code, or the beginning, of `program`.
fn clean_range(line: &str, program: &std::path::Path) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (range, mode, offset) = (words.next()?, words.next()?, words.next()?);
    let path = words.nth(2)?;
    let code = mode == "r-xp";
    let head = mode == "r--p" && offset.bytes().all(|digit| digit == b'0');
    if std::path::Path::new(path) != program || !(code || head) {
        return None;
    }
    let (begin, end) = range.split_once('-')?;
    let (begin, end) = (usize::from_str_radix(begin, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    (begin < end).then_some((begin, end))
}

/// Other C libraries have nothing to tune.
#[cfg(not(target_env = "gnu"))]
pub fn tune_allocator() {}

/// Other C libraries give memory back by themselves.
#[cfg(not(target_env = "gnu"))]
pub fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn only_what_was_never_written_is_forgotten() {
        let of = |line| clean_range(line, Path::new("/bin/x"));
        assert_eq!(of("1000-2000 r-xp 00001000 fe:00 7                /bin/x"), Some((0x1000, 0x2000)));
        assert_eq!(of("1000-2000 r--p 00000000 fe:00 7                /bin/x"), Some((0x1000, 0x2000)));
        for other in [
            "1000-2000 r--p 00003000 fe:00 7                /bin/x",
            "1000-2000 rw-p 00000000 fe:00 7                /bin/x",
            "1000-2000 r-xp 00001000 fe:00 7                /lib/libc.so.6",
            "1000-2000 r-xp 00000000 00:00 0                [vdso]",
            "1000-2000 rw-p 00000000 00:00 0 ",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn the_program_goes_on_without_them() {
        forget_code();
        assert_eq!(format!("{:?}", [1, 2]), "[1, 2]");
    }
}
