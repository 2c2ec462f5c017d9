//! One tale as a list of facts: a boot with a dependency, a crash with its restart, a stop for good.

use phpeek_actors::testkit::{SpecBuilder, system};
use phpeek_core::autopsy::Autopsy;
use phpeek_core::facts::{
    Asked, Change, Death, Fact, InstanceFact, Obituary, ProcessFact, Shown, SystemFact, Told, Words,
};
use phpeek_core::fleet::{Outcome, RestartEnd, RestartScope};
use phpeek_core::fold::{Tally, Telling};
use phpeek_core::ids::{InstanceId, ProcessId};
use phpeek_core::lifecycle::{InstanceState, Rest, SignalStep, Trigger};
use phpeek_core::operation::{Cause, Operation, Operations};
use phpeek_core::outcome::Exit;
use phpeek_core::signal::{Signal, SignalSender};
use phpeek_core::spec::Condition;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const DB: ProcessId = ProcessId(0);
pub(crate) const APP: ProcessId = ProcessId(1);

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The operations of the tale, in the order in which they begin.
pub(crate) struct Asks {
    pub(crate) boot: Operation,
    restart: Operation,
    pub(crate) stop: Operation,
}

pub(crate) fn asks() -> Asks {
    let mut of = Operations::of_system();
    let sender = SignalSender { pid: Some(7), uid: 1000, command: Some("deploy".to_owned()) };
    Asks {
        boot: of.begin(Cause::Boot),
        restart: Operations::of_process(APP).begin(Cause::Death(only(APP).run(1))),
        stop: of.begin(Cause::Signal { signal: Signal::TERM, sender: Some(Arc::new(sender)) }),
    }
}

fn only(process: ProcessId) -> InstanceId {
    InstanceId { process, serial: 0 }
}

fn up(process: ProcessId, at: u64, run: u64, pid: i32) -> Vec<(u64, Fact)> {
    let shown = Shown { pid: Some(pid), restarts: u32::try_from(run - 1).expect("a few") };
    let change = Change { from: InstanceState::Starting, to: InstanceState::Running };
    let of = |fact| Fact::Instance(only(process), fact);
    vec![
        (at, of(InstanceFact::Changes(change))),
        (at, of(InstanceFact::Started { run, pid: Some(pid) })),
        (at, of(InstanceFact::Changed(change, shown))),
    ]
}

fn death(run: u64, exit: Exit, ended: u64, uptime: u64, asked: Asked) -> Death {
    let fine = exit == Exit::Code(0);
    Death { run, autopsy: Autopsy::from(exit), ended: ms(ended), uptime: ms(uptime), asked, fine }
}

fn boot(asks: &Asks) -> Vec<(u64, Fact)> {
    let spec = system(vec![SpecBuilder::new("db"), SpecBuilder::new("app").after(0)]);
    let mut facts = Vec::new();
    for (process, spec) in [DB, APP].into_iter().zip(&spec.processes) {
        facts.push((0, Fact::Process(process, ProcessFact::Added(spec.clone()))));
        facts.push((0, Fact::Instance(only(process), InstanceFact::Added { number: 0 })));
    }
    let operation = asks.boot.clone();
    facts.push((0, Fact::System(SystemFact::BootBegan { operation: operation.clone(), processes: 2 })));
    let began = |waits| ProcessFact::StartBegan { operation: operation.clone(), waits };
    facts.push((0, Fact::Process(DB, began(Vec::new()))));
    facts.push((0, Fact::Process(APP, began(vec![(DB, Condition::Started)]))));
    facts.push((0, Fact::Instance(only(DB), InstanceFact::Ordered { run: 1 })));
    facts.extend(up(DB, 5, 1, 100));
    facts.push((5, Fact::Process(DB, ProcessFact::Up)));
    facts.push((6, Fact::Process(APP, ProcessFact::EdgeMet(DB))));
    facts.push((6, Fact::Instance(only(APP), InstanceFact::Ordered { run: 1 })));
    facts.extend(up(APP, 9, 1, 101));
    facts.push((9, Fact::Process(APP, ProcessFact::Up)));
    facts.push((9, Fact::System(SystemFact::BootSucceeded { stopped: 0 })));
    facts
}

fn crash(asks: &Asks) -> Vec<(u64, Fact)> {
    let of = |fact| Fact::Instance(only(APP), fact);
    let death = death(1, Exit::Code(3), 500, 491, Asked::No);
    let change = Change { from: InstanceState::Draining, to: InstanceState::Backoff };
    let telling = Telling::Told(Tally { folded: 0, count: 1 });
    let after = Trigger::Exit(Exit::Code(3));
    let operation = asks.restart.clone();
    let restarting = InstanceFact::Restarting { operation, after, attempt: 1, left: Some(9), telling };
    let words = Words { stderr: vec!["out of cheese".to_owned()], ..Words::default() };
    let obituary = Obituary { death, over: ms(502), left: Some(9), words };
    let mut facts = vec![
        (500, of(InstanceFact::Died(death))),
        (502, of(InstanceFact::Changes(change))),
        (502, of(InstanceFact::Ended(death))),
        (502, of(restarting)),
        (502, of(InstanceFact::BackoffBegan { delay: ms(90) })),
        (502, of(InstanceFact::Changed(change, Shown { pid: None, restarts: 0 }))),
        (503, of(InstanceFact::Autopsied(Box::new(obituary)))),
        (592, of(InstanceFact::Ordered { run: 2 })),
    ];
    facts.extend(up(APP, 595, 2, 102));
    facts
}

fn stop(asks: &Asks) -> Vec<(u64, Fact)> {
    let operation = asks.stop.clone();
    let began = SystemFact::ShutdownBegan { operation: operation.clone(), processes: 2, timeout: ms(30_000) };
    let mut facts = vec![(1000, Fact::System(began))];
    for (process, run, at) in [(APP, 2, 1000), (DB, 1, 1010)] {
        let of = |fact| Fact::Instance(only(process), fact);
        let death = death(run, Exit::Code(0), at + 8, 400, Asked::Yes);
        let (signal, step) = (Signal::TERM, SignalStep::Request);
        facts.extend([
            (at, Fact::Process(process, ProcessFact::StopBegan(operation.clone()))),
            (at, of(InstanceFact::Signalled { signal, step, delivered: true, folded: false })),
            (at + 8, of(InstanceFact::Died(death))),
            (at + 9, of(InstanceFact::Ended(death))),
            (at + 9, Fact::Process(process, ProcessFact::Stopped)),
        ]);
    }
    facts.push((1020, Fact::System(SystemFact::Over(Outcome::Stopped))));
    facts
}

/// A rolling restart that a shutdown interrupts, while a process goes on with it.
pub(crate) fn interrupted_restart() -> Vec<Told> {
    let asks = asks();
    let operation = Operations::of_system().begin(Cause::Signal { signal: Signal::USR1, sender: None });
    let scope = RestartScope::All;
    let of = |fact| Fact::Instance(only(APP), fact);
    let change = Change { from: InstanceState::Starting, to: InstanceState::Stopped };
    let mut all = boot(&asks);
    all.extend([
        (20, Fact::System(SystemFact::RestartBegan { operation: operation.clone(), scope: scope.clone() })),
        (21, Fact::System(SystemFact::RestartEnded { scope, end: RestartEnd::Interrupted })),
        (22, of(InstanceFact::RestartBegan(operation))),
        (23, Fact::Process(APP, ProcessFact::RestartAbandoned)),
        (24, of(InstanceFact::Rested { rest: Rest::Stopped, restarts: 0, looped: 0 })),
        (24, of(InstanceFact::Changed(change, Shown { pid: None, restarts: 0 }))),
    ]);
    all.into_iter().map(|(at, fact)| Told { at: ms(at), fact }).collect()
}

/// The whole tale.
pub(crate) fn facts(asks: &Asks) -> Vec<Told> {
    let all = [boot(asks), crash(asks), stop(asks)].into_iter().flatten();
    all.map(|(at, fact)| Told { at: ms(at), fact }).collect()
}
