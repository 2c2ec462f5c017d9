//! A snapshot as values: the series of the page, and what each instance uses as OpenTelemetry calls it. Owns the names of the
//! latter.

use super::out::Out;
use super::values::Values;
use super::{process, requests, resources, system};
use crate::requests::Requests;
use crate::resources::{Newest, Resources};
use crate::snapshot::Snapshot;
use phpeek_actors::telemetry::measured::{Family, Group, Kind, Measured, Number, Point};
use std::time::SystemTime;

/// All of it as values: the series of the page, and what each instance uses as OpenTelemetry calls it, under its own
/// resource.
#[must_use]
pub fn measure(
    prefix: &'static str,
    snapshot: &Snapshot,
    (resources, requests): (Option<&Resources>, &Requests),
) -> Measured {
    let at = snapshot.wall;
    let ago = |moment| at.checked_sub(snapshot.at.saturating_sub(moment)).unwrap_or(at);
    let newest = resources.map(|resources| resources.newest().0).unwrap_or_default();
    let began = |one: &Newest| Some((one.instance.clone(), run_began(one)?));
    let mut values = Values {
        prefix: Some(prefix),
        began: snapshot.system.began,
        processes: snapshot.processes.iter().map(|one| (one.name().to_owned(), ago(one.added))).collect(),
        runs: newest.iter().filter_map(began).collect(),
        families: Vec::new(),
    };
    let mut out = Out::Values(&mut values);
    // None of it can fail: it is written to memory.
    process::write(&mut out, snapshot).ok();
    system::write(&mut out, snapshot).ok();
    requests::write(&mut out, requests).ok();
    if let Some(resources) = resources {
        resources::write(&mut out, resources).ok();
    }
    values.prefix = None;
    system::plain(&mut Out::Values(&mut values), snapshot).ok();
    let own = Group { of: None, families: values.families };
    let children = children(snapshot, &newest);
    Measured { at, groups: std::iter::once(own).chain(children).collect() }
}

fn run_began(one: &Newest) -> Option<SystemTime> {
    let sample = one.live?;
    sample.at.checked_sub(sample.usage.age)
}

/// What each instance that runs uses: the metrics of processes of the semantic conventions.
fn children(snapshot: &Snapshot, newest: &[Newest]) -> Vec<Group> {
    let mut groups = Vec::new();
    for process in &snapshot.processes {
        for instance in process.instances.values() {
            let Some(since) = instance.since else { continue };
            let uptime = snapshot.wall.duration_since(since).unwrap_or_default().as_secs_f64();
            let about = ("process.uptime", "How long the process has run", "s", Kind::Gauge);
            let mut families = vec![one(about, since, Number::Float(uptime))];
            if let Some(used) = newest.iter().find(|one| one.instance == *instance.id) {
                families.extend(used_by(used));
            }
            let of = Some((process.name().to_owned(), instance.id.to_string()));
            groups.push(Group { of, families });
        }
    }
    groups
}

type About = (&'static str, &'static str, &'static str, Kind);

fn one((name, help, unit, kind): About, since: SystemTime, value: Number) -> Family {
    let point = Point { labels: Vec::new(), since, value, exemplar: None };
    Family { name: name.into(), help: help.into(), unit, kind, points: vec![point] }
}

fn used_by(newest: &Newest) -> Vec<Family> {
    let (Some(sample), Some(since)) = (newest.live, run_began(newest)) else { return Vec::new() };
    let used = sample.usage;
    let whole = |about: About, value| one(about, since, Number::Whole(value));
    let labelled = |(label, value): (&'static str, &str), number| Point {
        labels: vec![(label.into(), value.to_owned())],
        since,
        value: number,
        exemplar: None,
    };
    let mut cpu = one(("process.cpu.time", "Processor time", "s", Kind::Sum), since, Number::Float(0.0));
    cpu.points = [("user", used.cpu.saturating_sub(used.system)), ("system", used.system)]
        .map(|(mode, time)| labelled(("cpu.mode", mode), Number::Float(time.as_secs_f64())))
        .into();
    let mut disk = whole(("process.disk.io", "Bytes from and to storage", "By", Kind::Sum), 0);
    disk.points = [("read", used.read), ("write", used.written)]
        .map(|(direction, bytes)| labelled(("disk.io.direction", direction), Number::Whole(bytes)))
        .into();
    vec![
        cpu,
        whole(("process.memory.usage", "Resident memory", "By", Kind::UpDown), used.resident),
        whole(("process.memory.virtual", "Memory of addresses", "By", Kind::UpDown), used.addresses),
        whole(("process.thread.count", "Threads", "{thread}", Kind::UpDown), used.threads),
        whole(
            ("process.unix.file_descriptor.count", "Open descriptors", "{file_descriptor}", Kind::UpDown),
            used.descriptors,
        ),
        disk,
    ]
}
