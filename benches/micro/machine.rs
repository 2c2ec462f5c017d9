//! What deciding costs: the machines alone, no actors and no system calls. Called by `main.rs`.

use criterion::{BatchSize, Criterion};
use phpeek_core::backoff::{Backoff, Jitter};
use phpeek_core::budget::Attempts;
use phpeek_core::facts::{Outbox, Output};
use phpeek_core::fleet::{self, Fleet};
use phpeek_core::lifecycle::{Effect, Event, Machine, Now, Policy};
use phpeek_core::name::ProcessName;
use phpeek_core::operation::Cause;
use phpeek_core::outcome::Exit;
use phpeek_core::process::Command;
use phpeek_core::program::{Handover, Numbering, Program, Speaking};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{
    CommandLine, Condition, Dependency, Ends, Hooks, InitialState, KillMode, OutputSpec, ProcessKind,
    ProcessSpec, RestartPolicy, RestartSpec, StopSpec, SystemSpec,
};
use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Processes of the fleet: what the bars of the program are measured with.
const FLEET: u32 = 1000;
/// How many depend on each process below: three layers, as a stack of services has.
const LAYER: u32 = 333;

/// Registers the benches of the machines.
pub(crate) fn bench(c: &mut Criterion) {
    crash_cycle(c);
    boot_and_shutdown(c);
}

fn restart() -> RestartSpec {
    let second = Duration::from_secs(1);
    RestartSpec {
        policy: RestartPolicy::Always,
        attempts: Attempts::Unlimited,
        backoff: Backoff::new(second, second * 60)
            .unwrap_or_else(|| unreachable!("a second is the shorter one")),
        stable_after: Some(second * 60),
        ends: Ends::USUAL,
    }
}

fn stop() -> StopSpec {
    StopSpec {
        signal: Signal::TERM,
        grace: Duration::from_secs(10),
        kill_signal: Signal::KILL,
        kill_grace: Duration::from_secs(5),
        mode: KillMode::Group,
    }
}

/// A run that dies, its group that goes, the wait, and the run that follows: four steps.
fn crash_cycle(c: &mut Criterion) {
    let policy = Policy { kind: ProcessKind::LongRun, restart: restart(), stop: stop() };
    let mut machine = Machine::default();
    let mut effects: Vec<Effect> = Vec::with_capacity(8);
    let mut now = Now { at: Duration::ZERO, jitter: Jitter::NONE };
    machine.step(&policy, now, Event::Start, &mut effects);
    let exit = Exit::Signal { signal: Signal::KILL, core: false };
    c.bench_function("machine/crash cycle", |b| {
        b.iter(|| {
            let run = machine.run();
            effects.clear();
            for event in [Event::Spawned { run }, Event::Exited { run, exit }, Event::GroupEmpty { run }] {
                machine.step(&policy, now, event, &mut effects);
            }
            now.at = machine.deadline().unwrap_or(now.at);
            machine.step(&policy, now, Event::Tick, &mut effects);
            black_box(&effects);
        });
    });
}

fn name(i: u32) -> Option<ProcessName> {
    ProcessName::new(&format!("p{i:04}")).ok()
}

fn system() -> SystemSpec {
    let process = |i: u32| {
        let depends_on = i
            .checked_sub(LAYER)
            .and_then(name)
            .map(|process| Dependency::new(process, Condition::Started))
            .into_iter()
            .collect();
        let name = name(i)?;
        let command = CommandLine::new(vec!["sleep".to_owned()])?;
        Some(Arc::new(ProcessSpec {
            name: name.clone(),
            kind: ProcessKind::LongRun,
            initial: InitialState::Running,
            program: Arc::new(Program {
                name,
                hook: None,
                command,
                working_dir: None,
                user: None,
                group: None,
                env: Vec::new(),
                privilege: None,
                output: OutputSpec { stdout: true, stderr: true },
                handover: Handover::Link,
                numbering: Numbering::default(),
                speaks: Speaking::default(),
            }),
            scale: NonZeroU32::MIN,
            max_scale: 100,
            depends_on,
            restart: restart(),
            stop: stop(),
            essential: false,
            rolling: None,
            hooks: None,
            health: None,
            memory: None,
            watch: None,
            schedule: None,
        }))
    };
    SystemSpec {
        shutdown_timeout: Duration::from_secs(30),
        dependency_timeout: Duration::from_secs(300),
        processes: (0..FLEET).filter_map(process).collect(),
        signals: BTreeMap::new(),
        hooks: Hooks::default(),
    }
}

/// Answers whatever the fleet asks for at once, until it asks for nothing more.
fn play(fleet: &mut Fleet, first: fleet::Event, out: &mut Outbox<fleet::Effect>) {
    let mut events = VecDeque::from([first]);
    while let Some(event) = events.pop_front() {
        fleet.step(Duration::ZERO, event, out);
        for output in out.drain() {
            match output {
                Output::Do(fleet::Effect::Command(p, _, Command::Start)) => {
                    events.push_back(fleet::Event::Up(p));
                }
                Output::Do(fleet::Effect::Command(p, _, Command::Stop(_))) => {
                    events.push_back(fleet::Event::Stopped(p));
                }
                other => {
                    black_box(other);
                }
            }
        }
    }
}

fn boot_and_shutdown(c: &mut Criterion) {
    let spec = system();
    assert!(spec.processes.len() == FLEET as usize, "every process of the bench is valid");
    let mut out = Outbox::new();
    c.bench_function("fleet/boot and shutdown of 1000", |b| {
        b.iter_batched(
            || Fleet::new(&spec).unwrap_or_else(|_| unreachable!("the layers have no cycle")),
            |mut fleet| {
                let boot = fleet.begin(Cause::Boot);
                play(&mut fleet, fleet::Event::Boot(boot), &mut out);
                let stop = fleet.begin(Cause::Request);
                play(&mut fleet, fleet::Event::Shutdown(stop), &mut out);
                assert!(fleet.phase() == fleet::Phase::Done, "the shutdown is over");
                fleet
            },
            BatchSize::LargeInput,
        );
    });
}
