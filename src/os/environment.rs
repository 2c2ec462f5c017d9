//! The environment of children: what we inherited, the configured variables, the documented ones. Later wins, no name
//! appears twice. The supervisor's own variables are asked for here too; what children inherit is read once.

use super::baggage::normalised;
use super::mark::MARK;
use super::notify;
use super::users::Identity;
use super::variable::{BAGGAGE, TRACEPARENT, TRACESTATE, Variable};
use phpeek_actors::ports::LaunchOrder;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::OnceLock;

/// Trace propagation variables say nothing about a child's work and never leak (design 4.3). What systemd tells its
/// service is for the supervisor: a child that took it for its own would end its start, or its watchdog, by a message
/// (sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3), systemd.exec(5)).
const NEVER_INHERITED: [&[u8]; 14] = [
    TRACEPARENT,
    TRACESTATE,
    BAGGAGE,
    b"NOTIFY_SOCKET",
    b"WATCHDOG_USEC",
    b"WATCHDOG_PID",
    b"JOURNAL_STREAM",
    b"LISTEN_FDS",
    b"LISTEN_PID",
    b"LISTEN_FDNAMES",
    b"LISTEN_PIDFDID",
    b"MAINPID",
    b"FDSTORE",
    b"SYSTEMD_EXEC_PID",
];

/// The keys of receivers of telemetry: the supervisor's. A process that sends by itself is given its own by `env`; who is
/// the whole program of `run` has them.
pub const KEYS_OF_RECEIVERS: [&str; 4] = [
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
];

/// What lets somebody into the supervisor, or the supervisor into others, behind the prefix of either family.
const KEYS: [&str; 5] =
    ["API_AUTH", "GLOBAL_API_AUTH", "GLOBAL_API_TOKENS", "GLOBAL_TRACING_HEADERS", "GLOBAL_TRACING_PROXY"];

/// Whether a variable is the supervisor's secret, and nobody's else.
fn is_a_key(name: &[u8]) -> bool {
    let Ok(name) = str::from_utf8(name) else { return false };
    let own = ["PHPEEK_PM_", "CBOX_INIT_"].iter().find_map(|family| name.strip_prefix(family));
    KEYS_OF_RECEIVERS.contains(&name) || own.is_some_and(|own| KEYS.contains(&own))
}

/// A variable of the supervisor's own; `None` when it is not set or is no Unicode.
#[must_use]
pub fn text(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A variable of the supervisor's own, whatever its bytes are.
#[must_use]
pub fn value(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// What every child inherits, ready for execve.
#[derive(Debug)]
pub struct Environment {
    variables: Vec<Variable>,
    /// The baggage that the supervisor was given, for the children that join its trace.
    baggage: Option<String>,
    /// What we have found out since, in place of inherited ones of the same name.
    found: OnceLock<Vec<Variable>>,
}

impl Environment {
    /// Takes variables, the first of each name, without those of trace propagation and of keys.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut kept: Vec<Variable> = Vec::new();
        let mut baggage = None;
        for (name, value) in variables {
            let (name, value) = (name.into_vec(), value.into_vec());
            if name == BAGGAGE && baggage.is_none() {
                baggage = normalised(&String::from_utf8_lossy(&value));
            }
            let withheld = NEVER_INHERITED.contains(&name.as_slice()) || is_a_key(&name);
            let wanted = !withheld && !kept.iter().any(|v| v.name() == name);
            kept.extend(wanted.then(|| Variable::new(&name, &value)).flatten());
        }
        Self { variables: kept, baggage, found: OnceLock::new() }
    }

    /// The supervisor's own, as it is now.
    #[must_use]
    pub fn inherited() -> Self {
        Self::new(std::env::vars_os())
    }

    /// Every child has these too, in place of inherited ones of the same name. Said once, before the first child.
    pub(super) fn add(&self, variables: &[(&str, String)]) {
        let made =
            variables.iter().filter_map(|(name, value)| Variable::new(name.as_bytes(), value.as_bytes()));
        self.found.get_or_init(|| made.collect());
    }

    /// The inherited variables that `own` does not replace, then `own`.
    pub(super) fn with<'a>(&'a self, own: &'a [Variable]) -> impl Iterator<Item = &'a Variable> {
        let of = |list: &[Variable], name: &[u8]| list.iter().any(|v| v.name() == name);
        let found = self.found.get().map_or(&[][..], Vec::as_slice);
        let inherited = self.variables.iter().filter(move |v| !of(found, v.name()));
        inherited.chain(found).filter(move |v| !of(own, v.name())).chain(own)
    }

    /// The supervisor's own baggage, as it may be handed on.
    pub(super) fn baggage(&self) -> Option<&str> {
        self.baggage.as_deref()
    }

    /// The value that a child with `own` will see.
    pub(super) fn value<'a>(&'a self, own: &'a [Variable], name: &[u8]) -> Option<&'a [u8]> {
        own.iter()
            .chain(self.found.get().into_iter().flatten())
            .chain(&self.variables)
            .find(|v| v.name() == name)
            .map(Variable::value)
    }
}

/// The configured and the documented variables of a task, both families of names: those of its instance, and the name
/// of a hook.
///
/// # Errors
/// The name of a variable that no process could be given.
pub(super) fn own(
    order: &LaunchOrder,
    identity: &Option<Identity>,
    mark: &str,
) -> Result<Vec<Variable>, String> {
    let program = &*order.program;
    let mut own: Vec<Variable> = Vec::with_capacity(program.env.len() + 19);
    let mut set = |key: &str, value: &str| -> Result<(), String> {
        let variable = Variable::new(key.as_bytes(), value.as_bytes()).ok_or_else(|| key.to_owned())?;
        match own.iter_mut().find(|v| v.name() == variable.name()) {
            Some(earlier) => *earlier = variable,
            None => own.push(variable),
        }
        Ok(())
    };
    if let Some(Identity { name, home, shell }) = identity {
        for (key, value) in [("HOME", home), ("USER", name), ("LOGNAME", name), ("SHELL", shell)] {
            set(key, value)?;
        }
    }
    if let Some(directory) = &program.working_dir {
        set("PWD", &std::path::absolute(directory).unwrap_or_else(|_| directory.clone()).to_string_lossy())?;
    }
    // The child says WATCHDOG_PID itself.
    let says_it = |key: &str| program.speaks.watchdog.is_some() && key == "WATCHDOG_PID";
    for (key, value) in program.env.iter().filter(|(key, _)| !says_it(key)) {
        set(key, value)?;
    }
    set(MARK, mark)?;
    if program.speaks.socket {
        set("NOTIFY_SOCKET", &notify::address(mark))?;
    }
    if let Some(time) = program.speaks.watchdog {
        set("WATCHDOG_USEC", &time.as_micros().to_string())?;
    }
    if let Some(hook) = &program.hook {
        set("PHPEEK_PM_HOOK_NAME", hook)?;
        set("CBOX_INIT_HOOK_NAME", hook)?;
    }
    let Some(number) = order.label.number else { return Ok(own) };
    let (name, id, index) = (program.name.as_str(), program.name.instance_id(number), number.to_string());
    for (key, value) in [
        ("PHPEEK_PM_PROCESS_NAME", name),
        ("PHPEEK_PM_INSTANCE_ID", &id),
        ("PHPEEK_SERVICE", name),
        ("PHPEEK_INSTANCE", &id),
        ("PHPEEK_PROCESS", name),
        ("CBOX_INIT_PROCESS_NAME", name),
        ("CBOX_INIT_INSTANCE_ID", &id),
        ("CBOX_SERVICE", name),
        ("CBOX_INSTANCE", &id),
        ("CBOX_PROCESS", name),
        ("CBOX_INIT_INSTANCE_INDEX", &index),
        ("PHPEEK_PM_INSTANCE_NUMBER", &index),
    ] {
        set(key, value)?;
    }
    if let Some(port) = program.numbering.port(number) {
        set("PORT", &port.to_string())?;
    }
    Ok(own)
}
