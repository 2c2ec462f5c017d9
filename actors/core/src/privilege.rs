//! What a program may use and do, beside who it is: resource limits, priority, capabilities. Values only, made by the
//! configuration; whether the kernel grants them is told by each start. Owns the names of limits and capabilities.

use crate::signal::Signal;
use std::fmt;

/// What is configured for a program; what is not is as the supervisor has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Privilege {
    /// Resource limits (getrlimit(2)), each resource once.
    pub limits: Vec<Limit>,
    /// The file mode creation mask.
    pub umask: Option<u32>,
    /// The nice value, -20 to 19.
    pub nice: Option<i8>,
    /// How soon the kernel's OOM killer takes it, -1000 to 1000.
    pub oom_score_adj: Option<i16>,
    /// Whether no exec of it may gain rights (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privs: bool,
    /// The only capabilities that it can ever have.
    pub bounding: Option<Capabilities>,
    /// Those that it keeps although it is not root.
    pub ambient: Option<Capabilities>,
    /// Supplementary groups by name or number; `None`: those of its user.
    pub groups: Option<Vec<String>>,
    /// The signal that the kernel sends it when the supervisor dies.
    pub pdeathsig: Option<Signal>,
}

/// One resource limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub resource: Resource,
    /// What holds; [`Limit::UNLIMITED`] is none.
    pub soft: u64,
    /// How far the program itself may raise it.
    pub hard: u64,
}

impl Limit {
    /// No limit (`RLIM_INFINITY`).
    pub const UNLIMITED: u64 = u64::MAX;
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |limit: u64| match limit {
            Self::UNLIMITED => "unlimited".to_owned(),
            limit => limit.to_string(),
        };
        write!(f, "{} to {}:{}", self.resource.as_str(), shown(self.soft), shown(self.hard))
    }
}

/// What a limit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Open files.
    Nofile,
    /// Processes of the user.
    Nproc,
    /// Bytes of a core dump.
    Core,
    /// Bytes of locked memory.
    Memlock,
    /// Bytes of the stack.
    Stack,
    /// Bytes of address space.
    As,
    /// Bytes of a file that it writes.
    Fsize,
    /// Bytes of its data.
    Data,
    /// Seconds of processor time.
    Cpu,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Nofile,
        Self::Nproc,
        Self::Core,
        Self::Memlock,
        Self::Stack,
        Self::As,
        Self::Fsize,
        Self::Data,
        Self::Cpu,
    ];

    /// As the configuration spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nofile => "nofile",
            Self::Nproc => "nproc",
            Self::Core => "core",
            Self::Memlock => "memlock",
            Self::Stack => "stack",
            Self::As => "as",
            Self::Fsize => "fsize",
            Self::Data => "data",
            Self::Cpu => "cpu",
        }
    }
}

/// The capabilities of Linux 6 in the order of their numbers (capabilities(7)).
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// A set of capabilities; bit n is capability n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// The number of a capability by its name, with `CAP_` or without, in any case.
    #[must_use]
    pub fn number(text: &str) -> Option<u8> {
        let upper = text.trim().to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        (0..).zip(NAMES).find(|(_, known)| *known == name).map(|(number, _)| number)
    }

    /// What a person calls the capability of this number.
    #[must_use]
    pub fn name(number: u8) -> String {
        let known = NAMES.get(usize::from(number));
        known.map_or_else(|| format!("capability {number}"), |name| format!("CAP_{name}"))
    }

    /// This one beside those that are there; numbers above 63 are none.
    #[must_use]
    pub fn and(self, number: u8) -> Self {
        Self(self.0 | 1_u64.checked_shl(number.into()).unwrap_or(0))
    }

    /// Those of this set that the other one lacks, the first of them.
    #[must_use]
    pub fn first_beyond(self, other: Self) -> Option<u8> {
        let beyond = self.0 & !other.0;
        (beyond != 0).then(|| u8::try_from(beyond.trailing_zeros()).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_have_the_numbers_of_the_kernel() {
        // linux/capability.h
        for (name, number) in [
            ("CAP_CHOWN", 0),
            ("setpcap", 8),
            ("CAP_NET_BIND_SERVICE", 10),
            ("sys_admin", 21),
            ("CAP_BPF", 39),
        ] {
            assert_eq!(Capabilities::number(name), Some(number));
        }
        assert_eq!((Capabilities::number("CAP_"), Capabilities::number("CAP_ALL")), (None, None));
        assert_eq!(
            (Capabilities::name(10), Capabilities::name(63)),
            ("CAP_NET_BIND_SERVICE".into(), "capability 63".into())
        );
        let set = Capabilities::default().and(3).and(63).and(64);
        assert_eq!(set.0, 1 << 63 | 8);
        assert_eq!(set.first_beyond(Capabilities(8)), Some(63));
        assert_eq!(Capabilities(8).first_beyond(set), None);
    }

    #[test]
    fn a_limit_is_told_as_it_is_written() {
        let limit = Limit { resource: Resource::Nofile, soft: 256, hard: Limit::UNLIMITED };
        assert_eq!(limit.to_string(), "nofile to 256:unlimited");
    }
}
