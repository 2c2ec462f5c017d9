//! The commands that ask a running supervisor to do something with one process, and `list`: orders over the control socket.
//! Each waits until what was asked for is so, and answers by its exit code. Decides nothing.

use super::ask::Target;
use super::fault::Fault;
use super::progress;
use super::say::say;
use super::status::seconds;
use super::table::{draw, left, moment, right, span};
use crate::exit;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use phpeek_api::client::{Client, ClientError};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Which supervisor, and how it is answered.
#[derive(Debug, Args)]
pub struct Asked {
    /// The control socket; default: $PHPEEK_PM_CONTROL_SOCKET, the configured one, the only one that is found.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which supervisor, how it is answered, and how long what takes long is waited for.
#[derive(Debug, Args)]
pub struct Ordered {
    /// Wait so many seconds at most until it is so; what was begun goes on. Default: as long as it takes.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub wait: Option<Duration>,
    /// Whom to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Whom to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Options of `start` and `stop`.
#[derive(Debug, Args)]
pub struct OneArguments {
    /// The process.
    pub name: String,
    /// Whom to ask.
    #[command(flatten)]
    pub ordered: Ordered,
}

/// Options of `restart`.
#[derive(Debug, Args)]
pub struct RestartArguments {
    /// The processes; with --rolling and without a name, all that run.
    #[arg(required_unless_present = "rolling")]
    pub names: Vec<String>,
    /// One process after the other, those that others depend on first, and no further when one does not come up. Who knows
    /// how (`reload`) reloads itself.
    #[arg(long)]
    pub rolling: bool,
    /// Whom to ask.
    #[command(flatten)]
    pub ordered: Ordered,
}

/// Options of `scale`.
#[derive(Debug, Args)]
pub struct ScaleArguments {
    /// The process.
    pub name: String,
    /// How many instances there are to be; +N or -N changes it by so many.
    #[arg(allow_hyphen_values = true)]
    pub instances: String,
    /// Whom to ask.
    #[command(flatten)]
    pub ordered: Ordered,
}

/// Options of `signal`.
#[derive(Debug, Args)]
pub struct SignalArguments {
    /// The process.
    pub name: String,
    /// The signal: SIGHUP, HUP or a number. It is sent to the leader of each instance.
    pub signal: String,
    /// Whom to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Options of `reload`.
#[derive(Debug, Args)]
pub struct ReloadArguments {
    /// Read this file instead, now and from now on. The supervisor reads it.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Whom to ask.
    #[command(flatten)]
    pub ordered: Ordered,
}

/// Each wait for an operation that takes long; it is asked for again until it is over.
const WAIT: Duration = Duration::from_secs(15);
/// Beyond the wait, for the answer itself.
const ANSWER: Duration = Duration::from_secs(5);

/// When the wait for what was asked for is over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Until(Option<(Instant, Duration)>);

impl Until {
    /// What is left of it; `None`: it has no end.
    fn left(self) -> Option<Duration> {
        self.0.map(|(begin, wait)| wait.saturating_sub(begin.elapsed()))
    }

    /// That it is over, where no answer has come because of that.
    fn bound<T>(self, answer: Result<T, ClientError>) -> Result<Result<T, ClientError>, Fault> {
        match (&answer, self.0) {
            (Err(ClientError::Silent(_)), Some((begin, wait))) if begin.elapsed() >= wait => {
                let message = format!("not done within {} s: what was begun goes on", wait.as_secs_f64());
                Err(Fault::Nothing(message))
            }
            _ => Ok(answer),
        }
    }
}

impl Ordered {
    /// From now on.
    fn until(&self) -> Until {
        Until(self.wait.map(|wait| (Instant::now(), wait)))
    }
}

/// What is asked for.
pub(super) enum Order {
    Start,
    Stop,
}

/// Starts or stops a process. 0: it is so. 1: refused, or it has failed.
pub(super) fn one(config: Option<PathBuf>, order: &Order, arguments: &OneArguments) -> Result<u8, Fault> {
    let action = match order {
        Order::Start => "start",
        Order::Stop => "stop",
    };
    ask(config, &arguments.ordered.asked, arguments.ordered.until(), &arguments.name, (action, &json!({})))
}

/// Restarts processes. 0: all are up again. 1: refused, or one is not.
pub(super) fn restart(config: Option<PathBuf>, arguments: &RestartArguments) -> Result<u8, Fault> {
    let RestartArguments { names, rolling, ordered } = arguments;
    let (asked, until) = (&ordered.asked, ordered.until());
    if *rolling {
        let client = client(config, asked)?;
        let body = if names.is_empty() { json!({}) } else { json!({"processes": names}) };
        let of = names.first().filter(|_| names.len() == 1);
        return order(
            &client,
            (asked, until),
            ("/api/v1/restart", &body),
            of.map(|name| (name.as_str(), told("restart"))),
        );
    }
    for name in names {
        let code = ask(config.clone(), asked, until, name, ("restart", &json!({})))?;
        if code != exit::OK {
            return Ok(code);
        }
    }
    Ok(exit::OK)
}

/// Changes how many instances of a process there are.
pub(super) fn scale(config: Option<PathBuf>, arguments: &ScaleArguments) -> Result<u8, Fault> {
    let text = arguments.instances.as_str();
    let wrong = || Fault::Usage(format!("{text:?} is no number of instances: write 3, +1 or -1"));
    let number: i64 = text.parse().map_err(|_| wrong())?;
    let body =
        if text.starts_with(['+', '-']) { json!({"delta": number}) } else { json!({"desired": number}) };
    ask(config, &arguments.ordered.asked, arguments.ordered.until(), &arguments.name, ("scale", &body))
}

/// Sends a signal to a process.
pub(super) fn signal(config: Option<PathBuf>, arguments: &SignalArguments) -> Result<u8, Fault> {
    let body = json!({"signal": arguments.signal});
    ask(config, &arguments.asked, Until::default(), &arguments.name, ("signal", &body))
}

pub(super) fn client(config: Option<PathBuf>, asked: &Asked) -> Result<Client, ClientError> {
    Target { socket: asked.socket.clone(), config }.client()
}

pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

pub(super) fn ask(
    config: Option<PathBuf>,
    asked: &Asked,
    until: Until,
    name: &str,
    (action, body): (&str, &Value),
) -> Result<u8, Fault> {
    let client = client(config, asked)?;
    let path = format!("/api/v1/processes/{}/{action}", encoded(name));
    order(&client, (asked, until), (&path, body), Some((name, told(action))))
}

/// Gives an order, of a process or of all, and waits for what comes of it.
fn order(
    client: &Client,
    (asked, until): (&Asked, Until),
    (path, body): (&str, &Value),
    of: Option<(&str, &str)>,
) -> Result<u8, Fault> {
    if !asked.json {
        progress::begin(client, of.map(|(name, _)| name));
    }
    let answer = given(client, until, path, body.to_string())?;
    let why = field(&answer, "error").as_str();
    if asked.json {
        say(format!("{answer}\n"));
        return Ok(if why.is_none() { exit::OK } else { exit::FAILURE });
    }
    let before = of.map(|(name, _)| format!("{name}: ")).unwrap_or_default();
    match why {
        Some(why) => Err(Fault::Nothing(format!("{before}{why}"))),
        None => {
            say(format!("{before}{}\n", of.map_or("restarted", |(_, word)| word)));
            Ok(exit::OK)
        }
    }
}

/// A field of an object; null when it is not there.
pub(super) fn field<'a>(of: &'a Value, key: &str) -> &'a Value {
    of.get(key).unwrap_or(&Value::Null)
}

fn told(action: &str) -> &'static str {
    match action {
        "start" => "started",
        "stop" => "stopped",
        "restart" => "restarted",
        "scale" => "scaled",
        "schedule/pause" => "paused",
        "schedule/resume" => "resumed",
        _ => "signalled",
    }
}

/// Gives an order: the answer, or the end of the operation that it speaks of.
fn given(client: &Client, until: Until, path: &str, body: String) -> Result<Value, Fault> {
    let bytes = match client.order_within(path, body, until.left().unwrap_or(Duration::MAX)) {
        Err(stopped @ ClientError::Stopped { .. }) => return Err(Fault::Unsure(stopped)),
        bytes => until.bound(bytes)?,
    };
    let answer = read(client, bytes)?;
    match answer.get("operation").and_then(Value::as_u64) {
        Some(operation) if field(&answer, "status") == "accepted" => wait_for(client, until, operation),
        _ => Ok(answer),
    }
}

/// Waits until an operation is over: as long as that takes, where whoever asked has set no end to it.
pub(super) fn wait_for(client: &Client, until: Until, operation: u64) -> Result<Value, Fault> {
    loop {
        let wait = until.left().map_or(WAIT, |left| left.min(WAIT));
        let path = format!("/api/v1/operations/{operation}?wait={}", wait.as_secs() + 1);
        let limit = if wait < WAIT { wait } else { WAIT + ANSWER };
        let answer = read(client, until.bound(client.get_within(&path, limit))?)?;
        if field(&answer, "status") != "running" {
            return Ok(answer);
        }
    }
}

/// What was answered; a refusal is no trouble with the supervisor, but its answer.
pub(super) fn read(client: &Client, answer: Result<bytes::Bytes, ClientError>) -> Result<Value, Fault> {
    let bytes = answer.map_err(|error| match error {
        ClientError::Refused { status: 400..=402 | 404..=499 | 500, message } => Fault::Nothing(message),
        error => error.into(),
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        ClientError::Strange { path: client.path().to_owned(), why: error.to_string() }.into()
    })
}

/// Has the configuration read again. 0: what has changed is done. 1: it is faulty, or was undone.
pub(super) fn reload(config: Option<PathBuf>, arguments: &ReloadArguments) -> Result<u8, Fault> {
    let Ordered { asked, .. } = &arguments.ordered;
    let until = arguments.ordered.until();
    let client = client(config, asked)?;
    let mut body = String::new();
    if let Some(file) = &arguments.file {
        let file = std::path::absolute(file)
            .map_err(|error| Fault::Usage(format!("{}: {error}", file.display())))?;
        let file =
            file.to_str().ok_or_else(|| Fault::Usage(format!("{}: its name is no text", file.display())))?;
        body = json!({ "file": file }).to_string();
    }
    if !asked.json {
        progress::begin(&client, None);
    }
    let answer = given(&client, until, "/api/v1/config/reload", body)?;
    if let Some(why) = field(&answer, "error").as_str() {
        return Err(Fault::Nothing(why.to_owned()));
    }
    say(if asked.json { format!("{answer}\n") } else { "reloaded\n".to_owned() });
    Ok(exit::OK)
}

/// Lists the processes. 0: every one that is to run does. 1: some do not.
pub(super) fn list(config: Option<PathBuf>, arguments: &ListArguments) -> Result<u8, Fault> {
    let client = client(config, &arguments.asked)?;
    let answer = read(&client, client.get("/api/v1/processes"))?;
    let processes = field(&answer, "processes").as_array().cloned().unwrap_or_default();
    // Of what goes by the clock a run may have failed: the next is to come.
    let well = processes.iter().filter(|process| field(process, "schedule").is_null()).all(|process| {
        let instances = field(process, "instances").as_array().map(Vec::as_slice).unwrap_or_default();
        instances.iter().all(|i| !matches!(field(i, "state").as_str(), Some("failed" | "backoff")))
    });
    if arguments.asked.json {
        say(format!("{answer}\n"));
    } else {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let rows: Vec<_> = processes.iter().map(|process| row(process, now)).collect();
        let [a, b, c, d, e, f] =
            [left("NAME"), left("TYPE"), left("STATE"), right("SCALE"), right("RESTARTS"), right("UPTIME")];
        // What has a schedule has runs to come and runs that were; where nothing has one, there is nothing to say.
        if processes.iter().any(|process| !field(process, "schedule").is_null()) {
            let runs =
                |process: &Value| [moment(field(process, "next_run")), moment(field(process, "last_run"))];
            let with_runs = |([a, b, c, d, e, f], process): ([String; 6], _)| {
                let [next, last] = runs(process);
                [a, b, c, d, e, f, next, last]
            };
            let rows: Vec<_> = rows.into_iter().zip(&processes).map(with_runs).collect();
            say(draw([a, b, c, d, e, f, left("NEXT RUN"), left("LAST RUN")], &rows));
        } else {
            say(draw([a, b, c, d, e, f], &rows));
        }
    }
    Ok(if well { exit::OK } else { exit::FAILURE })
}

pub(super) fn row(process: &Value, now: u64) -> [String; 6] {
    let text = |key: &str| field(process, key).as_str().unwrap_or_default().to_owned();
    let instances = field(process, "instances").as_array().map(Vec::as_slice).unwrap_or_default();
    let restarts: u64 = instances.iter().filter_map(|i| field(i, "restart_count").as_u64()).sum();
    let since = instances.iter().filter_map(|i| field(i, "started_at").as_u64()).filter(|at| *at > 0).min();
    let uptime = since.map_or_else(|| "-".to_owned(), |at| span(now.saturating_sub(at) as f64));
    let limit = instances.iter().find_map(|i| field(field(i, "memory_limit"), "limit").as_str());
    let state = text("state") + &limit.map(|limit| format!(", {limit} memory limit")).unwrap_or_default();
    let scale = field(process, "scale").as_u64().unwrap_or_default();
    [text("name"), text("type"), state, scale.to_string(), restarts.to_string(), uptime]
}
