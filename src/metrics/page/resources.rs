//! The series of what instances use; their first label is `process`, as it is documented.

use super::out::{Labels, NONE, Out, number};
use crate::resources::{Newest, Resources};
use crate::ring::Sample;
use std::fmt;

/// A series: name, help, and the value.
type Of = (&'static str, &'static str, fn(&Sample) -> f64);

fn of(one: &Newest) -> Labels<'_, 2> {
    [("process", one.process.as_str()), ("instance", &one.instance)]
}

pub(super) fn write(out: &mut Out<'_>, resources: &Resources) -> fmt::Result {
    let (all, seconds) = resources.newest();
    let live = || all.iter().filter_map(|one| Some((one, one.live?)));
    let gauges: [Of; 4] = [
        (
            "process_cpu_percent",
            "Percent of one processor, of an instance with all that belongs to it",
            |s| s.cpu,
        ),
        ("process_memory_percent", "Percent of the machine's memory that is resident", |s| s.memory),
        ("process_threads", "Threads", |s| number(s.usage.threads)),
        ("process_file_descriptors", "Open descriptors", |s| number(s.usage.descriptors)),
    ];
    for (name, help, value) in gauges {
        out.gauge(name, help, live().map(|(one, sample)| (of(one), value(&sample))))?;
    }
    let typed = |one: &Newest, kind: &str| -> [(&'static str, String); 3] {
        [
            ("process", one.process.as_str().to_owned()),
            ("instance", one.instance.clone()),
            ("type", kind.to_owned()),
        ]
    };
    out.gauge(
        "process_memory_bytes",
        "Bytes of memory: resident, and of addresses",
        live().flat_map(|(one, sample)| {
            let kinds = [("rss", sample.usage.resident), ("vms", sample.usage.addresses)];
            kinds.map(|(kind, bytes)| (typed(one, kind), number(bytes)))
        }),
    )?;
    out.amount(
        "process_cpu_seconds",
        "Processor time of the run of an instance",
        live().map(|(one, sample)| (of(one), sample.usage.cpu.as_secs_f64())),
    )?;
    out.counter(
        "process_io_bytes",
        "Bytes from and to storage",
        live().flat_map(|(one, sample)| {
            let kinds = [("read", sample.usage.read), ("write", sample.usage.written)];
            kinds.map(|(kind, bytes)| (typed(one, kind), bytes))
        }),
    )?;
    out.histogram(
        "resource_collection_duration_seconds",
        "How long a look at what all instances use took",
        [(NONE, &seconds)],
    )?;
    out.counter(
        "resource_collection_errors",
        "Looks at an instance that found nothing to read",
        all.iter().map(|one| (of(one), one.errors)),
    )
}
