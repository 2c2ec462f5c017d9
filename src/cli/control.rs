//! The commands that ask a running supervisor to do something with one process, and `list`: orders over the control socket.
//! Each waits until what was asked for is so, and answers by its exit code. Decides nothing.

use super::ask::Target;
use super::fault::Fault;
use super::progress;
use super::say::say;
use super::table::{draw, left, moment, right, span};
use crate::exit;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use phpeek_api::client::{Client, ClientError};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    pub asked: Asked,
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
    pub asked: Asked,
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
    pub asked: Asked,
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
    pub asked: Asked,
}

/// Each wait for an operation that takes long; it is asked for again until it is over.
const WAIT: Duration = Duration::from_secs(15);
/// Beyond the wait, for the answer itself.
const ANSWER: Duration = Duration::from_secs(5);

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
    ask(config, &arguments.asked, &arguments.name, action, &json!({}))
}

/// Restarts processes. 0: all are up again. 1: refused, or one is not.
pub(super) fn restart(config: Option<PathBuf>, arguments: &RestartArguments) -> Result<u8, Fault> {
    let RestartArguments { names, rolling, asked } = arguments;
    if *rolling {
        let client = client(config, asked)?;
        let body = if names.is_empty() { json!({}) } else { json!({"processes": names}) };
        return order(&client, asked, ("/api/v1/restart", &body), None);
    }
    for name in names {
        let code = ask(config.clone(), asked, name, "restart", &json!({}))?;
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
    ask(config, &arguments.asked, &arguments.name, "scale", &body)
}

/// Sends a signal to a process.
pub(super) fn signal(config: Option<PathBuf>, arguments: &SignalArguments) -> Result<u8, Fault> {
    let body = json!({"signal": arguments.signal});
    ask(config, &arguments.asked, &arguments.name, "signal", &body)
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
    name: &str,
    action: &str,
    body: &Value,
) -> Result<u8, Fault> {
    let client = client(config, asked)?;
    let path = format!("/api/v1/processes/{}/{action}", encoded(name));
    order(&client, asked, (&path, body), Some((name, told(action))))
}

/// Gives an order, of a process or of all, and waits for what comes of it.
fn order(
    client: &Client,
    asked: &Asked,
    (path, body): (&str, &Value),
    of: Option<(&str, &str)>,
) -> Result<u8, Fault> {
    if !asked.json {
        progress::begin(client, of.map(|(name, _)| name));
    }
    let answer = read(client, client.order(path, body.to_string()))?;
    let answer = settled(client, answer)?;
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

/// The answer, or the end of the operation that it speaks of.
fn settled(client: &Client, answer: Value) -> Result<Value, Fault> {
    match answer.get("operation").and_then(Value::as_u64) {
        Some(operation) if field(&answer, "status") == "accepted" => wait_for(client, operation),
        _ => Ok(answer),
    }
}

/// Waits until an operation is over, however long that takes: whoever asked can end the wait.
pub(super) fn wait_for(client: &Client, operation: u64) -> Result<Value, Fault> {
    let path = format!("/api/v1/operations/{operation}?wait={}", WAIT.as_secs());
    loop {
        let answer = read(client, client.get_within(&path, WAIT + ANSWER))?;
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
    let client = client(config, &arguments.asked)?;
    let mut body = String::new();
    if let Some(file) = &arguments.file {
        let file = std::path::absolute(file)
            .map_err(|error| Fault::Usage(format!("{}: {error}", file.display())))?;
        let file =
            file.to_str().ok_or_else(|| Fault::Usage(format!("{}: its name is no text", file.display())))?;
        body = json!({ "file": file }).to_string();
    }
    if !arguments.asked.json {
        progress::begin(&client, None);
    }
    let answer = read(&client, client.order("/api/v1/config/reload", body))?;
    let answer = settled(&client, answer)?;
    if let Some(why) = field(&answer, "error").as_str() {
        return Err(Fault::Nothing(why.to_owned()));
    }
    say(if arguments.asked.json { format!("{answer}\n") } else { "reloaded\n".to_owned() });
    Ok(exit::OK)
}

/// Lists the processes. 0: every one that is to run does. 1: some do not.
pub(super) fn list(config: Option<PathBuf>, arguments: &ListArguments) -> Result<u8, Fault> {
    let client = client(config, &arguments.asked)?;
    let answer = read(&client, client.get("/api/v1/processes"))?;
    let processes = field(&answer, "processes").as_array().cloned().unwrap_or_default();
    let well = processes.iter().all(|process| {
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

fn row(process: &Value, now: u64) -> [String; 6] {
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
