//! What a child may use and do: limits, mask, priority, capabilities. Made ready before there is a child; what runs in it
//! makes raw system calls only, as all of `child`. What the kernel refuses ends the start, whatever it is.

use super::step::{Failed, Step};
use phpeek_core::privilege::{Capabilities, Privilege, Resource};
use std::ffi::{c_int, c_long};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

/// Capabilities that a kernel may know; it says EINVAL to those that it does not.
const MOST: u8 = 64;
/// The layout of capset(2) that every kernel of our days has.
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Confines {
    limits: Vec<(Resource, libc::rlimit64)>,
    umask: Option<u32>,
    nice: Option<c_int>,
    /// What is written to the file of it.
    oom_score_adj: Option<Vec<u8>>,
    bounding: Option<Capabilities>,
    ambient: Option<Capabilities>,
    no_new_privs: bool,
    /// The signal when its parent dies; 0: none. And who that is.
    pdeathsig: c_int,
    parent: i32,
}

impl Confines {
    pub(super) fn of(privilege: &Privilege) -> Self {
        // The words of the kernel and ours for "none" are the same (RLIM_INFINITY).
        let limit = |l: &phpeek_core::privilege::Limit| libc::rlimit64 { rlim_cur: l.soft, rlim_max: l.hard };
        Self {
            limits: privilege.limits.iter().map(|l| (l.resource, limit(l))).collect(),
            umask: privilege.umask,
            nice: privilege.nice.map(c_int::from),
            oom_score_adj: privilege.oom_score_adj.map(|score| score.to_string().into_bytes()),
            bounding: privilege.bounding,
            ambient: privilege.ambient,
            no_new_privs: privilege.no_new_privs,
            pdeathsig: privilege.pdeathsig.map_or(0, phpeek_core::signal::Signal::number),
            parent: std::process::id().cast_signed(),
        }
    }

    pub(super) fn limits_nofile(&self) -> bool {
        self.limits.iter().any(|(resource, _)| *resource == Resource::Nofile)
    }

    /// What may need rights that are gone once the child is somebody else. Must run in the child alone.
    #[expect(unsafe_code, reason = "raw system calls")]
    pub(super) unsafe fn as_we_are(&self, detail: &AtomicI32) -> Result<(), Step> {
        let none = ptr::null_mut::<libc::rlimit64>();
        // SAFETY: each system call gets numbers, or pointers to memory of ours that outlives it, as its man page asks.
        unsafe {
            if let Some(mask) = self.umask {
                libc::syscall(libc::SYS_umask, mask); // cannot fail (umask(2))
            }
            for (resource, limit) in &self.limits {
                let number = number_of(*resource);
                if libc::syscall(libc::SYS_prlimit64, 0, number, ptr::from_ref(limit), none) != 0 {
                    detail.store(*resource as i32, Ordering::Relaxed);
                    return Err(Step::Limits);
                }
            }
            let own = libc::PRIO_PROCESS as c_long;
            if self.nice.is_some_and(|nice| libc::syscall(libc::SYS_setpriority, own, 0, nice) != 0) {
                return Err(Step::Nice);
            }
            if self.oom_score_adj.as_ref().is_some_and(|text| !write_oom_score(text)) {
                return Err(Step::OomScore);
            }
            if let Some(kept) = self.bounding {
                bound(kept, detail)?;
            }
            // The change of user would take them away.
            let keeps = self.ambient.is_some_and(|ambient| ambient != Capabilities::default());
            if keeps && libc::syscall(libc::SYS_prctl, libc::PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 {
                return Err(Step::Ambient);
            }
        }
        Ok(())
    }

    /// What the change of user would take away again. Must run in the child alone.
    #[expect(unsafe_code, reason = "raw system calls")]
    pub(super) unsafe fn as_its_user(&self, detail: &AtomicI32) -> Result<(), Step> {
        // SAFETY: as above.
        unsafe {
            if let Some(ambient) = self.ambient {
                hand_on(ambient, detail)?;
            }
            if self.no_new_privs && libc::syscall(libc::SYS_prctl, libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            {
                return Err(Step::NoNewPrivs);
            }
            // A parent that is gone already sends nothing any more.
            if self.pdeathsig != 0 {
                let set = libc::syscall(libc::SYS_prctl, libc::PR_SET_PDEATHSIG, self.pdeathsig, 0, 0, 0);
                if set != 0 || libc::syscall(libc::SYS_getppid) != c_long::from(self.parent) {
                    return Err(Step::Signals);
                }
            }
        }
        Ok(())
    }
}

fn number_of(resource: Resource) -> c_long {
    let number = match resource {
        Resource::Nofile => libc::RLIMIT_NOFILE,
        Resource::Nproc => libc::RLIMIT_NPROC,
        Resource::Core => libc::RLIMIT_CORE,
        Resource::Memlock => libc::RLIMIT_MEMLOCK,
        Resource::Stack => libc::RLIMIT_STACK,
        Resource::As => libc::RLIMIT_AS,
        Resource::Fsize => libc::RLIMIT_FSIZE,
        Resource::Data => libc::RLIMIT_DATA,
        Resource::Cpu => libc::RLIMIT_CPU,
    };
    number as c_long
}

/// Must run in the child alone; leaves errno of what failed.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn write_oom_score(text: &[u8]) -> bool {
    let flags = libc::O_WRONLY | libc::O_CLOEXEC;
    // SAFETY: the path ends with NUL and the text lives as long as the call. The descriptor is closed by the exec.
    unsafe {
        let path = c"/proc/self/oom_score_adj".as_ptr();
        let file = libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags, 0);
        file >= 0 && libc::syscall(libc::SYS_write, file, text.as_ptr(), text.len()) >= 0
    }
}

/// Takes every capability that is not kept out of the bounding set. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn bound(kept: Capabilities, detail: &AtomicI32) -> Result<(), Step> {
    let others = (0..MOST).filter(|number| kept.0 & (1 << number) == 0);
    for number in others {
        let capability = c_long::from(number);
        // SAFETY: plain numbers.
        let left = unsafe {
            // 1: it is there; 0: it is not; -1: the kernel knows no such one.
            libc::syscall(libc::SYS_prctl, libc::PR_CAPBSET_READ, capability, 0, 0, 0) == 1
                && libc::syscall(libc::SYS_prctl, libc::PR_CAPBSET_DROP, capability, 0, 0, 0) != 0
        };
        if left {
            detail.store(i32::from(number), Ordering::Relaxed);
            return Err(Step::Bounding);
        }
    }
    Ok(())
}

/// As capget(2) has it: two for each set of 64.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Lets the child's program have these, and of those that we hand on no others. Must run in the child alone.
#[expect(unsafe_code, reason = "raw system calls")]
unsafe fn hand_on(ambient: Capabilities, detail: &AtomicI32) -> Result<(), Step> {
    // The version, and 0 for this process itself.
    let mut header = [CAPABILITY_VERSION_3, 0];
    let mut sets = [Sets::default(); 2];
    // SAFETY: the kernel reads and writes the header and two sets, which all live here; the rest are numbers.
    unsafe {
        let (clear, raise) = (libc::PR_CAP_AMBIENT_CLEAR_ALL, libc::PR_CAP_AMBIENT_RAISE);
        let cleared = libc::syscall(libc::SYS_prctl, libc::PR_CAP_AMBIENT, clear, 0, 0, 0) == 0;
        if !cleared || libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) != 0 {
            return Err(Step::Ambient);
        }
        // One after the other, so that it is known which cannot be had.
        for number in (0..MOST).filter(|number| ambient.0 & (1 << number) != 0) {
            detail.store(i32::from(number), Ordering::Relaxed);
            let [low, high] = &mut sets;
            let half = if number < 32 { low } else { high };
            half.inheritable |= 1 << (number % 32);
            if libc::syscall(libc::SYS_capset, header.as_mut_ptr(), sets.as_ptr()) != 0
                || libc::syscall(libc::SYS_prctl, libc::PR_CAP_AMBIENT, raise, c_long::from(number), 0, 0)
                    != 0
            {
                return Err(Step::Ambient);
            }
        }
    }
    Ok(())
}

/// What could not be done, in words that follow "cannot".
pub(super) fn told(privilege: &Privilege, failed: &Failed) -> String {
    let number = u8::try_from(failed.detail).unwrap_or(u8::MAX);
    match failed.step {
        Step::Limits => {
            let limit = privilege.limits.iter().find(|limit| limit.resource as i32 == failed.detail);
            limit.map_or_else(|| "set a limit".to_owned(), |limit| format!("set the limit {limit}"))
        }
        Step::Nice => format!("set nice to {}", privilege.nice.unwrap_or_default()),
        Step::OomScore => format!("set oom_score_adj to {}", privilege.oom_score_adj.unwrap_or_default()),
        Step::Bounding => format!("take {} out of its bounding set", Capabilities::name(number)),
        Step::Ambient => format!("hand {} on to it", Capabilities::name(number)),
        _ => "set no_new_privs".to_owned(),
    }
}
