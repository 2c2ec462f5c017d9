//! The cost of framing one captured line. Owns no pipe and no thread. Called by the micro benches' main.

use criterion::{Criterion, Throughput};
use phpeek_core::name::ProcessName;
use phpeek_pm::os::capture::Stream;
use phpeek_pm::output::record::{Frame, Speaker};
use phpeek_settings::log::LogFormat;
use std::hint::black_box;
use std::time::SystemTime;

/// A plain line of 100 bytes, and one that must be escaped.
pub(crate) fn bench(c: &mut Criterion) {
    let Ok(process) = ProcessName::new("web") else { return };
    let mut group = c.benchmark_group("capture");
    for (name, line) in [("plain", vec![b'x'; 99]), ("escaped", b"say \"hi\" ".repeat(11))] {
        let mut frame = Frame::new(LogFormat::Json);
        let speaker =
            Speaker { instance: Some((&process, 0)), file: None, hook: None, stream: Stream::Stdout };
        frame.set(SystemTime::now(), speaker);
        let mut out = Vec::with_capacity(1 << 20);
        group.throughput(Throughput::Elements(1));
        group.bench_function(name, |b| {
            b.iter(|| {
                if out.len() > 1 << 19 {
                    out.clear();
                }
                frame.line(&mut out, black_box(&line));
            });
        });
    }
    group.finish();
}
