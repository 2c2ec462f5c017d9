//! Specifications of a process that does nothing, for laws to change what they are about.
#![allow(dead_code, reason = "each of the tests uses some of it")]

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

/// Its own program, of which nothing is captured and which is handed no context.
pub(crate) fn program(name: &str) -> Program {
    Program {
        name: ProcessName::new(name).expect("a plain name"),
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
    }
}

/// One instance that always runs, is started again at once without end, and is killed as soon as it is asked to stop.
pub(crate) fn plain(name: &str) -> ProcessSpec {
    let program = program(name);
    ProcessSpec {
        name: program.name.clone(),
        program: Arc::new(program),
        kind: ProcessKind::LongRun,
        initial: InitialState::Running,
        scale: NonZeroU32::MIN,
        max_scale: 100,
        depends_on: Vec::new(),
        restart: RestartSpec {
            policy: RestartPolicy::Always,
            attempts: Attempts::Unlimited,
            backoff: Backoff::new(Duration::ZERO, Duration::ZERO).expect("in order"),
            stable_after: None,
            ends: Ends::USUAL,
        },
        stop: asked(Duration::ZERO),
        essential: false,
        rolling: None,
        hooks: None,
        health: None,
        memory: None,
        watch: None,
        schedule: None,
    }
}

/// A stop by SIGTERM, which may take so long, and SIGKILL so long again.
pub(crate) fn asked(grace: Duration) -> StopSpec {
    StopSpec {
        signal: Signal::TERM,
        grace,
        kill_signal: Signal::KILL,
        kill_grace: grace,
        mode: KillMode::Group,
    }
}

/// One of this kind, named `p`.
pub(crate) fn spec(initial: InitialState, kind: ProcessKind) -> Arc<ProcessSpec> {
    Arc::new(ProcessSpec { initial, kind, ..plain("p") })
}
