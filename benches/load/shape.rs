//! Shapes of dependency graphs. Pure: gives, for each worker, the workers that it waits for.

use clap::ValueEnum;

/// How the workers depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// No dependencies.
    Flat,
    /// Each worker depends on the one before.
    Chain,
    /// All depend on the first.
    FanOut,
    /// About √n layers of about √n workers; each worker depends on up to three neighbours of the layer before.
    Layers,
}

impl Shape {
    /// The dependencies of each of `count` workers. Each is lower than the worker, so there is never a cycle.
    pub(crate) fn dependencies(self, count: u32) -> Vec<Vec<u32>> {
        let width = (1..=count).find(|w| w * w >= count).unwrap_or(1);
        (0..count)
            .map(|worker| match self {
                Self::Flat => Vec::new(),
                Self::Chain => worker.checked_sub(1).into_iter().collect(),
                Self::FanOut if worker == 0 => Vec::new(),
                Self::FanOut => vec![0],
                Self::Layers => neighbours_above(worker, width),
            })
            .collect()
    }
}

fn neighbours_above(worker: u32, width: u32) -> Vec<u32> {
    let (layer, column) = (worker / width, worker % width);
    let Some(above) = layer.checked_sub(1) else { return Vec::new() };
    let columns = column.saturating_sub(1)..=(column + 1).min(width - 1);
    columns.map(|c| above * width + c).collect()
}
