//! What instances use, as the program looks at it: says each interval which there are, and shows the API what is kept.
//! There is no timer and no thread unless it was configured.

use super::board::SharedBoard;
use super::kept::Kept as Newest;
use super::running::{BeginError, Running};
use jiff::Timestamp;
use phpeek_actors::events::EventSource;
use phpeek_api::TraceSource;
use phpeek_api::v1::{History, Load, Loads, Sources, Used};
use phpeek_core::ids::TaskId;
use phpeek_metrics::{Resources, Sample, Subject};
use phpeek_os::reaper::Children;
use phpeek_os::usage::Scales;
use phpeek_settings::web::ResourceSettings;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::{MissedTickBehavior, interval};

/// Begins to look, where that is wanted; what the API shows of it, and of lines.
pub(super) fn start(
    settings: Option<ResourceSettings>,
    running: &Running,
    (board, events): (&SharedBoard, Arc<dyn EventSource>),
    thread_init: fn(),
) -> Result<(Option<Resources>, Sources), BeginError> {
    let lines = running.output.kept();
    let now = running.clock.wall(running.clock.now());
    let newest = Newest::new(&running.telemetry, now);
    let traces = newest.map(|newest| Arc::new(newest) as Arc<dyn TraceSource>);
    let Some(ResourceSettings { interval, samples }) = settings else {
        return Ok((None, Sources { lines, events, history: None, traces }));
    };
    let scales = Scales::of(&running.children);
    // What the API shows of processes is kept until something has changed: this is a change as well.
    let changes = board.changes();
    let resources = Resources::start(scales, samples, thread_init, move || changes.one_more())
        .map_err(|source| BeginError::System { what: "start the thread of resources", source })?;
    actix::spawn(keep(resources.clone(), running.children.clone(), board.clone(), interval));
    let history = Arc::new(Kept(resources.clone())) as Arc<dyn History>;
    Ok((Some(resources), Sources { lines, events, history: Some(history), traces }))
}

async fn keep(resources: Resources, children: Rc<Children>, board: SharedBoard, pause: std::time::Duration) {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !resources.look(subjects(&children, &board)) {
            return; // its thread was lost to a fault, which was told
        }
    }
}

fn subjects(children: &Children, board: &SharedBoard) -> Vec<Subject> {
    let leaders: HashMap<i32, TaskId> = children.leaders().into_iter().collect();
    let view = board.view();
    let each = view.of_each().flat_map(|(spec, slots)| slots.iter().map(move |slot| (spec, slot)));
    each.map(|(spec, slot)| Subject {
        process: spec.name.clone(),
        instance: spec.name.instance_id(slot.number),
        leader: slot.pid.and_then(|pid| Some((*leaders.get(&pid)?, pid))),
    })
    .collect()
}

/// What is kept, for the API.
struct Kept(Resources);

impl History for Kept {
    fn now(&self) -> Loads {
        let load = |Sample { cpu, memory, usage, .. }| Load {
            cpu_percent: cpu,
            memory_rss_bytes: usage.resident,
            memory_percent: memory,
        };
        self.0.now().into_iter().map(|(instance, sample)| (instance, load(sample))).collect()
    }

    fn since(&self, process: &str, instance: &str, since: SystemTime, limit: usize) -> Option<Vec<Used>> {
        let samples = self.0.since(process, instance, since, limit)?;
        Some(samples.into_iter().map(used).collect())
    }
}

fn used(Sample { at, cpu, memory, usage }: Sample) -> Used {
    Used {
        timestamp: format!("{:.3}", Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH)),
        cpu_percent: cpu,
        memory_rss_bytes: usage.resident,
        memory_vms_bytes: usage.addresses,
        memory_percent: memory,
        threads: usage.threads,
        file_descriptors: usage.descriptors,
    }
}
