//! What runs, as far as a reload has to know: what the processes are configured as, and what cannot be changed while the
//! supervisor runs. Compares; changes nothing.

use phpeek_api::change::{PlanReport, PlanStep};
use phpeek_api::view::{Slot, View};
use phpeek_config::{Configuration, Scales, Written};
use phpeek_core::fleet::Wanted;
use phpeek_core::history::Limits;
use phpeek_core::name::ProcessName;
use phpeek_core::plan::{Plan, plan};
use phpeek_core::signal::Signal;
use phpeek_core::spec::{Hooks, ProcessKind, ProcessSpec, SignalAction};
use phpeek_core::survivors;
use phpeek_settings::autotune::AutotuneSettings;
use phpeek_settings::control::ControlSocket;
use phpeek_settings::lines::ProcessLines;
use phpeek_settings::log::LogSettings;
use phpeek_settings::readiness::ReadinessSettings;
use phpeek_settings::tracing::{OtlpSettings, SentMetrics, TracingSettings};
use phpeek_settings::web::{ApiSettings, MetricsSettings, ResourceSettings};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;

/// See the top of the file.
pub(super) struct Current {
    pub(super) spec: Wanted,
    pub(super) lines: ProcessLines,
    pub(super) written: Written,
    fixed: Rc<Fixed>,
}

/// What is taken over by a new start only.
#[derive(PartialEq)]
struct Fixed {
    log: LogSettings,
    tracing: Option<TracingSettings>,
    logs: Option<OtlpSettings>,
    sent_metrics: Option<SentMetrics>,
    control_socket: ControlSocket,
    survivors: survivors::Policy,
    api: ApiSettings,
    metrics: Option<MetricsSettings>,
    resources: Option<ResourceSettings>,
    audit: bool,
    history: Limits,
    readiness: Option<ReadinessSettings>,
    autotune: AutotuneSettings,
    signals: BTreeMap<Signal, SignalAction>,
    hooks: Hooks,
}

impl Current {
    pub(super) fn of(configuration: &Configuration) -> Self {
        // Taken apart, so that what is new here cannot be forgotten.
        let Configuration {
            spec,
            log,
            tracing,
            logs,
            sent_metrics,
            control_socket,
            api,
            metrics,
            resources,
            survivors,
            audit,
            lines,
            history,
            readiness,
            autotune,
            written,
        } = configuration;
        let fixed = Fixed {
            log: *log,
            tracing: tracing.clone(),
            logs: logs.clone(),
            sent_metrics: sent_metrics.clone(),
            control_socket: control_socket.clone(),
            survivors: *survivors,
            api: api.clone(),
            metrics: metrics.clone(),
            resources: *resources,
            audit: *audit,
            history: *history,
            readiness: readiness.clone(),
            autotune: *autotune,
            signals: spec.signals.clone(),
            hooks: spec.hooks.clone(),
        };
        Self {
            spec: Wanted::of(spec, BTreeSet::new()),
            lines: lines.clone(),
            written: written.clone(),
            fixed: Rc::new(fixed),
        }
    }

    /// Those of which somebody wanted another number of instances than is configured. None at all is a stop, and no scale.
    pub(super) fn scaled(&self, view: &View) -> Scales {
        let configured: BTreeMap<_, _> = self.spec.processes.iter().map(|spec| (&spec.name, spec)).collect();
        let other = |(spec, slots): (&ProcessSpec, &[Slot])| {
            let count = NonZeroU32::new(u32::try_from(slots.len()).ok()?)?;
            let own = configured.get(&spec.name).filter(|own| own.kind == ProcessKind::LongRun)?;
            (own.scale != count).then(|| (spec.name.clone(), count))
        };
        view.of_each().filter_map(other).collect()
    }

    /// That many are configured now.
    pub(super) fn configure_scales(&mut self, scales: &Scales) {
        for spec in &mut self.spec.processes {
            if let Some(scale) = scales.get(&spec.name) {
                Arc::make_mut(spec).scale = *scale;
            }
        }
    }

    /// What runs once `next` is taken over: what stays as it is is told of once more by the next reload.
    pub(super) fn followed_by(&self, next: Self) -> Self {
        Self { fixed: self.fixed.clone(), ..next }
    }

    /// What leads to `next`; the output of those that are `relogged` is written in another way.
    pub(super) fn plan(&self, next: &Self, relogged: &BTreeSet<ProcessName>) -> Plan {
        plan(&self.spec.processes, &next.spec.processes, relogged)
    }

    pub(super) fn same_times(&self, next: &Self) -> bool {
        let times = |wanted: &Wanted| (wanted.shutdown_timeout, wanted.dependency_timeout);
        times(&self.spec) == times(&next.spec)
    }

    /// The keys of what differs and stays as it is.
    pub(super) fn fixed_that_differ(&self, other: &Self) -> Vec<&'static str> {
        let (a, b) = (&*self.fixed, &*other.fixed);
        let all = [
            ("global.log_*", a.log != b.log),
            ("global.tracing_*", a.tracing != b.tracing),
            ("global.otlp_logs*", a.logs != b.logs),
            ("global.otlp_metrics*", a.sent_metrics != b.sent_metrics),
            ("global.control_socket", a.control_socket != b.control_socket),
            ("global.survivors", a.survivors != b.survivors),
            ("global.api_*", a.api != b.api),
            ("global.metrics_*", a.metrics != b.metrics),
            ("global.resource_metrics_*", a.resources != b.resources),
            ("global.audit_enabled", a.audit != b.audit),
            ("global.*_history_*", a.history != b.history),
            ("global.readiness", a.readiness != b.readiness),
            ("global.autotune_*", a.autotune != b.autotune),
            ("signals", a.signals != b.signals),
            ("hooks", a.hooks != b.hooks),
        ];
        all.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }
}

/// Whose output is written in another way. What is the same in both is made one in `new`.
pub(super) fn relogged(old: &ProcessLines, new: &mut ProcessLines) -> BTreeSet<ProcessName> {
    let mut changed: BTreeSet<ProcessName> =
        old.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
    for (name, rules) in new {
        match old.get(name) {
            Some(before) if before == rules => *rules = before.clone(),
            _ => drop(changed.insert(name.clone())),
        }
    }
    changed
}

/// A plan for people who only want to know it.
pub(super) fn told(plan: &Plan, at_next_start: Vec<&'static str>, warnings: Vec<String>) -> PlanReport {
    let steps = plan.steps.iter().map(|step| PlanStep {
        process: step.name.to_string(),
        action: step.action.as_str().to_owned(),
        keys: step.keys.iter().map(|&key| key.to_owned()).collect(),
    });
    let at_next_start = at_next_start.into_iter().map(str::to_owned).collect();
    PlanReport { steps: steps.collect(), untouched: plan.untouched, at_next_start, warnings }
}
