//! Limits on descriptors: the supervisor raises its own, children get back the one of the start. Also closes the
//! door for inherited descriptors. Called once at the start; the value is read for every child.

use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;

/// RLIMIT_NOFILE before [`raise_nofile`].
static AT_START: OnceLock<libc::rlimit64> = OnceLock::new();

/// Raises the soft limit on open descriptors to the hard one: 1000 captured processes need over 2000 of them.
///
/// # Errors
/// When the kernel refuses to tell or to change the limit.
#[expect(unsafe_code, reason = "keeps the very structure that the child hands back to the kernel")]
pub fn raise_nofile() -> io::Result<()> {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: getrlimit64 fills one structure, which lives here.
    if unsafe { libc::getrlimit64(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let raised = libc::rlimit64 { rlim_cur: limit.rlim_max, ..limit };
    // SAFETY: setrlimit64 reads one structure, which lives here.
    if unsafe { libc::setrlimit64(libc::RLIMIT_NOFILE, &raw const raised) } != 0 {
        return Err(io::Error::last_os_error());
    }
    AT_START.get_or_init(|| limit);
    Ok(())
}

/// What children get, when it was changed.
pub(super) fn at_start() -> Option<&'static libc::rlimit64> {
    AT_START.get()
}

/// Marks every descriptor from 3 on close-on-exec, so that none that we inherited reaches a child.
///
/// # Errors
/// When neither close_range(2) nor /proc/self/fd can be used.
#[expect(unsafe_code, reason = "close_range and fcntl on descriptors that nobody here owns")]
pub fn keep_descriptors_from_children() -> io::Result<()> {
    // SAFETY: marks descriptors and closes none.
    let marked = unsafe {
        libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_uint)
    };
    if marked == 0 {
        return Ok(());
    }
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let Some(fd) = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        if fd > 2 {
            // SAFETY: sets a flag; a descriptor that is gone by now gives EBADF, which harms nobody.
            unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}
