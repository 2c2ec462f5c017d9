//! Children that are not ours join the trace of their start: programs with the SDKs of Python and Node, as oneshots and
//! as services with `tracing_context: parent`. And a deploy script is the parent of it all.

use crate::day::{SPAWN, START, START_PROCESS, traced};
use crate::otelcol::Collector;
use crate::support::backend::installed;
use crate::support::otlp::{Span, Trace};
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, wait_for};
use serde_json::{Value, json};
use std::path::Path;

const BY: &str = "tests/run --backends";

fn child(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backends/children").join(name).display().to_string()
}

fn python() -> String {
    installed("children/python/bin/python", BY).display().to_string()
}

/// A process that runs a child; `extra` is merged into it.
fn process(command: &[&str], service: &str, collector: &Collector, extra: &Value) -> Value {
    let modules = installed("children/node/node_modules", BY).display().to_string();
    let mut process = json!({
        "command": command,
        "restart": "never",
        "env": {
            "OTEL_EXPORTER_OTLP_ENDPOINT": format!("http://{}", collector.endpoint()),
            "OTEL_SERVICE_NAME": service,
            "NODE_MODULES": modules,
        },
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        process[key] = value.clone();
    }
    process
}

fn of_service(trace: &Trace, service: &str) -> Span {
    let found = trace.0.iter().find(|s| s.resource.get("service.name").is_some_and(|n| n == service));
    found.cloned().unwrap_or_else(|| panic!("no span of {service} among {:?}", trace.names()))
}

#[test]
fn python_and_node_are_children_of_their_spawn_and_the_deploy_is_the_parent() {
    let collector = Collector::start(&[]);
    let sandbox = Sandbox::new();
    let (python, py, node) = (python(), child("child.py"), child("child.mjs"));
    let (once, parent) = (json!({"type": "oneshot"}), json!({"tracing_context": "parent"}));
    let apart = json!({"tracing_context": "none"});
    let config = sandbox.config(
        traced("otlp-grpc", &collector.endpoint()),
        json!({
            "py-once": process(&[&python, &py], "py-once", &collector, &once),
            "node-once": process(&["node", &node], "node-once", &collector, &once),
            "py-stays": process(&[&python, &py, "--stay"], "py-stays", &collector, &parent),
            "node-stays": process(&["node", &node, "--stay"], "node-stays", &collector, &parent),
            "py-auto": process(&[&python, &py, "--stay"], "py-auto", &collector, &json!({})),
            "py-none": process(&[&python, &py, "--stay"], "py-none", &collector, &apart),
        }),
    );
    let mut supervisor = Launch::new(&sandbox)
        .through(&[&python, &child("deploy.py")])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.endpoint()))
        .env("OTEL_SERVICE_NAME", "deploy")
        .serve(&config);
    let trace = wait_for(LONG, "the spans of six children", || {
        let trace = collector.trace();
        let work = trace.named("python work").len() + trace.named("node work").len();
        (work == 6 && !trace.named(START).is_empty()).then_some(trace)
    });
    assert_eq!(supervisor.stop(), 0);

    let deploy = trace.one("deploy");
    let start = trace.one(START);
    assert_eq!((&start.trace, &start.parent), (&deploy.trace, &deploy.id), "the deploy is the parent");
    for name in ["py-once", "node-once", "py-stays", "node-stays"] {
        let work = of_service(&trace, name);
        let begun = trace.of(START_PROCESS, name);
        let spawns = trace.children(&begun);
        let spawn = spawns.iter().find(|s| s.name == SPAWN).expect("it was spawned");
        assert_eq!((&work.trace, &work.parent), (&deploy.trace, &spawn.id), "{name} is a child of its spawn");
        assert_eq!(work.get("deploy.id"), "42", "{name} has the baggage of the deploy");
        let id = work.resource.get("service.instance.id").map(String::as_str);
        // Node's SDK reads OTEL_RESOURCE_ATTRIBUTES only when it is told to.
        assert!(name.starts_with("node") || id == Some(&format!("{name}-0")), "{name}: {id:?}");
    }
    let auto = of_service(&trace, "py-auto");
    assert!(auto.parent.is_empty() && auto.trace != deploy.trace, "a service begins traces of its own");
    let started = auto.resource.get("process_manager.start.trace_id");
    assert_eq!(started, Some(&deploy.trace), "and its resource names the trace of its start");
    let none = of_service(&trace, "py-none");
    assert!(none.parent.is_empty() && !none.resource.contains_key("process_manager.start.trace_id"));
}
