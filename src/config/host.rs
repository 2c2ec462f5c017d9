//! Looks at this machine for what a configuration names: programs, interpreters, users, directories, certificates. Runs
//! nothing and changes nothing. Only `check-config --host` asks for it: a file is mostly checked where it will not run.

use super::report::{Finding, Findings, Path as YamlPath};
use super::tree::{Entry, Node, Place};
use super::vars::Vars;
use phpeek_core::program::Program;
use phpeek_core::spec::SystemSpec;
use phpeek_core::template::is_template;
use std::fs::{self, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where programs are when nobody names a PATH: what execvp(3) takes.
const DEFAULT_PATH: &str = "/bin:/usr/bin";
/// What the kernel reads of a script's first line (execve(2)).
const FIRST_LINE: u64 = 256;

/// Who a process becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its user; `None` keeps ours.
    pub user: Option<u32>,
    /// All its groups.
    pub groups: Vec<u32>,
}

/// What a machine knows of users.
pub trait Host {
    /// Who these names stand for; `None`: whoever starts the supervisor.
    ///
    /// # Errors
    /// Why they stand for nobody.
    fn identity(&self, user: Option<&str>, group: Option<&str>) -> Result<Option<Identity>, String>;
}

/// Looks for everything that the processes and the supervisor need.
pub(crate) fn check(
    root: &Node,
    spec: &SystemSpec,
    vars: &dyn Vars,
    host: &dyn Host,
    findings: &mut Findings,
) {
    let path = vars.get("PATH");
    let mut look = Look { host, path: path.as_deref().unwrap_or(DEFAULT_PATH), findings };
    for process in &spec.processes {
        let at = ["processes", process.name.as_str()];
        if let Some(node) = root.at(&at) {
            look.process(process.name.as_str(), node, &process.program);
        }
    }
    let hooks = root.get("hooks").map(Node::entries).unwrap_or_default();
    look.hooks(hooks, None, &YamlPath::ROOT);
    look.tls(root);
    look.folders(root);
}

/// What to do about a program that cannot be run.
const PROGRAM: &str = "install it, or name one that is there and that its user may run (`chmod +x FILE`)";

struct Look<'a> {
    host: &'a dyn Host,
    /// The supervisor's own.
    path: &'a str,
    findings: &'a mut Findings,
}

impl Look<'_> {
    fn process(&mut self, name: &str, node: &Node, program: &Program) {
        let path = YamlPath::PROCESSES;
        let path = path.key(name);
        let place = |key: &str| node.get(key).map_or(node.place.clone(), |n| n.place.clone());
        let identity = match self.host.identity(program.user.as_deref(), program.group.as_deref()) {
            Ok(identity) => identity,
            Err(message) => {
                let key = if program.user.is_some() { "user" } else { "group" };
                self.error(&path.key(key), place(key), message, "name one that is there");
                None
            }
        };
        let groups = program.privilege.as_ref().and_then(|p| p.groups.as_deref()).unwrap_or_default();
        for group in groups {
            if let Err(message) = self.host.identity(None, Some(group)) {
                self.error(&path.key("groups"), place("groups"), message, "name one that is there");
            }
        }
        if let Some(folder) = &program.working_dir {
            let wrong = match fs::metadata(folder) {
                Err(error) => Some(error.to_string()),
                Ok(found) if !found.is_dir() => Some("it is no directory".to_owned()),
                Ok(found) if !may_run(&found, identity.as_ref()) => {
                    Some("its user may not enter it".to_owned())
                }
                Ok(_) => None,
            };
            if let Some(why) = wrong {
                let message = format!("the directory {}: {why}", folder.display());
                self.error(&path.key("working_dir"), place("working_dir"), message, "name one that is there");
            }
        }
        let own = program.env.iter().find(|(key, _)| key == "PATH").map(|(_, value)| value.as_str());
        let at = At { folder: program.working_dir.as_deref(), path: own.unwrap_or(self.path), identity };
        if let Err(message) = at.program(program.command.program()) {
            self.error(&path.key("command"), place("command"), message, PROGRAM);
        }
        let (own_checks, grouped) = (path.key("health_check"), path.key("health"));
        if let Some(check) = node.get("health_check") {
            self.probe(check, &own_checks, at.path);
        }
        for stage in ["startup", "readiness", "liveness"] {
            if let Some(check) = node.at(&["health", stage]) {
                self.probe(check, &grouped.key(stage), at.path);
            }
        }
        let own = node.at(&["shutdown", "pre_stop_hook"]);
        self.hooks(node.get("hooks").map(Node::entries).unwrap_or_default(), own, &path);
    }

    /// What a check runs, if it runs something.
    fn probe(&mut self, check: &Node, path: &YamlPath<'_>, search: &str) {
        let Some(text) = check.get("command").and_then(|c| c.items().first()?.text()) else { return };
        let identity = self.stranger(check, path);
        if let Err(message) = (At { folder: None, path: search, identity }).program(text) {
            self.error(&path.key("command"), check.place.clone(), message, PROGRAM);
        }
    }

    /// Lists of hooks, and one that stands alone.
    fn hooks(&mut self, lists: &[Entry], alone: Option<&Node>, path: &YamlPath<'_>) {
        let all = lists.iter().flat_map(|list| list.node.items()).chain(alone);
        for hook in all {
            let text = |key: &str| hook.filled(key);
            let folder = text("working_dir").map(Path::new);
            let path = path.key("hooks");
            let identity = self.stranger(hook, &path);
            let own = hook.at(&["env", "PATH"]).and_then(Node::text).unwrap_or(self.path);
            let Some(program) = hook.get("command").and_then(|c| c.items().first()?.text()) else { continue };
            if is_template(program) || text("working_dir").is_some_and(is_template) {
                continue; // each instance has another
            }
            if let Err(message) = (At { folder, path: own, identity }).program(program) {
                self.error(&path, hook.place.clone(), message, PROGRAM);
            }
        }
    }

    /// Whom a hook or a check becomes. One who is not there is told of, and its program is looked for all the same.
    fn stranger(&mut self, of: &Node, path: &YamlPath<'_>) -> Option<Identity> {
        let (user, group) = (of.filled("user"), of.filled("group"));
        self.host.identity(user, group).unwrap_or_else(|message| {
            let key = if user.is_some() { "user" } else { "group" };
            let place = of.get(key).unwrap_or(of).place.clone();
            self.error(&path.key(key), place, message, "name one that is there");
            None
        })
    }

    /// Files of TLS that are switched on; those of tracing are judged with it.
    fn tls(&mut self, root: &Node) {
        for block in ["api_tls", "metrics_tls"] {
            let Some(tls) = root.at(&["global", block]) else { continue };
            if tls.get("enabled").and_then(Node::text).and_then(super::value::truth) != Some(true) {
                continue;
            }
            let path = YamlPath::ROOT;
            let path = path.key("global");
            let path = path.key(block);
            for key in ["cert_file", "key_file", "ca_file"] {
                let Some((node, file)) = tls.get(key).and_then(|n| Some((n, n.text()?))) else { continue };
                let read = fs::read_to_string(file).map_err(|error| error.to_string());
                let sound = |text: &String| text.contains("-----BEGIN");
                let why = match read {
                    Err(why) => Some(why),
                    Ok(text) if !sound(&text) => Some("it holds no PEM".to_owned()),
                    Ok(_) => None,
                };
                // Of all that is switched on the first that is wrong was told when it was judged as a whole.
                let known = self.findings.has_error(&path.key(key), &node.place);
                if let Some(why) = why.filter(|_| !known) {
                    let message = format!("the file {file}: {why}");
                    self.error(
                        &path.key(key),
                        node.place.clone(),
                        message,
                        "name a PEM file that can be read",
                    );
                }
            }
        }
    }

    /// Where the supervisor itself writes.
    fn folders(&mut self, root: &Node) {
        let path = YamlPath::ROOT;
        let path = path.key("global");
        for (key, none) in [("control_socket", &["none", "off"][..]), ("tracing_spool_dir", &["none"])] {
            let found = root.at(&["global", key]).and_then(|node| Some((node, node.text()?)));
            let Some((node, text)) = found.filter(|(_, text)| !text.is_empty() && !none.contains(text))
            else {
                continue;
            };
            // The spool makes its folder, and those above it.
            let above = if key == "control_socket" { 1 } else { usize::MAX };
            let there = Path::new(text).ancestors().skip(1).take(above).find(|folder| folder.exists());
            if !there.is_some_and(Path::is_dir) {
                let message = format!("there is no directory for {text}");
                self.error(&path.key(key), node.place.clone(), message, "make it, or name another");
            }
        }
    }

    fn error(&mut self, path: &YamlPath<'_>, place: Place, message: String, advice: &str) {
        self.findings.push(Finding::error(path, place, message).advice(advice));
    }
}

/// Where a program is looked for, and by whom.
struct At<'a> {
    folder: Option<&'a Path>,
    path: &'a str,
    identity: Option<Identity>,
}

impl At<'_> {
    /// Why a program cannot be run.
    fn program(&self, program: &str) -> Result<(), String> {
        let found = self.find(program)?;
        let Some(interpreter) = interpreter(&found) else { return Ok(()) };
        let lacks = |why: String| {
            format!("the script {} names the interpreter {interpreter:?}: {why}", found.display())
        };
        self.runs(&self.inside(&interpreter)).map_err(lacks)
    }

    /// The file that would be run.
    fn find(&self, program: &str) -> Result<PathBuf, String> {
        if program.contains('/') {
            let file = self.inside(program);
            return self.runs(&file).map(|()| file).map_err(|why| format!("the program {program:?}: {why}"));
        }
        // As execvp(3): what may not be run is passed over, and told when nothing else is found.
        let mut refused = None;
        for folder in self.path.split(':') {
            let file = self.inside(if folder.is_empty() { "." } else { folder }).join(program);
            match self.runs(&file) {
                Ok(()) => return Ok(file),
                Err(why) if file.exists() => refused = Some(format!("{}: {why}", file.display())),
                Err(_) => {}
            }
        }
        Err(refused.unwrap_or_else(|| format!("exec: {program:?}: executable file not found in $PATH")))
    }

    /// A path as a process in its directory would read it.
    fn inside(&self, path: &str) -> PathBuf {
        self.folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }

    fn runs(&self, file: &Path) -> Result<(), String> {
        let found = fs::metadata(file).map_err(|error| error.to_string())?;
        match () {
            () if found.is_dir() => Err("it is a directory".to_owned()),
            () if !may_run(&found, self.identity.as_ref()) => Err("it may not be run".to_owned()),
            () => Ok(()),
        }
    }
}

/// Whether the mode lets somebody run a file or enter a directory. Root may when anybody may.
fn may_run(found: &Metadata, identity: Option<&Identity>) -> bool {
    let mode = found.permissions().mode();
    let user = identity.and_then(|i| i.user).unwrap_or_else(|| rustix::process::geteuid().as_raw());
    let groups = identity.map_or_else(
        || {
            let mut own = rustix::process::getgroups().unwrap_or_default();
            own.push(rustix::process::getegid());
            own.into_iter().map(rustix::process::Gid::as_raw).collect()
        },
        |i| i.groups.clone(),
    );
    let bit = match user {
        0 => 0o111,
        user if user == found.uid() => 0o100,
        _ if groups.contains(&found.gid()) => 0o010,
        _ => 0o001,
    };
    mode & bit != 0
}

/// The interpreter that a script names; nothing for any other program.
fn interpreter(file: &Path) -> Option<String> {
    let mut begin = Vec::new();
    fs::File::open(file).ok()?.take(FIRST_LINE).read_to_end(&mut begin).ok()?;
    let line = begin.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let name = String::from_utf8_lossy(line);
    let name = name.split_ascii_whitespace().next()?;
    Some(name.to_owned())
}
