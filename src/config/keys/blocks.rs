//! Blocks of keys that stand in several places, or are large: TLS, access, hooks, checks, stopping, logging. Data only.

use super::bounds::{LEVEL, MANY, YEAR};
use super::keys;
use super::kind::Kind::{
    Bool, Command, Guard, Int, List, Map, MapOf, Network, OneOf, Regex, Signal, Size, Statuses, Text, Time,
};
use super::kind::{CONDITIONS, words};
use phpeek_core::spec::KillMode;
use phpeek_settings::lines::Preset;

keys! {
    pub(crate) TLS;
    "enabled": Bool, "false", Works Supervisor, "whether connections are encrypted";
    "cert_file": Guard, "", Works Supervisor, "PEM", eg "/etc/phpeek-pm/api.crt";
    "key_file": Guard, "", Works Supervisor, "PEM", eg "/etc/phpeek-pm/api.key";
    "ca_file": Guard, "", Works Supervisor, "PEM: whose client certificates are trusted", eg "/etc/phpeek-pm/ca.crt";
    "client_auth": OneOf(&["none", "request", "require", "verify"]), "none", Works Supervisor, "`request`, `require`, `verify`: all need ca_file, and what it has not signed is refused";
    "min_version": OneOf(&["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]), "TLS 1.2", Works Supervisor, "lower ones are raised to TLS 1.2";
    "cipher_suites": List(&Text), "[]", Works Supervisor, "of TLS 1.2; empty: the safe ones";
    "auto_reload": Bool, "false", Works Supervisor, "certificates are read again when they change";
    "auto_reload_interval": Time(1.0, YEAR), "300", Works Supervisor, "how often is looked";
}

keys! {
    pub(crate) ACL;
    "enabled": Bool, "false", Works Supervisor, "whether addresses are looked at";
    "mode": OneOf(&["allow", "deny"]), "allow", Works Supervisor, "`allow`: only allow_list, and none of deny_list; `deny`: all but deny_list";
    "allow_list": List(&Network), "[]", Works Supervisor, "addresses and networks; an empty list allows nobody", eg "[127.0.0.1, 10.0.0.0/8]";
    "deny_list": List(&Network), "[]", Works Supervisor, "addresses and networks";
    "trust_proxy": Bool, "false", Works Supervisor, "X-Forwarded-For counts; without trusted_proxies from loopback alone";
    "trusted_proxies": List(&Network), "[]", Works Supervisor, "the peers whose X-Forwarded-For counts";
}

keys! {
    pub(crate) HOOKS;
    "pre-start": List(&Map(HOOK)), "[]", Works Supervisor, "before anything is started";
    "post-start": List(&Map(HOOK)), "[]", Works Supervisor, "when everything was started";
    "pre-stop": List(&Map(HOOK)), "[]", Works Supervisor, "before anything is stopped";
    "post-stop": List(&Map(HOOK)), "[]", Works Supervisor, "when everything has stopped";
}

keys! {
    pub(crate) PROCESS_HOOKS;
    "pre_start": List(&Map(HOOK)), "[]", Works Live, "before each run of an instance; a failure fails its start";
    "post_start": List(&Map(HOOK)), "[]", Works Live, "after each start; who waits for the process waits for them";
    "pre_stop": List(&Map(HOOK)), "[]", Works Live, "before it is asked to end";
    "post_stop": List(&Map(HOOK)), "[]", Works Live, "when a run has ended; the next waits for them";
}

keys! {
    /// One hook.
    pub(crate) HOOK;
    "name": Text, "", Works Live, "for logs and spans; default: its list and place", eg "warm-up";
    "command": Command, "", Works Live, "program and arguments", eg "[\"true\"]";
    "timeout": Time(0.0, YEAR), "30", Works Live, "of each try; 0 means 30";
    "retry": Int(0, 1000), "0", Works Live, "tries after the first";
    "retry_delay": Time(0.0, YEAR), "0", Works Live, "between tries";
    "continue_on_error": Bool, "false", Works Live, "a failure does not matter";
    "env": MapOf(&Text), "", Works Live, "over the inherited variables", eg "{ KEY: value }";
    "working_dir": Text, "", Works Live, "where it runs", eg "/";
    "user": Guard, "", Works Live, "who it runs as", eg "root";
    "group": Guard, "", Works Live, "and its group", eg "root";
}

keys! {
    /// One way to ask for health.
    pub(crate) CHECK;
    "type": OneOf(&["tcp", "http", "exec", "grpc", "notify", "log"]), "", Works Restart, "`tcp`, `http`, `exec`, `grpc`, `notify`, `log`", eg "http";
    "address": Text, "", Works Restart, "of tcp and grpc: host:port", eg "#127.0.0.1:9000";
    "url": Text, "", Works Restart, "of http", eg "\"http://127.0.0.1:8080/\"";
    "command": Command, "", Works Restart, "of exec", eg "#[\"redis-cli\", \"ping\"]";
    "service": Text, "", Works Restart, "of grpc: whose health is asked; empty: the server's", eg "#\"\"";
    "protocol": OneOf(&["systemd", "s6"]), "systemd", Works Restart, "of notify: a socket that `NOTIFY_SOCKET` names (`READY=1`), or a newline on a descriptor", eg "#systemd";
    "fd": Int(3, 1023), "3", Works Restart, "of notify by s6: the descriptor that is written to", eg "#3";
    "watchdog": Time(0.0, YEAR), "", Works Restart, "of notify by systemd: the longest silence between two signs of life (`WATCHDOG=1`)", eg "#30s";
    "pattern": Regex, "", Works Restart, "of log: a line that says it is ready", eg "#ready to accept";
    "stream": OneOf(&["any", "stdout", "stderr"]), "any", Works Restart, "of log", eg "#any";
    "initial_delay": Time(0.0, YEAR), "5", Works Restart, "before the first probe of each run; 0: at once";
    "period": Time(0.001, YEAR), "10", Works Restart, "between the beginnings of probes, up to a tenth less";
    "timeout": Time(0.001, YEAR), "3", Works Restart, "of a probe";
    "failure_threshold": Int(1, MANY), "3", Works Restart, "failures in a row that make it unhealthy";
    "success_threshold": Int(1, MANY), "1", Works Restart, "successes in a row that make it healthy again";
    "expected_status": Statuses, "200", Works Restart, "of http: a status, a range as `200-399` or `2xx`, or a list of them", eg "[200, 204, 3xx]";
    "headers": MapOf(&Text), "", Works Restart, "of an http request", eg "{ X-Source: phpeek-pm }";
    "mode": OneOf(&["liveness", "readiness", "both"]), "both", Works Restart, "`liveness` (it is restarted), `readiness` (dependents wait), `both`";
    "user": Guard, "", Works Restart, "who an exec probe runs as", eg "#nobody";
    "group": Guard, "", Works Restart, "and its group", eg "#nogroup";
}

keys! {
    pub(crate) HEALTH;
    "startup": Map(CHECK), "", Works Restart, "until it has passed the others wait";
    "readiness": Map(CHECK), "", Works Restart, "dependents wait for it; it never kills";
    "liveness": Map(CHECK), "", Works Restart, "a failure restarts the instance";
}

keys! {
    pub(crate) SHUTDOWN;
    "signal": Signal, "SIGTERM", Works Live, "any signal by name or number, to whom `kill_mode` says";
    "timeout": Time(0.0, YEAR), "30", Works Live, "seconds; done when the group is empty";
    "kill_signal": Signal, "SIGKILL", Works Live, "what follows; SIGKILL comes in the end in any case";
    "kill_timeout": Time(0.0, 600.0), "5", Works Live, "the wait after a kill_signal that is not SIGKILL, which follows; 0 means 5";
    "kill_mode": OneOf(&words(&KillMode::WORDS)), "group", Works Live, "all that belongs to it; `mixed`: the request goes to the leader alone; `leader`: the kill too; what outlives the leader is killed in any mode";
    "graceful": Bool, "true", Idle Live, "a stop is always graceful";
    "pre_stop_hook": Map(HOOK), "", Works Live, "one more of `hooks.pre_stop`";
}

keys! {
    /// One entry of `depends_on`.
    pub(crate) DEPENDENCY;
    "condition": OneOf(CONDITIONS), "", Works Live, "`started`, `ready`, `healthy`, `completed`, `completed_successfully`; default: for a oneshot that it has succeeded, else that it is ready";
    "timeout": Time(0.0, YEAR), "", Works Live, "default: `global.dependency_timeout`";
    "on_timeout": OneOf(&["fail", "start"]), "fail", Works Live, "`start`: it starts without the dependency";
    "restart": Bool, "false", Works Live, "it is stopped when the condition is lost, and started once it holds again";
}

keys! {
    pub(crate) LOGGING;
    "stdout": Bool, "true", Works Restart, "as `stdout` above; false in either switches the stream off";
    "stderr": Bool, "true", Works Restart, "the same";
    "format": OneOf(&["record", "raw"]), "record", Works Live, "`raw`: bytes pass through untouched, each stream to the supervisor's own of that name";
    "labels": MapOf(&Text), "", Works Live, "fields of each record; one that a record has already becomes `app_NAME`", eg "{ team: shop }";
    "min_level": LEVEL, "info", Works Live, "lines below are dropped";
    "redaction": Map(REDACTION), "", Works Live, "what is hidden, in the log and in last words";
    "multiline": Map(MULTILINE), "", Works Live, "lines that belong together";
    "preset": OneOf(&words(&Preset::WORDS)), "", Works Live, "whose lines they are: of `php-fpm` what its workers said is taken out, of the error log of `nginx` what came by FastCGI, each with its level", eg "#php-fpm";
    "json": Map(JSON), "", Works Live, "lines that are JSON";
    "level_detection": Map(LEVELS), "", Works Live, "levels by patterns";
    "filters": Map(FILTERS), "", Works Live, "lines that are dropped";
    "files": MapOf(&Map(LOG_FILE)), "", Works Live, "files that it writes by itself, followed as output: from the end of one that is there, from the beginning of one that comes";
}

keys! {
    REDACTION;
    "enabled": Bool, "false", Works Live, "whether patterns are looked for", eg "true";
    "patterns": List(&Map(PATTERN)), "[]", Works Live, "each with what stands for a match";
}

keys! {
    pub(crate) PATTERN;
    "name": Text, "", Works Live, "for people", eg "card";
    "pattern": Regex, "", Works Live, "RE2 syntax", eg "\"[0-9]{16}\"";
    "replacement": Text, "***", Works Live, "`$1` is a group", eg "\"****\"";
}

keys! {
    pub(crate) MULTILINE;
    "enabled": Bool, "false", Works Live, "whether lines are joined";
    "pattern": Regex, "", Works Live, "how a first line begins", eg "'^\\['";
    "max_lines": Int(1, 1_000_000), "100", Works Live, "bound of a record";
    "timeout": Time(0.0, YEAR), "1", Works Live, "a record ends after so long without a line; 0: with what was written at once";
}

keys! {
    pub(crate) JSON;
    "enabled": Bool, "false", Works Live, "whether JSON is read";
    "detect_auto": Bool, "false", Idle Live, "a line that is not JSON is a text, with it and without";
    "extract_level": Bool, "false", Works Live, "the level is taken out of the line";
    "extract_message": Bool, "false", Works Live, "the text is taken out of the line";
    "merge_fields": Bool, "false", Works Live, "its other fields become those of the record; one that a record has already becomes `app_NAME`";
    "message_field": Text, "", Works Live, "default: message, then msg", eg "message";
    "level_field": Text, "level", Works Live, "where the level is";
}

keys! {
    pub(crate) LEVELS;
    "enabled": Bool, "false", Works Live, "whether levels are looked for";
    "patterns": MapOf(&Regex), "", Works Live, "one for each level; error is tried first, then warn, info, debug; a line that states its level in JSON keeps it", eg "{ error: \"ERROR|FATAL\" }";
    "default_level": LEVEL, "info", Works Live, "of lines that none matches";
}

keys! {
    FILTERS;
    "exclude": List(&Regex), "[]", Works Live, "lines that are dropped, whatever `include` says", eg "[\"GET /health\"]";
    "include": List(&Regex), "[]", Works Live, "the only ones that are kept", eg "[\".*\"]";
}

keys! {
    pub(crate) LOG_FILE;
    "path": Text, "", Works Live, "which file; from working_dir where it is relative", eg "/var/log/app.log";
    "rotate": Map(ROTATE), "", Works Live, "when it is copied to `path.1` and cut; without it who writes it may rotate it";
    "min_level": LEVEL, "info", Works Live, "lines below are dropped";
    "preset": OneOf(&words(&Preset::WORDS)), "", Works Live, "whose lines they are: of `php-fpm` what its workers said is taken out, of the error log of `nginx` what came by FastCGI, each with its level", eg "#php-fpm";
    "json": Map(JSON), "", Works Live, "lines that are JSON";
    "level_detection": Map(LEVELS), "", Works Live, "levels by patterns";
    "multiline": Map(MULTILINE), "", Works Live, "lines that belong together";
    "filters": Map(FILTERS), "", Works Live, "lines that are dropped";
}

keys! {
    pub(crate) ROTATE;
    "max_size": Size, "", Works Live, "when it is larger", eg "10MB";
    "max_age": Time(1.0, YEAR), "", Works Live, "when this long has gone since the rotation before, or since it was made", eg "24h";
    "max_files": Int(0, 10_000), "5", Works Live, "rotated ones that are kept";
}

keys! {
    pub(crate) HEARTBEAT;
    "enabled": Bool, "", Works Restart, "whether it is told; default: when a url is written", eg "true";
    "interval": Time(0.0, YEAR), "", Idle Live, "how often a run is expected: the monitor knows", eg "60";
    "grace": Time(0.0, YEAR), "", Idle Live, "how late it may be: the monitor knows", eg "10";
    "url": Text, "", Works Restart, "told of runs that succeeded, when success_url is not written", eg "https://status.example.com/ping";
    "start_url": Text, "", Works Restart, "told when a run begins", eg "https://status.example.com/start";
    "success_url": Text, "", Works Restart, "told of runs that succeeded", eg "https://status.example.com/ok";
    "failure_url": Text, "", Works Restart, "told of those that failed, with the reason as its body", eg "https://status.example.com/failed";
    "timeout": Time(0.001, YEAR), "30", Works Restart, "of a request";
    "retry_count": Int(0, 1000), "3", Works Restart, "tries after the first";
    "retry_delay": Time(0.0, YEAR), "5", Works Restart, "between tries";
    "method": OneOf(&["POST", "GET", "HEAD", "PUT"]), "POST", Works Restart, "of a request";
    "headers": MapOf(&Text), "", Works Restart, "of a request", eg "{ X-Source: phpeek-pm }";
}
