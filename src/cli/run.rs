//! The `run` command: one program, supervised without a file. It stands where a shell would have put it: with our streams,
//! our terminal, the signals that we get, and its exit code as ours. Everything else is a configuration like any other.

use super::check::{self, Detail};
use super::fault::Fault;
use super::say::{complain, report_faults};
use super::serve::of_begin;
use crate::app::{self, ControlOptions, InFront, Options};
use crate::exit;
use clap::Args;
use phpeek_config::{Configuration, Loaded, ProcessEnv, Severity, Source, Strictness, Vars};
use phpeek_core::causes::chain;
use phpeek_core::command::CommandLine;
use phpeek_core::name::ProcessName;
use phpeek_core::signal::Signal;
use phpeek_os::environment::{KEYS_OF_RECEIVERS, text};
use phpeek_os::pid1;
use phpeek_os::signals::Signals;
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// What the program is called in records, in spans and by `status`; its file name when left out.
    #[arg(long)]
    pub name: Option<String>,
    /// Whether it is started again when it has ended: never, on-failure or always.
    #[arg(long, value_name = "POLICY", default_value = "never", value_parser = ["never", "on-failure", "always"])]
    pub restart: String,
    /// Hand signals on to all that belongs to the program, and not to the program alone.
    #[arg(long)]
    pub group: bool,
    /// Hand another signal on in the place of this one, as in TERM:QUIT; TERM:0 leaves it out. More than once.
    #[arg(long = "signal", value_name = "SIGNAL:SIGNAL", value_parser = rewriting)]
    pub signals: Vec<Rewriting>,
    /// The program and its arguments, behind `--`.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// A signal, and what is handed on in its place; `None`: nothing.
type Rewriting = (Signal, Option<Signal>);

fn rewriting(text: &str) -> Result<Rewriting, String> {
    let (from, to) = text.split_once(':').ok_or("two signals are wanted, as in TERM:QUIT")?;
    let signal = |text: &str| Signal::parse(text).map_err(|error| error.to_string());
    let from = signal(from)?;
    if !from.can_be_caught() {
        return Err(format!("{from} reaches no program that could hand on another one"));
    }
    Ok((from, if to == "0" { None } else { Some(signal(to)?) }))
}

/// Handed on as they are. SIGTERM stops, as container engines mean it; the rest is the supervisor's own, or the kernel's.
const HANDED_ON: [&str; 11] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGUSR1",
    "SIGUSR2",
    "SIGALRM",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
];
/// For all that belongs to the program: a suspend of a part would hold up the rest.
const SUSPENDS: [&str; 2] = ["SIGTSTP", "SIGCONT"];
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

/// Whoever sets one of these wants to see spans.
const ASKS_FOR_TRACING: [&str; 3] =
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"];

/// In place of the real command while the configuration is read: nothing in that is a variable or a template.
const PLACEHOLDER: &str = "program";

/// Supervises, and ends the process with the program's exit code.
pub(super) fn run(arguments: RunArguments, signals: Signals) -> u8 {
    let configured = command_line(&arguments.command).and_then(|command| {
        let name = name(arguments.name.as_deref(), &command)?;
        Ok((configuration(&name, &arguments, &ProcessEnv), name, command))
    });
    let (text, name, command) = match configured {
        Ok(configured) => configured,
        Err(fault) => {
            complain(&chain(&fault));
            return fault.code();
        }
    };
    let Loaded { configuration, report } = app::load(&Source::Text(text), &ProcessEnv);
    let Some(mut configuration) = configuration else {
        report_faults(&check::human(&report, Detail::Full, Strictness::Usual));
        return exit::CONFIG;
    };
    put(&mut configuration, &name, &command);
    let tuned = match app::tune(configuration.autotune.wish(None, None)) {
        Ok(tuned) => tuned,
        Err(error) => {
            complain(&error.to_string());
            return exit::CONFIG;
        }
    };
    let warnings = report.of(Severity::Warning).map(|w| report.headline(w)).collect();
    let control = ControlOptions { socket: configuration.control_socket.clone(), config: None };
    let options =
        Options { warnings, control: Some(control), tuned, in_front: InFront::Program, ..Options::default() };
    match app::prepare().and_then(|prepared| app::run(configuration, options, signals, prepared)) {
        Ok(ending) => pid1::leave(ending.code),
        Err(error) => {
            complain(&chain(&error));
            of_begin(&error)
        }
    }
}

/// Its words are bytes, which go to the program as they are.
fn command_line(words: &[OsString]) -> Result<CommandLine, Fault> {
    CommandLine::exactly(words.to_vec())
        .ok_or_else(|| Fault::Usage("the command names no program".to_owned()))
}

/// The name that was given, which must be one; else that of the program's file, if it can be one.
fn name(given: Option<&str>, command: &CommandLine) -> Result<ProcessName, Fault> {
    match given {
        // A colon would end it where signals are bound to it.
        Some(given) if given.contains(':') => {
            Err(Fault::Usage("--name: a colon cannot be part of it".to_owned()))
        }
        Some(given) => ProcessName::new(given).map_err(|error| Fault::Usage(format!("--name: {error}"))),
        None => {
            let file = Path::new(command.program()).file_name().and_then(|name| name.to_str());
            let name = ProcessName::new(file.filter(|name| !name.contains(':')).unwrap_or(PLACEHOLDER));
            name.or_else(|_| ProcessName::new(PLACEHOLDER)).map_err(|error| Fault::Usage(error.to_string()))
        }
    }
}

/// What is configured by the command line, as a file would say it; JSON is YAML. The environment overrides it.
fn configuration(name: &ProcessName, arguments: &RunArguments, vars: &dyn Vars) -> String {
    let whom = if arguments.group { format!("{name}:group") } else { name.to_string() };
    let named = HANDED_ON.iter().map(|signal| (*signal).to_owned());
    let mut signals: Map<String, Value> = named
        .chain(REAL_TIME.map(|number| number.to_string()))
        .map(|signal| (signal, format!("relay:{whom}").into()))
        .chain(SUSPENDS.map(|signal| (signal.to_owned(), format!("relay:{name}:group").into())))
        .chain([("SIGTERM".to_owned(), "stop".into())])
        .collect();
    let mut shutdown = json!({});
    for (from, to) in &arguments.signals {
        let meaning = match to {
            None => "ignore".to_owned(),
            // It stops all the same: the program is asked in another way.
            Some(to) if *from == Signal::TERM => {
                shutdown = json!({ "signal": to.to_string() });
                continue;
            }
            Some(to) => format!("signal:{to}:{whom}"),
        };
        signals.retain(|signal, _| Signal::parse(signal).ok() != Some(*from));
        signals.insert(from.to_string(), meaning.into());
    }
    let traced =
        ASKS_FOR_TRACING.iter().any(|name| vars.get(name).is_some_and(|v| !v.is_empty() && v != "none"));
    let process = json!({
        "command": [PLACEHOLDER],
        "restart": arguments.restart,
        "essential": true,
        "shutdown": shutdown,
        "logging": {"stdout": false, "stderr": false},
    });
    let mut processes = Map::new();
    processes.insert(name.as_str().to_owned(), process);
    let global = json!({"log_level": "error", "tracing_enabled": traced});
    json!({"version": "1.0", "global": global, "signals": signals, "processes": processes}).to_string()
}

fn put(configuration: &mut Configuration, name: &ProcessName, command: &CommandLine) {
    for process in configuration.spec.processes.iter_mut().filter(|process| process.name == *name) {
        let program = Arc::make_mut(&mut Arc::make_mut(process).program);
        program.command = command.clone();
        // It is all that there is: what the supervisor was given is meant for it as well.
        for key in KEYS_OF_RECEIVERS {
            let given = program.env.iter().any(|(name, _)| name == key);
            program.env.extend(text(key).filter(|_| !given).map(|value| (key.to_owned(), value)));
        }
        program.env.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::collections::BTreeMap;

    fn named(given: Option<&str>, program: &str) -> Result<String, String> {
        let command = CommandLine::new(vec![program.to_owned()]).expect("a program");
        name(given, &command).map(|name| name.as_str().to_owned()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_program_is_called_as_its_file_unless_that_can_be_no_name() {
        assert_eq!(named(None, "/usr/sbin/nginx"), Ok("nginx".to_owned()));
        assert_eq!(named(None, "/opt/my program"), Ok("program".to_owned()));
        assert_eq!(named(Some("web"), "/usr/sbin/nginx"), Ok("web".to_owned()));
        assert_eq!(named(None, "/opt/a:b"), Ok("program".to_owned()));
        assert!(named(Some("a b"), "/usr/sbin/nginx").is_err() && named(Some("a:b"), "x").is_err());
    }

    fn given(restart: &str, signals: &[&str]) -> RunArguments {
        let signals = signals.iter().map(|text| rewriting(text).expect("two signals")).collect();
        RunArguments { name: None, restart: restart.to_owned(), group: false, signals, command: Vec::new() }
    }

    #[test]
    fn signals_are_rewritten_as_the_configuration_says_it() {
        let name = ProcessName::new("c").expect("a name");
        let arguments =
            RunArguments { group: true, ..given("never", &["TERM:QUIT", "USR1:10", "HUP:USR2", "INT:0"]) };
        let text = configuration(&name, &arguments, &BTreeMap::new());
        let json: Value = serde_json::from_str(&text).expect("JSON");
        let of = |signal: &str| json["signals"][signal].as_str().unwrap_or_default().to_owned();
        assert_eq!([of("SIGTERM"), of("SIGHUP"), of("SIGINT")], ["stop", "signal:SIGUSR2:c:group", "ignore"]);
        assert_eq!(
            (of("SIGUSR2"), of("SIGUSR1")),
            ("relay:c:group".to_owned(), "signal:SIGUSR1:c:group".to_owned())
        );
        assert_eq!(json["processes"]["c"]["shutdown"]["signal"], "SIGQUIT");
        let loaded = app::load(&Source::Text(text), &BTreeMap::new());
        assert!(loaded.configuration.is_some(), "{:?}", loaded.report.findings);
        assert!(rewriting("TERM").is_err() && rewriting("X:Y").is_err());
    }

    #[test]
    fn what_it_configures_is_sound_and_takes_the_command_as_it_is() {
        let words = ["$HOME", "${UNSET}", "{{name}}", "a: [b"].map(str::to_owned);
        let command = CommandLine::new(words.into()).expect("a program");
        for name in ["nginx", "on", "7", "{{x"] {
            let name = ProcessName::new(name).expect("a name");
            let vars = BTreeMap::from([("OTEL_TRACES_EXPORTER".to_owned(), "otlp".to_owned())]);
            let text = configuration(&name, &given("never", &[]), &vars);
            let loaded = app::load(&Source::Text(text), &BTreeMap::new());
            let mut configuration = loaded.configuration.expect("it is sound");
            put(&mut configuration, &name, &command);
            assert_eq!(configuration.spec.processes[0].program.command, command);
            assert!(configuration.tracing.is_some());
        }
        let name = ProcessName::new("x").expect("a name");
        let silent = configuration(
            &name,
            &given("always", &[]),
            &BTreeMap::from([("OTEL_TRACES_EXPORTER".to_owned(), "none".to_owned())]),
        );
        assert!(silent.contains("\"tracing_enabled\":false"), "{silent}");
    }
}
