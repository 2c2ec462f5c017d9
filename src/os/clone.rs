//! A child that begins in its cgroup (clone3(2) with CLONE_INTO_CGROUP, since Linux 5.7). To move there once it is there makes
//! the kernel wait for every processor, 20 ms and more of each start. The C library has no door to it: the few instructions
//! between the system call and the child's function stand here, for each processor that we know.

use std::ffi::{c_int, c_void};

/// CLONE_INTO_CGROUP of linux/sched.h.
const INTO_CGROUP: u64 = 0x2_0000_0000;

/// struct clone_args of linux/sched.h, in the version that has the cgroup. 0 asks for nothing.
#[derive(Debug, Default)]
#[repr(C)]
struct Args {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// What the child does; it never returns.
pub(super) type Run = extern "C" fn(*mut c_void) -> c_int;

/// The child shares our memory, and this thread is held until its exec or end, as by clone(2) with CLONE_VM and CLONE_VFORK. The
/// kernel writes its pid into `slot` before it can run.
///
/// # Errors
/// The error number: the kernel or a filter does not know it (ENOSYS), or the cgroup takes nobody.
///
/// # Safety
/// Nobody else uses the stack, which `stack` is the lowest byte of and which is aligned at both ends to 16 bytes; it, `slot` and
/// what `argument` points to outlive the child's use of them. `run` never returns.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(unsafe_code, reason = "a system call that returns on another stack")]
pub(super) unsafe fn into_cgroup(
    cgroup: c_int,
    (stack, size): (*mut c_void, usize),
    slot: *mut i32,
    (run, argument): (Run, *mut c_void),
) -> Result<i32, i32> {
    let shared = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PARENT_SETTID;
    let args = Args {
        flags: u64::from(shared.cast_unsigned()) | INTO_CGROUP,
        parent_tid: slot.expose_provenance() as u64,
        exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
        stack: stack.expose_provenance() as u64,
        stack_size: size as u64,
        cgroup: u64::from(cgroup.cast_unsigned()),
        ..Args::default()
    };
    // SAFETY: the kernel reads the arguments. In the parent nothing but the result and what a system call may change is
    // touched; the child gets the function and its argument in registers, which the kernel keeps, and never comes back here.
    let result = unsafe { enter(&raw const args, run, argument) };
    i32::try_from(result).map_err(|_| libc::ENOSYS).and_then(|pid| if pid < 0 { Err(-pid) } else { Ok(pid) })
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "see into_cgroup")]
unsafe fn enter(args: *const Args, run: Run, argument: *mut c_void) -> isize {
    let result;
    // SAFETY: see `into_cgroup`. No frame is below the child's (rbp), and its stack is aligned for a call.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r13",
            "call r12",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 as isize => result,
            in("rdi") args,
            in("rsi") size_of::<Args>(),
            in("r12") run,
            in("r13") argument,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    result
}

#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "see into_cgroup")]
unsafe fn enter(args: *const Args, run: Run, argument: *mut c_void) -> isize {
    let result;
    // SAFETY: see `into_cgroup`. No frame is below the child's (x29), and its stack is aligned.
    unsafe {
        std::arch::asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x21",
            "blr x20",
            "brk #1",
            "2:",
            inlateout("x0") args => result,
            in("x1") size_of::<Args>(),
            in("x8") libc::SYS_clone3,
            in("x20") run,
            in("x21") argument,
        );
    }
    result
}

/// On a processor whose registers nobody here knows: the child joins its cgroup itself.
///
/// # Errors
/// ENOSYS.
///
/// # Safety
/// Nothing is done.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[expect(unsafe_code, reason = "the same as where it is done")]
pub(super) unsafe fn into_cgroup(
    _: c_int,
    _: (*mut c_void, usize),
    _: *mut i32,
    _: (Run, *mut c_void),
) -> Result<i32, i32> {
    Err(libc::ENOSYS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::child::{Call, Stack};
    use rustix::process::{Pid, WaitOptions, waitpid};
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::path::Path;
    use std::ptr;
    use std::sync::atomic::{AtomicI32, Ordering};

    /// Runs a program with this folder for a cgroup; why it is outside of it.
    fn run_in(folder: &Path) -> Option<i32> {
        let folder = File::open(folder).expect("the folder");
        let stream = File::options().read(true).write(true).open("/dev/null").expect("it is everywhere");
        let (program, null) = (c"/bin/true".as_ptr(), ptr::null());
        let (argv, none) = ([program, null], [null]);
        let mut call = Call::new(argv.as_ptr(), none.as_ptr(), argv.as_ptr(), [stream.as_raw_fd(); 3]);
        call.cgroup = Some(folder.as_raw_fd());
        let slot = AtomicI32::new(0);
        let pid = Stack::new().expect("room").spawn(&call, &slot).expect("it runs");
        assert_eq!(pid, slot.load(Ordering::Acquire));
        waitpid(Pid::from_raw(pid), WaitOptions::empty()).expect("a child of ours");
        call.outside()
    }

    #[test]
    fn one_that_cannot_begin_in_its_cgroup_joins_it_and_runs_without_at_worst() {
        let folder = tempfile::tempdir().expect("a folder"); // no cgroup, so nobody can begin there
        assert_eq!(run_in(folder.path()), Some(libc::ENOENT));
        let door = folder.path().join("cgroup.procs");
        std::fs::write(&door, "").expect("room");
        assert_eq!(run_in(folder.path()), None);
        assert_eq!(std::fs::read_to_string(&door).expect("the file"), "0");
    }
}
