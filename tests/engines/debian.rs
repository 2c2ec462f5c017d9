//! The Debian image with nginx and php-fpm as packaged: it serves, drains what is under way, and ends well.

use crate::podman::{Container, DEBIAN};
use crate::support::{LONG, wait_until};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The same site on a socket that the host can reach: containers of the tests have no network.
const SITE: &str = "server { listen unix:/srv/web.sock; root /srv; access_log /var/log/nginx/access.log; \
    location ~ \\.php$ { include snippets/fastcgi-php.conf; fastcgi_pass unix:/run/php/php8.2-fpm.sock; } }\n";
const WHO: &str = "<?php echo 'user ', posix_getuid();\n";
/// Answers when it is told to.
const SLOW: &str = "<?php file_put_contents('/srv/begun', ''); \
    while (!file_exists('/srv/go')) { clearstatcache(); usleep(10000); } echo 'drained';\n";

fn container(options: &[&str]) -> Container {
    let container = Container::of(DEBIAN).file("site.conf", SITE, "/etc/nginx/conf.d/socket.conf");
    let container = options.iter().fold(container, |container, option| container.option(option));
    fs::write(container.srv("who.php"), WHO).expect("a script");
    fs::write(container.srv("slow.php"), SLOW).expect("a script");
    container.started().up()
}

fn asked(socket: &Path, path: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("nginx listens");
    stream.set_read_timeout(Some(LONG)).expect("a socket");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").expect("nginx reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("nginx answers");
    answer
}

fn serves(container: &Container) {
    let socket = container.srv("web.sock");
    // Up is when it runs; nginx may take a moment to listen, and php-fpm too.
    wait_until(LONG, "the page is served", || {
        UnixStream::connect(&socket).is_ok() && asked(&socket, "/who.php").contains("user 33")
    });
    assert_eq!(container.health(), Some(0));
    container.says("nginx", "GET /who.php");
}

#[test]
fn requests_under_way_are_answered_by_a_container_that_is_stopped() {
    let container = container(&[]);
    serves(&container);
    let (socket, go) = (container.srv("web.sock"), container.srv("go"));
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| asked(&socket, "/slow.php"));
        wait_until(LONG, "the request is under way", || container.srv("begun").exists());
        let stop = scope.spawn(|| container.stop());
        wait_until(LONG, "nginx takes no more", || UnixStream::connect(&socket).is_err());
        fs::write(&go, "").expect("a file");
        let answer = slow.join().expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("drained"), "{answer}");
        assert_eq!(stop.join().expect("it stops"), 0);
    });
}

#[test]
fn it_serves_from_a_read_only_root_and_its_logs_are_records() {
    let container = container(&["--read-only", "--tmpfs=/var/lib/nginx"]);
    serves(&container);
    assert_eq!(container.stop(), 0);
}

#[test]
fn a_service_that_is_killed_is_seen_by_the_health_check_and_comes_back() {
    let container = container(&[]);
    serves(&container);
    let leader = container.exec(&["/bin/sh", "-c", "kill -9 $(cat /run/php/php8.2-fpm.pid)"]);
    assert!(leader.status.success());
    wait_until(Duration::from_secs(60), "it serves again", || {
        container.health() == Some(0) && asked(&container.srv("web.sock"), "/who.php").contains("user 33")
    });
    assert!(container.records().iter().any(|r| r["process"] == "php-fpm" && r["level"] == "warn"));
    assert_eq!(container.stop(), 0);
}
