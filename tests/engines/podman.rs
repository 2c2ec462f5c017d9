//! Containers of one test, in the storage that `tests/engines/install.sh` has filled. Decides nothing about what is
//! right; a container goes with its value, whatever became of the test.

use crate::support::backend::installed;
use crate::support::{LONG, Sandbox, wait_for, wait_until};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// FROM scratch, with a static busybox as `/bin/busybox` and `/bin/sh` and nothing else.
pub(crate) const SCRATCH: &str = "phpeek-test";
/// Nothing but phpeek-pm.
pub(crate) const BARE: &str = "phpeek-pm";
/// nginx and php-fpm as packaged.
pub(crate) const DEBIAN: &str = "phpeek-debian";

/// What that is made of: Debian with nginx and php-fpm, and nothing of ours.
pub(crate) const DEBIAN_BASE: &str = "phpeek-test-base";

/// The program in each image.
pub(crate) const PROGRAM: &str = "/usr/local/bin/phpeek-pm";

/// What installs and builds what these tests need.
pub(crate) const BY: &str = "tests/run --engines";

/// `podman` with our storage and settings.
pub(crate) fn podman(arguments: &[&str]) -> Command {
    let storage = installed("engines/storage", BY);
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engines/containers.conf");
    let mut command = Command::new("podman");
    command.env("CONTAINERS_CONF", settings);
    command.arg("--root").arg(storage.join("root")).arg("--runroot").arg(storage.join("run"));
    command.args(["--log-level", "error"]).args(arguments);
    command
}

fn said(mut command: Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("podman cannot be run ({error}): run {BY}"))
}

/// A command that busybox runs.
pub(crate) fn shell(script: &str) -> Value {
    json!(["/bin/sh", "-c", script])
}

/// A container, or one that will be. Ends and goes with the value.
#[derive(Debug)]
pub(crate) struct Container {
    name: String,
    sandbox: Sandbox,
    options: Vec<String>,
    image: &'static str,
    command: Vec<String>,
}

impl Container {
    /// Of this image; `/srv` in it is a folder that everybody may write to.
    pub(crate) fn of(image: &'static str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let sandbox = Sandbox::new();
        for folder in [sandbox.dir().to_owned(), sandbox.path("srv")] {
            std::fs::create_dir_all(&folder).expect("a folder");
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
            std::fs::set_permissions(&folder, open).expect("our folder");
        }
        let name = format!("phpeek-test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let options = vec![format!("-v={}:/srv", sandbox.path("srv").display())];
        Self { name, sandbox, options, image, command: Vec::new() }
    }

    /// With this configuration in place of the image's.
    pub(crate) fn config(self, global: Value, processes: Value) -> Self {
        let path = self.sandbox.config(global, processes);
        self.option(&format!("-v={}:/etc/phpeek-pm/phpeek-pm.yaml:ro", path.display()))
    }

    /// One more option of `podman run`.
    pub(crate) fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// With this command in place of the image's.
    pub(crate) fn command(mut self, words: &[&str]) -> Self {
        self.command = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// A file beside the configuration, mounted at this place.
    pub(crate) fn file(self, name: &str, text: &str, place: &str) -> Self {
        let path = self.sandbox.write(name, text);
        self.option(&format!("-v={}:{place}:ro", path.display()))
    }

    /// What lies in `/srv`.
    pub(crate) fn srv(&self, name: &str) -> PathBuf {
        self.sandbox.path("srv").join(name)
    }

    fn run(&self, how: &[&str]) -> Command {
        let mut command = podman(&["run", "--name", &self.name]);
        command.args(how).args(&self.options).arg(self.image).args(&self.command);
        // conmon leaves a file `oom` where it was started when the kernel kills in the container.
        command.current_dir(self.sandbox.dir());
        command
    }

    /// `podman run`, attached, to its end; what it wrote and ended with.
    pub(crate) fn attached(&self) -> Output {
        said(self.run(&[]))
    }

    /// `podman run -d`.
    pub(crate) fn started(self) -> Self {
        let begun = said(self.run(&["-d"]));
        assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
        self
    }

    /// Waits until `phpeek-pm status` in it says that all is up.
    pub(crate) fn up(self) -> Self {
        let told = self.exec(&[PROGRAM, "status", "--wait", "25"]);
        let text = String::from_utf8_lossy(&told.stdout);
        assert!(
            told.status.success(),
            "{text}{}\n{}",
            String::from_utf8_lossy(&told.stderr),
            self.records_as_text()
        );
        self
    }

    /// Runs a program in it.
    pub(crate) fn exec(&self, program: &[&str]) -> Output {
        let mut command = podman(&["exec", &self.name]);
        command.args(program);
        said(command)
    }

    /// One value of `podman inspect`.
    pub(crate) fn inspect(&self, what: &str) -> String {
        let told = said(podman(&["inspect", "-f", &format!("{{{{{what}}}}}"), &self.name]));
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    }

    /// The supervisor's pid, as the host sees it.
    pub(crate) fn pid(&self) -> i32 {
        self.inspect(".State.Pid").parse().expect("a pid")
    }

    /// `podman healthcheck run`: the exit code, 0 for healthy.
    pub(crate) fn health(&self) -> Option<i32> {
        said(podman(&["healthcheck", "run", &self.name])).status.code()
    }

    /// `podman stop`, which gives it 25 s; the exit code of the container.
    pub(crate) fn stop(&self) -> i32 {
        let told = said(podman(&["stop", "-t", "25", &self.name]));
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        self.ended()
    }

    /// Waits for its end; the exit code.
    pub(crate) fn ended(&self) -> i32 {
        wait_until(LONG, "the container has ended", || self.inspect(".State.Status") == "exited");
        self.inspect(".State.ExitCode").parse().expect("an exit code")
    }

    fn records_as_text(&self) -> String {
        String::from_utf8_lossy(&said(podman(&["logs", &self.name])).stdout).into_owned()
    }

    /// Its records so far.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.records_as_text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The lines of one process so far.
    pub(crate) fn lines_of(&self, process: &str) -> Vec<String> {
        let of = |r: &Value| r["process"] == process && !r["stream"].is_null();
        let records = self.records().into_iter().filter(of);
        records.filter_map(|r| r["msg"].as_str().map(str::to_owned)).collect()
    }

    /// Waits for a line of a process that holds `part`.
    pub(crate) fn says(&self, process: &str, part: &str) -> String {
        wait_for(LONG, &format!("{process} says {part}"), || {
            self.lines_of(process).into_iter().find(|line| line.contains(part))
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {}", self.name, self.records_as_text());
        }
        said(podman(&["rm", "-f", "-t", "0", &self.name]));
    }
}
