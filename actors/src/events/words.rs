//! Which facts are events, and by which words. The names of kinds and fields are for scripts: they do not change.

use crate::phrases::{
    Names, job_failure, over_limit, reload_end, restart_reason, self_reload_fault, shutdown_reason,
    skip_reason,
};
use crate::ports::Value;
use phpeek_core::ends::SelfReloadEnd;
use phpeek_core::facts::{
    Asked, Death, Fact, HealthFact, HookFact, HookOutcome, InstanceFact, ProcessFact, ScheduleFact,
    SystemFact,
};
use phpeek_core::fleet::{BootFailure, Outcome, RestartEnd, RestartOutcome};
use phpeek_core::health::news::Saying;
use phpeek_core::outcome::Exit;
use phpeek_core::spec::Reload;

/// Fields in the order in which they are shown.
type Fields = Vec<(&'static str, Value)>;

/// What is said of a fact.
pub(super) struct Said {
    pub(super) kind: &'static str,
    pub(super) fields: Fields,
}

fn said(kind: &'static str, fields: Fields) -> Option<Said> {
    Some(Said { kind, fields })
}

fn plain(kind: &'static str) -> Option<Said> {
    said(kind, Vec::new())
}

/// What is said of a fact; nothing of what only listeners of the whole story need.
pub(super) fn of(fact: &Fact, names: &Names) -> Option<Said> {
    match fact {
        Fact::System(fact) => system(fact, names),
        Fact::Process(_, fact) => process(fact, names),
        Fact::Instance(_, fact) => instance(fact),
        Fact::Hook(_, fact) => hook(fact),
        Fact::Health(_, fact) => health(fact),
        Fact::Schedule(_, fact) => schedule(fact),
    }
}

fn count(number: impl TryInto<i64>) -> Value {
    number.try_into().unwrap_or(i64::MAX).into()
}

fn system(fact: &SystemFact, names: &Names) -> Option<Said> {
    match fact {
        SystemFact::BootBegan { processes, .. } => {
            said("system.starting", vec![("processes", count(*processes))])
        }
        SystemFact::BootSucceeded { .. } => plain("system.up"),
        SystemFact::BootFailed(failure) => {
            said("system.boot_failed", vec![("error", names.boot_failure(failure).into())])
        }
        SystemFact::RestartBegan { operation, scope } => {
            let reason = restart_reason(&operation.cause);
            said("system.restarting", vec![("scope", names.scope(scope).into()), ("reason", reason.into())])
        }
        SystemFact::RestartEnded { scope, end } => {
            let fields = vec![("scope", names.scope(scope).into()), ("result", restart_end(*end).into())];
            said("system.restarted", fields)
        }
        SystemFact::ReloadBegan { .. } => plain("system.reloading"),
        SystemFact::ReloadEnded(_, end) => said("system.reloaded", vec![("result", reload_end(end).into())]),
        SystemFact::ReloadRefused(_, why) => {
            said("system.reload_refused", vec![("error", why.to_string().into())])
        }
        SystemFact::ShutdownBegan { operation, .. } => {
            said("system.stopping", vec![("reason", shutdown_reason(&operation.cause, None).into())])
        }
        SystemFact::ShutdownHurried(_) => plain("system.killing"),
        SystemFact::Refused(_, refusal) => {
            said("system.refused", vec![("error", names.refusal(refusal).into())])
        }
        SystemFact::Over(outcome) => said("system.over", vec![("result", result(outcome).into())]),
        SystemFact::RestartJoined { .. }
        | SystemFact::ReloadFailed(_)
        | SystemFact::ReloadReplaced(_)
        | SystemFact::Relayed(..)
        | SystemFact::Answered(..) => None,
    }
}

fn restart_end(end: RestartEnd) -> &'static str {
    match end {
        RestartEnd::Complete => "complete",
        RestartEnd::Nothing => "nothing",
        RestartEnd::FailedAt(_) => "failed",
        RestartEnd::Interrupted => "interrupted",
        RestartEnd::StoppedAt(_) => "stopped",
    }
}

fn result(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Stopped => "stopped",
        Outcome::AllCompleted => "completed",
        Outcome::Failed(_) => "failed",
        Outcome::BootFailed(_) => "boot_failed",
        Outcome::DeadlineMissed => "deadline_missed",
        Outcome::Internal => "internal_error",
    }
}

fn process(fact: &ProcessFact, names: &Names) -> Option<Said> {
    let named = |process| names.text(process).to_owned();
    match fact {
        ProcessFact::Added(_) => plain("process.added"),
        ProcessFact::Changed(_) => plain("process.changed"),
        ProcessFact::Removed => plain("process.removed"),
        ProcessFact::StartBegan { waits, .. } => {
            let on: Vec<&str> = waits.iter().map(|(on, _)| names.text(*on)).collect();
            let waits = (!on.is_empty()).then(|| ("waits_for", on.join(",").into()));
            said("process.starting", waits.into_iter().collect())
        }
        ProcessFact::Up => plain("process.up"),
        ProcessFact::Ready => plain("process.ready"),
        ProcessFact::Unready => plain("process.unready"),
        ProcessFact::NotReadyInTime => plain("process.not_ready_in_time"),
        ProcessFact::EdgeLost(on) => said("process.dependency_lost", vec![("dependency", named(*on).into())]),
        ProcessFact::EdgeGivenUp(on) => {
            said("process.dependency_given_up", vec![("dependency", named(*on).into())])
        }
        ProcessFact::EdgeFailed(on, cause) => {
            let failure = BootFailure { process: Some(*on), cause: cause.clone() };
            said("process.start_failed", vec![("error", names.boot_failure(&failure).into())])
        }
        ProcessFact::StartFailed(failure) => {
            said("process.start_failed", vec![("error", failure.message.clone().into())])
        }
        ProcessFact::ScaleBegan { from, to, .. } => {
            said("process.scaling", vec![("from", count(*from)), ("to", count(*to))])
        }
        ProcessFact::ScaleEnded(outcome) => {
            let result = if *outcome == RestartOutcome::Up { "complete" } else { "failed" };
            said("process.scaled", vec![("result", result.into())])
        }
        ProcessFact::ReloadBegan { by: Reload::Signal(signal), .. } => {
            said("process.reloading", vec![("signal", signal.to_string().into())])
        }
        ProcessFact::ReloadBegan { by: Reload::Command, .. } => plain("process.reloading"),
        ProcessFact::ReloadEnded(end) => match end {
            SelfReloadEnd::Complete => said("process.reloaded", vec![("result", "complete".into())]),
            SelfReloadEnd::Interrupted => said("process.reloaded", vec![("result", "interrupted".into())]),
            SelfReloadEnd::FailedAt { fault, .. } => said(
                "process.reloaded",
                vec![("result", "failed".into()), ("error", self_reload_fault(*fault).into())],
            ),
        },
        ProcessFact::StopBegan(_) => plain("process.stopping"),
        ProcessFact::Stopped => plain("process.stopped"),
        ProcessFact::Ended(_) => plain("process.ended"),
        ProcessFact::Lost => plain("process.lost"),
        ProcessFact::EdgeMet(_)
        | ProcessFact::StartInterrupted
        | ProcessFact::RestartAbandoned
        | ProcessFact::Abandoned => None,
    }
}

fn instance(fact: &InstanceFact) -> Option<Said> {
    match fact {
        InstanceFact::Changed(change, shown) => {
            let mut fields = vec![("from", change.from.as_str().into()), ("to", change.to.as_str().into())];
            fields.extend(shown.pid.map(|pid| ("pid", count(pid))));
            fields.push(("restarts", count(shown.restarts)));
            said("instance.state", fields)
        }
        InstanceFact::SpawnFailed { run, failure } => said(
            "instance.start_failed",
            vec![("run", count(*run)), ("error", failure.message.clone().into())],
        ),
        InstanceFact::Died(death) => said("instance.died", died(death)),
        InstanceFact::Restarting { operation, attempt, .. } => {
            let reason = restart_reason(&operation.cause);
            said("instance.restarting", vec![("reason", reason.into()), ("attempt", count(*attempt))])
        }
        InstanceFact::BackoffBegan { delay } => {
            said("instance.backoff", vec![("delay_ms", count(delay.as_millis()))])
        }
        InstanceFact::OverLimit { run, breach } => {
            said("instance.over_limit", vec![("run", count(*run)), ("error", over_limit(breach).into())])
        }
        InstanceFact::LeftAlone(members) => {
            said("instance.left_alone", vec![("members", count(members.len()))])
        }
        InstanceFact::Added { .. }
        | InstanceFact::Changes(_)
        | InstanceFact::Ordered { .. }
        | InstanceFact::Started { .. }
        | InstanceFact::Daemonised { .. }
        | InstanceFact::Ended(_)
        | InstanceFact::Autopsied(_)
        | InstanceFact::Signalled { .. }
        | InstanceFact::RestartBegan(_)
        | InstanceFact::ToldToReload
        | InstanceFact::ReloadTurnOver
        | InstanceFact::StopTakenOver
        | InstanceFact::Unfolded(_)
        | InstanceFact::Rested { .. }
        | InstanceFact::RelayFailed(_)
        | InstanceFact::Removed => None,
    }
}

fn died(death: &Death) -> Fields {
    let mut fields = vec![("run", count(death.run))];
    fields.push(match death.autopsy.exit {
        Exit::Code(code) => ("exit_code", count(code)),
        Exit::Signal { signal, .. } => ("signal", signal.to_string().into()),
    });
    fields.push(("asked", (death.asked == Asked::Yes).into()));
    fields
}

fn hook(fact: &HookFact) -> Option<Said> {
    match fact {
        HookFact::Began { hook, stage } => said(
            "hook.began",
            vec![("hook", Value::Hook(hook.name.clone())), ("stage", stage.as_str().into())],
        ),
        HookFact::Ended(end) => {
            let (result, error) = match &end.outcome {
                HookOutcome::Succeeded => ("succeeded", None),
                HookOutcome::Failed(_, why) => ("failed", Some(why.clone())),
                HookOutcome::Interrupted => ("interrupted", None),
            };
            let mut fields = vec![("result", result.into()), ("attempts", count(end.attempts))];
            fields.extend(error.map(|error| ("error", error.into())));
            said("hook.ended", fields)
        }
        // Each try of it is part of the story alone, and what there is no time for, of the shutdown in the log.
        HookFact::Ordered { .. }
        | HookFact::Started { .. }
        | HookFact::Signalled { .. }
        | HookFact::Daemonised(_)
        | HookFact::LeftAlone(_)
        | HookFact::TriedInVain { .. }
        | HookFact::Skipped { .. } => None,
    }
}

fn health(fact: &HealthFact) -> Option<Said> {
    match fact {
        HealthFact::Probed(probed) => {
            let change = probed.change?;
            let got = probed.answer.got.to_string();
            said("health.changed", vec![("health", change.as_str().into()), ("got", got.into())])
        }
        HealthFact::Ready { run, .. } => said("health.ready", vec![("run", count(*run))]),
        HealthFact::Unready { run } => said("health.unready", vec![("run", count(*run))]),
        HealthFact::Said { saying: Saying::Status(status), .. } => {
            said("health.status", vec![("status", status.to_string().into())])
        }
        HealthFact::Said { .. }
        | HealthFact::Asked { .. }
        | HealthFact::Forgotten { .. }
        | HealthFact::Waits { .. }
        | HealthFact::NeverReady { .. } => None,
    }
}

fn schedule(fact: &ScheduleFact) -> Option<Said> {
    match fact {
        ScheduleFact::Began { job, .. } => said("schedule.began", vec![("job", count(*job))]),
        ScheduleFact::Ended(over) => {
            let mut fields = vec![("job", count(over.job)), ("result", over.end.as_str().into())];
            if over.end.as_str() != "succeeded" {
                fields.push(("error", job_failure(over).into()));
            }
            said("schedule.ended", fields)
        }
        ScheduleFact::Skipped { ticks, reason, .. } => {
            said("schedule.skipped", vec![("ticks", count(*ticks)), ("reason", skip_reason(*reason).into())])
        }
        ScheduleFact::Paused => plain("schedule.paused"),
        ScheduleFact::Resumed => plain("schedule.resumed"),
        ScheduleFact::Stops { .. }
        | ScheduleFact::TriedInVain { .. }
        | ScheduleFact::ClockReset
        | ScheduleFact::Next(_) => None,
    }
}
