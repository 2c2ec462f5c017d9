//! How long 1000 processes take from text to specification. The bar is 15 ms, the aim 5 ms.

use criterion::Criterion;
use phpeek_pm::app::load;
use phpeek_pm::config::Source;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

/// A file of this many processes, as an operator would write it.
fn document(processes: usize) -> String {
    let mut text = String::from("version: \"1.0\"\nglobal:\n  log_level: info\nprocesses:\n");
    for n in 0..processes {
        write!(
            text,
            "  worker-{n}:\n    enabled: true\n    command: [\"/usr/bin/php\", \"artisan\", \"queue:work\"]\n    restart: always\n    scale: 1\n    env: {{QUEUE: \"q{n}\", SIZE: 010}}\n    shutdown: {{signal: SIGTERM, timeout: 10}}\n",
        )
        .unwrap_or_default();
    }
    text
}

/// Registers the benches of the configuration.
pub(crate) fn bench(c: &mut Criterion) {
    let source = Source::Text(document(1000));
    let vars = BTreeMap::new();
    c.bench_function("config_1000_processes", |b| b.iter(|| black_box(load(black_box(&source), &vars))));
}
