//! Signals that nothing is bound to: real-time ones, timers, limits. Left at their default most of them would end this
//! process, and everything with it. They get a handler that does nothing, and not "ignore": an exec takes handlers back
//! to the default by itself. Called once, before anything is started, and before bound signals are taken.

use super::signals;
use std::io;
use std::ptr;
use std::sync::atomic::Ordering;

/// Signals whose default is right: they cannot be taken, tell of a fault in this very program, or stop and go on.
const LEFT_ALONE: [i32; 13] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGCONT,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
];

extern "C" fn nothing(_: libc::c_int) {}

/// Takes every signal that nobody has taken, and does nothing with it.
///
/// # Errors
/// When the kernel refuses.
#[expect(unsafe_code, reason = "sets dispositions, which has no safe door")]
pub fn survive() -> io::Result<()> {
    let taken = signals::changed().load(Ordering::SeqCst);
    let is_free = |signal: &i32| taken & 1_u64.checked_shl(signal.cast_unsigned() - 1).unwrap_or(0) == 0;
    for signal in (1..=libc::SIGRTMAX()).filter(|signal| !LEFT_ALONE.contains(signal)).filter(is_free) {
        // SAFETY: a sigaction is plain memory for which zero is valid and all of which lives here; the handler touches
        // nothing at all, so it may run in any thread and at any moment.
        let result = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &raw const action, ptr::null_mut())
        };
        if result != 0 {
            match io::Error::last_os_error() {
                // The C library keeps it for itself, and uses it for nothing here.
                error if error.raw_os_error() == Some(libc::EINVAL) => signals::ignore_raw(signal),
                error => return Err(error),
            }
        }
    }
    Ok(())
}
