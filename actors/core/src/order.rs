//! The order of starts and stops: a topological sort of the dependency graph, and the name of a cycle if there is
//! one. Pure; works on indices. Called by the configuration (to refuse cycles) and by the fleet.

use std::collections::BTreeSet;

/// A dependency cycle: each process depends on the next one, and the last on the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

/// Sorts so that every process comes after all that it depends on; among those that could come next, the lowest
/// index does. `edges[i]` lists what `i` depends on. Entries out of range are ignored: the caller has reported them.
///
/// # Errors
/// The first [`Cycle`] found, beginning with its lowest index.
pub fn start_order(edges: &[Vec<usize>]) -> Result<Vec<usize>, Cycle> {
    let count = edges.len();
    let depends: Vec<BTreeSet<usize>> =
        edges.iter().map(|d| d.iter().copied().filter(|&d| d < count).collect()).collect();
    let mut open: Vec<usize> = depends.iter().map(BTreeSet::len).collect();
    let mut dependents = vec![Vec::new(); count];
    for (process, needs) in depends.iter().enumerate() {
        for &need in needs {
            dependents[need].push(process);
        }
    }
    let mut ready: BTreeSet<usize> = (0..count).filter(|&i| open[i] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &dependent in &dependents[next] {
            open[dependent] -= 1;
            if open[dependent] == 0 {
                ready.insert(dependent);
            }
        }
    }
    if order.len() == count { Ok(order) } else { Err(find_cycle(&depends, &open)) }
}

/// Walks from the lowest process that could not be sorted along its unsorted dependencies until one comes again.
fn find_cycle(depends: &[BTreeSet<usize>], open: &[usize]) -> Cycle {
    let mut seen = Vec::new();
    let mut at = open.iter().position(|&n| n > 0);
    while let Some(process) = at {
        if let Some(start) = seen.iter().position(|&p| p == process) {
            let mut cycle = seen.split_off(start);
            let lowest = cycle.iter().enumerate().min_by_key(|(_, p)| **p).map_or(0, |(i, _)| i);
            cycle.rotate_left(lowest);
            return Cycle(cycle);
        }
        seen.push(process);
        at = depends[process].iter().copied().find(|&d| open[d] > 0);
    }
    Cycle(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diamond_goes_from_base_to_top() {
        assert_eq!(start_order(&[vec![1, 2], vec![3], vec![3], vec![]]), Ok(vec![3, 1, 2, 0]));
    }

    #[test]
    fn a_cycle_is_named_from_its_lowest_index() {
        assert_eq!(start_order(&[vec![], vec![3], vec![1], vec![2, 0]]), Err(Cycle(vec![1, 3, 2])));
        assert_eq!(start_order(&[vec![0]]), Err(Cycle(vec![0])));
    }

    #[test]
    fn the_same_dependency_twice_is_no_cycle() {
        assert_eq!(start_order(&[vec![1, 1], vec![]]), Ok(vec![1, 0]));
    }
}
