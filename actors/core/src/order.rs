//! The order of starts and stops: a topological sort of the dependency graph, and the name of a cycle if there is
//! one. Pure; works on places in a list of edges.

use std::collections::{BTreeMap, BTreeSet};

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
            if let Some(list) = dependents.get_mut(need) {
                list.push(process);
            }
        }
    }
    let mut ready: BTreeSet<usize> =
        open.iter().enumerate().filter(|(_, open)| **open == 0).map(|(i, _)| i).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &dependent in dependents.get(next).into_iter().flatten() {
            let Some(left) = open.get_mut(dependent) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0 {
                ready.insert(dependent);
            }
        }
    }
    if order.len() == count { Ok(order) } else { Err(find_cycle(&depends, &open)) }
}

/// Walks from the lowest process that could not be sorted along its unsorted dependencies until one comes again.
fn find_cycle(depends: &[BTreeSet<usize>], open: &[usize]) -> Cycle {
    // Where in the walk each process was met; a walk over thousands must not look through itself at each step.
    let (mut walk, mut met) = (Vec::new(), BTreeMap::new());
    let unsorted = |d: &usize| open.get(*d).is_some_and(|n| *n > 0);
    let mut at = open.iter().position(|&n| n > 0);
    while let Some(process) = at {
        if let Some(start) = met.insert(process, walk.len()) {
            let mut cycle = walk.split_off(start);
            let lowest = cycle.iter().enumerate().min_by_key(|(_, p)| **p).map_or(0, |(i, _)| i);
            cycle.rotate_left(lowest);
            return Cycle(cycle);
        }
        walk.push(process);
        at = depends.get(process).and_then(|d| d.iter().copied().find(unsorted));
    }
    Cycle(walk)
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
