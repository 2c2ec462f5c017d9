//! supervisord.conf, as supervisord 4 reads it. Texts only; the files that it includes are given by whoever calls.

use super::expand::{Names, expand};
use super::ini::{self, Entry, File, Section};
use super::model::{Imported, Process, Value};
use super::program::{self, Program};

/// The whole of it; `include` gives the files of a pattern, and why one cannot be read.
pub(super) fn import(main: &File, include: &dyn Fn(&str) -> Vec<Result<File, String>>) -> Imported {
    let mut all = Imported::default();
    let mut files = vec![main.clone()];
    let (sections, _) = ini::read(&main.text);
    for entry in sections.iter().filter(|s| s.name == "include").flat_map(|s| &s.entries) {
        let names = Names { here: &main.here, ..Names::default() };
        for pattern in expand(&entry.value, &names, &mut all.lost).split_whitespace() {
            let found = include(pattern);
            if found.is_empty() {
                all.lost.push(format!("{}:{}: no file fits {pattern}", main.label, entry.line));
            }
            for file in found {
                match file {
                    Ok(file) => files.push(file),
                    Err(why) => all.lost.push(format!("{}:{}: {why}", main.label, entry.line)),
                }
            }
        }
    }
    let mut programs = Vec::new();
    let mut groups = Vec::new();
    let mut own = Own::default();
    for file in &files {
        let (sections, strange) = ini::read(&file.text);
        for line in strange {
            all.lost.push(format!("{}:{line}: no section and no key: value", file.label));
        }
        for section in merged(sections) {
            take(&mut all, &mut programs, &mut groups, &mut own, file, section);
        }
    }
    head(&mut all, &programs);
    let order = order(&programs);
    for (program, before) in programs.iter().zip(order) {
        let group = group_of(&groups, &program.name);
        if let Some(mut process) = program::process(program, &group, &mut all.lost) {
            own.give(&mut process);
            match before {
                Before::Nothing => {}
                Before::Named(names) => process.set("depends_on", Value::List(names)),
                Before::Lower(names) => {
                    let started = names.into_iter().map(|name| (name, Value::plain("started")));
                    process.set_noted("depends_on", Value::Named(started.collect()), "priority");
                }
            }
            all.add(process);
        }
    }
    all
}

/// What a program is started behind.
enum Before {
    Nothing,
    /// It names them.
    Named(Vec<String>),
    /// They have the next lower priority.
    Lower(Vec<String>),
}

/// The order of starts, of which the order of stops is the reverse: by names where programs name others, else by priorities.
fn order(programs: &[Program]) -> Vec<Before> {
    let known = |name: &String| programs.iter().any(|program| program.name == *name);
    let named = programs.iter().any(|program| !program.awaited().is_empty());
    let with_command = |program: &&Program| program.has_command();
    let before = |program: &Program| {
        if named {
            let names: Vec<String> = program.awaited().into_iter().filter(known).collect();
            return if names.is_empty() { Before::Nothing } else { Before::Named(names) };
        }
        let own = program.priority();
        let lower = programs.iter().filter(with_command).filter_map(Program::priority);
        let Some(next) = lower.filter(|other| own.is_some_and(|own| *other < own)).max() else {
            return Before::Nothing;
        };
        let all = programs.iter().filter(with_command).filter(|other| other.priority() == Some(next));
        Before::Lower(all.map(|program| program.name.clone()).collect())
    };
    programs.iter().map(before).collect()
}

/// Sections that are written twice are one; of a key the last value counts.
fn merged(sections: Vec<Section>) -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    for section in sections {
        match all.iter_mut().find(|known| known.name == section.name) {
            Some(known) => known.entries.extend(section.entries),
            None => all.push(section),
        }
    }
    for section in &mut all {
        let entries = std::mem::take(&mut section.entries);
        for entry in entries {
            section.entries.retain(|known: &Entry| known.key != entry.key);
            section.entries.push(entry);
        }
    }
    all
}

/// What `[supervisord]` gives to all that it starts.
#[derive(Debug, Default)]
struct Own {
    env: Vec<(String, String)>,
    directory: Option<String>,
    umask: Option<String>,
}

impl Own {
    fn give(&self, process: &mut Process) {
        for (key, value) in &self.env {
            if !process.env.iter().any(|(known, _)| known == key) {
                process.env.push((key.clone(), value.clone()));
            }
        }
        if let Some(directory) = &self.directory {
            process.set_default("working_dir", Value::Text(directory.clone()));
        }
        if let Some(umask) = &self.umask {
            process.set_default("umask", Value::Text(umask.clone()));
        }
    }
}

fn take(
    all: &mut Imported,
    programs: &mut Vec<Program>,
    groups: &mut Vec<(String, Vec<String>)>,
    own: &mut Own,
    file: &File,
    section: Section,
) {
    let at = format!("{}:{}: [{}]", file.label, section.line, section.name);
    let value =
        |key: &str| section.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    match section.name.split_once(':').unwrap_or((&section.name, "")) {
        ("program", name) => programs.push(Program::of(name, &section, file)),
        ("fcgi-program", name) => {
            let socket = value("socket").unwrap_or_default();
            all.lost.push(format!("{at}: the socket {socket} is not opened for it: let the program listen itself"));
            programs.push(Program::of(name, &section, file));
        }
        ("eventlistener", name) => {
            let events = value("events").unwrap_or_default();
            let ends = if events.contains("PROCESS_STATE") {
                "; where it ended everything when a program ended, write essential: true, or on_exhausted: exit"
            } else {
                ""
            };
            all.lost.push(format!(
                "{at}: the event listener {name} ({events}) speaks supervisord's protocol and is left out; what happens is told as records, spans and \
                 states{ends}"
            ));
        }
        ("group", name) => {
            let members: Vec<String> = value("programs").unwrap_or_default().split(',').map(|m| m.trim().to_owned()).collect();
            all.lost.push(format!("{at}: there are no groups; its programs ({}) are named one by one", members.join(", ")));
            groups.push((name.to_owned(), members));
        }
        ("supervisord", _) => supervisord(all, own, file, &section),
        ("include", _) => {}
        ("unix_http_server" | "supervisorctl", _) => {}
        ("rpcinterface", "supervisor") => {}
        ("inet_http_server", _) => all.lost.push(format!(
            "{at}: its web page and XML-RPC are not there; `phpeek-pm status` asks over a socket, and global.api_enabled opens an HTTP API"
        )),
        _ => all.lost.push(format!("{at}: left out")),
    }
}

fn supervisord(all: &mut Imported, own: &mut Own, file: &File, section: &Section) {
    let names = Names { here: &file.here, ..Names::default() };
    for entry in &section.entries {
        let text = expand(&entry.value, &names, &mut all.lost);
        let at = format!("{}:{}: {}={}", file.label, entry.line, entry.key, entry.value);
        match entry.key.as_str() {
            "loglevel" => {
                let level = match text.as_str() {
                    "critical" | "error" => "error",
                    "warn" => "warn",
                    "info" => "info",
                    _ => continue,
                };
                all.global("log_level", Value::plain(level), "loglevel");
            }
            "environment" => own.env = program::pairs(&text),
            "directory" => own.directory = Some(text),
            "umask" => own.umask = Some(text),
            "user" if text != "root" => all.lost.push(format!("{at}: start the supervisor as this user")),
            "minfds" | "minprocs" if text.parse::<u32>().is_ok_and(|number| number > 1024) => {
                all.lost.push(format!("{at}: `limits` of a process raise what a program may have"));
            }
            _ => {}
        }
    }
}

/// What supervisord does with programs that say nothing, where it is not what happens here.
fn head(all: &mut Imported, programs: &[Program]) {
    all.global("max_restart_attempts", Value::plain(3), "startretries");
    all.global(
        "restart_stability_window",
        Value::plain("1s"),
        "startsecs: who ran that long has its attempts back; more is safer",
    );
    all.global(
        "restart_backoff_initial",
        Value::plain("1s"),
        "supervisord waits 1 s, 2 s, 3 s; here the wait doubles",
    );
    all.notes.push(
        "Log files are not written: all output goes to standard output and standard error, a record a line."
            .to_owned(),
    );
    if programs.iter().any(Program::leaves_children) {
        let note = "Without stopasgroup a stop goes to the leader alone, here too (kill_mode: mixed); what it leaves is killed with it.";
        all.notes.push(note.to_owned());
    }
    if ranked(programs) {
        let note = "priority: what had a lower one was started first and stopped last; here by depends_on, which also waits for it to be there.";
        all.notes.push(note.to_owned());
    }
}

/// Whether priorities say anything.
fn ranked(programs: &[Program]) -> bool {
    let mut all = programs.iter().filter_map(Program::priority);
    let first = all.next();
    !programs.iter().any(|program| !program.awaited().is_empty()) && all.any(|other| Some(other) != first)
}

fn group_of(groups: &[(String, Vec<String>)], program: &str) -> String {
    let member = |(_, members): &&(String, Vec<String>)| members.iter().any(|member| member == program);
    groups.iter().find(member).map_or_else(|| program.to_owned(), |(group, _)| group.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::checked::passes;

    fn of(text: &str, included: &[(&str, &str)]) -> Imported {
        let file =
            |label: &str, text: &str| File { label: label.into(), here: "/etc".into(), text: text.into() };
        let include = |pattern: &str| {
            let suffix = pattern.rsplit('*').next().unwrap_or_default().to_owned();
            included
                .iter()
                .filter(|(name, _)| name.ends_with(&suffix))
                .map(|(name, text)| Ok(file(name, text)))
                .collect()
        };
        import(&file("supervisord.conf", text), &include)
    }

    const MAIN: &str = "[unix_http_server]\nfile=/run/supervisor.sock ; (the path)\n[supervisord]\nnodaemon=true\nloglevel=warn\n\
        environment=LANG=\"C.UTF-8\"\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = x:y\n\
        [include]\nfiles = conf.d/*.conf none/*.ini\n[eventlistener:crashmail]\ncommand=crashmail -a\nevents=PROCESS_STATE_EXITED\n\
        [group:shop]\nprograms=worker,web\n";
    const PROGRAMS: &str = "[program:worker]\nprocess_name=%(program_name)s_%(process_num)02d\n\
        command=php /srv/artisan queue:work --name=%(ENV_NAME)s-%(process_num)02d \"--q=a b\" --p=%%d ; ${x}\n\
        numprocs=4\nautostart=true\nautorestart=true\nuser=www-data\nstopwaitsecs=3600\nstopasgroup=true\nkillasgroup=true\n\
        redirect_stderr=true\nstdout_logfile=/srv/worker.log\nstdout_logfile_maxbytes=10MB\nenvironment=\n  A=\"x,y\",\n  B='2'\n\
        [program:web]\ncommand=%(here)s/run.sh\npriority=5\nautorestart=unexpected\nexitcodes=0,2\nstopsignal=QUIT\nstartsecs=0\nautostart=false\n\
        directory=/srv\numask=022\nstdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\nfoo=bar\n[program:none]\nuser=x\n";

    #[test]
    fn what_carries_over_does_and_the_rest_is_named() {
        let all = of(MAIN, &[("web.conf", PROGRAMS)]);
        let yaml = all.yaml("supervisord supervisord.conf");
        passes(&yaml);
        for wanted in [
            "command: [php, /srv/artisan, \"queue:work\", \"--name=${NAME}-{{instance}}\", \"--q=a b\", \"--p=%d\"]",
            "scale: 4",
            "restart: always",
            "user: www-data",
            "timeout: 3600",
            "A: \"x,y\"",
            "B: \"2\"",
            "LANG: C.UTF-8",
            "initial_state: stopped",
            "success_codes: [0, 2]",
            "signal: SIGQUIT",
            "kill_mode: mixed",
            "umask: \"022\"",
            "depends_on:   # priority\n      web: started",
            "max_restart_attempts: -1",
            "command: [/etc/run.sh]",
            "log_level: warn",
        ] {
            assert!(yaml.contains(wanted), "{wanted}\n{yaml}");
        }
        let lost = all.lost.join("\n");
        for wanted in ["crashmail", "no groups", "no file fits none/*.ini", "foo=bar", "[program:none]"] {
            assert!(lost.contains(wanted), "{wanted}\n{lost}");
        }
        assert_eq!(all.processes.len(), 2);
    }
}
