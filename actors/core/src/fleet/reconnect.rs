//! The edges between processes after some have come, gone or changed: what is the same keeps what it knows, and whoever
//! has nothing to wait for any more waits no longer.

use super::{Fleet, Out, Standing};
use crate::edge::Edge;
use crate::ids::ProcessId;
use crate::name::ProcessName;
use crate::order::start_order;
use crate::spec::{Dependency, ProcessSpec};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

impl Fleet {
    /// Edges as these specifications have them; those that are not among them are to go, and keep theirs until then.
    pub(super) fn reconnect(
        &mut self,
        specs: &BTreeMap<&ProcessName, &Arc<ProcessSpec>>,
        ids: &BTreeMap<ProcessName, ProcessId>,
        now: Duration,
        out: &mut Out,
    ) {
        let own: Vec<(ProcessId, Arc<ProcessSpec>)> = self
            .members
            .iter()
            .map(|(id, member)| {
                let spec = specs.get(&member.spec.name).map_or(&member.spec, |spec| *spec);
                (*id, spec.clone())
            })
            .collect();
        for (id, spec) in &own {
            let needs: Vec<Edge> = spec
                .depends_on
                .iter()
                .filter_map(|d| Some(self.edge_to(*id, ids.get(&d.process).copied()?, d)))
                .collect();
            let Some(member) = self.members.get_mut(id) else { continue };
            for old in std::mem::replace(&mut member.needs, needs) {
                let kept = member.needs.iter().any(|edge| edge.on == old.on && edge.until == old.until);
                if let (Some(until), false) = (old.until, kept) {
                    self.awaited.remove(&(until, *id, old.on));
                }
            }
        }
        self.turn_round(&own);
        for (id, _) in &own {
            if self.standing(*id) == Standing::Waiting {
                self.watch(*id, now);
                self.launch_if_free(*id, now, out);
            }
        }
    }

    /// The edge that there is already, when it is as it shall be.
    fn edge_to(&self, id: ProcessId, on: ProcessId, of: &Dependency) -> Edge {
        let mut edge = Edge::new(on, of);
        let same = |old: &&Edge| {
            (old.on, old.condition, old.timeout, old.on_timeout, old.restart)
                == (edge.on, edge.condition, edge.timeout, edge.on_timeout, edge.restart)
        };
        if let Some(old) = self.needs(id).iter().find(same) {
            return *old;
        }
        edge.observe(self.kind(on), self.standing(on));
        edge
    }

    /// Who needs each, and the order of starts, from what each needs.
    fn turn_round(&mut self, own: &[(ProcessId, Arc<ProcessSpec>)]) {
        let places: BTreeMap<ProcessId, usize> =
            own.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
        let needs = |id: &ProcessId| self.needs(*id).iter().map(|edge| edge.on).collect::<Vec<_>>();
        let edges: Vec<Vec<ProcessId>> = own.iter().map(|(id, _)| needs(id)).collect();
        self.members.values_mut().for_each(|member| member.dependents.clear());
        for ((id, _), on) in own.iter().zip(&edges) {
            for on in on {
                if let Some(other) = self.members.get_mut(on) {
                    other.dependents.push(*id);
                }
            }
        }
        let graph: Vec<Vec<usize>> =
            edges.iter().map(|on| on.iter().filter_map(|on| places.get(on).copied()).collect()).collect();
        // A cycle was refused before anybody asked for a reload; then any order is as good.
        let order = start_order(&graph).unwrap_or_else(|_| (0..own.len()).collect());
        self.order = order.into_iter().filter_map(|place| own.get(place).map(|(id, _)| *id)).collect();
    }
}
