//! What systemd, or whoever else starts us with a NOTIFY_SOCKET, is told of ourselves (sd_notify(3)): a listener to facts,
//! and one task on the supervision thread that says what it hears and gives the signs of life, so that these stop when that
//! thread hangs. Never waits for who is told; asks for nothing.

use super::running::{Running, warn};
use phpeek_actors::listeners::Listener;
use phpeek_core::facts::{Fact, SystemFact, Told};
use phpeek_core::presence::Presence;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// Beside what the stop of processes may take: the last spans and records have their time too.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// See the top of the file.
pub(super) struct Systemd {
    words: UnboundedSender<String>,
    processes: Cell<usize>,
    up: Cell<bool>,
}

impl Systemd {
    /// None when nobody wants to be told.
    pub(super) fn begin(variable: impl Fn(&str) -> Option<String>, running: &Running) -> Option<Rc<Self>> {
        let address = variable("NOTIFY_SOCKET").filter(|address| !address.is_empty())?;
        let address = match address_of(&address) {
            Ok(address) => address,
            Err(error) => {
                warn(running)(format!("NOTIFY_SOCKET {address:?} cannot be used: {error}"));
                return None;
            }
        };
        let (words, heard) = unbounded_channel();
        actix::spawn(tell(address, heard, period(&variable), warn(running)));
        Some(Rc::new(Self { words, processes: Cell::default(), up: Cell::default() }))
    }

    fn say(&self, words: impl Into<String>) {
        self.words.send(words.into()).ok(); // its task ends with the thread
    }

    fn ready(&self) {
        self.up.set(true);
        self.say(format!("READY=1\nSTATUS={}", self.up_words()));
    }

    fn up_words(&self) -> String {
        let are = if self.processes.get() == 1 { "is" } else { "are" };
        format!("{} {are} up", self.all())
    }

    /// One that was removed goes a moment after the reload that removes it is over.
    fn removed(&self) {
        self.processes.update(|count| count.saturating_sub(1));
        if self.up.get() {
            self.say(format!("STATUS={}", self.up_words()));
        }
    }

    fn all(&self) -> String {
        match self.processes.get() {
            1 => "1 process".to_owned(),
            count => format!("{count} processes"),
        }
    }
}

impl Listener for Systemd {
    fn hear(&self, told: &Told) {
        if let Some(presence) = told.fact.presence() {
            match presence {
                Presence::ProcessCame(..) => self.processes.update(|count| count + 1),
                Presence::ProcessWent(_) => self.removed(),
                Presence::ProcessChanged(..) | Presence::InstanceCame(..) | Presence::InstanceWent(_) => {}
            }
        }
        let Fact::System(fact) = &told.fact else { return };
        match fact {
            SystemFact::BootBegan { .. } => self.say(format!("STATUS=starting {}", self.all())),
            SystemFact::BootSucceeded { .. } => self.ready(),
            SystemFact::BootFailed(_) => self.say("STATUS=the start has failed"),
            SystemFact::ReloadBegan { .. } => {
                let now = clock_gettime(ClockId::Monotonic);
                let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
                self.say(format!("RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reloading"));
            }
            SystemFact::ReloadEnded(..) if self.up.get() => self.ready(),
            SystemFact::ShutdownBegan { timeout, .. } => {
                self.up.set(false);
                let time = timeout.saturating_add(LAST_WORDS).as_micros();
                self.say(format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={time}\nSTATUS=stopping {}", self.all()));
            }
            // Those change nothing of what the unit is.
            SystemFact::RestartBegan { .. }
            | SystemFact::RestartEnded { .. }
            | SystemFact::RestartJoined { .. }
            | SystemFact::ReloadFailed(_)
            | SystemFact::ReloadEnded(..)
            | SystemFact::ReloadReplaced(_)
            | SystemFact::ReloadRefused(..)
            | SystemFact::ShutdownHurried(_)
            | SystemFact::Relayed(..)
            | SystemFact::Refused(..)
            | SystemFact::Answered(..)
            | SystemFact::Over(_) => {}
        }
    }
}

/// A path, or a name that begins with `@` and lies in no directory.
fn address_of(text: &str) -> io::Result<SocketAddr> {
    match text.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None if text.starts_with('/') => SocketAddr::from_pathname(text),
        None => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no path and does not begin with @")),
    }
}

/// How often a sign of life is given: twice as often as is wanted (sd_watchdog_enabled(3)). Never when it is wanted of
/// another process.
fn period(variable: &impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let other = variable("WATCHDOG_PID").is_some_and(|pid| pid != std::process::id().to_string());
    let micros: u64 = variable("WATCHDOG_USEC").filter(|_| !other)?.parse().ok()?;
    (micros > 0).then(|| Duration::from_micros(micros) / 2)
}

/// Says what it hears, and gives signs of life, for as long as somebody may speak.
async fn tell(
    address: SocketAddr,
    mut heard: UnboundedReceiver<String>,
    period: Option<Duration>,
    warn: impl Fn(String),
) {
    let (mut next, mut told) = (Instant::now(), true);
    loop {
        let words = match period {
            None => heard.recv().await,
            Some(period) => match tokio::time::timeout_at(next, heard.recv()).await {
                Ok(words) => words,
                Err(_) => {
                    next = Instant::now() + period;
                    Some("WATCHDOG=1".to_owned())
                }
            },
        };
        let Some(words) = words else { return };
        let came = send(&address, words.as_bytes()).await;
        if let Err(error) = &came
            && told
        {
            warn(format!("cannot tell NOTIFY_SOCKET: {error}"));
        }
        told = came.is_ok();
    }
}

/// A socket for each message: the other side may have begun anew since the last.
async fn send(address: &SocketAddr, words: &[u8]) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(address)?;
    tokio::net::UnixDatagram::from_std(socket)?.send(words).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_are_given_by_whom_they_are_wanted_of() {
        let own = std::process::id().to_string();
        let of = |time: Option<&str>, pid: Option<&str>| {
            let variable = |name: &str| match name {
                "WATCHDOG_USEC" => time.map(str::to_owned),
                _ => pid.map(str::to_owned),
            };
            period(&variable)
        };
        assert_eq!(of(Some("3000000"), None), Some(Duration::from_millis(1500)));
        assert_eq!(of(Some("3000000"), Some(&own)), Some(Duration::from_millis(1500)));
        for (time, pid) in [(Some("3000000"), Some("1")), (None, None), (Some("0"), None), (Some("x"), None)]
        {
            assert_eq!(of(time, pid), None, "{time:?} {pid:?}");
        }
    }

    #[test]
    fn an_address_is_a_path_or_lies_in_no_directory() {
        assert!(address_of("/run/systemd/notify").is_ok_and(|address| address.as_pathname().is_some()));
        assert!(address_of("@a/b").is_ok_and(|address| address.as_abstract_name() == Some(b"a/b")));
        assert!(address_of("run/notify").is_err());
    }
}
