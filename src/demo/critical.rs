//! The critical path of a tree: the chain of spans that decided when the root ended. Pure.

use super::DrawnSpan;
use std::collections::BTreeSet;
use std::time::Duration;

/// The spans on the critical path, as paths of child numbers from the root (which is the empty path).
///
/// Walks back from the end: of the children that began before the time in question, the one that ended last was
/// waited for; then the same inside it, and before it.
pub(super) fn path(root: &DrawnSpan) -> BTreeSet<Vec<usize>> {
    let mut found = BTreeSet::new();
    mark(root, Vec::new(), root.end, &mut found);
    found
}

fn mark(span: &DrawnSpan, at: Vec<usize>, until: Duration, found: &mut BTreeSet<Vec<usize>>) {
    found.insert(at.clone());
    let mut until = until.min(span.end);
    let mut left: Vec<usize> = (0..span.children.len()).collect();
    while let Some(place) = last_before(span, &left, until) {
        let number = left.swap_remove(place);
        let child = &span.children[number];
        let mut deeper = at.clone();
        deeper.push(number);
        mark(child, deeper, until, found);
        if child.start >= until {
            break; // no time was spent in it: nothing before it can be told apart
        }
        until = child.start;
    }
}

fn last_before(span: &DrawnSpan, left: &[usize], until: Duration) -> Option<usize> {
    let ended = |i: &usize| span.children[*i].end.min(until);
    (0..left.len()).filter(|&p| span.children[left[p]].start < until).max_by(|&a, &b| {
        let (x, y) = (&left[a], &left[b]);
        ended(x).cmp(&ended(y)).then(span.children[*y].start.cmp(&span.children[*x].start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64, children: Vec<DrawnSpan>) -> DrawnSpan {
        let (start, end) = (Duration::from_millis(start), Duration::from_millis(end));
        DrawnSpan { name: String::new(), label: String::new(), start, end, error: None, children }
    }

    #[test]
    fn the_child_that_ended_last_was_waited_for() {
        let root = span(
            0,
            100,
            vec![span(0, 30, vec![]), span(0, 100, vec![span(0, 90, vec![]), span(90, 100, vec![])])],
        );
        let wanted: BTreeSet<Vec<usize>> = [vec![], vec![1], vec![1, 0], vec![1, 1]].into();
        assert_eq!(path(&root), wanted);
    }

    #[test]
    fn before_the_last_child_comes_the_one_that_led_to_it() {
        let root = span(0, 100, vec![span(0, 40, vec![]), span(40, 100, vec![]), span(10, 20, vec![])]);
        let wanted: BTreeSet<Vec<usize>> = [vec![], vec![0], vec![1]].into();
        assert_eq!(path(&root), wanted);
    }
}
