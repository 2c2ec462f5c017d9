//! The specification of a process that does nothing, for laws of what others know of it.

use phpeek_core::backoff::Backoff;
use phpeek_core::budget::Attempts;
use phpeek_core::name::ProcessName;
use phpeek_core::program::{Handover, Numbering, Program, Speaking};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    CommandLine, Ends, InitialState, KillMode, OutputSpec, ProcessKind, ProcessSpec, RestartPolicy,
    RestartSpec, StopSpec,
};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// One of this kind, named `p`.
pub(crate) fn spec(initial: InitialState, kind: ProcessKind) -> Arc<ProcessSpec> {
    let name = ProcessName::new("p").expect("a plain name");
    let backoff = Backoff::new(Duration::ZERO, Duration::ZERO).expect("in order");
    Arc::new(ProcessSpec {
        program: Arc::new(Program {
            name: name.clone(),
            hook: None,
            command: CommandLine::new(vec!["p".to_owned()]).expect("a program"),
            working_dir: None,
            user: None,
            group: None,
            env: Vec::new(),
            privilege: None,
            output: OutputSpec { stdout: false, stderr: false },
            handover: Handover::Nothing,
            numbering: Numbering::default(),
            speaks: Speaking::default(),
        }),
        name,
        kind,
        initial,
        scale: NonZeroU32::MIN,
        max_scale: 100,
        depends_on: Vec::new(),
        restart: RestartSpec {
            policy: RestartPolicy::Always,
            attempts: Attempts::Unlimited,
            backoff,
            stable_after: None,
            ends: Ends::USUAL,
        },
        stop: StopSpec {
            signal: Signal::TERM,
            grace: Duration::ZERO,
            kill_signal: Signal::KILL,
            kill_grace: Duration::ZERO,
            mode: KillMode::Group,
        },
        essential: false,
        rolling: None,
        hooks: None,
        health: None,
        memory: None,
        watch: None,
        schedule: None,
    })
}
