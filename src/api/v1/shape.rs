//! A process as PHPeek PM's API shows it, made of the state at one moment. Texts and numbers; asks nobody.

use super::super::snapshot::MemoryLimit;
use super::super::view::{Slot, View};
use super::runs;
use super::used::{Load, Loads};
use phpeek_actors::history::ScheduleShown;
use phpeek_core::history::Became;
use phpeek_core::lifecycle::InstanceState;
use phpeek_core::schedule::ScheduleSpec;
use phpeek_core::spec::ProcessSpec;
use serde::Serialize;
use serde_json::Value;
use std::time::UNIX_EPOCH;

/// A process.
#[derive(Debug, Serialize)]
pub(super) struct ProcessInfo<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    state: &'static str,
    pub(super) scale: usize,
    desired_scale: usize,
    max_scale: u32,
    instances: Vec<InstanceInfo>,
    /// Of all its instances, where any is looked at.
    #[serde(flatten)]
    load: Option<Load>,
    #[serde(flatten)]
    schedule: Option<ScheduleInfo<'a>>,
}

/// What one that goes by the clock has beside that. Times are seconds since 1970.
#[derive(Debug, Serialize)]
struct ScheduleInfo<'a> {
    schedule: &'a str,
    schedule_state: &'static str,
    next_run: Option<u64>,
    last_run: Option<u64>,
    run_count: u64,
    success_rate: f64,
    last_exit_code: Value,
    last_outcome: Option<&'static str>,
}

impl ProcessInfo<'_> {
    /// Whether it has an instance of this id.
    pub(super) fn has(&self, instance: &str) -> bool {
        self.instances.iter().any(|own| own.id == instance)
    }
}

/// An instance of it.
#[derive(Debug, Serialize)]
struct InstanceInfo {
    id: String,
    state: &'static str,
    pid: i32,
    /// Seconds since 1970; 0 when it does not run.
    started_at: u64,
    restart_count: u32,
    ready: bool,
    /// While it runs, where it is looked at.
    #[serde(flatten)]
    load: Option<Load>,
    /// The bound of memory that its run has passed, or the run before.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_limit: Option<MemoryLimit>,
    /// What its program says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

/// All of them, by name.
pub(super) fn processes<'a>(view: &'a View, loads: &Loads) -> Vec<ProcessInfo<'a>> {
    let mut all: Vec<_> = view.of_each().map(|(spec, slots)| info((view, loads), spec, slots)).collect();
    all.sort_unstable_by_key(|process| process.name);
    all
}

/// The one of this name, and what it is configured as.
pub(super) fn process<'a>(
    view: &'a View,
    loads: &Loads,
    name: &str,
) -> Option<(ProcessInfo<'a>, &'a ProcessSpec)> {
    let (spec, slots) = view.of_each().find(|(spec, _)| spec.name.as_str() == name)?;
    Some((info((view, loads), spec, slots), spec))
}

/// The same, for who does not show what it uses.
pub(super) fn known<'a>(view: &'a View, name: &str) -> Option<(ProcessInfo<'a>, &'a ProcessSpec)> {
    process(view, &Loads::new(), name)
}

fn info<'a>((view, loads): (&View, &Loads), spec: &'a ProcessSpec, slots: &[Slot]) -> ProcessInfo<'a> {
    let instances: Vec<_> = slots.iter().map(|slot| instance((view, loads), spec, slot)).collect();
    let each: Vec<Load> = instances.iter().filter_map(|instance| instance.load).collect();
    let schedule = runs::shown(view, spec).map(|(of, shown)| schedule_info(of, shown));
    ProcessInfo {
        name: spec.name.as_str(),
        kind: spec.kind.as_str(),
        state: schedule.as_ref().map_or_else(|| state(slots), |shown| by_the_clock(shown)),
        scale: slots.len(),
        desired_scale: slots.len(),
        max_scale: spec.max_scale,
        instances,
        load: (!each.is_empty()).then(|| each.into_iter().sum()),
        schedule,
    }
}

fn schedule_info<'a>(of: &'a ScheduleSpec, shown: &ScheduleShown) -> ScheduleInfo<'a> {
    let over = shown.last.as_ref().and_then(|run| match &run.what {
        Became::Over { over, .. } => Some(over),
        Became::Runs(_) | Became::Skipped { .. } => None,
    });
    ScheduleInfo {
        schedule: &of.text,
        schedule_state: runs::state(shown),
        next_run: shown.next.map(|next| next.as_secs()),
        last_run: shown.totals.last.map(|last| last.as_secs()),
        run_count: shown.totals.began,
        success_rate: runs::success_rate(&shown.totals),
        last_exit_code: runs::code(over.and_then(|over| over.exit)),
        last_outcome: over.map(|over| over.end.as_str()),
    }
}

/// `scheduled`, `running`, `paused` or `stopped`.
fn by_the_clock(info: &ScheduleInfo<'_>) -> &'static str {
    match info.schedule_state {
        "executing" => "running",
        "paused" => "paused",
        "stopped" => "stopped",
        _ => "scheduled",
    }
}

fn instance((view, loads): (&View, &Loads), spec: &ProcessSpec, slot: &Slot) -> InstanceInfo {
    let id = spec.name.instance_id(slot.number);
    let began = slot.since.and_then(|since| view.wall.checked_sub(view.at.saturating_sub(since)));
    InstanceInfo {
        load: slot.pid.and_then(|_| loads.get(&id).copied()),
        id,
        state: word(slot.state),
        pid: slot.pid.unwrap_or_default(),
        started_at: began.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_secs()),
        restart_count: slot.restarts,
        ready: slot.state == InstanceState::Running,
        memory_limit: slot.memory_limit().map(Into::into),
        status: slot.says.as_deref().map(str::to_owned),
    }
}

/// The states that are documented, and `backoff`. What runs and is not ready is running: `ready` tells the rest.
fn word(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Unready => InstanceState::Running.as_str(),
        InstanceState::Draining => InstanceState::Stopping.as_str(),
        other => other.as_str(),
    }
}

/// Of the whole process: what most matters of what its instances are.
fn state(slots: &[Slot]) -> &'static str {
    const ORDER: [InstanceState; 9] = [
        InstanceState::Running,
        InstanceState::Unready,
        InstanceState::Starting,
        InstanceState::Stopping,
        InstanceState::Draining,
        InstanceState::Backoff,
        InstanceState::Failed,
        InstanceState::Completed,
        InstanceState::Stopped,
    ];
    let found = ORDER.into_iter().find(|state| slots.iter().any(|slot| slot.state == *state));
    word(found.unwrap_or(InstanceState::Stopped))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use phpeek_actors::board::SystemState;
    use phpeek_actors::testkit::SpecBuilder;
    use phpeek_core::outlook::Outlook;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    fn view() -> View {
        let spec = |name: &str| Arc::new(SpecBuilder::new(name).spec());
        let up = Slot {
            state: InstanceState::Running,
            pid: Some(7),
            restarts: 2,
            since: Some(Duration::from_secs(40)),
            ..Slot::new(0)
        };
        View {
            config: None,
            written: Arc::default(),
            changes: 0,
            at: Duration::from_secs(100),
            wall: UNIX_EPOCH + Duration::from_secs(1100),
            state: SystemState::Running,
            outlook: Outlook::Ready,
            exit_code: None,
            panics: BTreeMap::new(),
            processes: vec![(spec("b"), 2), (spec("a"), 0)],
            schedules: BTreeMap::new(),
            slots: vec![up, Slot::new(1)],
        }
    }

    #[test]
    fn a_process_has_its_documented_shape() {
        let view = view();
        let load = Load { cpu_percent: 1.5, memory_rss_bytes: 4096, memory_percent: 0.25 };
        // Of one that does not run nothing is shown, even where a sample is left.
        let loads = Loads::from(["b-0", "b-1"].map(|id| (id.to_owned(), load)));
        let (process, spec) = process(&view, &loads, "b").expect("it is there");
        let shown = serde_json::to_value(&process).expect("it is plain");
        assert_eq!((spec.name.as_str(), shown["name"].as_str()), ("b", Some("b")));
        assert_eq!((shown["type"].as_str(), shown["state"].as_str()), (Some("longrun"), Some("running")));
        assert_eq!(shown["scale"], 2);
        let first = &shown["instances"][0];
        assert_eq!((first["id"].as_str(), first["pid"].as_i64()), (Some("b-0"), Some(7)));
        assert_eq!((first["started_at"].as_u64(), first["restart_count"].as_u64()), (Some(1040), Some(2)));
        assert_eq!(shown["instances"][1]["started_at"], 0);
        for of in [&shown, first] {
            let load = (&of["cpu_percent"], &of["memory_rss_bytes"], &of["memory_percent"]);
            assert_eq!(load, (&1.5.into(), &4096.into(), &0.25.into()), "{of}");
        }
        assert!(shown["instances"][1].get("cpu_percent").is_none(), "{shown}");
        assert!(known(&view, "c").is_none() && known(&view, "").is_none());
    }

    #[test]
    fn the_list_is_in_the_order_of_names_and_nothing_runs_where_nothing_is() {
        let view = view();
        let all = processes(&view, &Loads::new());
        let shown: Vec<_> = all.iter().map(|p| (p.name, p.state, p.scale)).collect();
        assert_eq!(shown, [("a", "stopped", 0), ("b", "running", 2)]);
    }

    #[test]
    fn what_has_failed_is_not_running() {
        let of = |states: &[InstanceState]| {
            let slots: Vec<Slot> =
                states.iter().map(|state| Slot { state: *state, ..Slot::new(0) }).collect();
            state(&slots)
        };
        assert_eq!(of(&[InstanceState::Failed, InstanceState::Completed]), "failed");
        assert_eq!(of(&[InstanceState::Failed, InstanceState::Unready]), "running");
        assert_eq!(of(&[InstanceState::Backoff, InstanceState::Failed]), "backoff");
        assert_eq!(of(&[InstanceState::Draining]), "stopping");
    }
}
