//! Signals to the supervisor: taken by handlers that only note them (signal-hook) and ring a bell, read by the
//! supervision arbiter. Never decides what a signal means. Called first thing in main, then by the arbiter.
//!
//! Every thread but the main one blocks all signals, so that no handler runs in a thread whose memory a child
//! shares for a moment; see [`block_all_in_this_thread`].

use super::bell::Bell;
use super::{procfs, terminal};
use phpeek_core::signal::{Signal, SignalSender};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithRawSiginfo;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Signals whose disposition here is not the default; bit n - 1 is signal n. A child reads it before its exec.
/// SIGPIPE is always among them: Rust's own start ignores it.
static CHANGED: AtomicU64 = AtomicU64::new(1 << 12);

/// What is taken from the start. More are [`Signals::add`]ed when the configuration binds them.
const FROM_THE_START: [Signal; 7] =
    [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP, Signal::USR1, Signal::USR2, Signal::CHLD];

/// The code of a signal that the kernel has sent by itself (sigaction(2)).
const SI_KERNEL: i32 = 0x80;

/// The signals that a child must set back to the default.
pub(super) fn changed() -> &'static AtomicU64 {
    &CHANGED
}

pub(super) fn mark_changed(signal: i32) {
    CHANGED.fetch_or(bit(signal), Ordering::SeqCst);
}

/// Bit n - 1 of signal n.
fn bit(signal: i32) -> u64 {
    u32::try_from(signal - 1).ok().and_then(|bit| 1_u64.checked_shl(bit)).unwrap_or(0)
}

/// The handlers and what is behind them. Dropping it gives the signals up.
pub struct Signals {
    /// What has come. It would wake us by itself with send(2), which needs memory, and does not look whether there was
    /// any: of the bell, which is no socket, it does nothing.
    delivery: SignalDelivery<Bell, WithRawSiginfo>,
    /// The signals that ring it; bit n - 1 is signal n.
    ringing: AtomicU64,
    /// What came before anybody knew what it means; the stream begins with it.
    early: Vec<Received>,
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.delivery.get_read().as_raw_fd()
    }
}

impl Signals {
    /// Takes the signals that everybody may send: TERM INT QUIT HUP USR1 USR2 CHLD. What was ignored when we were
    /// started is set to its default, what was blocked is unblocked, SIGPIPE is ignored. Call it before any thread
    /// exists.
    ///
    /// # Errors
    /// When the bell cannot be made or a handler cannot be set.
    pub fn install() -> io::Result<Self> {
        // A handler is there a moment before what it is for: a signal that came in between would be lost.
        set_mask(Mask::Full)?;
        forget_ignored();
        let bell = Bell::new()?;
        let ringer = bell.descriptor()?;
        let delivery = SignalDelivery::with_pipe(bell, ringer, WithRawSiginfo, [0_i32; 0])?;
        let signals = Self { delivery, ringing: AtomicU64::new(0), early: Vec::new() };
        FROM_THE_START.iter().try_for_each(|signal| signals.take(*signal))?;
        set_disposition(libc::SIGPIPE, libc::SIG_IGN);
        set_mask(Mask::Empty)?; // last: what has waited since our start finds its handler
        Ok(signals)
    }

    /// Gives the signals back to the kernel, for a command that has nothing to stop in order: Ctrl-C ends it. One
    /// that came meanwhile acts now.
    pub fn give_up(mut self) {
        let came: Vec<_> = self
            .delivery
            .pending()
            .map(|info| info.si_signo)
            .filter(|number| *number != libc::SIGCHLD)
            .collect();
        for signal in FROM_THE_START {
            set_disposition(signal.number(), libc::SIG_DFL);
        }
        for number in came {
            raise(number);
        }
    }

    /// Takes one more signal.
    ///
    /// # Errors
    /// When it can or may not be caught ([`Signal::can_be_caught`]), or the kernel refuses.
    pub fn add(&self, signal: Signal) -> io::Result<()> {
        if !signal.can_be_caught() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{signal} cannot be caught")));
        }
        self.take(signal)?;
        self.delivery.get_read().ring(); // for one that came when it was noted, and did not ring yet
        Ok(())
    }

    fn take(&self, signal: Signal) -> io::Result<()> {
        let number = signal.number();
        mark_changed(number); // before the handler exists: a child cloned in between must reset it
        self.delivery.handle().add_signal(number)?;
        if self.ringing.fetch_or(bit(number), Ordering::SeqCst) & bit(number) == 0 {
            self.delivery.get_read().rung_by(number)?; // after it is noted
        }
        Ok(())
    }

    /// Waits until `done` can be read or is closed. A signal that asks for the end ends the wait at once and is given
    /// back; any other is kept for the stream.
    ///
    /// # Errors
    /// When the kernel cannot wait.
    pub fn wait(&mut self, done: BorrowedFd<'_>) -> io::Result<Option<Signal>> {
        loop {
            let bell = self.delivery.get_read().as_fd();
            let mut watched = [
                PollFd::from_borrowed_fd(done, PollFlags::IN),
                PollFd::from_borrowed_fd(bell, PollFlags::IN),
            ];
            match poll(&mut watched, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let over = watched.first().is_some_and(|fd| !fd.revents().is_empty());
            for received in self.pending() {
                if matches!(received.signal, Signal::TERM | Signal::INT | Signal::QUIT) {
                    return Ok(Some(received.signal));
                }
                self.early.push(received);
            }
            if over {
                return Ok(None);
            }
        }
    }

    /// Takes what has come, each kind once.
    fn pending(&mut self) -> Vec<Received> {
        let mut received: Vec<Received> = std::mem::take(&mut self.early);
        self.delivery.get_read().quiet(); // before they are taken: one that comes later rings again
        for info in self.delivery.pending().filter(|info| !of_a_folder(info)) {
            let signal = Signal::from_number(i64::from(info.si_signo));
            if let Some(signal) = signal.filter(|signal| received.iter().all(|r| r.signal != *signal)) {
                let hangup = signal == Signal::HUP && (info.si_code == SI_KERNEL || terminal::has_gone());
                received.push(Received { signal, sender: sender(&info), hangup });
            }
        }
        received
    }

    /// Ties the bell to the runtime of the supervision arbiter.
    ///
    /// # Errors
    /// When the runtime cannot watch it.
    #[expect(unsafe_code, reason = "registers a descriptor that AsRawFd, not AsFd, shows")]
    pub fn into_stream(self) -> io::Result<SignalStream> {
        // SAFETY: the descriptor is that of a bell which `self` owns and never replaces.
        let registered = unsafe { AsyncFd::register_with_interest(self, Interest::READABLE) };
        Ok(SignalStream(registered.map_err(io::Error::from)?))
    }
}

/// A signal that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Which.
    pub signal: Signal,
    /// Who sent it; `None` when nobody did, as with Ctrl-C and the end of a child. The first, when several did.
    pub sender: Option<SignalSender>,
    /// Whether it is a SIGHUP because the terminal is gone.
    pub hangup: bool,
}

/// Pending signals, each kind once however often it was sent.
pub struct SignalStream(AsyncFd<Signals>);

impl SignalStream {
    /// Waits until there is a signal, and takes all that are pending. Cancelling it loses none.
    ///
    /// # Errors
    /// When the runtime that it was made in is gone.
    pub async fn next(&mut self) -> io::Result<Vec<Received>> {
        if !self.0.get_ref().early.is_empty() {
            return Ok(self.0.get_mut().pending());
        }
        loop {
            let mut guard = self.0.readable_mut().await?;
            guard.clear_ready(); // before reading: a byte that comes later wakes us again
            let received = guard.get_inner_mut().pending();
            if !received.is_empty() {
                return Ok(received);
            }
        }
    }

    /// Takes one more signal.
    ///
    /// # Errors
    /// As [`Signals::add`].
    pub fn add(&self, signal: Signal) -> io::Result<()> {
        self.0.get_ref().add(signal)
    }
}

/// The kernel's word that a folder has changed (`folder_watch`), and nobody's request.
fn of_a_folder(info: &libc::siginfo_t) -> bool {
    info.si_signo == libc::SIGIO && info.si_code == SI_KERNEL
}

/// Only what kill(2) and its kin have sent has a sender; the codes above zero are of the kernel (sigaction(2)).
#[expect(unsafe_code, reason = "siginfo_t is a union, which has no safe door")]
fn sender(info: &libc::siginfo_t) -> Option<SignalSender> {
    if !matches!(info.si_code, libc::SI_USER | libc::SI_QUEUE | libc::SI_TKILL) {
        return None;
    }
    // SAFETY: for these codes the kernel fills pid and uid, as plain numbers.
    let (pid, uid) = unsafe { (info.si_pid(), info.si_uid()) };
    let pid = (pid > 0).then_some(pid);
    Some(SignalSender { pid, uid, command: pid.and_then(command_of) })
}

/// A pseudo file, which does not wait. Nothing when the process is gone.
fn command_of(pid: i32) -> Option<String> {
    let name = procfs::bytes(&format!("/proc/{pid}/comm"))?;
    Some(String::from_utf8_lossy(name.trim_ascii_end()).into_owned())
}

/// Blocks every signal in the calling thread, for good. Each thread but the main one calls it first.
///
/// # Errors
/// When the kernel refuses; the thread must not go on then.
pub fn block_all_in_this_thread() -> io::Result<()> {
    set_mask(Mask::Full)
}

/// Runs `action` with every signal blocked, so that a thread it makes is born so; then restores the mask.
pub(super) fn with_all_blocked<T>(action: impl FnOnce() -> T) -> io::Result<T> {
    let before = current_mask()?;
    set_mask(Mask::Full)?;
    let result = action();
    set_mask(Mask::Of(before))?;
    Ok(result)
}

enum Mask {
    Empty,
    Full,
    Of(libc::sigset_t),
}

#[expect(unsafe_code, reason = "the mask of a thread has no safe door")]
fn current_mask() -> io::Result<libc::sigset_t> {
    // SAFETY: pthread_sigmask fills one set, which lives here.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        match libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &raw mut set) {
            0 => Ok(set),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }
}

#[expect(unsafe_code, reason = "the mask of a thread has no safe door")]
fn set_mask(mask: Mask) -> io::Result<()> {
    // SAFETY: a sigset_t is plain memory that sigemptyset or sigfillset initialises; all of it lives here.
    let result = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        match mask {
            Mask::Empty => {
                libc::sigemptyset(&raw mut set);
            }
            Mask::Full => {
                libc::sigfillset(&raw mut set);
            }
            Mask::Of(wanted) => set = wanted,
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}

/// Whoever started us may have ignored signals; children would inherit that through us. Raw, because the C library
/// hides 32 and 33, and its own posix_spawn hands just these down ignored (sigaction(2), rt_sigaction).
#[expect(unsafe_code, reason = "reads and resets dispositions, which has no safe door")]
fn forget_ignored() {
    for signal in 1..=i32::from(phpeek_core::signal::RT_MAX) {
        // The kernel's own structure: the handler is its first word, and all zero is the default.
        let (mut now, default) = ([0_usize; 8], [0_usize; 8]);
        let none = std::ptr::null::<usize>();
        // SAFETY: the kernel reads or writes at most 32 bytes, less than either array has; a signal that cannot
        // be asked about gives an error and leaves `now` as it is. Nobody's handler is replaced.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, none, now.as_mut_ptr(), 8_usize);
            if now.first() == Some(&libc::SIG_IGN) {
                let none = std::ptr::null_mut::<usize>();
                libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), none, 8_usize);
            }
        }
    }
}

/// Ignores a signal that the C library hides (32 and 33). Children set it back.
#[expect(unsafe_code, reason = "sets a disposition, which has no safe door")]
pub(super) fn ignore_raw(signal: i32) {
    mark_changed(signal);
    let ignore = [libc::SIG_IGN, 0, 0, 0, 0, 0, 0, 0];
    let none = std::ptr::null_mut::<usize>();
    // SAFETY: the kernel reads at most as much as the array holds: its first word is the handler, the rest is zero.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, ignore.as_ptr(), none, 8_usize) };
}

#[expect(unsafe_code, reason = "raise has no safe door")]
fn raise(signal: i32) {
    // SAFETY: takes a plain number; the disposition is the default, so no code of ours runs.
    unsafe { libc::raise(signal) };
}

#[expect(unsafe_code, reason = "sets a disposition, which has no safe door")]
fn set_disposition(signal: i32, disposition: libc::sighandler_t) {
    // SAFETY: the disposition is SIG_IGN or SIG_DFL, never code.
    unsafe { libc::signal(signal, disposition) };
}
