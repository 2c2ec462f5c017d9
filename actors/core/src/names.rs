//! The names of spans, their attributes and events. Owns the catalogue of the trace and nothing else; what PHPeek PM
//! documents is kept to the letter. Must never hold a name that is built at run time.

/// The start of everything that is configured.
pub const SPAN_START: &str = "process_manager.start";
/// The start of one process, all its instances.
pub const SPAN_START_PROCESS: &str = "process_manager.start_process";
/// Waiting for what a process depends on.
pub const SPAN_WAIT_DEPENDENCY: &str = "process_manager.wait_dependency";
/// One instance: from the order to the exec.
pub const SPAN_SPAWN: &str = "process.spawn";
/// One instance: from the exec to being ready.
pub const SPAN_WAIT_READY: &str = "process.wait_ready";
/// A restart of one instance, with its cause.
pub const SPAN_RESTART_PROCESS: &str = "process_manager.restart_process";
/// Root of a rolling restart of everything.
pub const SPAN_RESTART: &str = "process_manager.restart";
/// The delay before a restart.
pub const SPAN_BACKOFF: &str = "process.backoff";
/// The stop of one process.
pub const SPAN_STOP_PROCESS: &str = "process_manager.stop_process";
/// The stop of everything.
pub const SPAN_SHUTDOWN: &str = "process_manager.shutdown";
/// A change of the number of instances.
pub const SPAN_SCALE_PROCESS: &str = "process_manager.scale_process";
/// A change of the configuration.
pub const SPAN_RELOAD: &str = "process_manager.reload";
/// The end of a run that nobody asked for, with its autopsy: from the end of the leader to that of its group.
pub const SPAN_EXIT: &str = "process.exit";
/// One hook.
pub const SPAN_HOOK: &str = "hook.execute";
/// One scheduled run, or one that was skipped.
pub const SPAN_SCHEDULE_RUN: &str = "schedule.run";
/// A health check that failed or changed the state.
pub const SPAN_HEALTH_CHECK: &str = "health_check.execute";
/// One request of the management API (kind SERVER).
pub const SPAN_API_REQUEST: &str = "api.request";

/// How many processes are meant (int).
pub const PROCESS_COUNT: &str = "process.count";
/// The configured name of the process.
pub const PROCESS_NAME: &str = "process.name";
/// How many instances are wanted (int).
pub const PROCESS_SCALE: &str = "process.scale";
/// `longrun`, `oneshot` or `scheduled`, as configured.
pub const PROCESS_TYPE: &str = "process.type";
/// The names of the dependencies.
pub const DEPENDS_ON: &str = "depends_on";
/// The message of what failed.
pub const ERROR: &str = "error";
/// The kind of what failed: low cardinality, fit for grouping.
pub const ERROR_TYPE: &str = "error.type";
/// The process that is waited for.
pub const DEPENDENCY_NAME: &str = "dependency.name";
/// What it must have reached.
pub const DEPENDENCY_CONDITION: &str = "dependency.condition";
/// `NAME-N`: the instance.
pub const PROCESS_INSTANCE_ID: &str = "process.instance_id";
/// The pid of the leader, or of the supervisor in the resource (int).
pub const PROCESS_PID: &str = "process.pid";
/// The program, without its directory.
pub const PROCESS_EXECUTABLE_NAME: &str = "process.executable.name";
/// How many arguments it got (int); their text may hold secrets.
pub const PROCESS_ARGS_COUNT: &str = "process.args_count";
/// The run number of the instance, from 1 (int).
pub const PROCESS_INCARNATION: &str = "process.incarnation";
/// How it asks: `tcp`, `http` or `exec`.
pub const HEALTH_CHECK_TYPE: &str = "health_check.type";
/// What it is for: `startup`, `readiness`, `liveness` or `both`.
pub const HEALTH_CHECK_ROLE: &str = "health_check.role";
/// `passing` or `failing`: what the check says since this probe, when that has changed by it.
pub const HEALTH_CHECK_STATE: &str = "health_check.state";
/// How many probes in a row had this result (int).
pub const HEALTH_CHECK_IN_A_ROW: &str = "health_check.in_a_row";
/// What the probe got, for people.
pub const HEALTH_CHECK_RESULT: &str = "health_check.result";
/// How many probes it took (int).
pub const HEALTH_CHECK_ATTEMPTS: &str = "health_check.attempts";
/// The signal by which a process was told to reload itself, in place of a restart.
pub const RELOAD_SIGNAL: &str = "reload.signal";
/// The program by which a process was told to reload itself.
pub const RELOAD_COMMAND: &str = "reload.command";
/// crash, normal_exit, health_check, memory_limit, manual, signal, dependency or watch.
pub const RESTART_REASON: &str = "restart.reason";
/// The file whose change has asked for a restart.
pub const RESTART_PATH: &str = "restart.path";
/// Which bound of memory was passed: `soft` or `hard`.
pub const MEMORY_LIMIT: &str = "memory.limit";
/// That bound, in bytes (int).
pub const MEMORY_LIMIT_BYTES: &str = "memory.limit_bytes";
/// What was taken by all that belongs to the instance, in bytes (int).
pub const MEMORY_USED_BYTES: &str = "memory.used_bytes";
/// Which restart since the last stable run, from 1 (int).
pub const RESTART_ATTEMPT: &str = "restart.attempt";
/// The exit code, when it exited (int).
pub const PROCESS_EXIT_CODE: &str = "process.exit.code";
/// The signal's name, when one ended it.
pub const PROCESS_EXIT_SIGNAL: &str = "process.exit.signal";
/// The delay that was chosen, in milliseconds (int).
pub const BACKOFF_DELAY_MS: &str = "backoff.delay_ms";
/// Why everything stops.
pub const SHUTDOWN_REASON: &str = "shutdown.reason";
/// How long it may take, in milliseconds (int).
pub const SHUTDOWN_DEADLINE_MS: &str = "shutdown.deadline_ms";
/// Instances before (int).
pub const SCALE_FROM: &str = "scale.from";
/// Instances after (int).
pub const SCALE_TO: &str = "scale.to";
/// The configured name of the hook.
pub const HOOK_NAME: &str = "hook.name";
/// When the hook runs.
pub const HOOK_TYPE: &str = "hook.type";
/// How many attempts it took (int).
pub const HOOK_ATTEMPTS: &str = "hook.attempts";
/// The cron expression.
pub const SCHEDULE_CRON: &str = "schedule.cron";
/// How late it began, in milliseconds (int).
pub const SCHEDULE_DELAY_MS: &str = "schedule.delay_ms";
/// What asked for the run.
pub const SCHEDULE_TRIGGER: &str = "schedule.trigger";
/// Which job of its schedule, from 1 (int).
pub const SCHEDULE_JOB: &str = "schedule.job";
/// Tries that it took (int).
pub const SCHEDULE_ATTEMPTS: &str = "schedule.attempts";
/// How the job ended, in one word; `skipped` when it did not run.
pub const SCHEDULE_OUTCOME: &str = "schedule.outcome";
/// Why ticks did not run, in one word.
pub const SCHEDULE_SKIP_REASON: &str = "schedule.skip_reason";
/// How many ticks did not run (int).
pub const SCHEDULE_SKIPPED_TICKS: &str = "schedule.skipped_ticks";
/// `error.type` of a span that was dropped before its end was told.
pub const ERROR_ABANDONED: &str = "abandoned";

/// A signal went to the process group.
pub const EVENT_SIGNAL_SENT: &str = "signal_sent";
/// The grace period ended and the kill signal was sent.
pub const EVENT_ESCALATED: &str = "escalated";
/// The leader has ended.
pub const EVENT_EXITED: &str = "exited";
/// SIGKILL has not helped: what is left is left alone.
pub const EVENT_LEFT: &str = "left";
/// Who could not be ended, and why.
pub const STOP_LEFT: &str = "stop.left";
/// Nobody is left in the process group.
pub const EVENT_GROUP_EMPTY: &str = "group_empty";
/// A try of a hook failed, and another follows.
pub const EVENT_TRIED_IN_VAIN: &str = "tried_in_vain";
/// Which try it was, from 1 (int).
pub const HOOK_ATTEMPT: &str = "hook.attempt";
/// A probe failed.
pub const EVENT_PROBE_FAILED: &str = "probe_failed";

/// `error.type` of an operation that something else came before.
pub const ERROR_INTERRUPTED: &str = "interrupted";
/// `error.type` of what was not over in time.
pub const ERROR_DEADLINE: &str = "deadline_exceeded";
/// `error.type` of a fault of the supervisor.
pub const ERROR_INTERNAL: &str = "internal";
/// What was asked for cannot be done, and nothing was changed.
pub const ERROR_REFUSED: &str = "refused";
/// What was asked for was tried, and is not so.
pub const ERROR_FAILED: &str = "failed";
/// A new instance could not be started.
pub const ERROR_SCALE_FAILED: &str = "scale_failed";
/// `error.type` of a rolling restart that met a process which did not come up.
pub const ERROR_RESTART_FAILED: &str = "restart_failed";
/// `error.type` of a start that a hook has failed.
pub const ERROR_HOOK_FAILED: &str = "hook_failed";
/// `error.type` of what ended because health checks failed.
pub const ERROR_UNHEALTHY: &str = "unhealthy";
/// `error.type` of what ended because it took more memory than it may.
pub const ERROR_MEMORY_LIMIT: &str = "memory_limit";
/// `error.type` of a start or a wait whose instances were not ready in time, or ended before they were.
pub const ERROR_NOT_READY: &str = "not_ready";
/// `error.type` of an instance whose restart budget is spent.
pub const ERROR_GAVE_UP: &str = "gave_up";
/// `error.type` of a process that others wait for to complete, and that failed.
pub const ERROR_DEPENDENCY_FAILED: &str = "dependency_failed";
/// `error.type` of a process that others waited for too long.
pub const ERROR_DEPENDENCY_TIMEOUT: &str = "dependency_timeout";
/// Whether a core was dumped (bool).
pub const PROCESS_EXIT_CORE: &str = "process.exit.core";
/// How many more failures are forgiven (int).
pub const RESTART_BUDGET_LEFT: &str = "restart.budget_left";
/// What a rolling restart is about: `all`, or the name of a process.
pub const RESTART_SCOPE: &str = "restart.scope";
/// `error.type` of a reload that was undone.
pub const ERROR_RELOAD_FAILED: &str = "reload_failed";
/// What a reload does, in one sentence.
pub const RELOAD_PLAN: &str = "reload.plan";
/// How many processes a reload leaves alone.
pub const RELOAD_UNTOUCHED: &str = "reload.untouched";
/// A signal by name: on events of a stop, and on what a signal asked for.
pub const SIGNAL: &str = "signal";
/// Whether a signal found a process group (bool).
pub const SIGNAL_DELIVERED: &str = "signal.delivered";
/// One run of a oneshot, from exec to end, below its `process.spawn`.
pub const SPAN_RUN: &str = "process.run";

/// What a link is about: one of the `LINK_` words below.
pub const LINK_TYPE: &str = "link.type";
/// To the span that started the run that has died or was replaced, or the last one before it that was told.
pub const LINK_PREVIOUS_RUN: &str = "previous_run";
/// To the `process.exit` of the run that died.
pub const LINK_DEATH: &str = "death";
/// From a wait to the start, or the run, of what was waited for.
pub const LINK_DEPENDENCY: &str = "dependency";
/// From a restart or a stop to the probe that caused it.
pub const LINK_PROBE: &str = "probe";
/// To the run that was asked.
pub const LINK_RUN: &str = "run";
/// To the start of everything.
pub const LINK_START: &str = "start";

/// An instance has changed its state.
pub const EVENT_STATE_CHANGED: &str = "state_changed";
/// The state before.
pub const STATE_FROM: &str = "state.from";
/// The state after.
pub const STATE_TO: &str = "state.to";

// What `process.*` of the semantic conventions has no word for (otel semconv 1.44) has a namespace of its own.
/// How long the run lived, in milliseconds (int).
pub const AUTOPSY_UPTIME_MS: &str = "autopsy.uptime_ms";
/// The most memory that was resident, in bytes; at least what the supervisor held at the exec (int).
pub const AUTOPSY_MAX_RSS: &str = "autopsy.max_rss_bytes";
/// Processor time in the program, in microseconds (int).
pub const AUTOPSY_CPU_USER_US: &str = "autopsy.cpu.user_us";
/// Processor time in the kernel, in microseconds (int).
pub const AUTOPSY_CPU_SYSTEM_US: &str = "autopsy.cpu.system_us";
/// Page faults that read from a disk (int).
pub const AUTOPSY_FAULTS_MAJOR: &str = "autopsy.page_faults.major";
/// Page faults that did not (int).
pub const AUTOPSY_FAULTS_MINOR: &str = "autopsy.page_faults.minor";
/// Who sent the signal that ended it: `supervisor`, or `other`, of whom the kernel does not tell.
pub const AUTOPSY_SIGNAL_SENDER: &str = "autopsy.signal_sender";
/// What the memory controller of the supervisor's cgroup says: `likely`, or `possible` when it has killed fewer than
/// have died.
pub const AUTOPSY_OOM: &str = "autopsy.oom";
/// How many it has killed in the whole cgroup since it was asked last (int).
pub const AUTOPSY_OOM_KILLS: &str = "autopsy.oom_kills";
/// The last lines of the standard output, oldest first, with secrets masked (list).
pub const AUTOPSY_STDOUT: &str = "autopsy.stdout";
/// The last lines of the standard error, oldest first, with secrets masked (list).
pub const AUTOPSY_STDERR: &str = "autopsy.stderr";
/// How many restarts of the loop have no spans since the one that was told before (int).
pub const RESTART_FOLDED: &str = "restart.folded";
/// How many restarts the loop had so far, folded ones included (int).
pub const RESTART_COUNT: &str = "restart.count";
/// Who sent the signal that asked for the operation (int); absent when it lives outside of the pid namespace.
pub const SIGNAL_SENDER_PID: &str = "signal.sender.pid";
/// Its real user (int).
pub const SIGNAL_SENDER_UID: &str = "signal.sender.uid";
/// The name of its program, as the program itself chose it.
pub const SIGNAL_SENDER_COMMAND: &str = "signal.sender.command";
/// The method of a request (semantic conventions of HTTP, as those that follow).
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
/// The pattern of its path.
pub const HTTP_ROUTE: &str = "http.route";
/// The status of its answer (int).
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// Its path.
pub const URL_PATH: &str = "url.path";
/// Who sent it.
pub const CLIENT_ADDRESS: &str = "client.address";
