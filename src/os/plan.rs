//! Everything that one exec needs, made ready before there is a child: argv, environment, the paths to try,
//! directory, credentials. Opens nothing and looks at no file.

use super::confines::Confines;
use super::environment::{self, Environment};
use super::mark;
use super::own_pid::OwnPid;
use super::trace_context;
use super::users::{self, Credentials};
use super::variable::Variable;
use phpeek_actors::ports::LaunchOrder;
use phpeek_core::outcome::{SpawnFailure, SpawnFailureKind};
use std::ffi::{CString, c_char};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

/// Where programs are when the child has no PATH: what execvp(3) takes.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// What to exec, and as whom.
#[derive(Debug)]
pub(super) struct Plan {
    argv: Vec<CString>,
    own: Vec<Variable>,
    pub(super) candidates: Vec<CString>,
    /// The directory to enter first.
    pub(super) directory: Option<CString>,
    /// Whom to become.
    pub(super) credentials: Option<Credentials>,
    /// What it may use and do; `None`: what we may.
    pub(super) confines: Option<Confines>,
}

impl Plan {
    /// Resolves what the order says.
    ///
    /// # Errors
    /// What is unknown, or cannot be handed to a program.
    pub(super) fn new(
        order: &LaunchOrder,
        base: &Environment,
        supervisor: &str,
    ) -> Result<Self, SpawnFailure> {
        let program = &*order.program;
        let privilege = program.privilege.as_deref();
        let groups = privilege.and_then(|privilege| privilege.groups.as_deref());
        let account = users::resolve(program.user.as_deref(), program.group.as_deref())
            .and_then(|account| {
                groups.map_or(Ok(account.clone()), |groups| users::with_groups(account, groups))
            })
            .map_err(|e| failure(SpawnFailureKind::Credentials, e.to_string()))?;
        let mark = mark::of(supervisor, order.task);
        let mut own = environment::own(order, &account.identity, &mark).map_err(|name| {
            failure(SpawnFailureKind::Other, format!("the variable {name:?} cannot be given to a program"))
        })?;
        trace_context::add(&mut own, order, base);
        let argv = program.command.words().map(|a| c_string(a.as_bytes())).collect::<Result<Vec<_>, _>>()?;
        let path = base.value(&own, b"PATH").unwrap_or(DEFAULT_PATH);
        let candidates = candidates(argv.first().map_or(b"", |program| program.as_bytes()), path)?;
        let directory =
            program.working_dir.as_ref().map(|d| c_string(d.as_os_str().as_bytes())).transpose()?;
        let confines = privilege.map(Confines::of);
        Ok(Self { argv, own, candidates, directory, credentials: account.credentials, confines })
    }

    /// Whether it has a limit of open files of its own.
    pub(super) fn limits_nofile(&self) -> bool {
        self.confines.as_ref().is_some_and(Confines::limits_nofile)
    }

    /// For execve: ends with a null pointer, and lives no longer than the plan.
    pub(super) fn argv(&self) -> Vec<*const c_char> {
        null_ended(self.argv.iter().map(|a| a.as_ptr()))
    }

    /// For execve: ends with a null pointer, and lives no longer than the plan, `base` and `own_pid`.
    pub(super) fn envp(&self, base: &Environment, own_pid: Option<&OwnPid>) -> Vec<*const c_char> {
        let own_pid = own_pid.map(OwnPid::as_ptr);
        null_ended(base.with(&self.own).map(|v| v.as_c_str().as_ptr()).chain(own_pid))
    }

    /// The paths to try, one after the other: ends with a null pointer, and lives no longer than the plan.
    pub(super) fn candidates(&self) -> Vec<*const c_char> {
        null_ended(self.candidates.iter().map(|c| c.as_ptr()))
    }
}

fn null_ended(pointers: impl Iterator<Item = *const c_char>) -> Vec<*const c_char> {
    pointers.chain([ptr::null()]).collect()
}

fn c_string(bytes: &[u8]) -> Result<CString, SpawnFailure> {
    CString::new(bytes).map_err(|_| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        failure(SpawnFailureKind::Other, format!("{text:?} holds a NUL, no program could be given it"))
    })
}

/// As execvp(3): a program with a slash is taken as it is; an empty element of PATH is the working directory.
fn candidates(program: &[u8], path: &[u8]) -> Result<Vec<CString>, SpawnFailure> {
    if program.contains(&b'/') {
        return Ok(vec![c_string(program)?]);
    }
    let place = |directory: &[u8]| match directory {
        [] => c_string(&[b"./", program].concat()),
        _ => c_string(&[directory, b"/", program].concat()),
    };
    path.split(|b| *b == b':').map(place).collect()
}

/// A failure with its message.
pub(super) fn failure(kind: SpawnFailureKind, message: String) -> SpawnFailure {
    SpawnFailure { kind, message }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    fn tried(program: &str, path: &str) -> Vec<String> {
        let found = candidates(program.as_bytes(), path.as_bytes()).expect("no NUL inside");
        found.into_iter().map(|c| c.into_string().expect("plain text")).collect()
    }

    #[test]
    fn path_is_searched_in_its_order() {
        assert_eq!(tried("sh", "/a:/b"), ["/a/sh", "/b/sh"]);
        assert_eq!(tried("sh", ":/b"), ["./sh", "/b/sh"]);
        assert_eq!(tried("./sh", "/a:/b"), ["./sh"]);
    }

    #[test]
    fn a_nul_is_refused() {
        assert!(candidates(b"a\0b", b"/a").is_err());
    }
}
