//! Every exit code of the program, once, with its meaning: a test holds the README's table to it. The only place where
//! the end of a process becomes a number.

use phpeek_core::fleet::{BootFailureCause, Outcome};
use phpeek_core::lifecycle::Failure;
use phpeek_core::limit::Limit;
use phpeek_core::outcome::{Exit, HookFault, SpawnFailureKind};
use phpeek_core::signal::Signal;

/// All ended well.
pub const OK: u8 = 0;
/// Something that has no code of its own: a boot that failed, a check under `--strict`, a status that is not "all up", a
/// trace that is not there, a comparison that found a regression.
pub const FAILURE: u8 = 1;
/// A command found no running supervisor of ours (LSB, "program is not running").
pub const NOT_RUNNING: u8 = 3;
/// A command cannot tell how the supervisor does: it may not ask it, it gets no answer, or it is not clear which one is
/// meant (LSB, "status is unknown").
pub const UNKNOWN: u8 = 4;
/// The command line is wrong (sysexits.h, EX_USAGE).
pub const USAGE: u8 = 64;
/// What was to be read cannot be read (sysexits.h, EX_NOINPUT).
pub const NO_INPUT: u8 = 66;
/// The supervisor itself is broken (sysexits.h, EX_SOFTWARE).
pub const INTERNAL: u8 = 70;
/// A file could not be written (sysexits.h, EX_CANTCREAT).
pub const CANNOT_CREATE: u8 = 73;
/// Not everything was stopped within the deadline (sysexits.h, EX_TEMPFAIL).
pub const DEADLINE: u8 = 75;
/// The configuration is wrong (sysexits.h, EX_CONFIG).
pub const CONFIG: u8 = 78;
/// A program may not be run, as a shell says it.
pub const NOT_EXECUTABLE: u8 = 126;
/// A program is not there, as a shell says it.
pub const NOT_FOUND: u8 = 127;

/// All of them; a process's own code and 128 + signal come beside these.
pub const ALL: [u8; 12] = [
    OK,
    FAILURE,
    NOT_RUNNING,
    UNKNOWN,
    USAGE,
    NO_INPUT,
    INTERNAL,
    CANNOT_CREATE,
    DEADLINE,
    CONFIG,
    NOT_EXECUTABLE,
    NOT_FOUND,
];

/// What the container ends with.
#[must_use]
pub fn of_outcome(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Stopped | Outcome::AllCompleted => OK,
        Outcome::Failed(failure) => of_failure(*failure),
        Outcome::BootFailed(failure) => match &failure.cause {
            BootFailureCause::Spawn(failure) => of_spawn_failure(failure.kind),
            BootFailureCause::Failed(failure) => of_failure(*failure),
            BootFailureCause::Hook(failure) => of_hook(failure.fault),
            BootFailureCause::TimedOut | BootFailureCause::Gone => FAILURE,
        },
        Outcome::DeadlineMissed => DEADLINE,
        Outcome::Internal => INTERNAL,
    }
}

/// The same when something that belonged to a process lives on: that is no good end.
#[must_use]
pub fn with_some_left(code: u8) -> u8 {
    if code == OK { DEADLINE } else { code }
}

fn of_failure(failure: Failure) -> u8 {
    match failure {
        Failure::Exit(exit) | Failure::GaveUp(exit) => of_exit(exit),
        Failure::Spawn(kind) => of_spawn_failure(kind),
        Failure::Unhealthy | Failure::Memory(Limit::Soft) => FAILURE,
        Failure::Memory(Limit::Hard) => of_exit(Exit::Signal { signal: Signal::KILL, core: false }),
    }
}

fn of_spawn_failure(kind: SpawnFailureKind) -> u8 {
    match kind {
        SpawnFailureKind::NotFound => NOT_FOUND,
        SpawnFailureKind::NotExecutable => NOT_EXECUTABLE,
        SpawnFailureKind::Hook(fault) => of_hook(fault),
        SpawnFailureKind::Credentials
        | SpawnFailureKind::WorkingDirectory
        | SpawnFailureKind::Resources
        | SpawnFailureKind::Other => FAILURE,
    }
}

/// The hook's own code; one that was cut off by its timeout has none that means anything.
fn of_hook(fault: HookFault) -> u8 {
    match fault {
        HookFault::Exit(exit) => of_exit(exit),
        HookFault::NotFound => NOT_FOUND,
        HookFault::NotExecutable => NOT_EXECUTABLE,
        HookFault::TimedOut | HookFault::NotStarted => FAILURE,
    }
}

/// What a shell would make of it: the code, or 128 + signal. At most 192, so it fits a u8.
#[must_use]
pub fn of_exit(exit: Exit) -> u8 {
    match exit {
        Exit::Code(code) => code,
        Exit::Signal { signal, .. } => 128 + u8::try_from(signal.number()).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phpeek_core::signal::Signal;

    #[test]
    fn codes_are_what_a_shell_says() {
        assert_eq!(of_exit(Exit::Code(7)), 7);
        assert_eq!(of_exit(Exit::Signal { signal: Signal::KILL, core: false }), 137);
        assert_eq!(of_failure(Failure::Spawn(SpawnFailureKind::NotFound)), 127);
        assert_eq!(of_failure(Failure::Spawn(SpawnFailureKind::NotExecutable)), 126);
        assert_eq!(
            [with_some_left(OK), with_some_left(7)],
            [DEADLINE, 7],
            "nobody hears that all has ended well"
        );
    }
}
