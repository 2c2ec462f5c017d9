//! One start: from an order to a program that runs, or to the reason why it does not, in words. Runs on a spawner
//! thread and may wait there, for a name service or for the exec.

use super::capture::{Capture, CaptureSink, Stream};
use super::child::{Call, Stack};
use super::environment::Environment;
use super::leaf::Leaf;
use super::leaves::Leaves;
use super::notify::{EarSink, Ends};
use super::plan::{Plan, failure};
use super::step::{Failed, Step};
use super::{confines, limits, sys, terminal};
use phpeek_actors::ports::LaunchOrder;
use phpeek_core::ids::{RunId, TaskId};
use phpeek_core::outcome::{SpawnFailure, SpawnFailureKind as Kind};
use phpeek_core::program::Program;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::AtomicI32;
use std::sync::{Arc, OnceLock};

/// What has come of a start: a program, or a zombie that never became one.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) pid: i32,
    /// Its cgroup, where it has one of its own.
    pub(super) leaf: Option<Leaf>,
}

/// What every start needs.
pub(super) struct Launch {
    sink: OnceLock<Arc<dyn CaptureSink>>,
    ears: OnceLock<Arc<dyn EarSink>>,
    base: Environment,
    null: OwnedFd,
    /// The mark of each task begins with it.
    supervisor: String,
    /// The cgroups of runs.
    pub(super) leaves: Arc<Leaves>,
    /// Whether children get a session of their own.
    session: bool,
    /// Standard input, output and error as we have them, for a program that is in our place.
    streams: OnceLock<[OwnedFd; 3]>,
}

impl Launch {
    pub(super) fn new(base: Environment, supervisor: String, leaves: Arc<Leaves>) -> io::Result<Self> {
        let (sink, ears, session) = (OnceLock::new(), OnceLock::new(), terminal::was_there());
        let (null, streams) = (sys::null()?, OnceLock::new());
        Ok(Self { sink, ears, base, null, supervisor, leaves, session, streams })
    }

    /// What is not captured is ours from now on, in place of /dev/null, with the terminal behind it: for a single program
    /// that stands where we do.
    pub(super) fn hand_on_streams(&self) -> io::Result<()> {
        let streams = sys::standard_streams()?;
        self.streams.get_or_init(|| streams);
        Ok(())
    }

    /// Whether our streams, and our terminal, are those of the program.
    pub(super) fn is_in_front(&self) -> bool {
        self.streams.get().is_some()
    }

    /// See [`Environment::add`].
    pub(super) fn add_to_environment(&self, variables: &[(&str, String)]) {
        self.base.add(variables);
    }

    /// Where output goes; who asks for its capture before this is said has none.
    pub(super) fn capture_to(&self, sink: Arc<dyn CaptureSink>) {
        self.sink.get_or_init(|| sink);
    }

    /// Who listens to what programs say; what they say before this is said is heard by nobody.
    pub(super) fn heard_by(&self, ears: Arc<dyn EarSink>) {
        self.ears.get_or_init(|| ears);
    }

    /// Nobody is left of this run.
    pub(super) fn over(&self, run: RunId) {
        if let Some(ears) = self.ears.get() {
            ears.over(run);
        }
    }

    /// Starts a program. The error holds the zombie, if there was a child.
    pub(super) fn start(
        &self,
        order: &LaunchOrder,
        stack: &mut Stack,
        slot: &AtomicI32,
    ) -> Result<Child, (Option<Child>, SpawnFailure)> {
        let program = &*order.program;
        let plan = Plan::new(order, &self.base, &self.supervisor).map_err(|f| (None, f))?;
        let user = plan.credentials.as_ref().and_then(|credentials| credentials.user);
        let pipe = |wanted: bool| match wanted.then(|| sys::pipe(user)).transpose() {
            // What a probe writes is of use, and it must not fail for want of a descriptor.
            Err(_) if matches!(order.task, TaskId::Probe(_)) => Ok(None),
            made => made.map_err(|e| (None, no_pipe(program, &e))),
        };
        let (stdout, stderr) = (pipe(program.output.stdout)?, pipe(program.output.stderr)?);
        let ends = Ends::of(program.speaks, user, &self.supervisor, order.task);
        let ends = ends.map_err(|e| (None, no_ends(program, &e)))?;
        let null = self.null.as_raw_fd();
        let plain =
            self.streams.get().map_or([null; 3], |streams| streams.each_ref().map(AsRawFd::as_raw_fd));
        let write_end = |pipe: &Option<(OwnedFd, OwnedFd)>, plain: i32| {
            pipe.as_ref().map_or(plain, |(_, write)| write.as_raw_fd())
        };
        let (argv, envp, candidates) =
            (plan.argv(), plan.envp(&self.base, ends.own_pid()), plan.candidates());
        let [stdin, plain_stdout, plain_stderr] = plain;
        let descriptors = [stdin, write_end(&stdout, plain_stdout), write_end(&stderr, plain_stderr)];
        let mut call = Call::new(argv.as_ptr(), envp.as_ptr(), candidates.as_ptr(), descriptors);
        call.extra = ends.descriptor();
        call.own_pid = ends.own_pid().map_or(ptr::null(), ptr::from_ref);
        if let Some(directory) = &plan.directory {
            call.directory = directory.as_ptr();
        }
        if let Some(credentials) = &plan.credentials {
            if let Some(groups) = &credentials.groups {
                (call.groups, call.groups_len) = (groups.as_ptr(), groups.len());
            }
            (call.group, call.user) = (Some(credentials.group), credentials.user);
        }
        if let Some(confines) = &plan.confines {
            call.confines = confines;
        }
        if let Some(limit) = limits::at_start().filter(|_| !plan.limits_nofile()) {
            call.nofile = limit;
        }
        call.foreground = self.is_in_front() && terminal::is_to_be_handed_on();
        call.session = self.session && !self.is_in_front();
        let (begun, leaf) = self.spawn(order, stack, &mut call, slot);
        match begun {
            Ok(pid) => {
                self.hand_over(order, [stdout, stderr], ends, pid);
                Ok(Child { pid, leaf })
            }
            Err(failed) => {
                let zombie = failed.zombie.map(|pid| Child { pid, leaf });
                Err((zombie, explain(program, &plan.candidates, &failed)))
            }
        }
    }

    /// Makes the process, in a cgroup of its own where it may have one.
    fn spawn(
        &self,
        order: &LaunchOrder,
        stack: &mut Stack,
        call: &mut Call,
        slot: &AtomicI32,
    ) -> (Result<i32, Failed>, Option<Leaf>) {
        let (leaf, folder) =
            self.leaves.make(order.task, order.program.name.as_str(), &self.supervisor).unzip();
        call.cgroup = folder.as_ref().map(OwnedFd::as_raw_fd);
        let begun = stack.spawn(call, slot);
        let is_of_use = |leaf: &Leaf| match (call.outside(), &begun) {
            (Some(errno), _) => {
                self.leaves.refused(leaf, errno);
                false
            }
            (None, Err(Failed { zombie: None, .. })) => !leaf.remove(),
            (None, _) => true,
        };
        let leaf = leaf.filter(is_of_use);
        (begun, leaf)
    }

    /// A program has begun: what it writes and says has its takers.
    fn hand_over(&self, order: &LaunchOrder, pipes: [Option<(OwnedFd, OwnedFd)>; 2], ends: Ends, pid: i32) {
        let program = &*order.program;
        if let (TaskId::Run(run), Some(ears)) = (order.task, self.ears.get()) {
            ends.begun(run, pid).for_each(|ear| ears.listen(ear));
        }
        for (pipe, stream) in pipes.into_iter().zip([Stream::Stdout, Stream::Stderr]) {
            if let (Some((read_end, _)), Some(sink)) = (pipe, self.sink.get()) {
                sink.capture(Capture {
                    process: program.name.clone(),
                    hook: program.hook.clone(),
                    file: None,
                    task: order.task,
                    number: order.label.number,
                    stream,
                    read_end,
                });
            }
        }
    }
}

fn no_ends(program: &Program, error: &io::Error) -> SpawnFailure {
    let reason = sys::reason(error.raw_os_error().unwrap_or(libc::EIO));
    let name = program.command.program();
    failure(
        Kind::Resources,
        format!("cannot make the socket or pipe by which {name:?} says that it is ready: {reason}"),
    )
}

fn no_pipe(program: &Program, error: &io::Error) -> SpawnFailure {
    let reason = sys::reason(error.raw_os_error().unwrap_or(libc::EIO));
    failure(
        Kind::Resources,
        format!("cannot capture the output of {:?}: {reason}", program.command.program()),
    )
}

/// Names what failed and why, in words.
fn explain(of: &Program, candidates: &[CString], failed: &Failed) -> SpawnFailure {
    let program = of.command.program();
    let reason = sys::reason(failed.errno);
    let short_of_room = matches!(failed.errno, libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE);
    let (kind, message) = match failed.step {
        Step::Directory => {
            let directory = of.working_dir.as_deref().unwrap_or(Path::new(""));
            (Kind::WorkingDirectory, format!("cannot enter the directory {directory:?}: {reason}"))
        }
        Step::User => {
            let user = of.user.as_deref().unwrap_or_default();
            (Kind::Credentials, format!("cannot become user {user:?}: {reason}"))
        }
        Step::Limits | Step::Nice | Step::OomScore | Step::Bounding | Step::Ambient | Step::NoNewPrivs => {
            let what = of.privilege.as_ref().map(|privilege| confines::told(privilege, failed));
            let what = what.unwrap_or_else(|| "restore the limit of open files".to_owned());
            (Kind::Credentials, format!("cannot {what} for {program:?}: {reason}"))
        }
        Step::Group => {
            let whose = of.group.as_deref().or(of.user.as_deref()).unwrap_or_default();
            (Kind::Credentials, format!("cannot take the groups of {whose:?}: {reason}"))
        }
        Step::Exec => match failed.errno {
            // The kernel says the same when a script names an interpreter that is not there.
            libc::ENOENT if let Some(script) = there(candidates, of.working_dir.as_deref()) => {
                (Kind::NotFound, format!("cannot run {program:?}: {}", missing_interpreter(&script)))
            }
            // As PHPeek PM's documentation shows it.
            libc::ENOENT if !program.contains('/') => {
                (Kind::NotFound, format!("exec: {program:?}: executable file not found in $PATH"))
            }
            libc::ENOENT | libc::ENOTDIR => (Kind::NotFound, format!("cannot run {program:?}: {reason}")),
            libc::EACCES | libc::EPERM | libc::ENOEXEC | libc::EISDIR => {
                (Kind::NotExecutable, format!("cannot run {program:?}: {reason}"))
            }
            _ => (Kind::Other, format!("cannot run {program:?}: {reason}")),
        },
        Step::Clone | Step::ProcessGroup | Step::Signals | Step::Descriptors => {
            (Kind::Other, format!("cannot make a process for {program:?}: {reason}"))
        }
    };
    let room_matters = matches!(kind, Kind::Other);
    failure(if short_of_room && room_matters { Kind::Resources } else { kind }, message)
}

/// The first of the paths that leads to a file.
fn there(candidates: &[CString], working_dir: Option<&Path>) -> Option<PathBuf> {
    let place = |path: &CString| {
        let path = Path::new(OsStr::from_bytes(path.as_bytes()));
        working_dir.map_or_else(|| path.to_owned(), |directory| directory.join(path))
    };
    candidates.iter().map(place).find(|path| path.is_file())
}

/// Which interpreter is missing, by the first line of the script.
fn missing_interpreter(script: &Path) -> String {
    let mut head = Vec::new();
    let read = File::open(script).and_then(|file| file.take(256).read_to_end(&mut head));
    let line = head.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"#!"));
    let Some(line) = line.filter(|_| read.is_ok()) else { return "its interpreter is missing".to_owned() };
    let text = String::from_utf8_lossy(line);
    let name = text.trim_start_matches([' ', '\t']).split([' ', '\t']).next().unwrap_or_default();
    let windows = if name.ends_with('\r') { ", since the file has the line ends of Windows" } else { "" };
    format!("its interpreter {name:?} is missing{windows}")
}
