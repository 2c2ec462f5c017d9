//! The listener: hands each fact to what it changes. Lives on the supervision thread and holds it up for no longer than
//! a few numbers take; what somebody reads at the moment is left as it is, and changed in a copy.

use super::fold::When;
use super::fold::hooks::Hooks;
use super::fold::process::Process;
use super::fold::system::System;
use super::snapshot::{Snapshot, Spans};
use opentelemetry::trace::SpanContext;
use phpeek_actors::clock::{Clock, Moment};
use phpeek_actors::listeners::{Listener, Listeners};
use phpeek_core::facts::{Fact, ProcessFact, ScheduleFact, Told};
use phpeek_core::ids::{HookTask, InstanceId, ProbeId, ProcessId, TaskId};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

#[derive(Debug)]
struct State {
    system: System,
    processes: BTreeMap<ProcessId, Arc<Process>>,
    hooks: Arc<Hooks>,
}

/// See the top of the file.
pub struct Metrics {
    clock: Clock,
    state: RefCell<State>,
    spans: OnceCell<Weak<Listeners>>,
}

impl Metrics {
    /// Nothing was counted yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let system = System::new(clock.wall(Moment::ZERO));
        let state = State { system, processes: BTreeMap::new(), hooks: Arc::default() };
        Self { clock, state: RefCell::new(state), spans: OnceCell::new() }
    }

    /// Who knows by which span something happens: said once, when all who listen are together.
    pub fn know(&self, listeners: &Rc<Listeners>) {
        self.spans.get_or_init(|| Rc::downgrade(listeners));
    }

    /// Everything as it is now, beside what became of spans.
    #[must_use]
    pub fn snapshot(&self, spans: Option<Spans>) -> Snapshot {
        let state = self.state.borrow();
        let at = self.clock.now();
        Snapshot {
            at,
            wall: self.clock.wall(at),
            system: state.system.clone(),
            processes: state.processes.values().cloned().collect(),
            hooks: state.hooks.clone(),
            spans,
            panics: BTreeMap::new(),
        }
    }

    fn context(&self, ask: impl FnOnce(&Listeners) -> SpanContext) -> SpanContext {
        let listeners = self.spans.get().and_then(Weak::upgrade);
        listeners.map_or(SpanContext::NONE, |listeners| ask(&listeners))
    }

    fn process(&self, when: &When, id: ProcessId, fact: &ProcessFact) {
        let state = &mut *self.state.borrow_mut();
        match fact {
            ProcessFact::Added(spec) => {
                state.processes.insert(id, Arc::new(Process::new(spec.clone(), when)));
            }
            ProcessFact::Removed => state.forget(id),
            ProcessFact::Changed(_) | ProcessFact::ScaleBegan { .. } => {
                state.change(id, |process| process.hear(fact))
            }
            ProcessFact::StartBegan { waits, .. } if waits.is_empty() => {}
            ProcessFact::StartBegan { .. }
            | ProcessFact::EdgeMet(_)
            | ProcessFact::EdgeLost(_)
            | ProcessFact::EdgeGivenUp(_)
            | ProcessFact::EdgeFailed(..) => state.edges(when, id, fact, true),
            ProcessFact::Up | ProcessFact::StartFailed(_) | ProcessFact::StartInterrupted => {
                state.edges(when, id, fact, false);
            }
            ProcessFact::Ready
            | ProcessFact::Unready
            | ProcessFact::NotReadyInTime
            | ProcessFact::RestartAbandoned
            | ProcessFact::ScaleEnded(_)
            | ProcessFact::ReloadBegan { .. }
            | ProcessFact::ReloadEnded(_)
            | ProcessFact::StopBegan(_)
            | ProcessFact::Stopped
            | ProcessFact::Ended(_)
            | ProcessFact::Abandoned
            | ProcessFact::Lost => {}
        }
    }

    fn job(&self, when: &When, id: ProcessId, fact: &ScheduleFact) {
        let mark = || {
            let ScheduleFact::Began { instance, .. } = fact else { return None };
            when.mark(&self.context(|all| all.context_of_task(TaskId::Run(instance.run(1)))))
        };
        self.state.borrow_mut().change(id, |process| {
            process.schedule.get_or_insert_default().hear(when, fact, mark);
        });
    }

    fn instance(&self, when: &When, id: InstanceId, fact: &phpeek_core::facts::InstanceFact) {
        let mark = || when.mark(&self.context(|all| all.context_of_restart(id)));
        self.state.borrow_mut().change(id.process, |process| process.hear_of(when, id.serial, fact, mark));
    }
}

impl State {
    fn change(&mut self, id: ProcessId, change: impl FnOnce(&mut Process)) {
        if let Some(process) = self.processes.get_mut(&id) {
            change(Arc::make_mut(process));
        }
    }

    /// `new`: also when nothing is known of any wait of it.
    fn edges(&mut self, when: &When, id: ProcessId, fact: &ProcessFact, new: bool) {
        let Some(mut process) = self.processes.remove(&id) else { return };
        if new || process.edges.is_some() {
            let name = |on| self.processes.get(&on).map(|process| process.spec.name.clone());
            Arc::make_mut(&mut process).edges.get_or_insert_default().hear(when, fact, name);
        }
        self.processes.insert(id, process);
    }

    fn forget(&mut self, id: ProcessId) {
        self.processes.remove(&id);
        Arc::make_mut(&mut self.hooks).forget(id);
        for process in self.processes.values_mut() {
            if process.edges.as_ref().is_some_and(|edges| edges.knows(id))
                && let Some(edges) = &mut Arc::make_mut(process).edges
            {
                edges.forget(id);
            }
        }
    }
}

impl Listener for Metrics {
    fn hear(&self, told: &Told) {
        let when = When { at: told.at, wall: self.clock.wall(told.at) };
        match &told.fact {
            Fact::System(fact) => self.state.borrow_mut().system.hear(&when, fact),
            Fact::Process(id, fact) => self.process(&when, *id, fact),
            Fact::Instance(id, fact) => self.instance(&when, *id, fact),
            Fact::Hook(of, fact) => {
                let task = TaskId::Hook(HookTask { of: *of, serial: 0 });
                let mark = || when.mark(&self.context(|all| all.context_of_task(task)));
                Arc::make_mut(&mut self.state.borrow_mut().hooks).hear(&when, *of, fact, mark);
            }
            Fact::Health(id, fact) => {
                let probe = |serial| ProbeId { of: *id, serial };
                let mark = |serial| when.mark(&self.context(|all| all.context_of_probe(probe(serial))));
                let mut state = self.state.borrow_mut();
                state.change(id.process, |process| process.hear_health(&when, id.serial, fact, mark));
            }
            Fact::Schedule(id, fact) => self.job(&when, *id, fact),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use crate::page::write;
    use crate::{Format, Requests};
    use phpeek_actors::testkit::SpecBuilder;
    use phpeek_core::autopsy::Autopsy;
    use phpeek_core::facts::{
        Asked, Change, Death, HealthFact, HookEnd, HookFact, HookOutcome, InstanceFact, Probed, Shown,
    };
    use phpeek_core::fold::Telling;
    use phpeek_core::health::{Role, facts::Answer, facts::ProbeFault};
    use phpeek_core::hook::{HookSpec, Stage};
    use phpeek_core::lifecycle::{InstanceState, Rest, Trigger};
    use phpeek_core::operation::{Cause, Operations};
    use phpeek_core::outcome::Exit;
    use std::time::{Duration, SystemTime};

    struct Rig(Metrics);

    impl Rig {
        fn new() -> Self {
            Self(Metrics::new(Clock::starting_at(SystemTime::UNIX_EPOCH)))
        }

        fn tell(&self, seconds: u64, fact: Fact) {
            self.0.hear(&Told { at: Duration::from_secs(seconds), fact });
        }

        fn add(&self, process: u32, spec: SpecBuilder, instances: u32) {
            let fact = ProcessFact::Added(Arc::new(spec.spec()));
            self.tell(0, Fact::Process(ProcessId(process), fact));
            for number in 0..instances {
                self.of(0, (process, number), InstanceFact::Added { number });
            }
        }

        fn of(&self, seconds: u64, (process, serial): (u32, u32), fact: InstanceFact) {
            self.tell(seconds, Fact::Instance(InstanceId { process: ProcessId(process), serial }, fact));
        }

        fn turn(&self, seconds: u64, of: (u32, u32), to: InstanceState) {
            let change = Change { from: InstanceState::Stopped, to };
            self.of(seconds, of, InstanceFact::Changed(change, Shown { pid: None, restarts: 0 }));
        }

        fn start(&self, seconds: u64, of: (u32, u32)) {
            self.of(seconds, of, InstanceFact::Started { run: 1, pid: Some(7) });
            self.turn(seconds, of, InstanceState::Running);
        }

        fn die(&self, seconds: u64, of: (u32, u32), exit: Exit) {
            let (time, autopsy) = (Duration::ZERO, Autopsy::from(exit));
            let death = Death { run: 1, autopsy, ended: time, uptime: time, asked: Asked::No, fine: false };
            self.of(seconds, of, InstanceFact::Died(death));
        }

        fn probe(&self, of: u32, serial: u32, fault: Option<ProbeFault>, in_a_row: u32) {
            let answer = Answer { fault, got: "".into() };
            let (began, role, kind) = (Duration::from_secs(5), Role::Both, "tcp");
            let probed =
                Probed { serial: 1, run: 1, role, kind, began, attempt: 1, in_a_row, answer, change: None };
            let instance = InstanceId { process: ProcessId(of), serial };
            self.tell(7, Fact::Health(instance, HealthFact::Probed(Box::new(probed))));
        }

        fn page(&self) -> String {
            write(
                "phpeek_pm",
                self.0.snapshot(None),
                (None, &Requests::default(), Vec::new()),
                Format::Prometheus,
            )
            .expect("a page")
        }

        /// The values of these series.
        fn values<const N: usize>(&self, series: [&str; N]) -> [Option<f64>; N] {
            let page = self.page();
            series.map(|series| {
                let line = page.lines().find_map(|line| line.strip_prefix(&format!("phpeek_pm_{series} ")));
                line.map(|value| value.parse().expect("a number"))
            })
        }
    }

    #[tokio::test]
    async fn an_instance_is_up_from_its_start_to_its_end() {
        let rig = Rig::new();
        rig.add(0, SpecBuilder::new("w").scale(2), 2);
        rig.start(40, (0, 1));
        let shown = [
            "process_up{name=\"w\",instance=\"w-0\"}",
            "process_up{name=\"w\",instance=\"w-1\"}",
            "process_start_time_seconds{name=\"w\",instance=\"w-1\"}",
            "process_last_exit_code{name=\"w\",instance=\"w-1\"}",
            "process_current_scale{name=\"w\"}",
            "process_desired_scale{name=\"w\"}",
        ];
        let first = [Some(0.0), Some(1.0), Some(40.0), None, Some(1.0), Some(2.0)];
        assert_eq!(rig.values(shown), first);
        rig.die(50, (0, 1), Exit::Code(3));
        let then = [Some(0.0), Some(0.0), None, Some(3.0), Some(0.0), Some(2.0)];
        assert_eq!(rig.values(shown), then);
        let mut operations = Operations::of_process(ProcessId(0));
        let operation =
            operations.begin(Cause::Death(InstanceId { process: ProcessId(0), serial: 1 }.run(1)));
        let (after, telling) = (Trigger::Exit(Exit::Code(3)), Telling::Folded);
        let restarting = InstanceFact::Restarting { operation, after, attempt: 1, left: None, telling };
        rig.of(50, (0, 1), restarting);
        rig.of(50, (0, 1), InstanceFact::BackoffBegan { delay: Duration::from_secs(4) });
        let waits = "process_backoff_delay_seconds{name=\"w\",instance=\"w-1\"}";
        let counts = [
            "process_restarts_total{name=\"w\",reason=\"crash\"}",
            "process_backoffs_total{name=\"w\"}",
            waits,
        ];
        assert_eq!(rig.values(counts), [Some(1.0), Some(1.0), Some(4.0)]);
        rig.of(54, (0, 1), InstanceFact::Ordered { run: 2 });
        assert_eq!(rig.values([waits]), [None]);
    }

    #[tokio::test]
    async fn what_is_gone_has_no_series() {
        let rig = Rig::new();
        rig.add(0, SpecBuilder::new("a"), 1);
        rig.add(1, SpecBuilder::new("b").scale(2), 2);
        let hook = |name: &str| Arc::new(HookSpec { ..phpeek_actors::testkit::hook(name) });
        for (process, name) in [(0, "only"), (1, "only"), (1, "both"), (0, "both")] {
            let of = Some(InstanceId { process: ProcessId(process), serial: 0 });
            rig.tell(1, Fact::Hook(of, HookFact::Began { hook: hook(name), stage: Stage::PreStop }));
            let outcome = HookOutcome::Succeeded;
            let end = HookEnd { outcome, attempts: 1, pid: None, exit: None, skipped: 0, last: true };
            rig.tell(2, Fact::Hook(of, HookFact::Ended(end)));
        }
        rig.probe(1, 1, None, 1);
        let waits = vec![(ProcessId(0), phpeek_core::spec::Condition::Ready)];
        let operation = Operations::of_system().begin(Cause::Boot);
        rig.tell(3, Fact::Process(ProcessId(1), ProcessFact::StartBegan { operation, waits }));
        assert!(rig.page().contains("dependency=\"a\""));
        rig.of(9, (1, 1), InstanceFact::Removed);
        assert!(!rig.page().contains("b-1") && rig.page().contains("b-0"));
        rig.tell(9, Fact::Process(ProcessId(0), ProcessFact::Removed));
        assert!(!rig.page().contains("\"a\"") && !rig.page().contains("a-0"), "{}", rig.page());
        assert!(rig.page().contains("hook_executions_total{name=\"both\""));
        rig.of(9, (1, 0), InstanceFact::Removed);
        rig.tell(9, Fact::Process(ProcessId(1), ProcessFact::Removed));
        let left: Vec<_> =
            rig.page().lines().filter(|line| line.contains("name=")).map(str::to_owned).collect();
        assert_eq!(left, Vec::<String>::new());
    }

    #[tokio::test]
    async fn one_bad_answer_makes_a_check_bad_and_a_death_makes_no_check_good() {
        let rig = Rig::new();
        rig.add(0, SpecBuilder::new("w").scale(2), 2);
        rig.probe(0, 0, None, 4);
        rig.probe(0, 1, Some(ProbeFault::Refused), 2);
        let shown =
            ["health_check_status{name=\"w\",type=\"tcp\"}", "health_check_consecutive_fails{name=\"w\"}"];
        assert_eq!(rig.values(shown), [Some(0.0), Some(2.0)]);
        let label = "{name=\"w\",type=\"tcp\",status=\"";
        let counts = [
            format!("health_check_total{label}success\"}}"),
            format!("health_check_total{label}failure\"}}"),
        ];
        assert_eq!(rig.values([&counts[0], &counts[1]]), [Some(1.0), Some(1.0)]);
        let bucket =
            |le: &str| format!("health_check_duration_seconds_bucket{{name=\"w\",type=\"tcp\",le=\"{le}\"}}");
        assert_eq!(rig.values([&bucket("1"), &bucket("5")]), [Some(0.0), Some(2.0)], "each took 2 s");
        rig.die(8, (0, 0), Exit::Code(1));
        rig.die(8, (0, 1), Exit::Code(1));
        assert_eq!(rig.values(shown), [Some(0.0), Some(2.0)], "what was bad is not known to be good");
        rig.of(9, (0, 1), InstanceFact::Rested { rest: Rest::Stopped, restarts: 0, looped: 0 });
        assert_eq!(rig.values(shown), [None, None]);
    }

    #[tokio::test]
    async fn who_reads_sees_one_moment() {
        let rig = Rig::new();
        rig.add(0, SpecBuilder::new("w"), 1);
        let before = rig.0.snapshot(None);
        rig.start(1, (0, 0));
        let page = write("cbox_init", before, (None, &Requests::default(), Vec::new()), Format::OpenMetrics)
            .expect("a page");
        assert!(page.contains("cbox_init_process_up{name=\"w\",instance=\"w-0\"} 0.0\n"), "{page}");
        assert!(page.ends_with("# EOF\n") && !page.contains("phpeek_pm_"));
        assert!(rig.page().contains("phpeek_pm_process_up{name=\"w\",instance=\"w-0\"} 1.0\n"));
        assert!(!rig.page().contains("EOF"));
    }
}
