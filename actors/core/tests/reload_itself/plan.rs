//! What is played: how the process is configured, what happens to it, and the bugs that are planted.

use crate::support;
use phpeek_core::health::{CheckSpec, NotifyQuestion, Protocol, Question, Role};
use phpeek_core::hook::{HookSpec, Hooks, OnError};
use phpeek_core::spec::{AtOnce, InitialState, ProcessKind, ProcessSpec, Reload, RollingSpec};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The command that was begun first ends with this code.
    CommandEnds(u8),
    /// The leader of this instance ends by itself; another run follows.
    InstanceEnds(u32),
    /// The probe that was asked first is answered, well or not.
    Probe(bool),
    /// This instance says that it takes over its configuration, or that it is ready.
    Says(u32, bool),
    /// Time passes.
    Wait(u64),
    /// Everything is stopped.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    AnswerForgotten,
    AnsweredTwice,
    FailureIsUp,
    GoesOnAfterAFailure,
    AllAtOnce,
    LastLeftOut,
    BelievedAtOnce,
    OldAnswerCounts,
    DeathOverlooked,
    NeverTooLate,
}

/// By what it is known whether it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    Not,
    Asked,
    Told,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) scale: u32,
    pub(crate) at_once: u32,
    pub(crate) by: Reload,
    pub(crate) checked: Checked,
}

fn check(checked: Checked) -> Option<Arc<[CheckSpec]>> {
    let (question, role) = match checked {
        Checked::Not => return None,
        Checked::Asked => (Question::Tcp("h:1".into()), Role::Readiness),
        Checked::Told => {
            let notify = NotifyQuestion { protocol: Protocol::Systemd, watchdog: None };
            (Question::Notify(notify), Role::Readiness)
        }
    };
    let check = CheckSpec {
        role,
        question,
        numbered: None,
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(3),
        timeout: Duration::from_millis(400),
        failure_threshold: 2,
        success_threshold: 1,
    };
    Some([check].into())
}

pub(crate) fn spec(plan: Plan) -> Arc<ProcessSpec> {
    let plain = support::spec(InitialState::Running, ProcessKind::LongRun);
    let hook = HookSpec {
        name: "reload".into(),
        program: plain.program.clone(),
        timeout: Duration::from_secs(1000), // its end by time is a matter of hooks
        retries: 0,
        retry_delay: Duration::ZERO,
        on_error: OnError::Stop,
    };
    let rolling = RollingSpec {
        at_once: AtOnce::Count(NonZeroU32::new(plan.at_once).expect("at least one")),
        takes_part: true,
        reload: Some(plan.by),
        reload_timeout: TIMEOUT,
    };
    Arc::new(ProcessSpec {
        scale: NonZeroU32::new(plan.scale).expect("at least one"),
        rolling: Some(Box::new(rolling)),
        hooks: Some(Box::new(Hooks { reload: [Arc::new(hook)].into_iter().collect(), ..Hooks::default() })),
        health: check(plan.checked),
        ..ProcessSpec::clone(&plain)
    })
}
