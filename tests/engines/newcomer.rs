//! Somebody who has never heard of the program: from a Debian image with nginx and nothing of ours, by the README's own
//! lines, to an nginx that answers and a trace on the screen.

use crate::podman::{BY, Container, DEBIAN_BASE};
use crate::support::backend::installed;
use crate::support::{LONG, wait_for, wait_until};
use std::process::Output;

/// The commands of the README's section, in their order and without their comments.
fn lines() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## The first five minutes").expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let blocks = section.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let bare = |line: &str| line.split(" #").next().unwrap_or(line).trim().to_owned();
    blocks.flat_map(str::lines).map(bare).filter(|line| !line.is_empty()).collect()
}

/// The static binary that `tests/run --engines` has built.
fn built() -> String {
    let target = installed("engines/target", BY);
    let arch = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let binary = target.join(arch).join("release/phpeek-pm");
    assert!(binary.exists(), "{} is not there: run {BY}", binary.display());
    binary.display().to_string()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_first_five_minutes_end_with_an_nginx_and_a_trace() {
    let sources = format!("-v={}:/src/target/release/phpeek-pm:ro", built());
    let container = Container::of(DEBIAN_BASE).option(&sources).command(&["sleep", "infinity"]).started();
    let shell = |folder: &str, line: &str| {
        container.exec(&["/bin/bash", "-c", &format!("mkdir -p {folder} && cd {folder} && {line}")])
    };
    assert!(shell("/site", "cp /etc/nginx/nginx.conf .").status.success());
    let lines = lines();
    let mut seen = Vec::new();
    for line in &lines {
        let line = line.as_str();
        match line.split_once("&& install ") {
            // Building it is what the tier has done.
            Some((_, install)) => {
                let made = shell("/src", &format!("install {install}"));
                assert!(made.status.success(), "{line}: {}", text(&made));
            }
            None if line == "phpeek-pm" => {
                let begun = shell("/site", "phpeek-pm >/site/log 2>&1 & sleep 0");
                assert!(begun.status.success(), "{}", text(&begun));
            }
            None if line == "phpeek-pm status" => wait_until(LONG, "all is up", || {
                let told = shell("/site", line);
                told.status.success() && text(&told).contains("nginx-0")
            }),
            None => {
                let told = shell("/site", line);
                assert!(told.status.success(), "{line}: {}", text(&told));
                seen.push((line, text(&told)));
            }
        }
    }
    let said = |part: &str| seen.iter().find(|(line, _)| line.contains(part)).map(|(_, said)| said.as_str());
    assert!(said("init").is_some_and(|said| said.contains("nginx")), "{seen:?}");
    let trace = said("trace last --start").unwrap_or_else(|| panic!("the README shows no trace: {lines:?}"));
    assert!(trace.contains("start_process nginx") && trace.contains('█'), "{trace}");
    assert!(said("example php-stack").is_some_and(|said| said.contains("processes:")), "{seen:?}");
    let asked = "exec 3<>/dev/tcp/127.0.0.1/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3";
    let page = wait_for(LONG, "nginx answers", || {
        let answer = shell("/site", asked);
        answer.status.success().then(|| text(&answer))
    });
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}
