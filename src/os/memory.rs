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

/// At most so many mappings are forgotten: a program and its libraries have a dozen.
const MAPPINGS: usize = 32;
/// In which the thread that asks for it comes to its end.
const ENDS: libc::c_uint = 50_000; // microseconds

/// Where mappings begin and end; empty ones stand for none.
type Ranges = [(usize, usize); MAPPINGS];

/// Gives back the pages of code that are mapped and can be read again: what parsed the command line and the
/// configuration is not needed any more, and what is comes back from the page cache at its next use, a microsecond for
/// 64 KiB. Touches nothing that was ever written: only code, and the read-only data at the beginning of a file
/// (relocated data lies behind it, in a mapping of its own), where no page differs from the file. Does nothing where /proc is not there.
///
/// Call it as the last thing that a thread does, while all others rest. Whatever runs afterwards is read in again with all
/// that lies around it, and the end of a thread of ours is in five places: so it is done a moment later, by a plain
/// thread that has nothing to end; by the one that calls where there is no other to be had.
#[expect(unsafe_code, reason = "pthread_create has no safe form")]
pub fn forget_code() {
    let ranges = Box::into_raw(Box::new(clean_ranges())).cast();
    let mut thread: libc::pthread_t = 0;
    // SAFETY: the function takes what it is given here, and it alone has it; without attributes the defaults hold.
    let refused = unsafe { libc::pthread_create(&raw mut thread, std::ptr::null(), forget, ranges) };
    if refused == 0 {
        // SAFETY: it was begun, and nobody joins it.
        unsafe { libc::pthread_detach(thread) };
    } else {
        forget(ranges);
    }
}

/// Forgets mappings, and frees the list of them first. It must not panic, and ends in this file.
#[expect(unsafe_code, reason = "madvise has no safe form")]
extern "C" fn forget(ranges: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: it comes from `Box::into_raw`, and was given to this call alone.
    let ranges: Ranges = *unsafe { Box::from_raw(ranges.cast()) };
    // SAFETY: takes a plain number.
    unsafe { libc::usleep(ENDS) };
    for (begin, end) in ranges {
        // SAFETY: the range is a private mapping of a file that was never written to (madvise(2): after MADV_DONTNEED
        // the pages are read from the file again), or empty; a refusal only leaves them where they are.
        unsafe { libc::madvise(begin as *mut libc::c_void, end.saturating_sub(begin), libc::MADV_DONTNEED) };
    }
    std::ptr::null_mut()
}

fn clean_ranges() -> Ranges {
    let mut ranges = [(0, 0); MAPPINGS];
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    for (slot, range) in ranges.iter_mut().zip(clean(&maps)) {
        *slot = range;
    }
    ranges
}

/// The mappings of /proc/self/smaps (proc(5)) that hold code, or the beginning, of a file, and no page that differs from it:
/// a debugger, or a library that is changed as it is loaded, writes into code, too.
fn clean(maps: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut last = None;
    maps.lines().filter_map(move |line| match line.strip_prefix("Anonymous:") {
        Some(size) => last.take().filter(|_| size.trim() == "0 kB"),
        None => {
            last = range_of_file(line).or(last);
            None
        }
    })
}

/// The range that a mapping's first line gives, if it maps code, or the beginning, of a file.
fn range_of_file(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (range, mode, offset) = (words.next()?, words.next()?, words.next()?);
    let of_file = words.nth(2)?.starts_with('/');
    let code = mode == "r-xp";
    let head = mode == "r--p" && offset.bytes().all(|digit| digit == b'0');
    if !of_file || !(code || head) {
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

    fn forgotten(mapping: &str, anonymous: &str) -> Vec<(usize, usize)> {
        let maps = format!("{mapping}\nSize: 4 kB\nRss: 4 kB\nAnonymous: {anonymous}\nVmFlags: rd mr\n");
        clean(&format!("{maps}3000-4000 rw-p 00000000 00:00 0\nAnonymous: 0 kB\n")).collect()
    }

    #[test]
    fn only_what_was_never_written_is_forgotten() {
        for code in [
            "1000-2000 r-xp 00001000 fe:00 7                /bin/x",
            "1000-2000 r--p 00000000 fe:00 7                /bin/x",
            "1000-2000 r-xp 00026000 fe:00 8                /lib/libc.so.6",
        ] {
            assert_eq!(forgotten(code, "0 kB"), [(0x1000, 0x2000)], "{code}");
            assert_eq!(forgotten(code, "4 kB"), [], "written to: {code}");
        }
        for other in [
            "1000-2000 r--p 00003000 fe:00 7                /bin/x",
            "1000-2000 rw-p 00000000 fe:00 7                /bin/x",
            "1000-2000 r-xp 00000000 00:00 0                [vdso]",
            "1000-2000 rw-p 00000000 00:00 0 ",
            "",
        ] {
            assert_eq!(forgotten(other, "0 kB"), [], "{other}");
        }
    }

    #[test]
    fn the_program_goes_on_without_them() {
        assert!(clean_ranges().iter().any(|(begin, end)| begin < end));
        forget(Box::into_raw(Box::new(clean_ranges())).cast());
        assert_eq!(format!("{:?}", [1, 2]), "[1, 2]");
    }
}
