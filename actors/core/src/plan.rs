//! From what runs and what shall run to what a reload does: one action for each process, with the keys that are the
//! reason for it. Pure; whoever applies it is the machine of the system.
//!
//! # The laws
//! * **L1** applying the plan to the first gives the second ([`apply`]).
//! * **L2** a process that is the same in both is not in the plan.
//! * **L3** what only says what follows an end, a stop or a start touches no program that runs.

use crate::name::ProcessName;
use crate::spec::{ProcessKind, ProcessSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a reload does to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is stopped, and is no more.
    Stop,
    /// It is new, and started unless it is to be started on request only.
    Start,
    /// It is stopped, changed, and started again.
    Restart,
    /// It is changed, and its instances are restarted one after the other.
    Rolling,
    /// Instances of it come or go; the others are not touched.
    Rescale,
    /// It is changed; no program of it is touched.
    Live,
}

impl Action {
    /// In one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Rolling => "rolling",
            Self::Rescale => "rescale",
            Self::Live => "live",
        }
    }
}

/// One action of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What about.
    pub name: ProcessName,
    /// What is done.
    pub action: Action,
    /// The keys that differ; none when the process itself comes or goes.
    pub keys: Vec<&'static str>,
}

/// What a reload does, in the order of the actions' kinds and then of the names: stops, changes that touch nothing,
/// starts and restarts. Dependencies order it further when it is applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Its actions; a process that stays as it is has none.
    pub steps: Vec<Step>,
    /// How many processes stay as they are.
    pub untouched: usize,
}

impl Plan {
    /// In one sentence, for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.steps.is_empty() {
            return "nothing has changed".to_owned();
        }
        let step = |step: &Step| match step.keys.as_slice() {
            [] => format!("{} {}", step.action.as_str(), step.name.as_str()),
            keys => format!("{} {} ({})", step.action.as_str(), step.name.as_str(), keys.join(", ")),
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join("; ")
    }
}

/// How much of a process a change of a key touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Touch {
    Nothing,
    Count,
    EachInstance,
    Everything,
}

/// What leads from the first to the second. The output of those that are `relogged` is written in another way.
#[must_use]
pub fn plan(
    before: &[Arc<ProcessSpec>],
    after: &[Arc<ProcessSpec>],
    relogged: &BTreeSet<ProcessName>,
) -> Plan {
    let old: BTreeMap<&ProcessName, &Arc<ProcessSpec>> =
        before.iter().map(|spec| (&spec.name, spec)).collect();
    let new: BTreeMap<&ProcessName, &Arc<ProcessSpec>> =
        after.iter().map(|spec| (&spec.name, spec)).collect();
    let mut plan = Plan::default();
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let step = |name: &ProcessName, action, keys| Step { name: name.clone(), action, keys };
    plan.steps.extend(gone.map(|name| step(name, Action::Stop, Vec::new())));
    let (mut live, mut rest) = (Vec::new(), Vec::new());
    for (name, spec) in new {
        let Some(was) = old.get(name) else {
            rest.push(step(name, Action::Start, Vec::new()));
            continue;
        };
        let mut differences = differences(was, spec);
        if relogged.contains(name) {
            differences.push(("logging", Touch::Nothing));
        }
        let Some(touch) = differences.iter().map(|(_, touch)| *touch).max() else {
            plan.untouched += 1;
            continue;
        };
        let keys = differences.into_iter().map(|(key, _)| key).collect();
        match touch {
            Touch::Nothing => live.push(step(name, Action::Live, keys)),
            Touch::Count => rest.push(step(name, Action::Rescale, keys)),
            Touch::EachInstance if rolls(was, spec) => {
                rest.push(step(name, Action::Rolling, keys));
            }
            Touch::EachInstance | Touch::Everything => rest.push(step(name, Action::Restart, keys)),
        }
    }
    plan.steps.extend(live);
    plan.steps.extend(rest);
    plan
}

/// Whether one instance after the other can be restarted.
fn rolls(was: &ProcessSpec, spec: &ProcessSpec) -> bool {
    spec.kind == ProcessKind::LongRun && spec.scale == was.scale && spec.scale.get() > 1
}

/// The keys that differ, and what each touches. A part that has none of its own is named after the block that it is of.
fn differences(old: &ProcessSpec, new: &ProcessSpec) -> Vec<(&'static str, Touch)> {
    // Taken apart, so that a field that is new here cannot be forgotten.
    let ProcessSpec {
        name: _,
        kind,
        initial,
        program,
        scale,
        max_scale,
        depends_on,
        restart,
        stop,
        essential,
        rolling,
        hooks,
        health,
        memory,
        schedule,
        watch,
    } = old;
    let (a, b) = (program, &new.program);
    let all = [
        ("type", *kind != new.kind, Touch::Everything),
        ("initial_state", *initial != new.initial, Touch::Nothing),
        ("command", a.command != b.command, Touch::EachInstance),
        ("working_dir", a.working_dir != b.working_dir, Touch::EachInstance),
        ("user", a.user != b.user, Touch::EachInstance),
        ("group", a.group != b.group, Touch::EachInstance),
        ("env", a.env != b.env, Touch::EachInstance),
        ("limits", a.privilege != b.privilege, Touch::EachInstance),
        ("stdout, stderr", a.output != b.output, Touch::EachInstance),
        ("tracing_context", a.handover != b.handover, Touch::EachInstance),
        ("port_base", a.numbering.port_base != b.numbering.port_base, Touch::EachInstance),
        ("scale", *scale != new.scale, Touch::Count),
        ("max_scale", *max_scale != new.max_scale, Touch::Nothing),
        ("depends_on", *depends_on != new.depends_on, Touch::Nothing),
        ("restart", *restart != new.restart, Touch::Nothing),
        ("shutdown", *stop != new.stop, Touch::Nothing),
        ("essential", *essential != new.essential, Touch::Nothing),
        ("rolling, max_unavailable, reload", *rolling != new.rolling, Touch::Nothing),
        ("watch", *watch != new.watch, Touch::Nothing),
        ("memory", *memory != new.memory, Touch::Nothing),
        ("hooks", *hooks != new.hooks, Touch::Nothing),
        ("schedule", *schedule != new.schedule, Touch::Everything),
        ("health_check", *health != new.health, Touch::Everything),
    ];
    let mut found: Vec<_> =
        all.into_iter().filter(|(_, is, _)| *is).map(|(key, _, touch)| (key, touch)).collect();
    if found.is_empty() && old != new {
        found.push(("command", Touch::Everything)); // whatever it is, it shall be as it is written
    }
    found
}

/// The first with the plan applied to it: what it starts, restarts and changes is as `after` has it.
#[must_use]
pub fn apply(before: &[Arc<ProcessSpec>], plan: &Plan, after: &[Arc<ProcessSpec>]) -> Vec<Arc<ProcessSpec>> {
    let mut result: BTreeMap<ProcessName, Arc<ProcessSpec>> =
        before.iter().map(|spec| (spec.name.clone(), spec.clone())).collect();
    for step in &plan.steps {
        match (step.action, after.iter().find(|spec| spec.name == step.name)) {
            (Action::Stop, _) | (_, None) => drop(result.remove(&step.name)),
            (_, Some(spec)) => drop(result.insert(step.name.clone(), spec.clone())),
        }
    }
    result.into_values().collect()
}
