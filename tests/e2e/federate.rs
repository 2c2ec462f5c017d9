//! Series of other exporters on our page, with the real program.

use crate::support::supervisor::Supervisor;
use crate::support::web::{Ask, Reply, own_address};
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Says the same to everybody who asks, for as long as the test runs.
fn exporter(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = [0; 4096];
            let _seen = stream.read(&mut head);
            write!(stream, "{answer}").ok();
        }
    });
    at
}

#[test]
fn what_others_say_is_on_the_page_and_who_says_nothing_holds_it_up_for_its_time_alone() {
    const GOOD: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n# TYPE fpm_total counter\nfpm_total{pool=\"www\"} 7\n\
                        # TYPE phpeek_pm_process_up gauge\nphpeek_pm_process_up 9\n";
    const MOVED: &str = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (sandbox, at) = (Sandbox::new(), own_address());
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let federate: Vec<_> = [
        ("good", exporter(GOOD)),
        ("moved", exporter(MOVED)),
        ("odd", exporter("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>\n")),
        ("silent", silent.local_addr().expect("an address")),
    ]
    .into_iter()
    .map(|(name, at)| json!({"name": name, "url": format!("http://{at}/metrics"), "timeout": "700ms", "cache_ttl": "1s"}))
    .collect();
    let global = json!({
        "metrics_enabled": true, "metrics_host": at.ip(), "metrics_port": at.port(), "control_socket": "none",
        "metrics_federate": federate,
    });
    let mut supervisor =
        Supervisor::start(&sandbox, &sandbox.config(global, json!({"w": {"command": sandbox.worker("w")}})));
    wait_for(LONG, "the page is served", || Ask::get("/health").tcp(at).ok());
    let page =
        |accept: &str| -> Reply { Ask::get("/metrics").header("accept", accept).tcp(at).expect("an answer") };
    let begun = Instant::now();
    let plain = page("text/plain").body;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for line in [
        "# TYPE fpm_total counter",
        "fpm_total{pool=\"www\"} 7",
        "phpeek_pm_federate_up{name=\"good\"} 1.0",
        "phpeek_pm_federate_up{name=\"moved\"} 0.0",
        "phpeek_pm_federate_up{name=\"odd\"} 0.0",
        "phpeek_pm_federate_up{name=\"silent\"} 0.0",
        "phpeek_pm_process_up{name=\"w\",instance=\"w-0\"} 1.0",
    ] {
        assert!(plain.lines().any(|l| l == line), "{line} in {plain}");
    }
    assert!(!plain.contains("phpeek_pm_process_up 9"), "ours is ours");
    let open = page("application/openmetrics-text").body;
    assert!(
        open.contains("# TYPE fpm counter\nfpm_total{pool=\"www\"} 7\n") && open.ends_with("\n# EOF\n"),
        "{open}"
    );
    assert!(open.contains("phpeek_pm_federate_left_out{name=\"good\"} 1.0"), "{open}");
    wait_until(LONG, "failures are counted, and told once", || {
        let counted = |text: &str| {
            text.lines().any(|l| l.starts_with("phpeek_pm_federate_errors_total{name=\"moved\"} 3"))
        };
        counted(&page("text/plain").body)
    });
    let told = supervisor.stdout();
    assert_eq!(told.matches("metrics of moved are missing on our page").count(), 1, "{told}");
    assert_eq!(told.matches("status 302").count(), 1, "{told}");
    supervisor.stop();
}
