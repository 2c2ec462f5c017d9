//! Criterion benches of the hot paths, one module for each. `cargo bench --bench micro -- FILTER` runs some of them.
//! Each module gives one function that takes the runner and adds its group.

mod capture;
mod config;
mod envelope;
mod machine;
mod span;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, machine::bench, envelope::bench, span::bench, config::bench, capture::bench);
criterion_main!(benches);
