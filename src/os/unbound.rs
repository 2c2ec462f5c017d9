//! Signals that nothing is bound to: real-time ones, timers, limits. Left at their default most of them would end this
//! process, and everything with it. They get a handler that does nothing, and not "ignore": an exec takes handlers back
//! to the default by itself. Called once, before anything is started, and before bound signals are taken.

use super::signals;
use std::io;
use std::ptr;

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

/// Takes every signal that still has its default, and does nothing with it.
///
/// # Errors
/// When the kernel refuses.
#[expect(unsafe_code, reason = "reads and sets dispositions, which has no safe door")]
pub fn survive() -> io::Result<()> {
    for signal in (1..=libc::SIGRTMAX()).filter(|signal| !LEFT_ALONE.contains(signal)) {
        // SAFETY: a sigaction is plain memory for which zero is valid and all of which lives here; the handler touches
        // nothing at all, so it may run in any thread and at any moment.
        let result = unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, ptr::null(), &raw mut now) != 0 {
                signals::ignore_raw(signal); // the C library keeps it for itself, and uses it for nothing here
                continue;
            }
            if now.sa_sigaction != libc::SIG_DFL {
                continue;
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &raw const action, ptr::null_mut())
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
