//! The way from clone to exec (clone(2), execve(2)). The child shares our memory until its exec, so it makes raw
//! system calls only: it allocates nothing, takes no lock and calls no wrapper of the C library that might.

use super::clone;
use super::confines::Confines;
use super::own_pid::OwnPid;
use super::step::{AFTER_CLONE, Failed, Step};
use std::ffi::{c_char, c_int, c_long, c_void};
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

/// Bytes for the child's few frames, without the guard page.
const STACK: usize = 64 * 1024;
/// Room for a guard page of any page size that Linux has.
const GUARD: usize = 64 * 1024;

/// What the child is to do. All pointers live until [`Stack::spawn`] returns.
#[derive(Debug)]
pub(super) struct Call {
    /// Ends with null.
    pub(super) argv: *const *const c_char,
    /// Ends with null.
    pub(super) envp: *const *const c_char,
    /// Paths to try; ends with null.
    pub(super) candidates: *const *const c_char,
    /// Null: stay.
    pub(super) directory: *const c_char,
    /// Become descriptors 0, 1 and 2; all above 2.
    pub(super) descriptors: [c_int; 3],
    /// One more, and as which it is kept.
    pub(super) extra: Option<(c_int, c_int)>,
    /// The folder of a cgroup of its own.
    pub(super) cgroup: Option<c_int>,
    /// Where the child writes its pid; null: nowhere.
    pub(super) own_pid: *const OwnPid,
    /// Whether it gets a session of its own, or a process group alone.
    pub(super) session: bool,
    /// Whether its process group takes the terminal behind its standard input, which is ours.
    pub(super) foreground: bool,
    /// Null: keep the supplementary groups.
    pub(super) groups: *const u32,
    /// How many.
    pub(super) groups_len: usize,
    /// The group; `None` keeps it.
    pub(super) group: Option<u32>,
    /// The user; `None` keeps it.
    pub(super) user: Option<u32>,
    /// What it may use and do; null: what we may.
    pub(super) confines: *const Confines,
    /// Null: leave it.
    pub(super) nofile: *const libc::rlimit64,
    /// Signals to set to the default; see `signals::changed`.
    pub(super) signals: &'static AtomicU64,
    /// Written by the child, in our memory: what failed (0: nothing), and why.
    step: AtomicI32,
    detail: AtomicI32,
    errno: AtomicI32,
    /// Whether it has to join its cgroup itself: it did not begin there.
    joins: AtomicBool,
    /// Why it did not join its cgroup: it runs all the same.
    outside: AtomicI32,
}

impl Call {
    /// A call that only execs.
    pub(super) fn new(
        argv: *const *const c_char,
        envp: *const *const c_char,
        candidates: *const *const c_char,
        descriptors: [c_int; 3],
    ) -> Self {
        Self {
            argv,
            envp,
            candidates,
            directory: ptr::null(),
            descriptors,
            extra: None,
            cgroup: None,
            own_pid: ptr::null(),
            session: false,
            foreground: false,
            groups: ptr::null(),
            groups_len: 0,
            group: None,
            user: None,
            confines: ptr::null(),
            nofile: ptr::null(),
            signals: super::signals::changed(),
            step: AtomicI32::new(0),
            detail: AtomicI32::new(0),
            errno: AtomicI32::new(0),
            joins: AtomicBool::new(false),
            outside: AtomicI32::new(0),
        }
    }

    /// Once it runs: why it did not join its cgroup.
    pub(super) fn outside(&self) -> Option<i32> {
        Some(self.outside.load(Ordering::Acquire)).filter(|errno| *errno != 0)
    }
}

/// The stack that children of one spawner use, one after the other, with a guard below it.
#[derive(Debug)]
pub(super) struct Stack(*mut c_void);

impl Stack {
    /// Maps it.
    #[expect(unsafe_code, reason = "a stack with a guard needs mmap")]
    pub(super) fn new() -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a fresh private mapping, whose lower part is then made inaccessible.
        unsafe {
            let readable = libc::PROT_READ | libc::PROT_WRITE;
            let base = libc::mmap(ptr::null_mut(), GUARD + STACK, readable, flags, -1, 0);
            if base == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            let stack = Self(base);
            if libc::mprotect(base, GUARD, libc::PROT_NONE) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(stack)
        }
    }

    /// Runs the call in a new process and waits for its exec. The kernel writes the pid into `slot` before the
    /// child can run. The caller's thread must block all signals.
    pub(super) fn spawn(&mut self, call: &Call, slot: &AtomicI32) -> Result<i32, Failed> {
        let pid = self.clone(call, slot).map_err(|errno| Failed {
            step: Step::Clone,
            detail: 0,
            errno,
            zombie: None,
        })?;
        let step = match call.step.load(Ordering::Acquire) {
            0 => return Ok(pid),
            number => AFTER_CLONE.into_iter().find(|step| *step as i32 == number).unwrap_or(Step::Exec),
        };
        let (detail, errno) = (call.detail.load(Ordering::Acquire), call.errno.load(Ordering::Acquire));
        Err(Failed { step, detail, errno, zombie: Some(pid) })
    }

    /// The child, which begins in its cgroup where that can be. The error is a number of errno(3).
    #[expect(unsafe_code, reason = "clone")]
    fn clone(&mut self, call: &Call, slot: &AtomicI32) -> Result<i32, i32> {
        let argument = ptr::from_ref(call).cast_mut().cast();
        // SAFETY: the stack is ours and no child uses it now: CLONE_VFORK holds this thread until the exec or the
        // end of the last one. The mapping is larger than 64 KiB, so its end is aligned and inside, and so is the end
        // of its guard. `call` and `slot` outlive the child's use of them for the same reason, and the child only reads
        // `call` but for its atomics. `run_child` never returns.
        unsafe {
            let (bottom, top) = (self.0.byte_add(GUARD), self.0.byte_add(GUARD + STACK));
            if let Some(cgroup) = call.cgroup {
                let begun = clone::into_cgroup(cgroup, (bottom, STACK), slot.as_ptr(), (run_child, argument));
                if begun.is_ok() {
                    return begun;
                }
                call.joins.store(true, Ordering::Release);
            }
            let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PARENT_SETTID | libc::SIGCHLD;
            match libc::clone(run_child, top, flags, argument, slot.as_ptr()) {
                pid if pid < 0 => Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EAGAIN)),
                pid => Ok(pid),
            }
        }
    }
}

impl Drop for Stack {
    #[expect(unsafe_code, reason = "unmaps what `new` has mapped")]
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, of this size, and no child is between clone and exec.
        unsafe { libc::munmap(self.0, GUARD + STACK) };
    }
}

#[expect(unsafe_code, reason = "reads the call through the pointer that clone hands over")]
extern "C" fn run_child(call: *mut c_void) -> c_int {
    // SAFETY: `Stack::spawn` passes a `Call` that outlives us; see there.
    let call = unsafe { &*call.cast_const().cast::<Call>() };
    // SAFETY: we are the child that the function is for.
    let (step, errno) = unsafe { become_program(call) };
    call.errno.store(errno, Ordering::Release);
    call.step.store(step as i32, Ordering::Release);
    loop {
        // SAFETY: ends this process, and neither runs destructors nor flushes our parent's buffers.
        unsafe { libc::syscall(libc::SYS_exit_group, 127) };
    }
}

#[expect(unsafe_code, reason = "errno has no other door without allocation")]
fn errno() -> i32 {
    // SAFETY: the location is valid; it belongs to the spawner thread, which is held until our exec.
    unsafe { *libc::__errno_location() }
}

/// Returns only when something failed. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn become_program(call: &Call) -> (Step, i32) {
    // SAFETY: every pointer of the call is valid (see `Call`), and each system call gets what its man page asks.
    unsafe {
        let group = match call.session {
            true => libc::syscall(libc::SYS_setsid),
            false => libc::syscall(libc::SYS_setpgid, 0, 0),
        };
        if group < 0 {
            return (Step::ProcessGroup, errno());
        }
        if !default_signals(call.signals.load(Ordering::SeqCst)) {
            return (Step::Signals, errno());
        }
        if let Some(cgroup) = call.cgroup.filter(|_| call.joins.load(Ordering::Acquire)) {
            call.outside.store(join(cgroup), Ordering::Release);
        }
        let [stdin, stdout, stderr] = call.descriptors;
        if call.foreground {
            // All signals are blocked, so SIGTTOU does not stop us; where there is no terminal there is nothing to take.
            let group = libc::syscall(libc::SYS_getpid) as c_int;
            libc::syscall(libc::SYS_ioctl, stdin, libc::TIOCSPGRP, &raw const group);
        }
        for (from, to) in [(stdin, 0), (stdout, 1), (stderr, 2)] {
            if libc::syscall(libc::SYS_dup3, from, to, 0) < 0 {
                return (Step::Descriptors, errno());
            }
        }
        if !keep_one(call.extra) {
            return (Step::Descriptors, errno());
        }
        if let Some(own_pid) = call.own_pid.as_ref() {
            own_pid.write(libc::syscall(libc::SYS_getpid) as u32);
        }
        if !restore_nofile(call.nofile) {
            return (Step::Limits, errno());
        }
        let confines = call.confines.as_ref();
        if let Some(confines) = confines
            && let Err(step) = confines.as_we_are(&call.detail)
        {
            return (step, errno());
        }
        if let Err(step) = become_user(call) {
            return (step, errno());
        }
        if let Some(confines) = confines
            && let Err(step) = confines.as_its_user(&call.detail)
        {
            return (step, errno());
        }
        if !call.directory.is_null() && libc::syscall(libc::SYS_chdir, call.directory) != 0 {
            return (Step::Directory, errno());
        }
        let nothing = 0_u64;
        let none = ptr::null_mut::<c_void>();
        if libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const nothing, none, 8_usize) != 0
        {
            return (Step::Signals, errno());
        }
        (Step::Exec, exec(call))
    }
}

/// Joins a cgroup: 0, or the number of what is in the way. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn join(cgroup: c_int) -> i32 {
    // SAFETY: the texts end with null, and the kernel reads one byte of the second.
    unsafe {
        let flags = libc::O_WRONLY | libc::O_CLOEXEC;
        let door = libc::syscall(libc::SYS_openat, cgroup, c"cgroup.procs".as_ptr(), flags);
        match door >= 0 && libc::syscall(libc::SYS_write, door, c"0".as_ptr(), 1_usize) == 1 {
            true => 0,
            false => errno(),
        }
    }
}

/// Gives back the limit of open files that there was at the start; none when it is null. Where somebody has lowered what
/// may be had since (prlimit(2)), it is that: one that cannot be had would keep the program from ever starting again.
/// Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn restore_nofile(wanted: *const libc::rlimit64) -> bool {
    let number = libc::RLIMIT_NOFILE as c_long;
    let (none, no_change) = (ptr::null_mut::<libc::rlimit64>(), ptr::null::<libc::rlimit64>());
    // SAFETY: the kernel reads or fills one structure, each of which is valid (see `Call`) or lives here.
    unsafe {
        let Some(wanted) = wanted.as_ref() else { return true };
        if libc::syscall(libc::SYS_prlimit64, 0, number, ptr::from_ref(wanted), none) == 0 {
            return true;
        }
        let mut now = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
        if errno() != libc::EPERM
            || libc::syscall(libc::SYS_prlimit64, 0, number, no_change, &raw mut now) != 0
        {
            return false;
        }
        now.rlim_cur = wanted.rlim_cur.min(now.rlim_max);
        libc::syscall(libc::SYS_prlimit64, 0, number, &raw const now, none) == 0
    }
}

/// Closes all descriptors above the standard ones but one, which gets its number. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn keep_one(extra: Option<(c_int, c_int)>) -> bool {
    // SAFETY: plain numbers. Where the kernel is too old to close a range, close-on-exec does it
    // (`limits::keep_descriptors_from_children`).
    unsafe {
        let close = |from: u32, to: u32| {
            if from <= to {
                libc::syscall(libc::SYS_close_range, from, to, 0_u32);
            }
        };
        let Some((from, to)) = extra else {
            close(3, u32::MAX);
            return true;
        };
        let kept = match from == to {
            true => libc::syscall(libc::SYS_fcntl, to, libc::F_SETFD, 0),
            false => libc::syscall(libc::SYS_dup3, from, to, 0),
        };
        let number = to as u32;
        close(3, number.wrapping_sub(1));
        close(number.wrapping_add(1), u32::MAX);
        kept >= 0
    }
}

/// Sets each signal of the mask to its default. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn default_signals(mut mask: u64) -> bool {
    // The kernel's own structure, whose length differs: handler 0 is SIG_DFL, all else is 0 everywhere.
    let default = [0_u64; 8];
    while mask != 0 {
        let signal = mask.trailing_zeros() + 1;
        mask &= mask - 1;
        // SAFETY: the kernel reads at most as much as the array holds and writes nothing.
        let result = unsafe {
            let none = ptr::null_mut::<c_void>();
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), none, 8_usize)
        };
        if result != 0 {
            return false;
        }
    }
    true
}

/// Groups, then group, then user: the other way round the rights would be gone. Raw, because the C library's
/// wrappers want to change all threads of the process, which are our parent's. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn become_user(call: &Call) -> Result<(), Step> {
    // SAFETY: `groups` has `groups_len` elements; the rest are numbers.
    unsafe {
        if !call.groups.is_null() && libc::syscall(libc::SYS_setgroups, call.groups_len, call.groups) != 0 {
            return Err(Step::Group);
        }
        match call.group {
            Some(group) if libc::syscall(libc::SYS_setresgid, group, group, group) != 0 => {
                return Err(Step::Group);
            }
            _ => {}
        }
        match call.user {
            Some(user) if libc::syscall(libc::SYS_setresuid, user, user, user) != 0 => Err(Step::User),
            _ => Ok(()),
        }
    }
}

/// Tries each path as execvp(3) does: one that is not there leads to the next, one that may not be run is
/// remembered. Returns why none ran. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls and a list that ends with null")]
unsafe fn exec(call: &Call) -> i32 {
    let (mut last, mut denied) = (libc::ENOENT, false);
    let mut next = call.candidates;
    // SAFETY: the list ends with null, and we never go past that.
    unsafe {
        while !(*next).is_null() {
            libc::syscall(libc::SYS_execve, *next, call.argv, call.envp);
            last = errno();
            match last {
                libc::EACCES => denied = true,
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => {}
                _ => return last,
            }
            next = next.add(1);
        }
    }
    if denied { libc::EACCES } else { last }
}
