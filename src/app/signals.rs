//! What the supervisor does with the signals that reach it: reap, and whatever the configuration binds them to. Turns
//! signals into requests; the manager decides. Runs on the supervision thread.

use super::ending::{Finish, Hurried};
use super::reloads::{Ask, By, Reloads};
use super::running::{BeginError, Running, say};
use actix::Addr;
use phpeek_actors::clock::Clock;
use phpeek_actors::envelope::Envelope;
use phpeek_actors::journal::sender_fields;
use phpeek_actors::manager::{ManagerActor, Request};
use phpeek_actors::ports::{Level, LogRecord, LogSink, Value};
use phpeek_core::operation::Cause;
use phpeek_core::signal::{Handed, Signal, SignalSender};
use phpeek_core::spec::{SignalAction, SystemSpec};
use phpeek_os::reaper::Children;
use phpeek_os::signals::{Received, SignalStream, Signals};
use phpeek_output::Output;
use phpeek_telemetry::TelemetryHandle;
use std::rc::Rc;
use std::sync::Arc;

/// The loop that takes signals.
pub(super) struct SignalLoop {
    stream: SignalStream,
    spec: Arc<SystemSpec>,
    clock: Clock,
    children: Rc<Children>,
    output: Output,
    telemetry: Rc<TelemetryHandle>,
    log: Arc<dyn LogSink>,
    manager: Addr<ManagerActor>,
    reloads: Option<Reloads>,
    finish: Finish,
}

impl SignalLoop {
    /// Takes the bound signals beside those that are taken from the start.
    pub(super) fn new(
        signals: Signals,
        spec: &Arc<SystemSpec>,
        running: &Running,
        (manager, reloads): (Addr<ManagerActor>, Option<Reloads>),
        finish: Finish,
    ) -> Result<Self, BeginError> {
        let failed = |what| move |source| BeginError::System { what, source };
        let stream = signals.into_stream().map_err(failed("watch for signals"))?;
        for signal in spec.signals.keys() {
            if let Err(error) = stream.add(*signal) {
                say(running, Level::Error, format!("{signal} cannot be taken: {error}"));
                return Err(BeginError::System {
                    what: "take a signal that is bound in `signals`",
                    source: error,
                });
            }
        }
        Ok(Self {
            stream,
            spec: spec.clone(),
            clock: running.clock,
            children: running.children.clone(),
            output: running.output.clone(),
            telemetry: running.telemetry.clone(),
            log: running.log.clone(),
            manager,
            reloads,
            finish,
        })
    }

    /// Takes signals for as long as the program runs. A burst of one kind is one request.
    pub(super) async fn run(mut self) {
        while let Ok(signals) = self.stream.next().await {
            for received in signals {
                self.take(received);
            }
        }
    }

    fn take(&self, Received { signal, sender, hangup }: Received) {
        if signal == Signal::CHLD {
            return self.children.on_sigchld();
        }
        if hangup {
            self.say(Level::Info, "the terminal is gone".to_owned(), Vec::new());
            return self.stop(signal, sender);
        }
        match self.spec.signals.get(&signal) {
            None | Some(SignalAction::Ignore) => {}
            Some(SignalAction::Stop) => self.stop(signal, sender),
            Some(SignalAction::Reload) => self.reload(signal, sender),
            Some(SignalAction::RestartAll) => {
                self.ask(Request::RestartAll(cause(signal, sender)));
            }
            Some(SignalAction::Restart(p)) => {
                self.ask(Request::Restart(p.clone(), cause(signal, sender)));
            }
            Some(SignalAction::Relay { process, instead, reach }) => {
                let handed = Handed { signal: instead.unwrap_or(signal), reach: *reach };
                self.ask(Request::Relay(process.clone(), handed, cause(signal, sender)));
            }
            Some(SignalAction::Flush) => {
                self.telemetry.request_flush();
                self.output.reopen();
                let message = format!("{signal}: flushing telemetry and reopening files");
                self.say(Level::Info, message, sender_fields(sender.as_ref()));
            }
        }
    }

    fn reload(&self, signal: Signal, sender: Option<SignalSender>) {
        let fields = sender_fields(sender.as_ref());
        match &self.reloads {
            Some(reloads) => {
                self.say(Level::Info, format!("{signal}: reading the configuration again"), fields);
                reloads.ask(Ask::Reload(Some(By::itself(cause(signal, sender)))));
            }
            None => {
                let message =
                    format!("{signal}: there is no configuration to read again, nothing was changed");
                self.say(Level::Warn, message, fields);
            }
        }
    }

    fn stop(&self, signal: Signal, sender: Option<SignalSender>) {
        // Once everything has stopped, the second request ends the last flush too.
        if self.finish.hurry() == Hurried::TooEarly {
            self.ask(Request::Shutdown(cause(signal, sender)));
        }
    }

    fn ask(&self, request: Request) {
        self.manager.do_send(Envelope::root(self.clock.now(), request));
    }

    fn say(&self, level: Level, message: String, fields: Vec<(&'static str, Value)>) {
        if self.log.enabled(level) {
            let at = self.clock.now();
            let message = message.into();
            self.log.log(LogRecord { at, level, message, process: None, instance: None, fields });
        }
    }
}

/// A signal that asks for something, with who sent it.
fn cause(signal: Signal, sender: Option<SignalSender>) -> Cause {
    Cause::Signal { signal, sender: sender.map(Arc::new) }
}
