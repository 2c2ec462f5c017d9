//! A directory of s6-overlay: version 3 (`s6-rc.d`) and version 2 (`services.d`, `cont-init.d`). Texts only: the files are given
//! by whoever calls, by their paths below the directory.

use super::model::{Imported, Process, Value};
use super::s6_script::{execline, readiness, run};
use std::collections::{BTreeMap, BTreeSet};

/// Files by path.
pub(super) type Files = BTreeMap<String, String>;

/// The whole of it; `base` is where the directory lies in the image.
pub(super) fn import(files: &Files, base: &str) -> Imported {
    let mut all = Imported::default();
    all.notes.push("Output goes to standard output: what logged through s6-log, or through a pipe, needs no logger here.".to_owned());
    all.notes.push("Children have the supervisor's environment: with-contenv is not needed.".to_owned());
    let inits = old_inits(files, base, &mut all);
    old_services(files, base, &inits, &mut all);
    services(files, base, &mut all);
    all
}

/// The names of the folders right below `folder`.
fn folders(files: &Files, folder: &str) -> BTreeSet<String> {
    let below = files.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
    below.filter_map(|rest| rest.split_once('/')).map(|(name, _)| name.to_owned()).collect()
}

/// `cont-init.d`: scripts that run one after the other before anything else. Gives the last.
fn old_inits(files: &Files, base: &str, all: &mut Imported) -> Option<String> {
    let mut last: Option<String> = None;
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("cont-init.d/")) {
        let name = path.trim_start_matches("cont-init.d/");
        let mut process = Process::named(name);
        process.set("type", Value::plain("oneshot"));
        run(text, &format!("{base}/{path}"), &mut process);
        process.set("restart", Value::plain("never"));
        if let Some(before) = &last {
            process.set("depends_on", Value::List(vec![before.clone()]));
        }
        last = Some(all.add(process));
    }
    for path in
        files.keys().filter(|path| path.starts_with("cont-finish.d/") || path.starts_with("fix-attrs.d/"))
    {
        all.lost.push(format!(
            "{path}: see hooks.post-stop for what runs at the end; owners and modes belong into the image"
        ));
    }
    last
}

/// `services.d`: each with a `run`.
fn old_services(files: &Files, base: &str, after: &Option<String>, all: &mut Imported) {
    for name in folders(files, "services.d") {
        let file = |file: &str| files.get(&format!("services.d/{name}/{file}"));
        let Some(text) = file("run") else { continue };
        let mut process = Process::named(&name);
        run(text, &format!("{base}/services.d/{name}/run"), &mut process);
        process.set("restart", restart(file("finish")));
        if file("down").is_some() {
            process.set("initial_state", Value::plain("stopped"));
        }
        if let Some(before) = after {
            process.set("depends_on", Value::List(vec![before.clone()]));
        }
        common(&name, &file, &mut process, &mut all.lost);
        all.add(process);
    }
}

/// `s6-rc.d`: services with types, dependencies and bundles.
fn services(files: &Files, base: &str, all: &mut Imported) {
    let source = Source { files };
    let names: BTreeSet<String> = folders(files, "s6-rc.d");
    let user: BTreeSet<String> = source.contents("user");
    let wanted = source.closure(&user);
    for name in names {
        let file = |file: &str| files.get(&format!("s6-rc.d/{name}/{file}"));
        let kind = file("type").map(|text| text.trim()).unwrap_or_default();
        let mut process = Process::named(&name);
        match kind {
            "longrun" => match file("run") {
                Some(_) if file("consumer-for").is_some() => {
                    all.lost.push(format!(
                        "{name}: a logger of {}; its lines are in the log",
                        file("consumer-for").map_or("", |t| t.trim())
                    ));
                    continue;
                }
                Some(text) => {
                    run(text, &format!("{base}/s6-rc.d/{name}/run"), &mut process);
                    process.set("restart", restart(file("finish")));
                }
                None => {
                    all.lost.push(format!("{name}: a longrun without a file `run`"));
                    continue;
                }
            },
            "oneshot" => {
                process.set("type", Value::plain("oneshot"));
                let Some(text) = file("up") else {
                    all.lost.push(format!("{name}: a oneshot without a file `up`"));
                    continue;
                };
                if !execline(text, &mut process) {
                    process.note("`up` is execline, which is not here: write its steps as a command");
                    process.set(
                        "command",
                        Value::List(vec![
                            "execlineb".into(),
                            "-P".into(),
                            format!("{base}/s6-rc.d/{name}/up"),
                        ]),
                    );
                }
                if file("down").is_some_and(|text| !text.trim().is_empty()) {
                    all.lost.push(format!("{name}: `down` is not run at the end: see hooks.post-stop"));
                }
            }
            _ => continue,
        }
        let before: Vec<String> = source.dependencies(&name).into_iter().collect();
        if !before.is_empty() {
            process.set("depends_on", Value::List(before));
        }
        if !user.is_empty() && !wanted.contains(&name) {
            process.set_noted("initial_state", Value::plain("stopped"), "no part of the bundle `user`");
        }
        common(&name, &file, &mut process, &mut all.lost);
        all.add(process);
    }
}

/// What s6-rc.d says of relations.
struct Source<'a> {
    files: &'a Files,
}

impl Source<'_> {
    fn text(&self, name: &str, file: &str) -> &str {
        self.files.get(&format!("s6-rc.d/{name}/{file}")).map_or("", String::as_str)
    }

    /// Names in a file, and in a folder of empty files.
    fn listed(&self, name: &str, file: &str) -> BTreeSet<String> {
        let folder = format!("s6-rc.d/{name}/{file}.d/");
        let lines = self
            .text(name, file)
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let files = self.files.keys().filter_map(|path| path.strip_prefix(&folder));
        lines.chain(files).map(str::to_owned).collect()
    }

    /// What is in a bundle.
    fn contents(&self, name: &str) -> BTreeSet<String> {
        self.listed(name, "contents")
    }

    /// What a service waits for: services of this directory, bundles by what is in them.
    fn dependencies(&self, name: &str) -> BTreeSet<String> {
        self.flat(&self.listed(name, "dependencies"))
    }

    fn flat(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            match self.text(&name, "type").trim() {
                "bundle" => open.extend(self.contents(&name)),
                "longrun" | "oneshot" if self.text(&name, "consumer-for").is_empty() => {
                    found.insert(name);
                }
                _ => {}
            }
        }
        found
    }

    /// These, and all that they wait for.
    fn closure(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open: Vec<String> = self.flat(names).into_iter().collect();
        while let Some(name) = open.pop() {
            if found.insert(name.clone()) {
                open.extend(self.dependencies(&name));
            }
        }
        found
    }
}

/// Whether a finish script ends the container: then one end is the end.
fn halts(finish: Option<&String>) -> bool {
    finish.is_some_and(|text| ["s6-svscanctl", "basedir/bin/halt"].iter().any(|word| text.contains(word)))
}

fn restart(finish: Option<&String>) -> Value {
    Value::plain(if halts(finish) { "never" } else { "always" })
}

/// What both versions have beside the program.
fn common<'a>(
    name: &str,
    file: &dyn Fn(&str) -> Option<&'a String>,
    process: &mut Process,
    lost: &mut Vec<String>,
) {
    let text = |name: &str| file(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut stop = Vec::new();
    if let Some(signal) = text("down-signal") {
        let known = signal.starts_with("SIG") || signal.starts_with(|c: char| c.is_ascii_digit());
        stop.push(("signal", Value::plain(if known { signal } else { format!("SIG{signal}") })));
    }
    if let Some(ms) = text("timeout-kill").filter(|ms| ms != "0" && ms.chars().all(|c| c.is_ascii_digit())) {
        stop.push(("timeout", Value::plain(format!("{ms}ms"))));
    }
    if !stop.is_empty() {
        process.set("shutdown", Value::Map(stop));
    }
    if let Some(fd) = text("notification-fd") {
        readiness(name, &fd, file("run").map_or("", String::as_str), process, lost);
    }
    if let Some(finish) = text("finish") {
        if halts(Some(&finish)) {
            process.set_noted("essential", Value::plain(true), "its finish script ended the container");
        } else {
            lost.push(format!("{name}: `finish` is not run when it ends: see hooks.post_stop"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::checked::passes;

    fn of(files: &[(&str, &str)]) -> Imported {
        import(
            &files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
            "/etc/s6-overlay",
        )
    }

    #[test]
    fn version_3_carries_over() {
        let all = of(&[
            ("s6-rc.d/user/type", "bundle\n"),
            ("s6-rc.d/user/contents.d/web", ""),
            ("s6-rc.d/base/type", "bundle"),
            ("s6-rc.d/web/type", "longrun\n"),
            ("s6-rc.d/web/dependencies.d/migrate", ""),
            ("s6-rc.d/web/dependencies.d/base", ""),
            (
                "s6-rc.d/web/run",
                "#!/command/execlineb -P\nwith-contenv\ns6-setuidgid www-data\nfdmove -c 2 1\nnginx -g \"daemon off;\"\n",
            ),
            ("s6-rc.d/web/down-signal", "QUIT\n"),
            ("s6-rc.d/web/timeout-kill", "20000\n"),
            ("s6-rc.d/web/producer-for", "web-log"),
            ("s6-rc.d/web-log/type", "longrun"),
            ("s6-rc.d/web-log/consumer-for", "web"),
            ("s6-rc.d/web-log/run", "#!/bin/sh\nexec s6-log x"),
            ("s6-rc.d/migrate/type", "oneshot"),
            ("s6-rc.d/migrate/up", "/etc/s6-overlay/scripts/migrate\n"),
            ("s6-rc.d/spare/type", "longrun"),
            ("s6-rc.d/spare/run", "#!/command/with-contenv bash\nexec s6-setuidgid x y\n"),
            ("s6-rc.d/spare/notification-fd", "3"),
            ("s6-rc.d/spare/finish", "x"),
            ("s6-rc.d/asked/type", "longrun"),
            (
                "s6-rc.d/asked/run",
                "#!/command/with-contenv bashio\nexec s6-notifyoncheck -d -n 300 \\\n  -c \"nc -z localhost 80\" app\n",
            ),
            ("s6-rc.d/asked/notification-fd", "3"),
            ("s6-rc.d/asked/finish", "exec /run/s6/basedir/bin/halt"),
            ("s6-rc.d/hard/type", "longrun"),
            ("s6-rc.d/hard/run", "#!/bin/execlineb -P\nif { test -e /x }\nprog\n"),
        ]);
        let yaml = all.yaml("s6-overlay /etc/s6-overlay");
        passes(&yaml);
        for wanted in [
            "command: [nginx, \"-g\", \"daemon off;\"]",
            "user: www-data",
            "depends_on: [migrate]",
            "signal: SIGQUIT",
            "timeout: 20000ms",
            "command: [/etc/s6-overlay/scripts/migrate]",
            "command: [bash, /etc/s6-overlay/s6-rc.d/spare/run]",
            "calls s6-setuidgid",
            "initial_state: stopped",
            "execline, which is not here",
            "type: notify\n      protocol: s6\n      fd: 3",
            "command: [sh, \"-c\", \"nc -z localhost 80\"]\n      mode: readiness",
            "command: [bashio, /etc/s6-overlay/s6-rc.d/asked/run]",
            "    restart: never\n    initial_state: stopped",
            "essential: true",
        ] {
            assert!(yaml.contains(wanted), "{wanted}\n{yaml}");
        }
        assert!(!yaml.contains("  web-log:"), "{yaml}");
        assert!(all.lost.iter().any(|lost| lost.contains("spare: `finish`")), "{:?}", all.lost);
    }

    #[test]
    fn version_2_carries_over() {
        let all = of(&[
            ("cont-init.d/10-a", "#!/usr/bin/with-contenv sh\n"),
            ("cont-init.d/20-b", "#!/bin/bash\n"),
            ("services.d/app/run", "#!/usr/bin/with-contenv bash\nexec app\n"),
            ("services.d/app/finish", "s6-svscanctl -t /var/run/s6/services"),
            ("services.d/off/run", "#!/bin/sh\n"),
            ("services.d/off/down", ""),
        ]);
        let yaml = all.yaml("s6-overlay /etc");
        passes(&yaml);
        for wanted in [
            "depends_on: [\"10-a\"]",
            "depends_on: [\"20-b\"]",
            "essential: true",
            "initial_state: stopped",
            "[bash, /etc/s6-overlay/services.d/app/run]",
        ] {
            assert!(yaml.contains(wanted), "{wanted}\n{yaml}");
        }
    }
}
