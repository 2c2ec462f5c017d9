//! The matrices of `--suite`: which settings are run one after the other. Pure.

use crate::options::{Load, Receiver, Suite, Tracing};
use crate::shape::Shape;
use clap::ValueEnum;

/// A setting, and the label of the one with tracing off that it is set against.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// What is run.
    pub(crate) load: Load,
    /// What it is set against.
    pub(crate) baseline: Option<String>,
}

impl Plan {
    /// The plan of a setting: tracing off is its own baseline and has none.
    pub(crate) fn of(load: Load) -> Self {
        let off = Load { tracing: Tracing::Off, ..load.clone() };
        let baseline = (load.tracing != Tracing::Off).then(|| off.label());
        Self { load, baseline }
    }
}

/// The settings of a suite. `base` gives what the matrix leaves open.
pub(crate) fn plans(suite: Suite, base: &Load) -> Vec<Plan> {
    let sizes: &[u32] = match suite {
        Suite::Quick => &[1, 100],
        Suite::Full => &[1, 100, 1000, 5000],
    };
    let large = match suite {
        Suite::Quick => 100,
        Suite::Full => 1000,
    };
    let healthy = Load { receiver: Receiver::Healthy, ..base.clone() };
    let mut loads = Vec::new();
    for processes in sizes {
        for tracing in Tracing::value_variants() {
            loads.push(Load { processes: *processes, tracing: *tracing, ..healthy.clone() });
        }
    }
    for receiver in Receiver::value_variants().iter().filter(|r| **r != Receiver::Healthy) {
        loads.push(Load { processes: large, tracing: Tracing::On, receiver: *receiver, ..base.clone() });
    }
    let on = Load { processes: 100, tracing: Tracing::On, ..healthy };
    for tracing in [Tracing::Off, Tracing::On] {
        loads.push(Load { kill_rate: 50.0, tracing, ..on.clone() });
    }
    if suite == Suite::Full {
        for shape in [Shape::Chain, Shape::FanOut, Shape::Layers] {
            loads.push(Load { shape, tracing: Tracing::Off, ..on.clone() });
            loads.push(Load { shape, ..on.clone() });
        }
        for tracing in [Tracing::Off, Tracing::On] {
            loads.push(Load { signal_restarts: true, tracing, ..on.clone() });
            loads.push(Load { crash_loop: 10, tracing, ..on.clone() });
            loads.push(Load { chatty: 10, chatty_rate: 10_000, tracing, ..on.clone() });
        }
    }
    let mut seen = std::collections::HashSet::new();
    loads.retain(|load| seen.insert(load.label()));
    loads.into_iter().map(Plan::of).collect()
}
