//! `config/php-stack.yaml`, running under the supervisor on free ports and in a folder of its own.

use crate::support::backend::free_port;
use crate::support::http::get;
use crate::support::supervisor::{Launch, Place, run};
use crate::support::{LONG, Sandbox, Supervisor, php_fpm, wait_until};
use rustix::process::geteuid;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What runs beside the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extras {
    /// Nothing.
    None,
    /// A process that makes 1000 orphans, and 500 short runs.
    OrphansAndShortRuns,
}

/// The long-running instances of the stack.
const INSTANCES: [(&str, usize); 5] =
    [("redis", 0), ("php-fpm", 0), ("nginx", 0), ("queue", 0), ("queue", 1)];

/// The stack.
#[derive(Debug)]
pub(crate) struct Stack {
    // Before the sandbox: its drop looks for processes by the folder's name.
    supervisor: Supervisor,
    sandbox: Sandbox,
    port: u16,
    pid_file: String,
    extras: Extras,
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn must_have(programs: &[&str]) {
    for program in programs {
        let found = ["/usr/sbin", "/usr/bin"].iter().any(|dir| Path::new(dir).join(program).exists());
        assert!(found, "{program} is not installed: run tests/run, which installs it");
    }
}

fn configuration(sandbox: &Sandbox, extras: Extras) -> PathBuf {
    let stack = repository().join("config/php-stack.yaml");
    if extras == Extras::None {
        return stack;
    }
    let maker = "i=0\nwhile [ $i -lt 1000 ]; do (sh -c \"sleep 0.0$((i % 9))\" &); i=$((i + 1)); done\nemit orphans start\nexec sleep 100000";
    let (orphans, short) = (sandbox.script("orphans", maker), sandbox.script("short", "emit short start"));
    let mut text = fs::read_to_string(stack).expect("the configuration");
    // `processes:` is the last key of the file.
    text.push_str(&format!(
        "  orphans:\n    command: {orphans}\n  short:\n    command: {short}\n    scale: 500\n    restart: on-failure\n"
    ));
    let text = text.replacen("global:\n", "global:\n  max_process_scale: 500\n", 1);
    sandbox.write("php-stack.yaml", &text)
}

impl Stack {
    /// Starts it and waits until all is up.
    pub(crate) fn start(place: Place, endpoint: &str, extras: Extras) -> Self {
        assert!(geteuid().is_root(), "the stack needs root: run tests/run as root or through sudo");
        must_have(&["nginx", "redis-server", "php"]);
        let sandbox = Sandbox::new();
        // php-fpm's and nginx's workers run as www-data.
        fs::set_permissions(sandbox.dir(), fs::Permissions::from_mode(0o755)).expect("our folder");
        let run_dir = sandbox.path("run");
        fs::create_dir(&run_dir).expect("our folder");
        let pid_file = sandbox.path("pm.pid").display().to_string();
        let port = free_port();
        let config = configuration(&sandbox, extras);
        let supervisor = Launch::new(&sandbox)
            .at(place)
            .env("STACK_FILES", repository().join("config/php-stack").display().to_string())
            .env("STACK_RUN", run_dir.display().to_string())
            .env("STACK_PORT", port.to_string())
            .env("STACK_REDIS_PORT", free_port().to_string())
            .env("PHP_FPM", php_fpm().display().to_string())
            .env("STACK_TRACING", "true")
            .env("STACK_OTLP", endpoint)
            .arg("--pid-file")
            .arg(&pid_file)
            .serve(&config);
        let stack = Self { supervisor, sandbox, port, pid_file, extras };
        wait_until(LONG * 2, "the whole stack is up", || stack.all_up());
        // nginx and php-fpm have been started; that they listen is seen by the first answer.
        wait_until(LONG, "the page answers", || {
            get(stack.port, "/?queue").is_ok_and(|(status, _)| status == 200)
        });
        stack
    }

    /// The supervisor.
    pub(crate) fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// The folder.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// nginx's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The snapshot: whether all is up, and what there is.
    fn status(&self) -> (bool, Value) {
        let (code, text) = run(&self.sandbox, &["status", "--pid-file", &self.pid_file, "--json"]);
        (code == 0, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Whether everything that should run does. Of short runs that have ended, `status` may think as it likes.
    pub(crate) fn all_up(&self) -> bool {
        self.pids().len() == INSTANCES.len() && (self.extras != Extras::None || self.status().0)
    }

    /// The page.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        get(self.port, path).expect("nginx answers")
    }

    /// Waits until the workers have done so many jobs and none waits.
    pub(crate) fn drained(&self, done: usize) {
        let wanted = format!("waiting 0 done {done}\n");
        wait_until(LONG, &wanted, || self.page("/?queue").1 == wanted);
    }

    /// The pid of an instance, as the supervisor knows it, when it runs. In a namespace it is translated.
    pub(crate) fn try_pid_of(&self, process: &str, instance: usize) -> Option<i32> {
        let (_, status) = self.status();
        let found = status["processes"].as_array()?.iter().find(|p| p["name"] == process)?;
        let pid = i32::try_from(found["instances"][instance]["pid"].as_i64()?).ok()?;
        self.outer(pid)
    }

    /// The same, when it must run.
    pub(crate) fn pid_of(&self, process: &str, instance: usize) -> i32 {
        self.try_pid_of(process, instance).expect("it runs")
    }

    /// The pid out here of a child that has this pid in its namespace (`NSpid` of proc(5): outermost first).
    fn outer(&self, inner: i32) -> Option<i32> {
        crate::support::procfs::children_of(self.supervisor.pid()).into_iter().find(|pid| {
            let pids = crate::support::procfs::status(*pid, "NSpid").unwrap_or_default();
            pids.split_whitespace().next_back() == Some(inner.to_string().as_str())
        })
    }

    /// The pids of the five long-running instances of the stack.
    pub(crate) fn pids(&self) -> Vec<i32> {
        INSTANCES.iter().filter_map(|(process, instance)| self.try_pid_of(process, *instance)).collect()
    }

    /// SIGTERM: all ends well and nothing is left.
    pub(crate) fn ends_well(&mut self) {
        assert_eq!(self.supervisor.stop(), 0, "the exit code");
        assert_eq!(self.supervisor.leftovers(), Vec::<String>::new());
    }
}
