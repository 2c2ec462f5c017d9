//! The keys of one process, and the blocks that only stand there. Data only.

use super::blocks::{CHECK, HEALTH, HEARTBEAT, LOGGING, PROCESS_HOOKS, SHUTDOWN};
use super::bounds::{MANY, POLICY, PORT, YEAR};
use super::keys;
use super::kind::Kind::{
    Bool, Capability, Command, Cron, Depends, Files, FilesOr, Guard, Int, Limit, List, Map, MapOf, OneOf,
    Share, Signal, Size, Text, Time, TimeOrOff, Umask, Zone,
};
use super::kind::words;
use phpeek_core::program::ContextPolicy;
use phpeek_core::schedule::{CatchUp, Overlap};
use phpeek_core::spec::{Exhausted, InitialState, ProcessKind};

keys! {
    /// One process.
    pub(crate) PROCESS;
    "enabled": Bool, "true", Works Live, "false: it is not there";
    "command": Command, "", Works Restart, "program and arguments; no shell", eg "[\"sleep\", \"1000\"]";
    "type": OneOf(&words(&ProcessKind::WORDS)), "longrun", Works Restart, "or `oneshot`: ends once; dependents wait until it has succeeded";
    "initial_state": OneOf(&words(&InitialState::WORDS)), "running", Works Live, "or `stopped`: known, not started, holds nobody up";
    "scale": Int(1, 1000), "1", Works Live, "instances `NAME-0` and up", eg "2";
    "max_scale": Int(0, 1000), "0", Works Live, "bound of a scale that is asked for; 0: `max_process_scale` alone", eg "4";
    "max_unavailable": Share, "1", Works Live, "instances that a rolling restart takes away at once: a number, or `25%`";
    "rolling": Bool, "true", Works Live, "false: a rolling restart of everything leaves it alone";
    "depends_on": Depends, "[]", Works Live, "a list of names, or `{NAME: CONDITION}`, or `{NAME: {condition, timeout, on_timeout, restart}}`", eg "{ migrate: { condition: completed } }";
    "working_dir": Text, "", Works Restart, "where it runs; default: the supervisor's directory", eg "/";
    "user": Guard, "", Works Restart, "name or number; supplementary groups are the user's; a name that does not exist stops the start, a number without an entry has the group of that number", eg "\"${APP_USER:-}\"";
    "group": Guard, "", Works Restart, "name or number", eg "\"${APP_GROUP:-}\"";
    "groups": List(&Guard), "", Works Restart, "supplementary groups; default: the user's; `[]`: none", eg "[]";
    "env": MapOf(&Text), "", Works Restart, "over the inherited variables; values reach the process as they are written", eg "{ LEADING_ZERO: 010 }";
    "env_file": Files, "[]", Works Restart, "files of `KEY=VALUE` lines, relative to the configuration; later ones win, `env` wins over all; one that is missing is an error", eg "[]";
    "stdout": Bool, "true", Works Restart, "false: the stream goes to /dev/null";
    "stderr": Bool, "true", Works Restart, "the same";
    "restart": POLICY, "", Works Live, "`always`, `on-failure`, `never`; default: `global.restart_policy`, `never` for a oneshot", eg "on-failure";
    "max_restart_attempts": Int(-MANY, 100), "", Works Live, "default: the global one", eg "3";
    "restart_backoff_initial": Time(0.0, YEAR), "", Works Live, "default: the global one", eg "5s";
    "restart_backoff_max": Time(0.0, YEAR), "", Works Live, "default: the global one", eg "60s";
    "restart_stability_window": TimeOrOff, "", Works Live, "default: the global one", eg "60s";
    "essential": Bool, "false", Works Live, "when its last instance has ended for good, everything stops, with its code";
    "on_exhausted": OneOf(&words(&Exhausted::WORDS)), "stop", Works Live, "when its attempts are spent: `stop` (it stays failed), `exit` (everything stops, with its code), `slow_retry`";
    "success_codes": List(&Int(0, 255)), "[0]", Works Live, "codes that are no failure";
    "recycle_codes": List(&Int(0, 255)), "[]", Works Live, "codes after which it is started again at once, outside of the budget";
    "tracing_context": OneOf(&words(&ContextPolicy::WORDS)), "auto", Works Restart, "`parent`, `link`, `none`: what it learns of the trace that started it";
    "shutdown": Map(SHUTDOWN), "", Works Live, "how it is stopped";
    "reload": Map(RELOAD), "", Works Live, "how it reloads itself; a rolling restart uses it";
    "health_check": Map(CHECK), "", Works Restart, "how its health is asked";
    "health": Map(HEALTH), "", Works Restart, "a check each for the start, for readiness and for life; not beside health_check", eg "#{ startup: {}, readiness: { type: tcp, address: \"127.0.0.1:9000\" }, liveness: {} }";
    "hooks": Map(PROCESS_HOOKS), "", Works Live, "commands around its own start and stop";
    "logging": Map(LOGGING), "", Works Live, "what becomes of its output";
    "schedule": Cron, "", Works Restart, "five fields, or six with seconds first: it is started by the clock", eg "#\"0 3 * * *\"";
    "schedule_timezone": Zone, "", Works Restart, "UTC, Local, or a name as Europe/Copenhagen; `CRON_TZ=NAME` before the fields comes first", eg "#UTC";
    "schedule_timeout": Time(0.0, YEAR), "", Works Restart, "bound of a run", eg "#10m";
    "schedule_max_concurrent": Int(0, 1000), "1", Works Restart, "runs at once; 0: no bound";
    "schedule_overlap": OneOf(&words(&Overlap::WORDS)), "skip", Works Restart, "a tick while one runs: `skip`, `queue` (one waits), `replace` (the running one is stopped)";
    "schedule_jitter": Time(0.0, YEAR), "0", Works Restart, "a tick is late by up to this";
    "schedule_catch_up": OneOf(&words(&CatchUp::WORDS)), "none", Works Restart, "ticks that were missed: `latest`, `all` (at most 100)";
    "schedule_retries": Int(0, 1000), "0", Works Restart, "tries after a run that failed";
    "schedule_retry_delay": Time(0.0, YEAR), "10s", Works Restart, "and the wait before each";
    "heartbeat": Map(HEARTBEAT), "", Works Restart, "a monitor that is told of each run of a schedule";
    "port_base": PORT, "0", Works Restart, "instance N finds PORT = port_base + N; 0: none";
    "max_memory_mb": Int(0, MANY), "0", Works Live, "the same as `memory: {soft: N MB}`; 0: no bound";
    "memory": Map(MEMORY), "", Works Live, "bounds for all that belongs to an instance together";
    "limits": Map(LIMITS), "", Works Restart, "resource limits: a number, `unlimited`, or `\"soft:hard\"`";
    "umask": Umask, "", Works Restart, "octal; default: the supervisor's", eg "\"0022\"";
    "nice": Int(-20, 19), "", Works Restart, "default: the supervisor's", eg "0";
    "oom_score_adj": Int(-1000, 1000), "", Works Restart, "default: the supervisor's", eg "0";
    "no_new_privs": Bool, "false", Works Restart, "no program of it can gain privileges";
    "capabilities": Map(CAPABILITIES), "", Works Restart, "default: the supervisor's";
    "pdeathsig": Signal, "", Works Restart, "the signal when the supervisor dies; default: none", eg "SIGKILL";
    "watch": FilesOr(WATCH), "[]", Works Live, "paths and globs whose change restarts it, or `{paths, ignore, debounce, cascade}`", eg "{ paths: [], ignore: [], debounce: 500ms, cascade: false }";
}

keys! {
    pub(crate) RELOAD;
    "signal": Signal, "", Works Live, "a signal to the leader of each instance", eg "SIGUSR2";
    "command": Command, "", Works Live, "or a command, run for each instance as the process itself: its directory, variables and user; not both", eg "#[\"nginx\", \"-s\", \"reload\"]";
    "timeout": Time(0.0, YEAR), "30", Works Live, "bound of the command, and of the time until an instance that was told is ready again; 0 means 30";
}

keys! {
    pub(crate) MEMORY;
    "soft": Size, "", Works Live, "above it an instance is stopped as usual and started again, one of a process at a time", eg "256MB";
    "hard": Size, "", Works Live, "above it an instance is killed at once", eg "512MB";
}

keys! {
    pub(crate) LIMITS;
    "nofile": Limit, "", Works Restart, "open files", eg "\"1024:4096\"";
    "nproc": Limit, "", Works Restart, "processes of the user", eg "unlimited";
    "core": Limit, "", Works Restart, "size of a core dump", eg "0";
    "memlock": Limit, "", Works Restart, "locked memory", eg "unlimited";
    "stack": Limit, "", Works Restart, "size of the stack", eg "8MB";
    "as": Limit, "", Works Restart, "address space", eg "unlimited";
    "fsize": Limit, "", Works Restart, "size of a file that it writes", eg "unlimited";
    "data": Limit, "", Works Restart, "size of its data", eg "unlimited";
    "cpu": Limit, "", Works Restart, "seconds of processor time", eg "unlimited";
}

keys! {
    pub(crate) CAPABILITIES;
    "bounding": List(&Capability), "", Works Restart, "the only ones that it can ever have", eg "[CAP_NET_BIND_SERVICE]";
    "ambient": List(&Capability), "", Works Restart, "those that programs of a user keep", eg "[]";
}

keys! {
    pub(crate) WATCH;
    "paths": Files, "", Works Live, "files, folders with all below them, and globs, relative to the configuration";
    "ignore": Files, "[]", Works Live, "those that do not count; one without a slash is a name, wherever it is";
    "debounce": Time(0.0, YEAR), "500ms", Works Live, "a restart comes this long after the last change";
    "cascade": Bool, "false", Works Live, "those that depend on it are restarted after it";
}
