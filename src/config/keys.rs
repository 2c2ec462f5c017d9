//! Every key that the configuration knows, with its type, bounds and standing: the one source of the check, the
//! overrides, the suggestions and the JSON schema. Data only.

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Bool,
    Int(i64, i64),
    Float(f64, f64),
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A span of time, its bounds in seconds: a Go duration or a whole number of seconds.
    Time(f64, f64),
    /// A span of time, or a negative one that switches off.
    TimeOrOff,
    Signal,
    Cron,
    Zone,
    /// A size as `10MB`.
    Size,
    List(&'static Kind),
    /// A program and its arguments.
    Command,
    Map(&'static [Key]),
    /// Free keys, values of one kind.
    MapOf(&'static Kind),
    /// Names, or names with conditions.
    Depends,
    /// A regular expression.
    Regex,
    /// A text that restricts something: who a process runs as, who is trusted, where is listened. Written empty it is
    /// not set; a variable that turns out to be empty is an error.
    Guard,
    /// A text that is never shown, or `{file: PATH}` where it is.
    Secret,
}

impl Kind {
    /// Whether nothing at all is an error: what has a type, and a default that may allow more.
    pub(crate) fn refuses_nothing(&self) -> bool {
        use Kind::{Bool, Float, Int, OneOf, Signal, Size, Time, TimeOrOff};
        matches!(self, Bool | Int(..) | Float(..) | OneOf(_) | Time(..) | TimeOrOff | Signal | Size)
    }

    /// Whether a variable that turns out to be empty is an error: everything but free text.
    pub(crate) fn refuses_emptied(&self) -> bool {
        !matches!(self, Kind::Text | Kind::Secret)
    }
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has effect.
    Works,
    /// Its feature is announced: checked, and named in one warning.
    Announced,
    /// It never has effect, and that is no loss.
    Idle,
}

/// One key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) standing: Standing,
}

const fn works(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, standing: Standing::Works }
}
const fn later(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, standing: Standing::Announced }
}
const fn idle(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, standing: Standing::Idle }
}

use Kind::{
    Bool, Command, Cron, Depends, Float, Guard, Int, List, Map, MapOf, OneOf, Regex, Secret, Signal, Size,
    Text, Time, TimeOrOff, Zone,
};

const HOUR: f64 = 3600.0;
/// An upper bound for times that nobody documented: a year.
const YEAR: f64 = 31_557_600.0;
const PORT: Kind = Int(0, 65_535);
const MANY: i64 = 1_000_000_000;
const TEXTS: Kind = List(&Text);
const REGEXES: Kind = List(&Regex);
const LEVEL: Kind = OneOf(&["debug", "info", "warn", "error"]);
const POLICY: Kind = OneOf(&["always", "on-failure", "never"]);

/// The top level.
pub(crate) const ROOT: &[Key] = &[
    works("version", Text),
    works("global", Map(GLOBAL)),
    later("hooks", Map(HOOKS)),
    works("processes", MapOf(&Map(PROCESS))),
    works("signals", MapOf(&Text)),
];

/// The only key of a mapping that says where a secret is.
pub(crate) const SECRET_FILE: &str = "file";

/// `global`.
pub(crate) const GLOBAL: &[Key] = &[
    works("shutdown_timeout", Time(0.0, HOUR)),
    idle("health_check_interval", Time(0.0, YEAR)),
    works("restart_policy", POLICY),
    works("max_restart_attempts", Int(-MANY, 100)),
    works("restart_backoff", Time(0.0, YEAR)),
    works("restart_backoff_initial", Time(0.0, YEAR)),
    works("restart_backoff_max", Time(0.0, YEAR)),
    works("restart_stability_window", TimeOrOff),
    later("autotune_memory_threshold", Float(0.0, 2.0)),
    works("log_format", OneOf(&["json", "text"])),
    works("log_level", LEVEL),
    idle("log_timestamps", Bool),
    later("metrics_enabled", Bool),
    later("metrics_port", PORT),
    later("metrics_path", Text),
    later("metrics_host", Guard),
    later("metrics_tls", Map(TLS)),
    later("metrics_acl", Map(ACL)),
    later("api_enabled", Bool),
    later("api_port", PORT),
    later("api_host", Guard),
    later("api_socket", Text),
    later("api_auth", Guard),
    later("api_tls", Map(TLS)),
    later("api_acl", Map(ACL)),
    later("api_allow_exec", Bool),
    later("api_max_request_body", Int(0, 104_857_600)),
    later("resource_metrics_enabled", Bool),
    later("resource_metrics_interval", Time(0.0, HOUR)),
    later("resource_metrics_max_samples", Int(0, 100_000)),
    later("audit_enabled", Bool),
    works("control_socket", Text),
    works("tracing_enabled", Bool),
    works("tracing_exporter", Text),
    works("tracing_endpoint", Text),
    works("tracing_sample_rate", Float(0.0, 1.0)),
    works("tracing_keep_errors", Bool),
    works("tracing_keep_slow", Time(0.0, YEAR)),
    works("tracing_spool_dir", Text),
    works("tracing_spool_max_mb", Int(1, 1_000_000)),
    works("tracing_spool_max_age", Time(1.0, YEAR)),
    works("tracing_service_name", Text),
    works("tracing_failover", TEXTS),
    works("tracing_proxy", Secret),
    works("tracing_protocol", OneOf(&["grpc", "http/protobuf", "http/json"])),
    works("tracing_use_tls", Bool),
    works("tracing_ca_file", Guard),
    works("tracing_client_cert_file", Guard),
    works("tracing_client_key_file", Guard),
    works("tracing_server_name", Guard),
    works("tracing_headers", MapOf(&Secret)),
    works("tracing_compression", OneOf(&["none", "gzip", "zstd"])),
    works("tracing_file", Text),
    works("tracing_file_max_size", Size),
    works("tracing_file_max_files", Int(0, 10_000)),
    later("schedule_history_size", Int(0, 10_000)),
    later("oneshot_history_max_entries", Int(0, 100_000)),
    later("oneshot_history_max_age", Time(0.0, YEAR)),
    later("readiness", Map(READINESS)),
    later("health_check_strict", Bool),
    works("dependency_timeout", Time(0.0, YEAR)),
    later("process_start_timeout", Time(0.0, YEAR)),
    later("process_stop_timeout", Time(0.0, YEAR)),
    works("max_process_scale", Int(1, 1000)),
    idle("zombie_reap_interval", Time(0.1, 60.0)),
    works("signals", MapOf(&Text)),
];

const TLS: &[Key] = &[
    later("enabled", Bool),
    later("cert_file", Guard),
    later("key_file", Guard),
    later("ca_file", Guard),
    later("client_auth", OneOf(&["none", "request", "require", "verify"])),
    later("min_version", OneOf(&["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"])),
    later("cipher_suites", TEXTS),
    later("auto_reload", Bool),
    later("auto_reload_interval", Time(1.0, YEAR)),
];

const ACL: &[Key] = &[
    later("enabled", Bool),
    later("mode", OneOf(&["allow", "deny"])),
    later("allow_list", TEXTS),
    later("deny_list", TEXTS),
    later("trust_proxy", Bool),
];

const READINESS: &[Key] = &[
    later("enabled", Bool),
    later("path", Text),
    later("mode", OneOf(&["all_healthy", "all_running"])),
    later("content", Text),
    later("processes", TEXTS),
    later("http_port", PORT),
    later("http_host", Guard),
];

const HOOKS: &[Key] = &[
    later("pre-start", List(&Map(HOOK))),
    later("post-start", List(&Map(HOOK))),
    later("pre-stop", List(&Map(HOOK))),
    later("post-stop", List(&Map(HOOK))),
];

/// One hook.
const HOOK: &[Key] = &[
    later("name", Text),
    later("command", Command),
    later("timeout", Time(0.0, YEAR)),
    later("retry", Int(0, 1000)),
    later("retry_delay", Time(0.0, YEAR)),
    later("continue_on_error", Bool),
    later("env", MapOf(&Text)),
    later("working_dir", Text),
];

/// One process.
pub(crate) const PROCESS: &[Key] = &[
    works("enabled", Bool),
    works("type", OneOf(&["longrun", "oneshot"])),
    works("initial_state", OneOf(&["running", "stopped"])),
    works("command", Command),
    works("working_dir", Text),
    works("user", Guard),
    works("group", Guard),
    works("stdout", Bool),
    works("stderr", Bool),
    works("restart", POLICY),
    works("scale", Int(1, 1000)),
    works("max_scale", Int(0, 1000)),
    works("depends_on", Depends),
    works("env", MapOf(&Text)),
    later("health_check", Map(HEALTH)),
    works("shutdown", Map(SHUTDOWN)),
    works("logging", Map(LOGGING)),
    works("tracing_context", OneOf(&["auto", "parent", "link", "none"])),
    later("schedule", Cron),
    later("schedule_timezone", Zone),
    later("schedule_timeout", Time(0.0, YEAR)),
    later("schedule_max_concurrent", Int(0, 1000)),
    later("heartbeat", Map(HEARTBEAT)),
    later("max_memory_mb", Int(0, MANY)),
    later("port_base", PORT),
];

const HEALTH: &[Key] = &[
    later("type", OneOf(&["tcp", "http", "exec"])),
    later("address", Text),
    later("url", Text),
    later("command", Command),
    later("initial_delay", Time(0.0, YEAR)),
    later("period", Time(0.001, YEAR)),
    later("timeout", Time(0.001, YEAR)),
    later("failure_threshold", Int(1, MANY)),
    later("success_threshold", Int(1, MANY)),
    later("expected_status", Int(100, 599)),
    later("mode", OneOf(&["liveness", "readiness", "both"])),
];

const SHUTDOWN: &[Key] = &[
    works("signal", Signal),
    works("timeout", Time(0.0, YEAR)),
    works("kill_signal", Signal),
    idle("graceful", Bool),
    later("pre_stop_hook", Map(HOOK)),
];

const LOGGING: &[Key] = &[
    works("stdout", Bool),
    works("stderr", Bool),
    later("labels", MapOf(&Text)),
    later("min_level", LEVEL),
    later("redaction", Map(REDACTION)),
    later("multiline", Map(MULTILINE)),
    later("json", Map(JSON)),
    later("level_detection", Map(LEVELS)),
    later("filters", Map(FILTERS)),
    later("files", MapOf(&Map(LOG_FILE))),
];

const REDACTION: &[Key] = &[later("enabled", Bool), later("patterns", List(&Map(PATTERN)))];
const PATTERN: &[Key] = &[later("name", Text), later("pattern", Regex), later("replacement", Text)];
const MULTILINE: &[Key] = &[
    later("enabled", Bool),
    later("pattern", Regex),
    later("max_lines", Int(1, 1_000_000)),
    later("timeout", Time(0.0, YEAR)),
];
const JSON: &[Key] = &[
    later("enabled", Bool),
    later("detect_auto", Bool),
    later("extract_level", Bool),
    later("extract_message", Bool),
    later("merge_fields", Bool),
];
const LEVELS: &[Key] =
    &[later("enabled", Bool), later("patterns", MapOf(&Regex)), later("default_level", LEVEL)];
const FILTERS: &[Key] = &[later("exclude", REGEXES), later("include", REGEXES)];
const LOG_FILE: &[Key] = &[
    later("path", Text),
    later("rotate", Map(&[later("max_size", Size), later("max_files", Int(0, 10_000))])),
    later("min_level", LEVEL),
    later("json", Map(JSON)),
    later("level_detection", Map(LEVELS)),
    later("multiline", Map(MULTILINE)),
    later("filters", Map(FILTERS)),
];

const HEARTBEAT: &[Key] = &[
    later("enabled", Bool),
    later("interval", Time(0.0, YEAR)),
    later("grace", Time(0.0, YEAR)),
    later("url", Text),
    later("success_url", Text),
    later("failure_url", Text),
    later("timeout", Time(0.0, YEAR)),
    later("retry_count", Int(0, 1000)),
    later("retry_delay", Time(0.0, YEAR)),
    later("method", Text),
    later("headers", MapOf(&Text)),
];

/// Keys that were documented once and never worked, or were removed, with what to write instead.
pub(crate) const GONE: &[(&str, &str)] = &[
    ("priority", "it was removed: the order of starts follows depends_on"),
    ("scale_locked", "it was removed: write max_scale"),
    ("restart_delay", "write global.restart_backoff_initial"),
    ("max_restart_delay", "write global.restart_backoff_max"),
    ("max_restarts", "write global.max_restart_attempts"),
    ("restart_threshold", "write global.max_restart_attempts"),
    ("allow", "write allow_list"),
    ("deny", "write deny_list"),
    ("client_ca_file", "write ca_file"),
    ("interval", "write period"),
    ("retries", "write failure_threshold"),
    ("post_stop_hook", "write hooks.post-stop"),
    ("dev_mode", "it was never there: leave it out"),
];
