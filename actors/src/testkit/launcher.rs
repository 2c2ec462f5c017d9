//! A launcher without processes: what a run does is scripted, what is asked of it is recorded with the virtual time.
//! Keeps the port's promises: reports come in order, a run that is over is not signalled.

mod words;

use crate::clock::{Clock, Moment};
use crate::manager::Router;
use crate::ports::{LastLines, LaunchOrder, Launcher, TaskEvent, TaskReport};
use actix::Recipient;
use phpeek_core::autopsy::Autopsy;
use phpeek_core::ids::{HookTask, ProbeId, ProcessId, RunId, TaskId};
use phpeek_core::member::{Condition, Member};
use phpeek_core::outcome::{Exit, SpawnFailure};
use phpeek_core::signal::Signal;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// Whom a leader listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obeys {
    /// Any signal ends it, this long after it came; SIGKILL at once.
    After(Duration),
    /// SIGKILL alone ends it.
    OnlyKill,
    /// Nothing ends it: it hangs in the kernel.
    Nothing,
}

/// What becomes of the group when its leader has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grandchildren {
    /// There are none.
    None,
    /// They go by themselves after this time.
    For(Duration),
    /// They stay until a signal comes.
    UntilSignal,
    /// They stay until SIGKILL comes.
    UntilKill,
    /// They hang in the kernel.
    Stuck,
    /// They are daemons in a session of their own, and stay until a signal comes.
    Daemons,
}

/// What a run does.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// How long it takes from the order to the exec, or to its failure.
    pub spawn_after: Duration,
    /// Why the program does not run, if it does not.
    pub failure: Option<SpawnFailure>,
    /// When and how it ends by itself, if it does.
    pub lives: Option<(Duration, Exit)>,
    /// Whom it listens to.
    pub obeys: Obeys,
    /// How it ends when it is asked to; as the signal's victim when absent.
    pub answer: Option<Exit>,
    /// Who else is in its group.
    pub grandchildren: Grandchildren,
    /// After which time its last words come when they are asked for, if they are kept at all.
    pub last_words: Option<(Duration, Vec<String>)>,
    /// Whether the order itself panics: a fault of the supervisor, not of the process.
    pub panics: bool,
}

impl Default for Behaviour {
    /// A worker: up after 5 ms, stays, ends 2 ms after a signal.
    fn default() -> Self {
        Self {
            spawn_after: Duration::from_millis(5),
            failure: None,
            lives: None,
            obeys: Obeys::After(Duration::from_millis(2)),
            answer: None,
            grandchildren: Grandchildren::None,
            last_words: None,
            panics: false,
        }
    }
}

impl Behaviour {
    /// A worker that ends by itself.
    #[must_use]
    pub fn ends(after: Duration, exit: Exit) -> Self {
        Self { lives: Some((after, exit)), ..Self::default() }
    }

    /// A program that cannot be run.
    #[must_use]
    pub fn fails(failure: SpawnFailure) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }
}

/// A signal that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Moment,
    /// To which run.
    pub id: RunId,
    /// Which.
    pub signal: Signal,
    /// Whether to the group, or to the leader alone.
    pub to_group: bool,
    /// Whether the run was in the table.
    pub delivered: bool,
}

struct Run {
    behaviour: Behaviour,
    leader: bool,
    /// A signal reached the group while the leader lived.
    group_told: bool,
}

type Script = Rc<dyn Fn(RunId) -> Behaviour>;
type HookScript = Rc<dyn Fn(HookTask) -> Behaviour>;
type ProbeScript = Rc<dyn Fn(ProbeId) -> Behaviour>;

/// The launcher. Its reports go through the router.
pub struct FakeLauncher {
    own: Weak<Self>,
    router: Router,
    clock: Clock,
    scripts: RefCell<BTreeMap<ProcessId, Script>>,
    hook_script: RefCell<Option<HookScript>>,
    probe_script: RefCell<Option<ProbeScript>>,
    probes: RefCell<Vec<(Moment, ProbeId)>>,
    runs: RefCell<BTreeMap<TaskId, Run>>,
    launches: RefCell<Vec<(Moment, RunId)>>,
    hooks: RefCell<Vec<(Moment, HookTask, String)>>,
    signals: RefCell<Vec<Sent>>,
    next_pid: Cell<i32>,
    hearers: RefCell<Vec<Recipient<LastLines>>>,
}

impl FakeLauncher {
    /// A launcher whose runs are all workers, until it is scripted.
    #[must_use]
    pub fn new(router: Router, clock: Clock) -> Rc<Self> {
        Rc::new_cyclic(|own| Self {
            own: own.clone(),
            router,
            clock,
            scripts: RefCell::default(),
            hook_script: RefCell::default(),
            probe_script: RefCell::default(),
            probes: RefCell::default(),
            runs: RefCell::default(),
            launches: RefCell::default(),
            hooks: RefCell::default(),
            signals: RefCell::default(),
            next_pid: Cell::new(100),
            hearers: RefCell::default(),
        })
    }

    /// What the runs of a process do, by run.
    pub fn script(&self, process: u32, script: impl Fn(RunId) -> Behaviour + 'static) {
        self.scripts.borrow_mut().insert(ProcessId(process), Rc::new(script));
    }

    /// What hooks do, by task. Without one they are workers too.
    pub fn script_hooks(&self, script: impl Fn(HookTask) -> Behaviour + 'static) {
        *self.hook_script.borrow_mut() = Some(Rc::new(script));
    }

    /// Every order of a hook so far, with its name.
    #[must_use]
    pub fn hooks(&self) -> Vec<(Moment, HookTask, String)> {
        self.hooks.borrow().clone()
    }

    /// What programs of probes do, by probe. Without one they are workers too.
    pub fn script_probes(&self, script: impl Fn(ProbeId) -> Behaviour + 'static) {
        *self.probe_script.borrow_mut() = Some(Rc::new(script));
    }

    /// Every order of a probe's program so far.
    #[must_use]
    pub fn probes(&self) -> Vec<(Moment, ProbeId)> {
        self.probes.borrow().clone()
    }

    /// Whether the program of a probe runs.
    #[must_use]
    pub fn probe_runs(&self) -> bool {
        self.runs.borrow().keys().any(|task| matches!(task, TaskId::Probe(_)))
    }

    /// Whether a hook runs.
    #[must_use]
    pub fn hook_runs(&self) -> bool {
        self.runs.borrow().keys().any(|task| matches!(task, TaskId::Hook(_)))
    }

    /// Every order of a run so far.
    #[must_use]
    pub fn launches(&self) -> Vec<(Moment, RunId)> {
        self.launches.borrow().clone()
    }

    /// Every signal so far.
    #[must_use]
    pub fn signals(&self) -> Vec<Sent> {
        self.signals.borrow().clone()
    }

    /// The runs whose group has members, in the order of their ids.
    #[must_use]
    pub fn alive(&self) -> Vec<RunId> {
        self.runs.borrow().keys().filter_map(run_of).collect()
    }

    /// The run of an instance whose leader runs.
    #[must_use]
    pub fn leader_of(&self, process: u32, instance: u32) -> Option<RunId> {
        let of = |id: &RunId| id.process() == ProcessId(process) && id.instance.serial == instance;
        let leaders = self.runs.borrow();
        leaders.iter().filter(|(_, run)| run.leader).filter_map(|(task, _)| run_of(task)).find(of)
    }

    /// Ends the leader of a run, now. Nothing when it has ended.
    pub fn end(&self, id: RunId, exit: Exit) {
        self.end_as(id, exit.into());
    }

    /// As [`Self::end`], with all that is known of it.
    pub fn end_as(&self, id: RunId, autopsy: Autopsy) {
        self.end_task(TaskId::Run(id), autopsy);
    }

    fn end_task(&self, id: TaskId, autopsy: Autopsy) {
        let exit = autopsy.exit;
        let group = {
            let mut runs = self.runs.borrow_mut();
            let Some(run) = runs.get_mut(&id).filter(|r| r.leader) else { return };
            run.leader = false;
            let told = run.group_told && run.behaviour.grandchildren == Grandchildren::UntilSignal;
            let killed = matches!(exit, Exit::Signal { signal: Signal::KILL, .. }) && run.group_told;
            if told || killed { Grandchildren::None } else { run.behaviour.grandchildren }
        };
        self.tell(id, TaskEvent::Exited(autopsy));
        match group {
            Grandchildren::None => self.empty(id),
            Grandchildren::For(time) => self.after(time, move |own| own.empty(id)),
            Grandchildren::UntilSignal | Grandchildren::UntilKill | Grandchildren::Stuck => {}
            Grandchildren::Daemons => {
                let daemon = Member { pid: 99, name: "daemon".to_owned(), condition: Condition::Alive };
                self.tell(id, TaskEvent::Left(vec![daemon]));
            }
        }
    }

    /// Delivers any report, also one that no launcher would send.
    pub fn report(&self, id: RunId, event: TaskEvent) {
        self.tell(TaskId::Run(id), event);
    }

    fn tell(&self, task: TaskId, event: TaskEvent) {
        self.router.deliver(TaskReport { task, event });
    }

    fn empty(&self, id: TaskId) {
        if self.runs.borrow_mut().remove(&id).is_some() {
            self.tell(id, TaskEvent::GroupEmpty);
        }
    }

    fn after(&self, time: Duration, act: impl FnOnce(&Self) + 'static) {
        let own = self.own.clone();
        actix::spawn(async move {
            tokio::time::sleep(time).await;
            if let Some(own) = own.upgrade() {
                act(&own);
            }
        });
    }

    fn come_up(&self, id: TaskId, behaviour: Behaviour) {
        let lives = behaviour.lives;
        self.runs.borrow_mut().insert(id, Run { behaviour, leader: true, group_told: false });
        let pid = self.next_pid.get();
        self.next_pid.set(pid + 1);
        self.tell(id, TaskEvent::Spawned { pid });
        if let Some((time, exit)) = lives {
            self.after(time, move |own| own.end_task(id, exit.into()));
        }
    }

    fn obey(&self, id: TaskId, signal: Signal) {
        let (leader, behaviour) = {
            let runs = self.runs.borrow();
            let Some(run) = runs.get(&id) else { return };
            (run.leader, run.behaviour.clone())
        };
        let kill = signal == Signal::KILL;
        if leader {
            let exit = behaviour.answer.filter(|_| !kill).unwrap_or(Exit::Signal { signal, core: false });
            match behaviour.obeys {
                Obeys::Nothing => {}
                Obeys::After(_) | Obeys::OnlyKill if kill => self.end_task(id, exit.into()),
                Obeys::After(time) => self.after(time, move |own| own.end_task(id, exit.into())),
                Obeys::OnlyKill => {}
            }
        } else if behaviour.grandchildren != Grandchildren::Stuck
            && (kill || behaviour.grandchildren != Grandchildren::UntilKill)
        {
            self.empty(id);
        }
    }
}

fn run_of(task: &TaskId) -> Option<RunId> {
    match task {
        TaskId::Run(run) => Some(*run),
        TaskId::Hook(_) | TaskId::Probe(_) => None,
    }
}

impl Launcher for FakeLauncher {
    #[expect(clippy::panic, reason = "a scripted fault of the supervisor")]
    fn launch(&self, order: LaunchOrder) {
        let id = order.task;
        let behaviour = match id {
            TaskId::Run(run) => {
                self.launches.borrow_mut().push((self.clock.now(), run));
                let script = self.scripts.borrow().get(&run.process()).cloned();
                script.map(|s| s(run)).unwrap_or_default()
            }
            TaskId::Probe(probe) => {
                self.probes.borrow_mut().push((self.clock.now(), probe));
                let script = self.probe_script.borrow().clone();
                script.map(|s| s(probe)).unwrap_or_default()
            }
            TaskId::Hook(hook) => {
                let name = order.program.hook.as_deref().unwrap_or_default().to_owned();
                self.hooks.borrow_mut().push((self.clock.now(), hook, name));
                let script = self.hook_script.borrow().clone();
                script.map(|s| s(hook)).unwrap_or_default()
            }
        };
        if behaviour.panics {
            panic!("scripted: the order of {id:?} panics");
        }
        self.after(behaviour.spawn_after, move |own| match behaviour.failure.clone() {
            Some(failure) => own.tell(id, TaskEvent::SpawnFailed(failure)),
            None => own.come_up(id, behaviour),
        });
    }

    fn signal_group(&self, id: TaskId, signal: Signal) -> bool {
        let delivered = self.runs.borrow_mut().get_mut(&id).map(|r| r.group_told = true).is_some();
        let at = self.clock.now();
        if let TaskId::Run(id) = id {
            self.signals.borrow_mut().push(Sent { at, id, signal, to_group: true, delivered });
        }
        if delivered {
            self.obey(id, signal);
        }
        delivered
    }

    fn cancel(&self, _: TaskId) {}

    fn leave(&self, id: TaskId) -> Vec<Member> {
        let gone = self.runs.borrow().get(&id).is_some_and(|run| !run.leader);
        if gone {
            self.runs.borrow_mut().remove(&id);
        }
        vec![Member { pid: 99, name: "stuck".to_owned(), condition: Condition::Uninterruptible }]
    }

    fn press_leader(&self, id: TaskId, signal: Signal) -> bool {
        let delivered = self.signal_leader(id, signal);
        if delivered {
            self.obey(id, signal);
        }
        delivered
    }

    fn signal_leader(&self, id: TaskId, signal: Signal) -> bool {
        let delivered = self.runs.borrow().get(&id).is_some_and(|r| r.leader);
        let at = self.clock.now();
        if let TaskId::Run(id) = id {
            self.signals.borrow_mut().push(Sent { at, id, signal, to_group: false, delivered });
        }
        delivered
    }
}
