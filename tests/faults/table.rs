//! Which call may fail with what, as its man page says. Owns the choice and its reasons; runs nothing.
//!
//! Left out, and why: memory (`mmap`, `brk`, `mprotect`, `munmap`, `madvise`): a Rust program ends when it gets none, and
//! the stack of a thread that is refused is the EAGAIN of `clone3`. `futex` and `close`: to fail without having acted is
//! what the kernel never does there. Signal masks, `rseq`, `gettid` and their like: no error but for a wrong argument.
//! EAGAIN for a read, a write or an accept that epoll has announced: the next edge never comes, as it would in a kernel;
//! nor for a `getrandom` that may block. strace tells no descriptors of a call apart but by path, so some calls are left
//! out for what else they do: `fcntl` (F_DUPFD alone has an EMFILE; here it mostly sets flags, which cannot fail), `sendto`
//! (what a connection to a receiver refuses has tests of its own). A `write` fails on standard output alone: on an
//! eventfd, by which signals wake us too, it cannot.

/// A name of strace's and what it may fail with.
pub(crate) type Row = (&'static str, &'static [&'static str]);

const NO_ROOM: &[&str] = &["EMFILE", "ENOMEM"];
const PATHS: &[&str] = &["EPERM", "ENOMEM"];
const EINTR: &[&str] = &["EINTR"];
const EPERM: &[&str] = &["EPERM"];
const ENOMEM: &[&str] = &["ENOMEM"];

/// The calls that fail only on this file of the sandbox.
pub(crate) const ON_PATH: &[(&str, &str)] = &[("write", "stdout.log")];

/// The table. A call that is not in it does not fail here.
pub(crate) const MAY_FAIL: &[Row] = &[
    ("accept4", &["EINTR", "EMFILE", "ENOMEM", "EPERM"]),
    ("bind", PATHS),
    ("chmod", PATHS),
    ("clock_nanosleep", EINTR),
    ("clone", &["EAGAIN", "ENOMEM", "EPERM"]),
    ("clone3", &["EAGAIN", "ENOMEM", "EPERM"]),
    ("connect", &["EINTR", "EAGAIN", "EPERM"]),
    ("dup2", &["EINTR", "EMFILE"]),
    ("dup3", &["EINTR", "EMFILE"]),
    ("epoll_create1", NO_ROOM),
    ("epoll_ctl", ENOMEM),
    ("epoll_pwait", EINTR),
    ("epoll_wait", EINTR),
    ("eventfd2", NO_ROOM),
    ("execve", &["EAGAIN", "EMFILE", "ENOMEM", "EPERM"]),
    ("fchmod", &["EINTR", "EPERM"]),
    ("fdatasync", EINTR),
    ("flock", &["EINTR", "ENOMEM"]),
    ("fstat", ENOMEM),
    ("fsync", EINTR),
    ("ftruncate", &["EINTR", "EPERM"]),
    ("getcwd", ENOMEM),
    ("getdents64", ENOMEM),
    ("getrandom", EINTR),
    ("kill", EPERM),
    ("mkdir", PATHS),
    ("mkdirat", PATHS),
    ("newfstatat", ENOMEM),
    ("open", &["EINTR", "EMFILE", "ENOMEM", "EPERM"]),
    ("openat", &["EINTR", "EMFILE", "ENOMEM", "EPERM"]),
    ("pidfd_open", NO_ROOM),
    ("pipe2", &["EMFILE"]),
    ("poll", &["EAGAIN", "EINTR", "ENOMEM"]),
    ("ppoll", &["EAGAIN", "EINTR", "ENOMEM"]),
    ("prctl", EPERM),
    ("pread64", EINTR),
    ("prlimit64", EPERM),
    ("pwrite64", &["EINTR", "EPERM"]),
    ("read", EINTR),
    ("readlink", ENOMEM),
    ("recvfrom", &["EINTR", "ENOMEM"]),
    ("recvmsg", &["EINTR", "ENOMEM"]),
    ("rename", PATHS),
    ("renameat", PATHS),
    ("sched_getaffinity", EPERM),
    ("sendmsg", &["EINTR", "ENOMEM"]),
    ("setpgid", EPERM),
    ("setsid", EPERM),
    ("setsockopt", ENOMEM),
    ("shutdown", ENOMEM),
    ("signalfd4", NO_ROOM),
    ("socket", NO_ROOM),
    ("socketpair", NO_ROOM),
    ("statx", ENOMEM),
    ("timerfd_create", NO_ROOM),
    ("unlink", PATHS),
    ("unlinkat", PATHS),
    ("wait4", EINTR),
    ("waitid", EINTR),
    ("write", &["EINTR", "EPERM"]),
    ("writev", &["EINTR", "EPERM"]),
];
