//! What is told on standard error of something that takes longer than a second: what happens to instances meanwhile. Asks
//! by a connection of its own; the command that it belongs to never waits for it, and needs none of it.

use super::say::complain;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use phpeek_api::client::{Client, Events};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// What is over sooner needs no word.
const SOON: Duration = Duration::from_secs(1);

/// Tells of it until the command ends: of the instances of this process, or of all. Begins before the order is given, so that
/// nothing is missed.
pub(super) fn begin(client: &Client, process: Option<&str>) {
    let of = process
        .map(|process| format!("process={}&", utf8_percent_encode(process, NON_ALPHANUMERIC)))
        .unwrap_or_default();
    let path = format!("/api/v1/events?{of}tail=0&follow=true");
    let (socket, asked) = (client.path().to_owned(), client.path().to_owned());
    let (say, said) = channel();
    let (begun, waits) = channel();
    // Without a thread there is no progress, and the order is given all the same.
    let listening = Builder::new().spawn(move || {
        let Ok(events) = Client::at(socket).and_then(|client| client.events(&path)) else { return };
        begun.send(()).ok();
        listen(events, &say);
    });
    match waits.recv_timeout(SOON) {
        Ok(()) => drop(Builder::new().spawn(move || tell(&said, || why_nothing_happens(asked)))),
        Err(RecvTimeoutError::Timeout) if listening.is_ok() => {
            complain(&format!("no answer yet from the supervisor at {}", client.path().display()));
        }
        Err(_) => {}
    }
}

fn listen(mut events: Events, say: &Sender<String>) {
    while let Ok(Some(event)) = events.next() {
        let line = serde_json::from_str(&event.data).ok().and_then(|data| line(&data));
        if line.is_some_and(|line| say.send(line).is_err()) {
            return;
        }
    }
}

/// Who waits for the end of the boot would see nothing happen.
fn why_nothing_happens(socket: PathBuf) -> Option<String> {
    let status = Client::at(socket).and_then(|client| client.get("/status")).ok()?;
    let status: Value = serde_json::from_slice(&status).ok()?;
    let boots = status.get("state").and_then(Value::as_str) == Some("starting");
    boots.then(|| "the boot is under way, and what was asked for waits for its end".to_owned())
}

/// Holds back what is said within the first second.
fn tell(said: &Receiver<String>, why: impl FnOnce() -> Option<String>) {
    let begun = Instant::now();
    let mut held = Vec::new();
    while let Some(left) = SOON.checked_sub(begun.elapsed()) {
        match said.recv_timeout(left) {
            Ok(line) => held.push(line),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
    if held.is_empty() {
        held.extend(why());
    }
    held.iter().for_each(|line| complain(line));
    said.iter().for_each(|line| complain(&line));
}

/// What an event says to somebody who waits; most say nothing to him.
fn line(event: &Value) -> Option<String> {
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    let state = match text("event")? {
        "instance.state" => text("to")?,
        "instance.start_failed" => {
            return Some(format!("{}: cannot be started: {}", text("instance")?, text("error")?));
        }
        "process.reloaded" => return Some(format!("{}: reloads itself", text("process")?)),
        _ => return None,
    };
    Some(format!("{}: {state}", text("instance")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_waits_hears_of_instances() {
        let told = |event| line(&event);
        let state =
            json!({"event": "instance.state", "instance": "web-0", "from": "running", "to": "stopping"});
        assert_eq!(told(state), Some("web-0: stopping".to_owned()));
        let failed = json!({"event": "instance.start_failed", "instance": "web-0", "error": "no such file"});
        assert_eq!(told(failed), Some("web-0: cannot be started: no such file".to_owned()));
        assert_eq!(
            told(json!({"event": "process.reloaded", "process": "own"})),
            Some("own: reloads itself".to_owned())
        );
        assert_eq!(told(json!({"event": "health.ready", "instance": "web-0"})), None);
    }
}
