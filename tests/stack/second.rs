//! A stack without PHP, as others run it: gunicorn, whose workers take 3 s for a page, a service of Node that says by itself when
//! it is ready, and a job of Python that goes by the clock. A deploy and the stop lose no request that was under way.

use crate::load;
use crate::support::backend::free_port;
use crate::support::http::get;
use crate::support::jaeger::Jaeger;
use crate::support::otlp::Outcome;
use crate::support::procfs::children_of;
use crate::support::supervisor::Launch;
use crate::support::{LONG, Sandbox, Supervisor, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::Path;
use std::thread::JoinHandle;

const WORKERS: usize = 4;

const APP: &str = "import os, time
def app(environ, start):
    if environ['PATH_INFO'] == '/slow':
        open(os.environ['BEGUN'], 'a').write('x')
        time.sleep(3)
    start('200 OK', [('Content-Type', 'text/plain')])
    return [b'visit %d\\n' % os.getpid()]
";

/// Ready after 0.4 s, and says so by a newline on descriptor 3.
const SERVICE: &str = "const { createServer } = require('node:http');
const { writeSync } = require('node:fs');
setTimeout(() => createServer((_, answer) => answer.end('node\\n')).listen(Number(process.env.NODE_PORT), '127.0.0.1', () => writeSync(3, '\\n')), 400);
";

fn must_have(program: &str) {
    assert!(Path::new("/usr/bin").join(program).exists(), "{program} is not installed: run tests/run");
}

fn processes(sandbox: &Sandbox, web: u16, node: u16) -> Value {
    sandbox.write("app.py", APP);
    let service = sandbox.write("service.js", SERVICE).display().to_string();
    let (dir, workers) = (sandbox.dir().display().to_string(), WORKERS.to_string());
    let bind = format!("127.0.0.1:{web}");
    let job = format!("open('{dir}/ticks', 'a').write('x')");
    json!({
        "gunicorn": {
            "command": ["/usr/bin/gunicorn", "--chdir", dir, "--workers", workers, "--bind", bind, "--graceful-timeout", "20", "app:app"],
            "env": {"BEGUN": sandbox.path("begun").display().to_string()},
            "restart": "always",
            "health_check": {"type": "http", "url": format!("http://{bind}/"), "period": 1, "initial_delay": 0, "mode": "readiness"},
            "reload": {"signal": "SIGHUP"},
            "shutdown": {"signal": "SIGTERM", "timeout": 20, "kill_mode": "mixed"},
        },
        "node": {
            "command": ["/usr/bin/node", service],
            "env": {"NODE_PORT": node.to_string()},
            "health_check": {"type": "notify", "protocol": "s6", "fd": 3},
            "rolling": false,
        },
        "proxy": {"command": sandbox.worker("proxy"), "depends_on": ["gunicorn", "node"], "rolling": false},
        "report": {"command": ["/usr/bin/python3", "-c", job], "schedule": "* * * * * *"},
    })
}

/// A page that takes 3 s, once a worker is at it.
fn slow_page(sandbox: &Sandbox, web: u16, nth: u64) -> JoinHandle<std::io::Result<(u16, String)>> {
    let page = std::thread::spawn(move || get(web, "/slow"));
    let begun = sandbox.path("begun");
    wait_until(LONG, "a worker is at it", || begun.metadata().is_ok_and(|begun| begun.len() == nth));
    page
}

fn workers(supervisor: &Supervisor, master: i32) -> Vec<i32> {
    assert!(children_of(supervisor.pid()).contains(&master), "the master has its pid still");
    children_of(master)
}

#[test]
fn gunicorn_node_and_a_job_of_python_lose_no_request_in_a_deploy_and_a_stop() {
    for program in ["gunicorn", "node", "python3"] {
        must_have(program);
    }
    let (jaeger, sandbox) = (Jaeger::start(), Sandbox::new());
    let (web, node) = (free_port(), free_port());
    let tracing = json!({
        "tracing_enabled": true, "tracing_exporter": "otlp-grpc", "tracing_endpoint": jaeger.endpoint(),
        "tracing_service_name": "second-stack", "shutdown_timeout": 30,
    });
    let config = sandbox.config(tracing, processes(&sandbox, web, node));
    let mut supervisor = Launch::new(&sandbox).serve(&config);
    sandbox.started("proxy", 1);
    assert_eq!(get(node, "/").expect("it is ready").1, "node\n");
    let master = supervisor
        .records()
        .iter()
        .find_map(|r| (r["msg"] == "started" && r["process"] == "gunicorn").then(|| r["pid"].as_i64())?);
    let master = i32::try_from(master.expect("it was told")).expect("a pid");
    let before = workers(&supervisor, master);

    let load = load::Load::start(web);
    let page = slow_page(&sandbox, web, 1);
    supervisor.signal(Signal::USR1);
    assert_eq!(page.join().expect("no panic").expect("it is answered in full").0, 200);
    wait_until(LONG, "each worker is another one", || {
        let now = workers(&supervisor, master);
        now.len() == WORKERS && now.iter().all(|pid| !before.contains(pid))
    });
    load.goes_on();
    let load = load.stop();
    assert_eq!(load.failures, Vec::<String>::new(), "of {} requests", load.answered);

    let ticks = sandbox.path("ticks");
    wait_until(LONG, "the job has run twice", || ticks.metadata().is_ok_and(|ticks| ticks.len() >= 2));
    let page = slow_page(&sandbox, web, 2);
    assert_eq!(supervisor.stop(), 0);
    assert_eq!(page.join().expect("no panic").expect("the stop waits for it").0, 200);
    assert_eq!(supervisor.leftovers(), Vec::<String>::new());

    let trace = jaeger.wait_for("second-stack", "process_manager.shutdown");
    let root = trace.one("process_manager.start");
    for process in ["gunicorn", "node", "proxy"] {
        let span = trace.of("process_manager.start_process", process);
        assert_eq!((&span.trace, &span.parent), (&root.trace, &root.id), "{process}");
        assert_ne!(span.outcome, Outcome::Error, "{process}: {span:?}");
    }
    let proxy = trace.of("process_manager.start_process", "proxy");
    let waits = trace.children(&proxy).into_iter().filter(|s| s.name.contains("wait_dependency"));
    let longest = waits.map(|s| s.end - s.start).max().expect("it waits for both");
    assert!(longest >= 400_000_000, "Node takes so long until it says that it is ready: {longest} ns");
    let reloaded = trace.named("process_manager.restart_process");
    assert!(reloaded.iter().any(|s| s.get("reload.signal") == "SIGHUP"), "{reloaded:#?}");
    assert_eq!(trace.orphans(), Vec::<String>::new(), "spans whose parent did not arrive");
}
