//! The trace context that a child is given by its environment (specification `context/env-carriers`, design 4.3).
//! What the process's own `env` says is never replaced. Never hands on what the supervisor itself was given as it
//! stands.

use super::environment::Environment;
use super::variable::{BAGGAGE, TRACEPARENT, TRACESTATE, Variable};
use opentelemetry::trace::{SpanContext, TraceFlags};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use phpeek_actors::ports::LaunchOrder;
use phpeek_actors::trace::names;
use phpeek_core::program::Handover;

const RESOURCE_ATTRIBUTES: &[u8] = b"OTEL_RESOURCE_ATTRIBUTES";
const SERVICE_INSTANCE_ID: &str = "service.instance.id";
/// The trace of the operation that started the run: where to look for its beginning.
const START_TRACE_ID: &str = "process_manager.start.trace_id";

/// What the specification of resources leaves as it is; `,` and `=` must be encoded, the rest is caution.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Adds the variables of `order` to `own`, unless tracing is off.
pub(super) fn add(own: &mut Vec<Variable>, order: &LaunchOrder, base: &Environment) {
    let handover = order.program.handover;
    if !order.context.is_valid() || handover == Handover::Nothing {
        return;
    }
    let attributes = attributes(own, order, base);
    set(own, RESOURCE_ATTRIBUTES, attributes.as_bytes());
    // A TRACEPARENT that the configuration gives stands alone: state and baggage of ours belong to another trace.
    if handover == Handover::Parent && !own.iter().any(|v| v.name() == TRACEPARENT) {
        set(own, TRACEPARENT, traceparent(&order.context).as_bytes());
        let state = order.context.trace_state().header();
        if !state.is_empty() {
            add_missing(own, TRACESTATE, state.as_bytes());
        }
        if let Some(baggage) = base.baggage() {
            add_missing(own, BAGGAGE, baggage.as_bytes());
        }
    }
}

fn set(own: &mut Vec<Variable>, name: &[u8], value: &[u8]) {
    own.retain(|v| v.name() != name);
    own.extend(Variable::new(name, value));
}

fn add_missing(own: &mut Vec<Variable>, name: &[u8], value: &[u8]) {
    if !own.iter().any(|v| v.name() == name) {
        own.extend(Variable::new(name, value));
    }
}

/// W3C Trace Context, version 00. Of the flags only "sampled": SDKs of level 1 know no other.
fn traceparent(context: &SpanContext) -> String {
    let sampled = (context.trace_flags() & TraceFlags::SAMPLED).to_u8();
    format!("00-{}-{}-{sampled:02x}", context.trace_id(), context.span_id())
}

/// The value that the child would see, extended. A key that the process's own value has is kept; the supervisor's
/// own instance id, when it was given one, is not the child's and makes room.
fn attributes(own: &[Variable], order: &LaunchOrder, base: &Environment) -> String {
    let configured = own.iter().any(|v| v.name() == RESOURCE_ATTRIBUTES);
    let given = base.value(own, RESOURCE_ATTRIBUTES).map(String::from_utf8_lossy).unwrap_or_default();
    let name = &order.program.name;
    let id = match (order.label.number, &order.program.hook) {
        (Some(number), _) => name.instance_id(number),
        (None, Some(hook)) => hook.to_string(),
        (None, None) => name.to_string(),
    };
    let run = order.label.incarnation.map(|run| (names::PROCESS_INCARNATION, run.to_string()));
    let trace = (order.program.handover == Handover::Link)
        .then(|| (START_TRACE_ID, order.context.trace_id().to_string()));
    let added = [(SERVICE_INSTANCE_ID, id)].into_iter().chain(run).chain(trace);
    let key_of = |entry: &str| entry.split('=').next().unwrap_or_default().trim().to_owned();
    let ours = |key: &str| [SERVICE_INSTANCE_ID, names::PROCESS_INCARNATION, START_TRACE_ID].contains(&key);
    let mut all: Vec<String> = given
        .split(',')
        .filter(|entry| !entry.trim().is_empty() && (configured || !ours(&key_of(entry))))
        .map(str::to_owned)
        .collect();
    let kept: Vec<String> = all.iter().map(|entry| key_of(entry)).collect();
    for (key, value) in added.filter(|(key, _)| !kept.iter().any(|k| k == key)) {
        all.push(format!("{key}={}", utf8_percent_encode(&value, ENCODED)));
    }
    all.join(",")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::environment;
    use super::*;
    use opentelemetry::trace::{SpanId, TraceId, TraceState};
    use phpeek_actors::testkit::{SpecBuilder, system};
    use phpeek_core::ids::{InstanceId, ProcessId, TaskId};
    use phpeek_core::program::{Label, Program};
    use std::sync::Arc;

    fn order(program: Program, flags: TraceFlags) -> LaunchOrder {
        let state = TraceState::from_key_value([("vendor", "x")]).expect("a sound state");
        let context = SpanContext::new(TraceId::from(0xabcd), SpanId::from(0x1234), flags, false, state);
        let task = TaskId::Run(InstanceId { process: ProcessId(0), serial: 5 }.run(7));
        let label = Label { number: Some(2), incarnation: Some(7) };
        LaunchOrder { task, label, program: Arc::new(program), context }
    }

    fn seen(order: &LaunchOrder, inherited: &[(&str, &str)]) -> Vec<String> {
        let base = Environment::new(inherited.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        let mut own = environment::own(order, &None, "0.0").expect("sound names");
        add(&mut own, order, &base);
        let all = base.with(&own).map(|v| v.as_c_str().to_string_lossy().into_owned());
        all.filter(|v| ["TRACE", "BAGGAGE", "OTEL"].iter().any(|p| v.starts_with(p))).collect()
    }

    fn program(env: &[(&str, &str)], handover: Handover) -> Program {
        let spec = system(vec![SpecBuilder::new("web")]).processes.remove(0);
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Program { env, handover, ..Program::clone(&spec.program) }
    }

    const OURS: [(&str, &str); 3] =
        [("TRACEPARENT", "00-x-y-01"), ("TRACESTATE", "mine=1"), ("BAGGAGE", "b = 2 , a=1,broken")];
    const PARENT: &str = "TRACEPARENT=00-0000000000000000000000000000abcd-0000000000001234-01";

    #[test]
    fn a_oneshot_gets_its_own_span_with_state_and_baggage() {
        let order = order(program(&[], Handover::Parent), TraceFlags::SAMPLED);
        let wanted = [
            "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=web-2,process.incarnation=7",
            PARENT,
            "TRACESTATE=vendor=x",
            "BAGGAGE=a=1,b=2",
        ];
        assert_eq!(seen(&order, &OURS), wanted);
    }

    #[test]
    fn a_daemon_gets_no_parent_but_the_trace_of_its_start() {
        let order = order(program(&[], Handover::Link), TraceFlags::SAMPLED);
        let given = [("OTEL_RESOURCE_ATTRIBUTES", "team=a%2Cb,service.instance.id=supervisor")];
        let wanted = "OTEL_RESOURCE_ATTRIBUTES=team=a%2Cb,service.instance.id=web-2,process.incarnation=7,\
            process_manager.start.trace_id=0000000000000000000000000000abcd";
        assert_eq!(seen(&order, &given), [wanted]);
        assert_eq!(seen(&order, &OURS).len(), 1, "what the supervisor was given is gone");
    }

    #[test]
    fn what_the_process_says_itself_is_kept() {
        let env = [("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=mine"), ("TRACEPARENT", "own")];
        let order = order(program(&env, Handover::Parent), TraceFlags::SAMPLED);
        let wanted =
            ["TRACEPARENT=own", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=mine,process.incarnation=7"];
        assert_eq!(seen(&order, &OURS), wanted);
    }

    #[test]
    fn without_tracing_or_by_wish_nothing_is_set() {
        let mut off = order(program(&[], Handover::Parent), TraceFlags::SAMPLED);
        off.context = SpanContext::NONE;
        assert!(seen(&off, &OURS).is_empty());
        let none = order(program(&[], Handover::Nothing), TraceFlags::SAMPLED);
        assert!(seen(&none, &OURS).is_empty());
    }

    #[test]
    fn a_span_that_is_not_sampled_says_so() {
        let order = order(program(&[], Handover::Parent), TraceFlags::default());
        assert!(seen(&order, &[]).iter().any(|v| v.starts_with("TRACEPARENT=") && v.ends_with("-00")));
    }
}
