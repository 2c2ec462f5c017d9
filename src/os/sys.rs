//! Thin, safe doors to wait, kill, pipes and errors (waitid(2), wait4(2), kill(2), pipe(2)). Holds no state and no policy.
//! Called inside `src/os` alone: only the reaper waits and kills.

use super::procfs::Stat;
use phpeek_core::autopsy::Usage;
use phpeek_core::outcome::Exit;
use phpeek_core::signal::Signal;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Whom a signal is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// One process.
    Process(i32),
    /// Every member of a process group.
    Group(i32),
    /// Everything in the pid namespace but ourselves; allowed for PID 1 alone.
    Everything,
}

/// What waitid(2) has to tell of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// It has ended with this and has used that, and is buried: its pid may be another's from now on.
    Ended(i32, Exit, Usage),
    /// It has made us its tracer (PTRACE_TRACEME), and waits with this signal for our leave. It lives.
    Trapped(i32, i32),
}

/// What the kernel writes of a child's use, by its own layout: seconds and microseconds of user and system time, the
/// largest resident set, three that are always zero, minor and major faults, and eight that nobody asks for.
type KernelUsage = [libc::c_long; 18];

/// Buries one child that has ended, or takes the news of one that waits for its tracer; `None`: there is no such child
/// now. One call for both, as each is a walk over all children. Only the plain system call tells the use too (waitid(2)).
#[expect(unsafe_code, reason = "waitid has no safe form that tells the pid and the use")]
pub(super) fn wait() -> Option<Waited> {
    loop {
        // SAFETY: both are plain memory for which zero is valid, and the kernel writes at most one of each.
        let (result, info, usage) = unsafe {
            let (mut info, mut usage): (libc::siginfo_t, KernelUsage) = (std::mem::zeroed(), [0; 18]);
            let (info_at, options) = (&raw mut info, libc::WEXITED | libc::WNOHANG);
            (libc::syscall(libc::SYS_waitid, libc::P_ALL, 0, info_at, options, &raw mut usage), info, usage)
        };
        if result != 0 {
            if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return None; // ECHILD: there is no child at all
        }
        // SAFETY: waitid has filled the SIGCHLD form, or left the zeros of a form without pointers.
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        return match info.si_code {
            _ if pid <= 0 => None,
            libc::CLD_EXITED | libc::CLD_KILLED | libc::CLD_DUMPED => {
                Some(Waited::Ended(pid, exit_of(info.si_code, status), usage_of(&usage)))
            }
            _ => Some(Waited::Trapped(pid, status)),
        };
    }
}

/// Whether this is a child of ours, alive or not.
#[expect(unsafe_code, reason = "waitid has no safe form for a plain pid")]
pub(super) fn is_child(pid: i32) -> bool {
    let Ok(id) = libc::id_t::try_from(pid) else { return false };
    // SAFETY: siginfo_t is plain memory for which zero is valid, and waitid writes at most one of it.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_PID, id, &raw mut info, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT) == 0
    }
}

/// Lets a child go on that has made this thread its tracer, with the signal that it waits with. False: another thread
/// is its tracer, or it is gone.
#[expect(unsafe_code, reason = "ptrace has no safe form")]
pub(super) fn detach(pid: i32, signal: i32) -> bool {
    // The trap of an exec is no signal of anybody.
    let signal = if signal & 0xff == libc::SIGTRAP { 0 } else { signal };
    // SAFETY: PTRACE_DETACH takes plain numbers and fails for whoever is not our tracee.
    unsafe { libc::ptrace(libc::PTRACE_DETACH, pid, 0_usize, signal as usize) == 0 }
}

/// Whether there is any child, alive or not.
#[expect(unsafe_code, reason = "waitid has no safe form that tells no child from none that has ended")]
pub(super) fn has_children() -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: siginfo_t is plain memory for which zero is valid, and waitid writes at most one of it.
    let result = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_ALL, 0, &raw mut info, options)
    };
    result == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::ECHILD)
}

fn exit_of(code: i32, status: i32) -> Exit {
    let number = u8::try_from(status & 0xff).unwrap_or(u8::MAX);
    if code == libc::CLD_EXITED {
        return Exit::Code(number);
    }
    match Signal::from_number(i64::from(status)) {
        Some(signal) => Exit::Signal { signal, core: code == libc::CLD_DUMPED },
        // 32 and 33 belong to the C library and have no name here; what a shell says is as near as it gets.
        None => Exit::Code(number.saturating_add(128)),
    }
}

fn usage_of(usage: &KernelUsage) -> Usage {
    let number = |n: libc::c_long| u64::try_from(n).unwrap_or(0);
    let time = |seconds, micros| Duration::from_secs(number(seconds)) + Duration::from_micros(number(micros));
    let [user, user_us, system, system_us, max_rss, _, _, _, minor, major, ..] = *usage;
    Usage {
        max_rss: number(max_rss).saturating_mul(1024), // Linux counts in kilobytes (getrusage(2))
        user: time(user, user_us),
        system: time(system, system_us),
        major_faults: number(major),
        minor_faults: number(minor),
    }
}

/// What came of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Somebody has it; a zombie counts.
    Yes,
    /// Somebody is there, and we may signal nobody of them.
    Refused,
    /// Nobody is there.
    Nobody,
}

/// Sends a signal; `None` only asks whether there is somebody.
#[expect(unsafe_code, reason = "kill with a plain group id and with 0 has no safe form")]
pub(super) fn send(target: Target, signal: Option<Signal>) -> Sent {
    let pid = match target {
        // 0, 1 and negative numbers mean something else to kill(2): whole groups, or everything.
        Target::Process(pid) | Target::Group(pid) if pid <= 1 => return Sent::Nobody,
        Target::Process(pid) => pid,
        Target::Group(pid) => -pid,
        Target::Everything if std::process::id() != 1 => return Sent::Nobody, // it would be the whole machine
        Target::Everything => -1,
    };
    // SAFETY: kill takes plain numbers.
    match unsafe { libc::kill(pid, signal.map_or(0, Signal::number)) } {
        0 => Sent::Yes,
        _ if io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) => Sent::Nobody,
        _ => Sent::Refused,
    }
}

/// As [`send`]. False: nobody is there.
pub(super) fn kill(target: Target, signal: Option<Signal>) -> bool {
    send(target, signal) != Sent::Nobody
}

/// The process group of a child that has not been reaped; 0 when its leader is outside of our PID namespace.
#[expect(unsafe_code, reason = "rustix takes a group of another PID namespace, which is 0, for impossible")]
pub(super) fn group_of(pid: i32) -> Option<i32> {
    // SAFETY: takes and returns a number.
    let group = unsafe { libc::getpgid(pid) };
    (group >= 0).then_some(group)
}

/// The session of this process; 0 when its leader is outside of our PID namespace, as `unshare --pid` leaves it.
#[expect(unsafe_code, reason = "rustix takes a session of another PID namespace, which is 0, for impossible")]
pub(super) fn own_session() -> i32 {
    // SAFETY: takes and returns a number; it cannot fail for the caller itself (getsid(2)).
    unsafe { libc::getsid(0) }
}

/// Sends a signal to this very process and to no other that was given its pid.
#[expect(unsafe_code, reason = "pidfd_send_signal has no safe form that takes any signal")]
pub(super) fn send_exactly(process: &Stat, signal: Signal) -> bool {
    let Some(pid) = rustix::process::Pid::from_raw(process.pid) else { return false };
    let Ok(handle) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) else {
        return process.is_there() && kill(Target::Process(process.pid), Some(signal)); // before Linux 5.3
    };
    // The handle is of whoever has the pid now, so the look at its beginning comes after it was opened.
    let info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the descriptor is open for the call; no information is handed over, so the kernel makes its own.
    process.is_there()
        && unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, handle.as_raw_fd(), signal.number(), info, 0) == 0
        }
}

/// A pipe whose ends are close-on-exec, above the standard descriptors, and whose read end does not block. Who holds
/// its write end may open it again by name, as /dev/stdout, whoever that has become: the pipe is the `user`'s, and
/// those that change their user later (gosu, setpriv) may write. Nobody else gets near: /proc shows the descriptors
/// of a process to itself and to who may trace it (proc(5)).
pub(super) fn pipe(user: Option<u32>) -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let (read, write) = (lift(read)?, lift(write)?);
    rustix::fs::fcntl_setfl(&read, rustix::fs::OFlags::NONBLOCK)?;
    // Where one of the two is refused (no CAP_CHOWN, a policy) the other is enough, and most programs need neither.
    rustix::fs::fchmod(&write, rustix::fs::Mode::from_raw_mode(0o622)).ok();
    if let Some(user) = user {
        rustix::fs::fchown(&write, Some(rustix::fs::Uid::from_raw(user)), None).ok();
    }
    Ok((read, write))
}

/// /dev/null for reading and writing, close-on-exec, above the standard descriptors.
pub(super) fn null() -> io::Result<OwnedFd> {
    lift(std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?.into())
}

/// Standard input, output and error, close-on-exec, above themselves; /dev/null in place of one that is closed.
pub(super) fn standard_streams() -> io::Result<[OwnedFd; 3]> {
    let copy = |stream: io::Result<OwnedFd>| match stream {
        Err(error) if error.raw_os_error() == Some(libc::EBADF) => null(),
        copied => lift(copied?),
    };
    Ok([
        copy(rustix::stdio::stdin().try_clone_to_owned())?,
        copy(rustix::stdio::stdout().try_clone_to_owned())?,
        copy(rustix::stdio::stderr().try_clone_to_owned())?,
    ])
}

/// Moves a descriptor out of 0 to 2: the child puts its own there, one after the other.
#[expect(unsafe_code, reason = "takes ownership of a fresh descriptor")]
pub(super) fn lift(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    // SAFETY: fd is open, and F_DUPFD_CLOEXEC returns a new descriptor that nobody else owns.
    unsafe {
        match libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 3) {
            -1 => Err(io::Error::last_os_error()),
            raw => Ok(OwnedFd::from_raw_fd(raw)),
        }
    }
}

/// The reason of an error number in words: lower case, without the number.
pub(super) fn reason(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).chain(remedy(errno).chars()).collect(),
        None => format!("error {errno}"),
    }
}

/// What to do about a limit that was reached.
fn remedy(errno: i32) -> &'static str {
    match errno {
        libc::EMFILE => " in the supervisor; raise its limit (`ulimit -n`, LimitNOFILE= of its unit)",
        libc::ENFILE => " on this machine; raise fs.file-max",
        libc::EAGAIN => {
            "; no more processes or threads may be had: raise pids.max of its cgroup, or its `ulimit -u`"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_was_reached_is_named_with_what_to_do() {
        assert!(
            reason(libc::EMFILE)
                .starts_with("too many open files in the supervisor; raise its limit (`ulimit -n`")
        );
        assert!(reason(libc::EAGAIN).contains("raise pids.max"));
        assert_eq!(reason(libc::ENOENT), "no such file or directory");
    }
}
