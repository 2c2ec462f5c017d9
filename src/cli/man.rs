//! The `man` command: a page of the program, and one of each command, made of the command line itself; what a command line does not
//! know (exit codes, files, variables, signals) stands here.

use super::examples;
use super::fault::Fault;
use super::say::hand_over;
use clap::Args;
use phpeek_config::places;
use std::collections::BTreeMap;
use std::io::Write;

/// Options of `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The command whose page it is; without it, the page of the program.
    pub command: Option<String>,
}

/// Writes it; `line` is the command line that it is about. 1: there is no such command.
pub(super) fn run(arguments: &ManArguments, line: &clap::Command) -> Result<u8, Fault> {
    let page = match &arguments.command {
        None => program(line),
        Some(name) => match line.find_subcommand(name) {
            Some(command) => page_of(command),
            None => return Err(Fault::Nothing(format!("there is no command {name:?}"))),
        },
    };
    page.map(hand_over).map_err(Fault::Write)
}

/// The page of the program: what it is and, one section each, its commands.
fn program(line: &clap::Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(line.clone()).render(&mut page)?;
    sections(line, "phpeek-pm", &mut page)?;
    surroundings("serve", &mut page)?;
    Ok(page)
}

/// The page of one command.
fn page_of(command: &clap::Command) -> std::io::Result<Vec<u8>> {
    let name = command.get_name();
    let mut page = Vec::new();
    let full = format!("phpeek-pm-{name}");
    // `phpeek-pm man` cites the page by this name; the line is written with a space.
    let own = command.clone().display_name(full).bin_name(format!("phpeek-pm {name}"));
    let man = clap_mangen::Man::new(own);
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    sections(command, &format!("phpeek-pm {name}"), &mut page)?;
    surroundings(name, &mut page)?;
    let lines = examples::of(name);
    if !lines.is_empty() {
        writeln!(page, ".SH EXAMPLES")?;
        for (words, about) in lines {
            writeln!(page, ".TP\n\\fB{}\\fR\n{}", escaped(words), escaped(about))?;
        }
    }
    writeln!(page, ".SH \"SEE ALSO\"\n\\fBphpeek\\-pm\\fR(1)")?;
    Ok(page)
}

/// One section for each command below this one, and for those below it.
fn sections(command: &clap::Command, path: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        let man = clap_mangen::Man::new(sub.clone().display_name(path.clone()));
        let title = path.trim_start_matches("phpeek-pm ").to_uppercase();
        writeln!(page, ".SH COMMAND: {title}")?;
        man.render_description_section(page)?;
        man.render_options_section(page)?;
        sections(sub, &path, page)?;
    }
    Ok(())
}

/// What a list of a page holds: words and their meaning.
type List = &'static [(&'static str, &'static str)];

const OF_A_RUN: List = &[
    ("0", "all ended well"),
    (
        "the code of a process, or 128 + signal",
        "everything has ended, and this was the last that ended badly, or the oneshot that failed the start",
    ),
    ("1", "the start failed for another reason"),
    ("64", "the command line is wrong"),
    ("70", "the supervisor itself is broken"),
    ("73", "a file could not be written, or another supervisor uses it"),
    ("75", "not everything was stopped within shutdown_timeout"),
    ("78", "the configuration has errors"),
    ("126, 127", "a program may not be run, or is not there"),
];
const OF_A_QUESTION: List = &[
    ("0", "it is so"),
    ("1", "it is not so, was refused, or has failed"),
    ("3", "no supervisor of ours runs"),
    ("4", "it cannot be told: no answer, no permission, or several run"),
    ("64", "the command line is wrong"),
    ("66", "the file or the spool directory that was named cannot be read"),
    ("73", "the answer, or the file that was to be made, cannot be written"),
    ("78", "the configuration that was named has errors, so where its socket lies is not known"),
];
const OF_A_CHECK: List = &[
    ("0", "sound"),
    ("1", "sound, and --strict fails for its warnings"),
    ("64", "the command line is wrong"),
    ("78", "not sound"),
];
const OF_AN_EXPLANATION: List = &[
    ("0", "told"),
    ("1", "there is no such process"),
    ("4", "the supervisor gives no answer"),
    ("64", "the command line is wrong"),
    ("78", "the configuration has errors"),
];
const OF_A_SCAFFOLD: List = &[
    ("0", "written"),
    (
        "1",
        "the preset is unknown, a file is there and stays or cannot be written, or nobody answers any more",
    ),
    ("64", "the command line is wrong"),
];
/// What 1 means where it is not what it means elsewhere.
const OF_ONE: [(&str, &str); 4] = [
    ("status", "not all is up"),
    ("telemetry", "spans were lost since the supervisor began, or the receiver does not take them"),
    ("trace", "there is nothing to show, or a comparison has found what --fail-over forbids"),
    ("list", "a process has failed, or waits for its next run"),
];
const OF_A_TEXT: List = &[
    ("0", "written"),
    ("1", "there is no such thing, or nobody takes it"),
    ("64", "the command line is wrong"),
    ("66", "what was to be read cannot be read"),
    ("73", "the file is there already, or cannot be written"),
];
const SIGNALS: List = &[
    ("SIGTERM, SIGINT, SIGQUIT", "stop everything in order; a second one kills what is left"),
    ("SIGHUP", "read the configuration again and do what has changed"),
    ("SIGUSR1", "a rolling restart, unless signals: says otherwise"),
    ("SIGUSR2", "send the telemetry that waits, and open log files anew"),
];
const SIGNALS_OF_RUN: List = &[
    ("SIGTERM", "stop the program and all that it has left"),
    (
        "SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 and others",
        "handed on to the program, or what --signal puts in their place",
    ),
    ("SIGTSTP, SIGCONT", "handed on to all that belongs to the program"),
];
const VARIABLES: List = &[
    ("PHPEEK_PM_CONFIG", "the configuration file"),
    ("PHPEEK_PM_GLOBAL_KEY, PHPEEK_PM_PROCESS_NAME_KEY", "override a key of global, or of a process"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT and others of OTEL_*", "what tracing_* leaves open"),
];
const ASKING: List = &[
    ("PHPEEK_PM_CONTROL_SOCKET", "the control socket"),
    ("PHPEEK_PM_CONFIG", "the configuration file, which may say where the control socket is"),
    (
        "NO_COLOR, TERM, COLUMNS",
        "whether there are colours, and how wide is drawn where a terminal does not say",
    ),
];
/// Where the control socket lies when nobody says otherwise.
const SOCKETS: [&str; 4] = [
    "$RUNTIME_DIRECTORY/PID.sock",
    "$XDG_RUNTIME_DIR/phpeek-pm/PID.sock (not for root)",
    "/run/phpeek-pm/PID.sock",
    "phpeek-pm-UID/PID.sock in /tmp, /dev/shm or /var/tmp",
];

/// Exit codes, files, variables and signals of a command.
fn surroundings(name: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    let starts = ["serve", "run", "demo"].contains(&name);
    let reads = ["serve", "check-config", "config", "explain"].contains(&name);
    let writes =
        ["init", "import", "scaffold", "example", "schema", "version", "completions", "man"].contains(&name);
    let codes = match name {
        _ if starts => OF_A_RUN,
        "explain" => OF_AN_EXPLANATION,
        "scaffold" => OF_A_SCAFFOLD,
        _ if reads => OF_A_CHECK,
        _ if writes => OF_A_TEXT,
        _ => OF_A_QUESTION,
    };
    let one = OF_ONE.iter().find(|(of, _)| *of == name).map(|(_, about)| *about);
    let codes = codes.iter().map(|(code, about)| (*code, one.filter(|_| *code == "1").unwrap_or(about)));
    list("EXIT STATUS", &codes.collect::<Vec<_>>(), page)?;
    if starts {
        let signals = match name {
            "run" => SIGNALS_OF_RUN,
            "demo" => SIGNALS.get(..1).unwrap_or_default(),
            _ => SIGNALS,
        };
        list("SIGNALS", signals, page)?;
    }
    if reads {
        writeln!(page, ".SH FILES\nWithout \\fB\\-\\-config\\fR the first of these is read (.yml too):")?;
        let vars = BTreeMap::from([("HOME".to_owned(), "~".to_owned())]);
        let yaml = places(&vars);
        let yaml = yaml.iter().filter(|place| place.extension().is_some_and(|end| end == "yaml"));
        lines(yaml.map(|place| place.display().to_string()), page)?;
    }
    if name == "serve" {
        writeln!(page, ".PP\nThe control socket is made in the first of these that can be used:")?;
        lines(SOCKETS.into_iter(), page)?;
        writeln!(page, ".PP\nBeside \\fB\\-\\-pid\\-file\\fR lies FILE.status, what runs as JSON.")?;
    } else if !(reads || writes || starts) {
        writeln!(page, ".SH FILES\nWithout \\fB\\-\\-socket\\fR the control socket is looked for here:")?;
        lines(SOCKETS.into_iter(), page)?;
    }
    match name {
        _ if reads => list("ENVIRONMENT", VARIABLES, page),
        "run" => list("ENVIRONMENT", VARIABLES.get(2..).unwrap_or_default(), page),
        _ if writes || starts => Ok(()),
        _ => list("ENVIRONMENT", ASKING, page),
    }
}

fn lines(texts: impl Iterator<Item = impl AsRef<str>>, page: &mut Vec<u8>) -> std::io::Result<()> {
    for text in texts {
        writeln!(page, ".br\n{}", escaped(text.as_ref()))?;
    }
    Ok(())
}

fn list(title: &str, items: &[(&str, &str)], page: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(page, ".SH \"{title}\"")?;
    for (word, about) in items {
        writeln!(page, ".TP\n\\fB{}\\fR\n{}", escaped(word), escaped(about))?;
    }
    Ok(())
}

/// For roff: a backslash, a hyphen, and a point or quote at the beginning of a line mean something to it.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
