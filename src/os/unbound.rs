//! Signals that nothing is bound to: real-time ones, timers, limits, and those of a fault when somebody sends them. Left
//! at their default most of them would end this process, and everything with it. They get a handler that does nothing,
//! and not "ignore": an exec takes handlers back to the default by itself. Called once, before anything is started, and
//! before bound signals are taken.

use super::{environment, signals};
use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Signals whose default is right: they cannot be taken, or stop and go on.
const LEFT_ALONE: [i32; 6] =
    [libc::SIGKILL, libc::SIGSTOP, libc::SIGCONT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// Signals that tell of a fault in this very program, unless a process has sent them.
const FAULTS: [i32; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGABRT, libc::SIGSYS];

/// By this systemd says that it watches us. It ends who hangs by SIGABRT.
const WATCHED: &str = "WATCHDOG_USEC";

/// On the stack that Rust has made for a stack that is full: it is small, so only one of them comes at a time.
const FAULT_FLAGS: c_int = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;

/// What took a fault before us; by its place in [`FAULTS`].
static BEFORE: [AtomicUsize; FAULTS.len()] = [const { AtomicUsize::new(libc::SIG_DFL) }; FAULTS.len()];

/// A handler that is told of the sender.
type Informed = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

extern "C" fn nothing(_: c_int) {}

/// Does nothing with a signal that a process has sent. What this program has done itself goes its way: who took it before
/// us takes it, or it ends us by its default. abort(3) comes here as sent, and tries again by the default itself.
extern "C" fn fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    #[expect(unsafe_code, reason = "reads what the kernel hands to a handler, and calls the one before")]
    // SAFETY: the kernel hands over a valid structure. What stands in `BEFORE` was read from a sigaction of this
    // signal, so it is a function of this kind where it is neither default nor "ignore". Raw calls alone follow.
    unsafe {
        if info.as_ref().is_none_or(|info| info.si_code <= 0) {
            return;
        }
        let place = FAULTS.iter().position(|fault| *fault == signal).and_then(|place| BEFORE.get(place));
        let before = place.map_or(libc::SIG_DFL, |before| before.load(Ordering::Relaxed));
        if before != libc::SIG_DFL && before != libc::SIG_IGN {
            let before: Informed = std::mem::transmute::<usize, Informed>(before);
            return before(signal, info, context);
        }
        let default: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &raw const default, ptr::null_mut());
        let (process, thread) = (libc::syscall(libc::SYS_getpid), libc::syscall(libc::SYS_gettid));
        libc::syscall(libc::SYS_tgkill, process, thread, c_long::from(signal)); // comes when this returns
    }
}

/// Takes every signal that nobody has taken, and does nothing with it.
///
/// # Errors
/// When the kernel refuses.
#[expect(unsafe_code, reason = "sets dispositions, which has no safe door")]
pub fn survive() -> io::Result<()> {
    let taken = signals::changed().load(Ordering::SeqCst);
    let is_free = |signal: &i32| taken & 1_u64.checked_shl(signal.cast_unsigned() - 1).unwrap_or(0) == 0;
    let watched = environment::value(WATCHED).is_some();
    let left_alone = |signal: &i32| LEFT_ALONE.contains(signal) || (watched && *signal == libc::SIGABRT);
    for signal in (1..=libc::SIGRTMAX()).filter(|s| !left_alone(s)).filter(is_free) {
        let place = FAULTS.iter().position(|fault| *fault == signal);
        // SAFETY: a sigaction is plain memory for which zero is valid and all of which lives here; the handlers touch
        // nothing when a process has sent the signal, so they may run in any thread and at any moment.
        let result = unsafe {
            let (mut action, mut before): (libc::sigaction, libc::sigaction) =
                (std::mem::zeroed(), std::mem::zeroed());
            (action.sa_sigaction, action.sa_flags) = match place {
                Some(_) => (fault as Informed as libc::sighandler_t, FAULT_FLAGS),
                None => (nothing as extern "C" fn(c_int) as libc::sighandler_t, libc::SA_RESTART),
            };
            if place.is_some() {
                libc::sigfillset(&raw mut action.sa_mask);
            }
            let result = libc::sigaction(signal, &raw const action, &raw mut before);
            if let Some(kept) = place.and_then(|place| BEFORE.get(place)) {
                kept.store(before.sa_sigaction, Ordering::Relaxed);
            }
            result
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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    #![allow(clippy::disallowed_methods, reason = "tests start programs")]
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};

    /// Says to this very test, started once more, by what it shall end.
    const ROLE: &str = "UNBOUND_TEST_ENDS_BY";

    #[expect(unsafe_code, reason = "makes faults")]
    fn end_by(role: &str) {
        survive().expect("the kernel lets us");
        // SAFETY: sends signals to this process alone, and reads where nothing is, which is to end it.
        unsafe {
            for signal in FAULTS.into_iter().chain(FAULTS) {
                libc::syscall(libc::SYS_kill, libc::getpid(), signal);
            }
            match role {
                "abort" => std::process::abort(),
                "read" => drop(std::hint::black_box(ptr::null::<u8>().wrapping_add(8)).read_volatile()),
                _ => {}
            }
        }
    }

    #[test]
    fn a_fault_that_is_sent_is_survived_and_one_that_is_made_is_not() {
        if let Some(role) = std::env::var_os(ROLE) {
            return end_by(&role.to_string_lossy());
        }
        let signal = |role: &str| {
            let mut again = Command::new(std::env::current_exe().expect("we run"));
            again.args([
                "--exact",
                "unbound::tests::a_fault_that_is_sent_is_survived_and_one_that_is_made_is_not",
            ]);
            let again = again.env(ROLE, role).env_remove(WATCHED).stdout(Stdio::null()).stderr(Stdio::null());
            again.status().expect("it runs").signal()
        };
        assert_eq!(signal("end"), None);
        assert_eq!(signal("abort"), Some(libc::SIGABRT));
        assert_eq!(signal("read"), Some(libc::SIGSEGV));
    }
}
