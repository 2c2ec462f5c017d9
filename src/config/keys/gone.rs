//! Words that are no keys of ours and that people write all the same, with what to say of them. Data only.

/// Keys that were documented once and never worked, or were removed, with what to write instead.
pub(crate) const GONE: &[(&str, &str)] = &[
    ("priority", "it was removed: the order of starts follows depends_on"),
    ("scale_locked", "it was removed: write max_scale"),
    ("restart_delay", "write restart_backoff_initial"),
    ("max_restart_delay", "write restart_backoff_max"),
    ("max_restarts", "write max_restart_attempts"),
    ("restart_threshold", "write max_restart_attempts"),
    ("allow", "write allow_list"),
    ("deny", "write deny_list"),
    ("client_ca_file", "write ca_file"),
    ("interval", "write period"),
    ("retries", "write failure_threshold"),
    ("expected_body", "it was never there: write a check of type exec"),
    ("post_stop_hook", "write hooks.post-stop"),
    ("dev_mode", "it was never there: leave it out"),
    ("log_multiline_enabled", "write logging.multiline of a process"),
    ("log_multiline_pattern", "write logging.multiline of a process"),
    ("log_multiline_timeout", "write logging.multiline of a process"),
    ("log_multiline_max_lines", "write logging.multiline of a process"),
    ("log_redaction_enabled", "write logging.redaction of a process"),
    ("log_redaction_patterns", "write logging.redaction of a process"),
    ("log_redaction_placeholder", "write logging.redaction of a process"),
    ("log_filter_enabled", "write logging.filters of a process"),
    ("log_filter_level", "write logging.min_level of a process"),
    ("log_filter_patterns", "write logging.filters of a process"),
    ("log_json_parsing", "write logging.json of a process"),
    ("log_level_detection", "write logging.level_detection of a process"),
];

/// Variables under our prefixes that are documented and no overrides.
pub(crate) const OTHERS: &[&str] = &[
    "CONFIG",
    "CONTROL_SOCKET",
    "API_AUTH",
    "READ_ONLY_ROOT",
    "SKIP_PERMISSION_SETUP",
    "SKIP_RUNTIME_VALIDATION",
    "STARTUP_TIMING",
    "PROCESS_NAME",
    "INSTANCE_ID",
    "INSTANCE_INDEX",
    "INSTANCE_NUMBER",
    "PROCESS",
    "SCHEDULED",
    "SCHEDULE",
    "START_TIME",
    "HOOK_NAME",
    "PID_FILE",
    "RUN",
];

/// Variables that the entrypoint of the Cbox base images turns into a configuration before the program starts.
pub(crate) const ENTRYPOINT: &[&str] = &[
    "API_ENABLED",
    "API_HOST",
    "API_PORT",
    "METRICS_ENABLED",
    "METRICS_PORT",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "SHUTDOWN_TIMEOUT",
    "FPM_TUNE_ENABLED",
    "FPM_TUNE_MODE",
    "FPM_TUNE_INTERVAL",
    "FPM_TUNE_METRICS_ADDR",
];
