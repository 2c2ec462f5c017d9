//! The keys of `global`, and the blocks that only stand there. Data only.

use super::blocks::{ACL, TLS};
use super::bounds::{HOUR, LEVEL, MANY, POLICY, PORT, YEAR};
use super::keys;
use super::kind::Kind::{
    Bool, Float, Guard, Int, List, Map, MapOf, OneOf, Secret, Size, Text, Time, TimeOrOff,
};
use super::kind::words;
use phpeek_core::survivors;
use phpeek_settings::log::{LogFormat, OnFull};
use phpeek_settings::web::Role;

keys! {
    /// `global`.
    pub(crate) GLOBAL;
    "shutdown_timeout": Time(0.0, HOUR), "30", Works Live, "bound of a whole shutdown; what is left then is killed, and the exit code is 75";
    "dependency_timeout": Time(0.0, YEAR), "5m", Works Live, "how long a dependency may take once it was started";
    "max_process_scale": Int(1, 1000), "100", Works Live, "most instances of one process";
    "restart_policy": POLICY, "always", Works Live, "`always`, `on-failure`, `never`; `restart` of a process comes first";
    "max_restart_attempts": Int(-MANY, 100), "3", Works Live, "restarts for failures without a stable run between them; negative: no bound";
    "restart_backoff": Time(0.0, YEAR), "5", Works Live, "the older name, and the default of the two below: itself, and 12 times itself";
    "restart_backoff_initial": Time(0.0, YEAR), "5s", Works Live, "the first wait; it doubles, with jitter; a run that lived longer than its wait is followed at once; 0 means 10 ms";
    "restart_backoff_max": Time(0.0, YEAR), "60s", Works Live, "the longest wait";
    "restart_stability_window": TimeOrOff, "60s", Works Live, "a run that lived this long gives the attempts back; negative: never";
    "log_format": OneOf(&words(&LogFormat::WORDS)), "auto", Works Supervisor, "of records: `json`, `text` for people, or `auto`: text on a terminal, JSON elsewhere";
    "log_level": LEVEL, "info", Works Supervisor, "`debug`, `info`, `warn`, `error`";
    "log_on_full": OneOf(&words(&OnFull::WORDS)), "wait", Works Supervisor, "a writer waits while the reader of our output makes progress; `drop`: lines are dropped and counted at once";
    "log_patience": Time(0.0, YEAR), "10s", Works Supervisor, "how long a reader may make no progress before lines are dropped instead";
    "log_buffer": Size, "8MB", Works Supervisor, "what may wait in memory";
    "control_socket": Text, "", Works Supervisor, "where `status`, `telemetry` and `trace` ask: an absolute path, or `none`; default: PID.sock in the runtime directory", eg "/run/phpeek-pm/app.sock";
    "signals": MapOf(&Text), "", Works Supervisor, "as at the top level", eg "{}";
    "survivors": OneOf(&words(&survivors::Policy::WORDS)), "stop", Works Supervisor, "what a killed supervisor left, found at start: `stop`, `kill`, `report`, `ignore`";
    "tracing_enabled": Bool, "false", Works Supervisor, "whether what happens is told as spans";
    "tracing_exporter": Text, "stdout", Works Supervisor, "`otlp-grpc`, `otlp-http`, `otlp` (by the protocol), `zipkin`, `file`, `stdout`, `none` (for `phpeek-pm trace` alone); `jaeger` is another name for `otlp-grpc`";
    "tracing_endpoint": Text, "", Works Supervisor, "`host:port` (plain text, TLS on port 443), `http://…`, `https://…`, `unix:/path`; default: port 4317, 4318 or 9411 of localhost; `otlp-http` adds `/v1/traces` unless the path ends in `/traces`", eg "localhost:4317";
    "tracing_failover": List(&Text), "[]", Works Supervisor, "endpoints that take spans while the first does not; the first is tried again after a minute";
    "tracing_protocol": OneOf(&["grpc", "http/protobuf", "http/json"]), "", Works Supervisor, "`grpc`, `http/protobuf`, `http/json`; default: what the exporter speaks", eg "grpc";
    "tracing_compression": OneOf(&["none", "gzip", "zstd"]), "none", Works Supervisor, "`gzip`, `zstd`";
    "tracing_headers": MapOf(&Secret), "", Works Supervisor, "`{name: value}` or `{name: {file: PATH}}`; the file is read again when it changes; values are shown nowhere", eg "{}";
    "tracing_use_tls": Bool, "", Works Supervisor, "default: by port or scheme; an endpoint that says otherwise is an error", eg "false";
    "tracing_ca_file": Guard, "", Works Supervisor, "PEM: the only authorities that are trusted; default: the system's", eg "#/etc/ssl/private-ca.pem";
    "tracing_client_cert_file": Guard, "", Works Supervisor, "PEM: who we are; read again when it changes", eg "#/etc/ssl/client.pem";
    "tracing_client_key_file": Guard, "", Works Supervisor, "its key", eg "#/etc/ssl/client.key";
    "tracing_server_name": Guard, "", Works Supervisor, "the name that the receiver's certificate must have; default: the host", eg "#collector.internal";
    "tracing_proxy": Secret, "", Works Supervisor, "`http://[user:password@]host:port`, reached by CONNECT; `none`: directly, whatever the environment says; default: HTTPS_PROXY and its kin", eg "none";
    "tracing_file": Text, "", Works Supervisor, "for the exporter `file`: OTLP JSON, one request a line", eg "/var/log/traces.jsonl";
    "tracing_file_max_size": Size, "10MB", Works Supervisor, "it is rotated before it grows larger";
    "tracing_file_max_files": Int(0, 10_000), "5", Works Supervisor, "how many rotated ones are kept";
    "tracing_sample_rate": Float(0.0, 1.0), "1.0", Works Supervisor, "share of traces, decided at the root; 0.0 sends nothing; without it `OTEL_TRACES_SAMPLER`";
    "tracing_keep_errors": Bool, "true", Works Supervisor, "traces with an error are kept whole although the rate left them out (at 0.0 only when set)";
    "tracing_keep_slow": Time(0.0, YEAR), "", Works Supervisor, "`5s`: traces of which the root took that long are kept too", eg "#5s";
    "tracing_spool_dir": Text, "", Works Supervisor, "where spans wait for the receiver and outlive a kill; `none`: memory; default: `/var/lib/phpeek-pm/spool` if it is there, else memory", eg "/var/lib/phpeek-pm/spool";
    "tracing_spool_max_mb": Int(1, 1_000_000), "64", Works Supervisor, "the oldest spans are dropped for want of room, and counted";
    "tracing_spool_max_age": Time(1.0, YEAR), "24h", Works Supervisor, "and when they are older than this";
    "tracing_service_name": Text, "", Works Supervisor, "`service.name`; default: OTEL_SERVICE_NAME, or phpeek-pm", eg "phpeek-pm";
    "tracing_span_names": OneOf(&["documented", "with_process"]), "documented", Works Supervisor, "`with_process`: the process or the instance stands behind the name, as in `process_manager.start_process php-fpm`";
    "tracing_health_checks": OneOf(&["changes", "all"]), "changes", Works Supervisor, "`all`: a span for each probe";
    "otlp_logs": Bool, "false", Works Supervisor, "whether log records are sent by OTLP: of the supervisor, and the lines of processes, each under the trace of its run";
    "otlp_logs_endpoint": Text, "", Works Supervisor, "their receiver, as `tracing_endpoint` (`otlp-http` adds `/v1/logs`); default: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, or that of tracing, whose headers, TLS, protocol and spool they share", eg "localhost:4317";
    "otlp_metrics": Bool, "false", Works Supervisor, "whether metrics are sent by OTLP, under the names that Prometheus reads; with what each instance uses (`resource_metrics_enabled`)";
    "otlp_metrics_endpoint": Text, "", Works Supervisor, "their receiver, as `tracing_endpoint` (`otlp-http` adds `/v1/metrics`); default: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, or that of tracing", eg "localhost:4317";
    "otlp_metrics_interval": Time(0.1, 86_400.0), "60s", Works Supervisor, "how often; behind it OTEL_METRIC_EXPORT_INTERVAL";
    "history_max_mb": Int(0, 1_000_000), "64", Works Supervisor, "how much of what was delivered stays in the spool directory, for `phpeek-pm trace` and `history`; 0: nothing";
    "history_max_age": Time(0.0, YEAR), "168h", Works Supervisor, "and for how long";
    "health_check_interval": Time(0.0, YEAR), "10", Idle Live, "each check has a period of its own";
    "log_timestamps": Bool, "true", Idle Live, "records always have a time";
    "zombie_reap_interval": Time(0.1, 60.0), "1s", Idle Live, "orphans are reaped when they end";
    "process_start_timeout": Time(0.0, YEAR), "30s", Later Live, "how long a start through the API may take";
    "process_stop_timeout": Time(0.0, YEAR), "60s", Idle Live, "a stop takes what `shutdown` of the process and its hooks allow";
    "health_check_strict": Bool, "false", Idle Live, "a check that cannot be built is an error of the configuration";
    "autotune_memory_threshold": Float(0.0, 2.0), "0", Works Supervisor, "share of the memory that PHP-FPM is planned with, where PHP_FPM_AUTOTUNE_PROFILE or `--php-fpm-profile` names a profile; 0: the profile's";
    "autotune_strict": Bool, "false", Works Supervisor, "too little memory for the profile fails the start; else PHP-FPM has as many workers as fit";
    "fpm_tune": Map(FPM_TUNE), "", Later Supervisor, "measures the pools of PHP-FPM and tunes them";
    "api_enabled": Bool, "false", Works Supervisor, "the management API on TCP";
    "api_port": PORT, "9180", Works Supervisor, "its port";
    "api_host": Guard, "127.0.0.1", Works Supervisor, "its address; one that others reach needs api_auth, or client certificates that are required";
    "api_socket": Text, "", Works Supervisor, "its socket", eg "/run/phpeek-pm.sock";
    "api_auth": Guard, "", Works Supervisor, "its bearer token; keep it out of the file", eg "\"${API_TOKEN:-}\"";
    "api_tokens": List(&Map(TOKEN)), "[]", Works Supervisor, "more tokens, each with what it may do; with one of the role metrics the page of metrics wants a token, too";
    "api_tls": Map(TLS), "", Works Supervisor, "TLS for the API";
    "api_acl": Map(ACL), "", Works Supervisor, "who may ask the API";
    "api_allow_exec": Bool, "false", Works Supervisor, "whether the API may add processes and change commands";
    "api_max_request_body": Int(0, 104_857_600), "8388608", Works Supervisor, "in bytes";
    "audit_enabled": Bool, "false", Works Supervisor, "records of who asked for what";
    "metrics_enabled": Bool, "false", Works Supervisor, "metrics for Prometheus";
    "metrics_port": PORT, "9090", Works Supervisor, "their port";
    "metrics_path": Text, "/metrics", Works Supervisor, "their path";
    "metrics_host": Guard, "127.0.0.1", Works Supervisor, "their address; one that others reach needs metrics_acl with an allow_list, or client certificates that are required";
    "metrics_tls": Map(TLS), "", Works Supervisor, "TLS for metrics";
    "metrics_acl": Map(ACL), "", Works Supervisor, "who may read metrics";
    "metrics_prefix": OneOf(&["phpeek_pm", "cbox_init"]), "phpeek_pm", Works Supervisor, "what their names begin with: `phpeek_pm` or `cbox_init`";
    "metrics_federate": List(&Map(FEDERATE)), "[]", Works Supervisor, "other exporters on this machine whose metrics are appended";
    "resource_metrics_enabled": Bool, "false", Works Supervisor, "CPU and memory of each instance";
    "resource_metrics_interval": Time(0.0, HOUR), "5", Works Supervisor, "how often they are taken";
    "resource_metrics_max_samples": Int(0, 100_000), "720", Works Supervisor, "how many are kept for each instance";
    "schedule_history_size": Int(0, 10_000), "100", Works Supervisor, "runs that are remembered of each schedule";
    "oneshot_history_max_entries": Int(0, 100_000), "5000", Works Supervisor, "runs of oneshots that are remembered, all together";
    "oneshot_history_max_age": Time(0.0, YEAR), "24h", Works Supervisor, "and for how long; 0: without bound";
    "readiness": Map(READINESS), "", Works Supervisor, "a file that exists, and an answer of HTTP, while all is ready";
}

keys! {
    pub(crate) READINESS;
    "enabled": Bool, "false", Works Supervisor, "whether anybody is told that all is ready";
    "path": Text, "/tmp/phpeek-ready", Works Supervisor, "the file; empty: none";
    "mode": OneOf(&["all_healthy", "all_running"]), "all_healthy", Works Supervisor, "every check that was asked last was answered well; or `all_running`, whatever checks say";
    "content": Text, "", Works Supervisor, "what it holds; default: a line `ready`, and a time", eg "ready";
    "processes": List(&Text), "[]", Works Supervisor, "those that count; empty: every long-running one";
    "http_port": PORT, "0", Works Supervisor, "port of `/readyz`, `/livez` and `/startupz`; 0: none";
    "http_host": Guard, "0.0.0.0", Works Supervisor, "its address";
}

keys! {
    pub(crate) FPM_TUNE;
    "enabled": Bool, "false", Later Supervisor, "whether pools are measured";
    "mode": OneOf(&["apply", "advisory"]), "apply", Later Supervisor, "`advisory` only computes";
    "interval": Time(0.0, YEAR), "30s", Later Supervisor, "between two measurements";
    "reserve_fraction": Float(0.0, 0.999_999), "0", Later Supervisor, "share of the memory that is left alone; 0: the engine's own";
    "workload": Text, "web", Later Supervisor, "what the pools do";
    "drop_in_dir": Text, "", Later Supervisor, "where pool overrides go", eg "/etc/php-fpm.d";
    "backup_dir": Text, "", Later Supervisor, "where their backups go", eg "/var/lib/fpm-tune/backup";
    "state_path": Text, "/var/lib/fpm-tune/state.json", Later Supervisor, "what was learned";
    "recommend_path": Text, "", Later Supervisor, "advice, written as a file outside of drop_in_dir", eg "/tmp/advice";
    "metrics_addr": Text, "", Later Supervisor, "a listener of its own", eg "\"\"";
    "cpu_ceiling": Bool, "false", Later Supervisor, "also limit workers by processor time";
    "cpu_headroom": Float(0.0, 1000.0), "2.0", Later Supervisor, "by this factor";
}

keys! {
    /// A token of the API. Both keys are needed: nobody may more by a slip of the pen.
    pub(crate) TOKEN;
    "token": Guard, "", Works Supervisor, "what a client shows; keep it out of the file", eg "\"${GRAFANA_TOKEN:-an-example}\"";
    "role": OneOf(&words(&Role::WORDS)), "", Works Supervisor, "metrics: the page of metrics; read: everything that only looks; control: also start, stop, restart, scale, signal, schedules; admin: also the configuration", eg "read";
}

keys! {
    pub(crate) FEDERATE;
    "name": Text, "", Works Supervisor, "what it is called: the label of `federate_up`", eg "exporter";
    "url": Text, "", Works Supervisor, "http or https on a loopback address", eg "http://127.0.0.1:9114/metrics";
    "timeout": Time(0.0, YEAR), "2s", Works Supervisor, "for one request";
    "cache_ttl": Time(0.0, YEAR), "5s", Works Supervisor, "how long an answer serves";
}
