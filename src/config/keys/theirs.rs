//! Words of other supervisors, and what says the same here. Data, and the look-up.

/// A word, and what to do about it.
type Word = (&'static str, &'static str);

const CONTAINER: &str = "it belongs to the container and not to a process in it: leave it out";
const OUTPUT: &str = "leave it out; the output goes to ours";
const ORDER: &str = "write depends_on";

/// At the top of a file.
const TOP: &[(&str, &[Word])] = &[
    (
        "",
        &[("environment", "write env of each process, or set the variables where the supervisor is started")],
    ),
    (
        "a compose file's",
        &[
            ("services", "write processes"),
            ("volumes", CONTAINER),
            ("networks", CONTAINER),
            ("configs", CONTAINER),
            ("secrets", CONTAINER),
        ],
    ),
    (
        "PM2's",
        &[
            ("apps", "write processes; the name of each is its key"),
            ("deploy", "deploying is not the business of a supervisor: leave it out"),
        ],
    ),
    (
        "supervisord's",
        &[
            ("programs", "write processes"),
            ("supervisord", "write global"),
            ("groups", "name the processes one by one"),
        ],
    ),
    (
        "process-compose's",
        &[
            ("log_location", OUTPUT),
            ("log_length", "leave it out; `phpeek-pm logs` shows what was kept"),
            ("is_strict", "leave it out: `check-config --strict` takes no unknown key"),
            ("shell", "write [sh, -c, \"…\"] as the command where a shell is needed"),
            ("vars", "write ${NAME:-default}"),
        ],
    ),
    (
        "Kubernetes'",
        &[
            ("containers", "write processes; the name of each is its key"),
            ("spec", "write processes"),
            ("restartPolicy", "write global.restart_policy"),
        ],
    ),
];

/// Of a process, and in the blocks below it.
const PROCESS: &[(&str, &[Word])] = &[
    (
        "",
        &[
            ("name", "the key above is the name; leave it out"),
            ("environment", "write env, as NAME: value pairs"),
            ("args", "write them behind the program, in command"),
            ("description", "leave it out, or write it as a comment"),
            ("namespace", "leave it out: processes are named one by one"),
            ("max_restarts", "write max_restart_attempts"),
        ],
    ),
    (
        "supervisord's",
        &[
            ("process_name", "the key above is the name, and instances are NAME-0, NAME-1; leave it out"),
            ("numprocs", "write scale"),
            ("numprocs_start", "instances are counted from 0; leave it out"),
            ("directory", "write working_dir"),
            ("stopsignal", "write shutdown.signal"),
            ("stopwaitsecs", "write shutdown.timeout"),
            ("stopasgroup", "write shutdown.kill_mode: group (true), mixed or leader"),
            ("killasgroup", "write shutdown.kill_mode: group or mixed (true), leader"),
            ("autostart", "write initial_state: stopped for what is not to start"),
            ("autorestart", "write restart: always, on-failure or never"),
            ("startretries", "write max_restart_attempts"),
            ("startsecs", "write restart_stability_window"),
            ("exitcodes", "write success_codes"),
            ("redirect_stderr", "leave it out; both streams are in the log"),
            ("stdout_logfile", OUTPUT),
            ("stdout_logfile_maxbytes", OUTPUT),
            ("stdout_logfile_backups", OUTPUT),
            ("stdout_syslog", OUTPUT),
            ("stderr_logfile", OUTPUT),
            ("stderr_logfile_maxbytes", OUTPUT),
            ("stderr_logfile_backups", OUTPUT),
            ("stderr_syslog", OUTPUT),
            ("stdout_capture_maxbytes", "leave it out; `phpeek-pm events` tells what happens"),
            ("stderr_capture_maxbytes", "leave it out; `phpeek-pm events` tells what happens"),
            ("stdout_events_enabled", "leave it out; `phpeek-pm events` tells what happens"),
            ("stderr_events_enabled", "leave it out; `phpeek-pm events` tells what happens"),
            ("serverurl", "leave it out; a socket is found without it"),
        ],
    ),
    (
        "systemd's",
        &[
            ("ExecStart", "write command, as a list"),
            ("ExecStartPre", "write hooks.pre_start"),
            ("ExecStartPost", "write hooks.post_start"),
            ("ExecStop", "write hooks.pre_stop"),
            ("ExecStopPost", "write hooks.post_stop"),
            ("ExecReload", "write reload: {signal: SIGHUP} or {command: [...]}"),
            ("Type", "write type: longrun or oneshot; for notify a health_check of type notify"),
            ("Restart", "write restart: always, on-failure or never"),
            ("RestartSec", "write restart_backoff_initial"),
            ("StartLimitBurst", "write max_restart_attempts"),
            ("StartLimitIntervalSec", "write restart_stability_window"),
            ("RemainAfterExit", "write type: oneshot"),
            ("SuccessExitStatus", "write success_codes"),
            ("RestartPreventExitStatus", "write success_codes, with restart: on-failure"),
            ("User", "write user"),
            ("Group", "write group"),
            ("SupplementaryGroups", "write groups"),
            ("WorkingDirectory", "write working_dir"),
            ("Environment", "write env, as NAME: value pairs"),
            ("EnvironmentFile", "write env_file"),
            ("PassEnvironment", "leave it out: variables are inherited"),
            ("LimitNOFILE", "write limits.nofile"),
            ("LimitNPROC", "write limits.nproc"),
            ("LimitCORE", "write limits.core"),
            ("LimitMEMLOCK", "write limits.memlock"),
            ("TimeoutStopSec", "write shutdown.timeout"),
            ("TimeoutStartSec", "write a timeout in depends_on of who waits for it"),
            ("WatchdogSec", "write health_check: {type: notify, watchdog: 30s}"),
            ("KillSignal", "write shutdown.signal"),
            ("FinalKillSignal", "write shutdown.kill_signal"),
            ("KillMode", "write shutdown.kill_mode: group, mixed or leader"),
            ("After", ORDER),
            ("Requires", ORDER),
            ("Wants", ORDER),
            ("BindsTo", "write depends_on: {NAME: {condition: started, restart: true}}"),
            ("PartOf", "write depends_on: {NAME: {condition: started, restart: true}}"),
            ("MemoryHigh", "write memory.soft"),
            ("MemoryMax", "write memory.hard"),
            ("Nice", "write nice"),
            ("OOMScoreAdjust", "write oom_score_adj"),
            ("UMask", "write umask"),
            ("StandardOutput", "leave it out, or write stdout: false"),
            ("StandardError", "leave it out, or write stderr: false"),
            ("PIDFile", "leave it out, and let the program stay in the foreground"),
            ("AmbientCapabilities", "write capabilities.ambient"),
            ("CapabilityBoundingSet", "write capabilities.bounding"),
            ("NoNewPrivileges", "write no_new_privs"),
            ("OnCalendar", "write schedule, as five fields of cron"),
            ("WantedBy", "leave it out, or write enabled: false"),
            ("Description", "leave it out, or write it as a comment"),
        ],
    ),
    (
        "a compose file's",
        &[
            ("image", CONTAINER),
            ("build", CONTAINER),
            ("ports", CONTAINER),
            ("expose", CONTAINER),
            ("volumes", CONTAINER),
            ("networks", CONTAINER),
            ("links", CONTAINER),
            ("hostname", CONTAINER),
            ("privileged", CONTAINER),
            ("read_only", CONTAINER),
            ("extra_hosts", CONTAINER),
            ("dns", CONTAINER),
            ("cpus", CONTAINER),
            ("container_name", "the key above is the name; leave it out"),
            ("entrypoint", "write command"),
            ("healthcheck", "write health_check"),
            ("test", "write type: exec, and the program as command"),
            ("start_period", "write initial_delay"),
            ("deploy", "write scale, memory and restart"),
            ("stop_signal", "write shutdown.signal"),
            ("stop_grace_period", "write shutdown.timeout"),
            ("ulimits", "write limits"),
            ("mem_limit", "write memory.hard"),
            ("cap_add", "write capabilities.ambient"),
            ("cap_drop", "write capabilities.bounding: those that stay"),
            ("init", "leave it out: orphans are reaped"),
            ("labels", "leave it out, or write logging.labels"),
            ("profiles", "write enabled: false for what is not to be there"),
            ("tty", "leave it out; `phpeek-pm run` gives one program the terminal"),
            ("stdin_open", "leave it out; `phpeek-pm run` gives one program the terminal"),
            ("workdir", "write working_dir"),
        ],
    ),
    (
        "process-compose's",
        &[
            ("availability", "write restart, restart_backoff_initial and max_restart_attempts"),
            ("readiness_probe", "write health.readiness"),
            ("liveness_probe", "write health.liveness"),
            ("ready_log_line", "write health_check: {type: log, pattern: \"…\"}"),
            ("is_daemon", "leave it out, and let the program stay in the foreground"),
            ("is_foreground", "leave it out; `phpeek-pm run` gives one program the terminal"),
            ("is_tty", "leave it out; `phpeek-pm run` gives one program the terminal"),
            ("is_elevated", "write user: root"),
            ("disabled", "write initial_state: stopped, or enabled: false"),
            ("replicas", "write scale"),
            ("launch_timeout_seconds", "write a timeout in depends_on of who waits for it"),
            ("log_location", OUTPUT),
            ("log_configuration", OUTPUT),
            ("disable_ansi_colors", "leave it out; colours are shown as text where they would act"),
            ("vars", "write ${NAME:-default}"),
            ("timeout_seconds", "write timeout"),
            ("period_seconds", "write period"),
            ("initial_delay_seconds", "write initial_delay"),
            ("http_get", "write type: http, and url"),
            ("parent_only", "write kill_mode: leader"),
        ],
    ),
    (
        "s6's",
        &[
            ("run", "write command"),
            ("up", "write command, and type: oneshot"),
            ("finish", "write hooks.post_stop"),
            (
                "down",
                "write hooks.post_stop of a oneshot; a service that is down at first has initial_state: stopped",
            ),
            ("notification-fd", "write health_check: {type: notify, protocol: s6, fd: 3}"),
            ("timeout-kill", "write shutdown.timeout"),
            ("timeout-finish", "write timeout of the hook"),
            ("timeout-up", "write a timeout in depends_on of who waits for it"),
            ("timeout-down", "write shutdown.timeout"),
            ("down-signal", "write shutdown.signal"),
            ("dependencies", ORDER),
            ("dependencies.d", ORDER),
            ("max-death-tally", "write max_restart_attempts"),
            ("producer-for", OUTPUT),
            ("consumer-for", OUTPUT),
        ],
    ),
    (
        "PM2's",
        &[
            ("script", "write command: [program, argument]"),
            ("interpreter", "write it as the first word of command"),
            ("interpreter_args", "write them in command, before the script"),
            ("node_args", "write them in command, before the script"),
            ("exec_mode", "leave it out: each instance listens for itself, on {{port}} with port_base"),
            ("instances", "write scale"),
            ("increment_var", "write port_base"),
            ("instance_var", "leave it out: PHPEEK_PM_INSTANCE_NUMBER counts from 0"),
            ("cwd", "write working_dir"),
            ("uid", "write user"),
            ("gid", "write group"),
            ("max_memory_restart", "write memory.soft"),
            ("cron_restart", "let a process with a schedule run `phpeek-pm restart NAME`"),
            ("min_uptime", "write restart_stability_window"),
            ("exp_backoff_restart_delay", "write restart_backoff_initial"),
            ("stop_exit_codes", "write success_codes, with restart: on-failure"),
            ("kill_timeout", "write shutdown.timeout"),
            ("treekill", "write shutdown.kill_mode"),
            ("wait_ready", "write health_check"),
            ("listen_timeout", "write health_check"),
            ("ignore_watch", "write watch.ignore"),
            ("watch_delay", "write watch.debounce"),
            ("watch_options", "write watch.ignore"),
            ("env_production", "write env, or a file of variables as env_file"),
            ("env_development", "write env, or a file of variables as env_file"),
            ("out_file", OUTPUT),
            ("error_file", OUTPUT),
            ("log_file", OUTPUT),
            ("merge_logs", OUTPUT),
            ("combine_logs", OUTPUT),
            ("log_date_format", "leave it out; records have a time"),
            ("source_map_support", "write NODE_OPTIONS: --enable-source-maps in env"),
            ("pid_file", "leave it out: `phpeek-pm status` tells the process id"),
        ],
    ),
    (
        "Kubernetes'",
        &[
            ("livenessProbe", "write health.liveness"),
            ("readinessProbe", "write health.readiness"),
            ("startupProbe", "write health.startup"),
            ("httpGet", "write type: http, and url"),
            ("tcpSocket", "write type: tcp, and address"),
            ("initialDelaySeconds", "write initial_delay"),
            ("periodSeconds", "write period"),
            ("timeoutSeconds", "write timeout"),
            ("failureThreshold", "write failure_threshold"),
            ("successThreshold", "write success_threshold"),
            ("resources", "write memory and limits"),
            ("terminationGracePeriodSeconds", "write shutdown.timeout"),
            ("lifecycle", "write hooks.post_start and hooks.pre_stop"),
            ("securityContext", "write user, group, capabilities and no_new_privs"),
            ("workingDir", "write working_dir"),
            ("envFrom", "write env_file"),
            ("restartPolicy", "write restart: always, on-failure or never"),
        ],
    ),
    ("cron's", &[("cron", "write schedule"), ("CRON_TZ", "write schedule_timezone")]),
];

/// Whose word this is, as a possessive, or nobody's in particular; and what to do. `here` is where it stands: the top, or any
/// place of a process, as `processes.NAME.health_check`.
pub(crate) fn theirs(key: &str, here: &str) -> Option<(&'static str, &'static str)> {
    let table = match here {
        "" => TOP,
        "processes.NAME" => PROCESS,
        below if below.starts_with("processes.NAME.") => PROCESS,
        _ => return None,
    };
    table.iter().find_map(|(whose, words)| {
        words.iter().find(|(word, _)| *word == key).map(|(_, advice)| (*whose, *advice))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    #[test]
    fn each_word_is_there_once_and_none_is_a_key_of_ours() {
        for (table, own) in [(TOP, keys::ROOT), (PROCESS, keys::PROCESS)] {
            let words: Vec<&str> =
                table.iter().flat_map(|(_, words)| words.iter().map(|(word, _)| *word)).collect();
            for (at, word) in words.iter().enumerate() {
                assert!(!words[at + 1..].contains(word), "{word} is there twice");
                assert!(keys::find(own, word).is_none(), "{word} is a key of ours");
            }
        }
    }

    /// Whatever an advice names in the form of a key is one: `write shutdown.timeout`.
    #[test]
    fn what_is_to_be_written_is_known() {
        let own: Vec<&str> = keys::PROCESS.iter().chain(keys::ROOT).map(|key| key.name).collect();
        for (_, words) in PROCESS {
            for (word, advice) in *words {
                let Some(key) =
                    advice.strip_prefix("write ").and_then(|rest| rest.split([':', ',', '.', ' ']).next())
                else {
                    continue;
                };
                let below = [
                    "timeout",
                    "period",
                    "initial_delay",
                    "failure_threshold",
                    "success_threshold",
                    "kill_mode",
                    "type",
                ];
                let other = ["it", "them", "a", "NODE_OPTIONS", "${NAME"];
                assert!(
                    own.contains(&key) || below.contains(&key) || other.contains(&key),
                    "{word}: {advice}"
                );
            }
        }
    }
}
