//! Every exit code of the program, once, with its meaning; the README's table is made from here. Called by `main` and
//! the commands.

use phpeek_core::fleet::{BootFailureCause, Outcome};
use phpeek_core::outcome::SpawnFailureKind;

/// All ended well.
pub const OK: u8 = 0;
/// Something that has no code of its own: a boot that failed, a check under `--strict`, a status that is not "all up", a
/// trace that is not there, a comparison that found a regression.
pub const FAILURE: u8 = 1;
/// A command found no running supervisor (LSB, "program is not running").
pub const NOT_RUNNING: u8 = 3;
/// A command cannot tell how the supervisor does: it may not ask it, or it is not clear which one is meant (LSB,
/// "status is unknown").
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
/// A boot failed because a program may not be run, as a shell says it.
pub const NOT_EXECUTABLE: u8 = 126;

/// What the container ends with.
#[must_use]
pub fn of_outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Stopped | Outcome::AllCompleted => OK,
        Outcome::Code(code) => code,
        Outcome::BootFailed(BootFailureCause::Failed { code }) => code,
        Outcome::BootFailed(BootFailureCause::Spawn(SpawnFailureKind::NotExecutable)) => NOT_EXECUTABLE,
        Outcome::BootFailed(BootFailureCause::Spawn(_) | BootFailureCause::TimedOut) => FAILURE,
        Outcome::DeadlineMissed => DEADLINE,
        Outcome::Internal => INTERNAL,
    }
}
