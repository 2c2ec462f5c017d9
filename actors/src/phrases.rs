//! The sentences that more than one listener says: why a boot failed, why a shutdown began, what a restart is about.
//! Made from facts alone; nothing is decided here.

use crate::trace::names;
use phpeek_core::autopsy::{Autopsy, Oom, Sender};
use phpeek_core::ends::SelfReloadFault;
use phpeek_core::facts::{JobOver, Refusal};
use phpeek_core::fleet::{BootFailure, BootFailureCause, MOST_UNANSWERED, ReloadEnd, RestartScope};
use phpeek_core::ids::ProcessId;
use phpeek_core::lifecycle::{Failure, Trigger};
use phpeek_core::limit::{Breach, Limit};
use phpeek_core::list_map::ListMap;
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::{Exit, HookFault, SpawnFailureKind};
use phpeek_core::schedule::{JobEnd, Skip};
use phpeek_core::spec::Ends;
use std::borrow::Cow;

/// The names of all processes that there are.
#[derive(Debug, Clone, Default)]
pub struct Names(ListMap<ProcessId, ProcessName>);

impl Names {
    /// This process has this name from now on.
    pub fn add(&mut self, process: ProcessId, name: ProcessName) {
        self.0.insert(process, name);
    }

    /// There is no such process any more.
    pub fn remove(&mut self, process: ProcessId) {
        self.0.remove(process);
    }

    /// The name of a process, if there is one.
    #[must_use]
    pub fn get(&self, process: ProcessId) -> Option<&ProcessName> {
        self.0.get(process)
    }

    /// For a sentence: the name, or nothing.
    #[must_use]
    pub fn text(&self, process: ProcessId) -> &str {
        self.get(process).map_or("", ProcessName::as_str)
    }

    /// Which process failed a boot and why, in one sentence.
    #[must_use]
    pub fn boot_failure(&self, failure: &BootFailure) -> String {
        let name = failure.process.map_or("", |process| self.text(process));
        match &failure.cause {
            BootFailureCause::Hook(failure) => failure.to_string(),
            BootFailureCause::Spawn(why) => format!("process {name:?} could not be started: {why}"),
            BootFailureCause::Failed(failure) => {
                let how = failure_text(*failure);
                format!("process {name:?} failed with {how}, and others wait for it")
            }
            BootFailureCause::TimedOut => {
                format!("process {name:?} was waited for longer than its timeout, or dependency_timeout")
            }
            BootFailureCause::Gone => {
                format!("process {name:?} does not run and is not being started, and others wait for it")
            }
        }
    }

    /// Why nothing was done.
    #[must_use]
    pub fn refusal(&self, refusal: &Refusal) -> String {
        let process = refusal.process().map(|process| format!("process {:?}", self.text(process)));
        why_refused(refusal, process.as_deref().unwrap_or_default())
    }

    /// What a restart is about.
    #[must_use]
    pub fn scope(&self, scope: &RestartScope) -> String {
        match scope {
            RestartScope::All => "all".to_owned(),
            RestartScope::These(these) => {
                these.iter().map(|process| self.text(*process)).collect::<Vec<_>>().join(", ")
            }
            RestartScope::One(process) => self.text(*process).to_owned(),
        }
    }

    /// Which process did not come up in a rolling restart.
    #[must_use]
    pub fn restart_failure(&self, process: ProcessId) -> String {
        format!(
            "process {:?} did not come up again, or could not reload itself; those after it were left alone",
            self.text(process)
        )
    }
}

/// Why nothing was done, of a process that is called so.
#[must_use]
pub fn why_refused(refusal: &Refusal, process: &str) -> String {
    match refusal {
        Refusal::NoSuchProcess(name) => format!("process {:?} not found", name.as_str()),
        Refusal::Stopping => "everything is being stopped".to_owned(),
        Refusal::TooMany => format!(
            "{MOST_UNANSWERED} requests are not answered yet: ask again when the boot, or what else is under way, is over"
        ),
        Refusal::Runs(_) => format!("{process} runs, or is being started"),
        Refusal::Scheduled(_) => format!("{process} has as many instances as jobs that run"),
        Refusal::Unscheduled(_) => format!("{process} has no schedule"),
        Refusal::Idle(_) => format!("the schedule of {process} is stopped: start it first"),
        Refusal::NotRunning(_) => format!("{process} does not run: nobody is there to take a signal"),
        Refusal::NotPaused(_) => format!("the schedule of {process} is not paused"),
        Refusal::Busy(_) => format!("as many jobs of {process} run as may (schedule_max_concurrent)"),
        Refusal::Oneshot(_) => format!("{process} is a oneshot, and has one instance"),
        Refusal::Above { most, .. } => {
            let noun = if *most == 1 { "instance" } else { "instances" };
            format!("{process} may have {most} {noun} at most (max_scale, max_process_scale, port_base)")
        }
    }
}

/// Why an instance has not reloaded itself.
#[must_use]
pub fn self_reload_fault(fault: SelfReloadFault) -> &'static str {
    match fault {
        SelfReloadFault::Command => "its reload command failed; it goes on as it was",
        SelfReloadFault::Died => "it ended soon after it was told to",
        SelfReloadFault::Unhealthy => "its health check failed after it was told to",
        SelfReloadFault::NotReady => "it was not ready again within reload.timeout",
    }
}

/// The same for programs, as `error.type`.
#[must_use]
pub fn self_reload_error(fault: SelfReloadFault) -> &'static str {
    match fault {
        SelfReloadFault::Command => names::ERROR_HOOK_FAILED,
        SelfReloadFault::Died => names::ERROR_FAILED,
        SelfReloadFault::Unhealthy => names::ERROR_UNHEALTHY,
        SelfReloadFault::NotReady => names::ERROR_NOT_READY,
    }
}

/// How an instance failed for good.
#[must_use]
pub fn failure_text(failure: Failure) -> String {
    match failure {
        Failure::Exit(exit) | Failure::GaveUp(exit) => exit.to_string(),
        Failure::Spawn(_) => "a program that could not be started".to_owned(),
        Failure::Unhealthy => "health checks that fail".to_owned(),
        Failure::Memory(limit) => format!("more memory than its {} limit", limit.as_str()),
    }
}

/// Why an instance was given up after this many restarts; `None` when it just ended.
#[must_use]
pub fn gave_up(failure: Failure, count: u32) -> Option<String> {
    let restarts = if count == 1 { "1 restart".to_owned() } else { format!("{count} restarts") };
    match failure {
        Failure::Exit(_) => None,
        Failure::Memory(_) if count == 0 => None,
        Failure::Memory(limit) => {
            let limit = limit.as_str();
            Some(format!("gave up after {restarts}: it takes more memory than its {limit} limit"))
        }
        Failure::Spawn(_) => Some(format!("gave up after {restarts}: it could not be started")),
        Failure::GaveUp(exit) => Some(format!("gave up after {restarts}: {exit}")),
        Failure::Unhealthy => Some(format!("gave up after {restarts}: its health checks fail")),
    }
}

/// How a run ended.
#[must_use]
pub fn ended(exit: Exit) -> String {
    format!("ended with {exit}")
}

/// A short, stable word for `error.type` of a boot that failed.
#[must_use]
pub fn boot_error_type(cause: &BootFailureCause) -> &'static str {
    match cause {
        BootFailureCause::Spawn(failure) => failure.kind.as_str(),
        BootFailureCause::Hook(_) => names::ERROR_HOOK_FAILED,
        BootFailureCause::Failed(_) | BootFailureCause::Gone => names::ERROR_DEPENDENCY_FAILED,
        BootFailureCause::TimedOut => names::ERROR_DEPENDENCY_TIMEOUT,
    }
}

/// A short, stable word for `error.type` of a hook that failed.
#[must_use]
pub fn hook_error_type(fault: HookFault) -> Cow<'static, str> {
    match fault {
        HookFault::Exit(exit) => Autopsy::from(exit).error_type(),
        HookFault::TimedOut => names::ERROR_DEADLINE.into(),
        HookFault::NotFound => SpawnFailureKind::NotFound.as_str().into(),
        HookFault::NotExecutable => SpawnFailureKind::NotExecutable.as_str().into(),
        HookFault::NotStarted => SpawnFailureKind::Other.as_str().into(),
    }
}

/// What is said of a hook that something else came before.
pub const HOOK_STOPPED: &str = "it was stopped before it had ended";

/// As `shutdown.reason` and the log say it.
#[must_use]
pub fn shutdown_reason(cause: &Cause, boot_failure: Option<&str>) -> String {
    match (cause, boot_failure) {
        (Cause::BootFailed, Some(why)) => format!("boot failed: {why}"),
        (Cause::BootFailed, None) => "boot failed".to_owned(),
        (Cause::Signal { signal, .. }, _) => signal.to_string(),
        (Cause::AllEnded, _) => "all processes ended".to_owned(),
        (Cause::Fatal(_), _) => "an essential process has ended".to_owned(),
        (Cause::Internal, _) => "internal error".to_owned(),
        (Cause::Request | Cause::Boot | Cause::Death(_) | Cause::Dependency(_) | Cause::Watch(_), _) => {
            "user request".to_owned()
        }
    }
}

/// How a reload ended, in one sentence.
#[must_use]
pub fn reload_end(end: &ReloadEnd) -> String {
    match end {
        ReloadEnd::Complete => "everything is as it is configured now".to_owned(),
        ReloadEnd::RolledBack(name) => {
            format!("{:?} could not be brought up, so everything is as it was before", name.as_str())
        }
        ReloadEnd::Broken(first, second) => {
            let (first, second) = (first.as_str(), second.as_str());
            format!("{first:?} could not be brought up, and {second:?} could not be brought back")
        }
        ReloadEnd::Interrupted => "a shutdown came first".to_owned(),
    }
}

/// As `restart.reason` says it.
#[must_use]
pub fn restart_reason(cause: &Cause) -> &'static str {
    match cause {
        Cause::Signal { .. } => "signal",
        Cause::Death(_) => "crash",
        Cause::Dependency(_) => "dependency",
        Cause::Watch(_) => "watch",
        Cause::Boot
        | Cause::Request
        | Cause::AllEnded
        | Cause::Fatal(_)
        | Cause::BootFailed
        | Cause::Internal => "manual",
    }
}

/// As `restart.reason` says it of a restart that follows an end by itself, which means this.
#[must_use]
pub fn restart_reason_after(after: Trigger, ends: &Ends) -> &'static str {
    match after {
        Trigger::Exit(exit) if ends.success.has(exit) || ends.recycle.has(exit) => "normal_exit",
        Trigger::Exit(_) | Trigger::Spawn(_) => "crash",
        Trigger::Unhealthy => "health_check",
        Trigger::Memory(_) => "memory_limit",
    }
}

/// What is passed, and what follows.
#[must_use]
pub fn over_limit(breach: &Breach) -> String {
    let Breach { limit, bound, used } = breach;
    let follows = match limit {
        Limit::Soft => "it is replaced",
        Limit::Hard => "it is killed",
    };
    let (used, bound) = (mebibytes(*used), mebibytes(*bound));
    format!("it takes {used} of memory, above its {} limit of {bound}: {follows}", limit.as_str())
}

/// A size for people, as the configuration writes sizes.
#[must_use]
pub fn mebibytes(bytes: u64) -> String {
    const MB: u64 = 1 << 20;
    let tenths = u128::from(bytes) * 10 / u128::from(MB);
    if tenths.is_multiple_of(10) {
        format!("{} MB", tenths / 10)
    } else {
        format!("{}.{} MB", tenths / 10, tenths % 10)
    }
}

/// Who sent the signal that ended a run, in one word.
#[must_use]
pub fn signal_sender(autopsy: &Autopsy) -> Option<&'static str> {
    match autopsy.sender {
        Sender::Nobody => None,
        Sender::Supervisor => Some("supervisor"),
        Sender::Other => Some("other"),
    }
}

/// Whether memory ran out, in one word.
#[must_use]
pub fn out_of_memory(oom: Oom) -> Option<&'static str> {
    match oom {
        Oom::None => None,
        Oom::Likely { .. } => Some("likely"),
        Oom::Possible { .. } => Some("possible"),
    }
}

/// A short, stable word for `error.type` of a job that did not succeed.
#[must_use]
pub fn job_error_type(over: &JobOver) -> Cow<'static, str> {
    match (over.end, over.exit) {
        (JobEnd::TimedOut, _) => names::ERROR_DEADLINE.into(),
        (JobEnd::Replaced | JobEnd::Interrupted, _) => names::ERROR_INTERRUPTED.into(),
        (JobEnd::Succeeded | JobEnd::Failed, Some(exit)) => Autopsy::from(exit).error_type(),
        (JobEnd::Succeeded | JobEnd::Failed, None) => SpawnFailureKind::Other.as_str().into(),
    }
}

/// Why a job did not succeed, in one sentence.
#[must_use]
pub fn job_failure(over: &JobOver) -> String {
    match (over.end, over.exit) {
        (JobEnd::TimedOut, _) => "it took longer than schedule_timeout".to_owned(),
        (JobEnd::Replaced, _) => "a newer run has taken its place".to_owned(),
        (JobEnd::Interrupted, _) => "it was stopped with the process".to_owned(),
        (JobEnd::Succeeded | JobEnd::Failed, Some(exit)) => ended(exit),
        (JobEnd::Succeeded | JobEnd::Failed, None) => "it could not be started".to_owned(),
    }
}

/// Why a tick does not run, in one sentence.
#[must_use]
pub fn skip_reason(reason: Skip) -> &'static str {
    match reason {
        Skip::Overlap => "as many run as may",
        Skip::Replaced => "a newer one has taken its place",
        Skip::Missed => "it was missed, and is not made up for",
        Skip::Closing => "the process is being stopped",
    }
}

/// What is said of a shutdown whose deadline passed.
pub const DEADLINE_MISSED: &str = "not everything was stopped within shutdown_timeout";
