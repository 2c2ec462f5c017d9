//! Criterion benches of the hot paths, one module for each. `cargo bench --bench micro -- FILTER` runs some of them.
//! Each module gives one function that takes the runner and adds its group.

mod config;
mod envelope;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, config::bench, envelope::bench);
criterion_main!(benches);
