//! The composition root: builds the ports, the actors and their arbiters from a configuration, hands signals on, and
//! ends everything in order. Decides nothing that a machine of the core decides.

mod api;
mod audit;
mod autotune;
mod board;
mod captured;
mod configure;
mod control;
mod current;
mod ending;
mod federate;
mod follow;
mod hasten;
mod heartbeats;
mod kept;
mod last_exit;
mod ledger;
mod metrics;
mod news;
mod operations;
mod options;
mod orders;
mod pid_file;
mod prepare;
mod reading;
mod ready;
mod ready_file;
mod reload;
mod reloads;
mod resources;
mod roster;
mod running;
mod save;
mod sent;
mod servers;
mod settle;
mod signals;
mod survivors;
mod sweep;
mod systemd;
mod targets;
mod wall;
mod watching;

pub use autotune::{TuneError, Tuned, tune};
pub use configure::{effective, load, load_on_this_machine};
pub use options::{ControlOptions, InFront, Options};
pub use pid_file::{PidFile, PidFileError, read_snapshot};
pub use prepare::{Prepared, prepare};
pub use reading::{Reading, read};
pub use reload::{ReloadOptions, files_of};
pub use running::{BeginError, Ending};

use crate::exit;
use actix::{Actor as _, Addr};
use audit::AuditListener;
use board::SharedBoard;
use captured::Captured;
use ending::Finish;
use hasten::Hasten;
use heartbeats::Heartbeats;
use last_exit::LastExit;
use ledger::{Before, Ledger};
use operations::Operations;
use orders::Orders;
use phpeek_actors::board::BoardListener;
use phpeek_actors::clock::{Clock, WallClock};
use phpeek_actors::envelope::Envelope;
use phpeek_actors::events::EventFeed;
use phpeek_actors::history::Histories;
use phpeek_actors::journal::Journal;
use phpeek_actors::listeners::{Listener, Listeners};
use phpeek_actors::manager::{ManagerActor, Request, Router};
use phpeek_actors::panics::Panics;
use phpeek_actors::ports::{Level, LogSink};
use phpeek_actors::story::{ProbeSpans, Story};
use phpeek_actors::world::{Deaths, World};
use phpeek_api::web::{Audit, Bound};
use phpeek_api::{self as socket, Inquiries};
use phpeek_config::Configuration;
use phpeek_core::fleet::Fleet;
use phpeek_core::operation::Cause;
use phpeek_os::ground::Ground;
use phpeek_os::meter::MemoryMeter;
use phpeek_os::reaper::Children;
use phpeek_os::signals::{Signals, block_all_in_this_thread};
use phpeek_os::{environment, memory, pid1};
use phpeek_output::Output;
use phpeek_probe::{Ears, Pings, Probes};
use phpeek_settings::control::ControlSocket;
use phpeek_telemetry::{self as telemetry, MemoryExporter, Surroundings};
use pid_file::Writer;
use ready::Ready;
use reload::ReloadEar;
use roster::Roster;
use running::{Running, say, warn, warn_to};
use settle::Beside;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;
use systemd::Systemd;
use targets::Targets;
use watching::Watching;

/// The machine's wall clock.
static WALL: WallClock = WallClock::new(SystemTime::now);

/// Supervises until everything is over. Comes back on the main thread, with everything ended and flushed.
///
/// # Errors
/// [`BeginError`] when it could not begin.
pub fn run(
    configuration: Configuration,
    mut options: Options,
    signals: Signals,
    prepared: Prepared,
) -> Result<Ending, BeginError> {
    let Prepared { system, ground } = prepared;
    let pid_file = options.pid_file.as_deref().map(PidFile::create).transpose()?;
    let config = options.config();
    let ledger::Opened { ledger, before, warnings } =
        config.map(Ledger::open).transpose()?.unwrap_or_default();
    let ledger = ledger.map(Rc::new);
    let wanted = options.control.as_ref().map_or(&ControlSocket::Off, |c| &c.socket);
    let control::Opened { listener, warning } = control::open(wanted)?;
    let bound = api::open(&configuration.api)?;
    let metrics = metrics::open(configuration.metrics.as_ref())?;
    options.warnings.extend(warnings.into_iter().chain(warning));
    let record = ledger.as_ref().map(|ledger| ledger.path().to_owned());
    let beside = Beside { socket: options.beside(listener.as_ref()), record };
    let (pid, books) = (pid_file.as_ref(), ledger.clone());
    let found = Found { pid_file: pid, ledger: books, before, listener, beside, bound, metrics, ground };
    let result = system.block_on(supervise(configuration, &options, signals, found));
    // Everything has ended and was flushed; to take the actors of 1000 processes apart would only delay the exit.
    std::mem::forget(system);
    if let Some(ledger) = ledger.filter(|_| result.is_ok()) {
        ledger.close(); // one that could not begin leaves the record to the next
    }
    drop(pid_file);
    result
}

/// What was made ready before anything runs.
struct Found<'a> {
    pid_file: Option<&'a PidFile>,
    ledger: Option<Rc<Ledger>>,
    before: Before,
    listener: Option<socket::Listener>,
    beside: Beside,
    bound: Vec<Bound>,
    metrics: Option<metrics::Opened>,
    ground: Ground,
}

/// First thing in each thread but the main one. One that cannot block signals would run handlers in memory of a child.
fn in_a_thread() {
    if block_all_in_this_thread().is_err() {
        pid1::leave(exit::INTERNAL);
    }
}

async fn supervise(
    configuration: Configuration,
    options: &Options,
    signals: Signals,
    Found { pid_file, ledger, before, listener, beside, bound, metrics, ground }: Found<'_>,
) -> Result<Ending, BeginError> {
    let clock = Clock::following(&WALL);
    let router = Router::default();
    let running = build(&configuration, options, clock, (ground, router.clone()))?;
    first_words(options, &running);
    let probes = probe_spans(&configuration);
    let spec = Arc::new(configuration.spec.clone());
    let fleet = Fleet::new(&spec).map_err(|_| BeginError::System {
        what: "order the processes",
        source: io::Error::other("the dependencies have a cycle"),
    })?;
    let roster = Rc::new(Roster::of(&fleet));
    survivors::deal(&before, configuration.survivors, &spec, (&running, beside.socket.as_deref())).await?;
    if let Some(ledger) = ledger {
        keep(ledger, &roster, &running);
    }
    let writer = pid_file.map(|file| file.writer(in_a_thread)).transpose()?;
    let board = show(options, &running, writer);
    let ready = Ready::begin(configuration.readiness.as_ref(), &running, in_a_thread)?;
    let targets = Rc::new(Targets::of(&configuration));
    let events = Rc::new(EventFeed::new(clock));
    let shown = (&board, events.source());
    let (resources, sources) = resources::start(configuration.resources, &running, shown, in_a_thread)?;
    let requests = metrics::requests(metrics.as_ref(), &configuration);
    let answers = requests.as_ref().map(metrics::answers);
    let servers::Served { api, control, inquiries } = servers::serve(
        (listener, bound),
        answers,
        &configuration.api,
        (&running, &board, sources),
        in_a_thread,
    )?;
    let (operations, ear) = (Rc::<Operations>::default(), Rc::<ReloadEar>::default());
    let watching = Rc::new(Watching::new(running.log.clone(), clock, in_a_thread));
    let ours: [Rc<dyn Listener>; 5] = [roster, operations.clone(), ear.clone(), watching.clone(), events];
    let metrics = metrics::begin(metrics, &configuration, &running, (resources, requests), in_a_thread)?;
    let world = world(&running, listeners(&running, &board, ours, (probes, ready.clone(), metrics.as_ref())));
    let (done, finished) = tokio::sync::oneshot::channel();
    let incoming = telemetry::incoming_context(&environment::text);
    wall::watch(&running, router.clone());
    let manager = ManagerActor::new(fleet, world, router, done).start();
    watching.ask(manager.clone());
    let told = (manager.clone(), ear, board.clone());
    let reloads = reload::start(options.reload.clone(), &configuration, &running, told);
    let hands = (manager.clone(), operations, board.clone(), reloads.clone());
    let orders = Orders::new(&running, configuration.api.allow_exec, hands);
    answer(inquiries, orders, &running, &targets);
    let finish = Finish::default();
    let stream =
        signals::SignalLoop::new(signals, &spec, &running, (manager.clone(), reloads), finish.clone())?;
    actix::spawn(running.children.clone().run());
    actix::spawn(stream.run());
    manager.do_send(Envelope::under(incoming, clock.now(), Request::Boot));
    later(options, &manager, clock, beside);
    // An error means that the manager itself was lost: nobody is left to stop anything in order.
    let finished = finished.await.ok();
    let (page, moments) = metrics.map_or((None, None), |metrics| (metrics.web, metrics.moments));
    let servers = ending::Servers { control, pages: [api, page], ready, moments };
    Ok(ending::end(running, finished, &finish, &board, servers).await)
}

/// What there is to say of the configuration, once there is a log.
fn first_words(options: &Options, running: &Running) {
    let (tuned, told) =
        (options.tuned.as_ref(), |level| move |text: &String| say(running, level, text.clone()));
    options.warnings.iter().for_each(told(Level::Warn));
    tuned.iter().map(|tuned| &tuned.said).for_each(told(Level::Info));
    tuned.iter().flat_map(|tuned| &tuned.warnings).for_each(told(Level::Warn));
}

/// Which probes have spans.
fn probe_spans(configuration: &Configuration) -> ProbeSpans {
    let every = configuration.tracing.as_ref().is_some_and(|tracing| tracing.every_probe);
    if every { ProbeSpans::All } else { ProbeSpans::Changes }
}

/// Writes down what runs, from now on.
fn keep(ledger: Rc<Ledger>, roster: &Rc<Roster>, running: &Running) {
    let first = ledger.begin(roster);
    let kept = (roster.clone(), running.children.clone());
    actix::spawn(ledger.keep(first, kept, (running.panics.clone(), warn(running))));
}

/// What actors touch the world by.
fn world(running: &Running, listeners: Rc<Listeners>) -> World {
    World {
        launcher: running.children.clone(),
        words: Rc::new(running.output.clone()),
        prober: Rc::new(Probes::new(in_a_thread)),
        meter: Rc::new(MemoryMeter::of(&running.children, in_a_thread)),
        listeners,
        clock: running.clock,
        scratch: Rc::default(),
        deaths: Deaths::default(),
    }
}

/// What has its time after the beginning.
fn later(options: &Options, manager: &Addr<ManagerActor>, clock: Clock, beside: Beside) {
    actix::spawn(settle::settle(beside, in_a_thread));
    if let Some(time) = options.end_after {
        let manager = manager.clone();
        actix::spawn(async move {
            tokio::time::sleep(time).await;
            manager.do_send(Envelope::root(clock.now(), Request::Shutdown(Cause::Request)));
        });
    }
}

/// Answers what the servers want to know, and carries out what they are asked for.
fn answer(inquiries: [Option<Inquiries>; 2], orders: Orders, running: &Running, targets: &Rc<Targets>) {
    let orders = Rc::new(orders);
    for inquiries in inquiries.into_iter().flatten() {
        let kept = (running.telemetry.clone(), running.histories.clone());
        actix::spawn(control::answer(
            inquiries,
            kept,
            targets.clone(),
            orders.clone(),
            running.panics.clone(),
        ));
    }
}

/// Who hears of what happens, in this order.
fn listeners(
    running: &Running,
    board: &SharedBoard,
    ours: [Rc<dyn Listener>; 5],
    (probes, ready, metrics): (ProbeSpans, Option<Rc<Ready>>, Option<&metrics::Serving>),
) -> Rc<Listeners> {
    let others: Vec<Rc<dyn Listener>> = vec![
        Rc::new(Journal::new(running.log.clone())),
        running.histories.clone(),
        Rc::new(Heartbeats::new(Pings::new(running.log.clone(), running.clock, in_a_thread))),
        Rc::new(BoardListener::new(board.clone())),
        Rc::new(Hasten(running.telemetry.clone())),
        Rc::new(Captured(running.output.clone())),
    ];
    let others = others.into_iter().chain(ours);
    let last = running.last_exit.clone().map(|last| last as Rc<dyn Listener>);
    let ready = ready.map(|ready| ready as Rc<dyn Listener>);
    let audit = running.audit.clone().map(|audit| Rc::new(AuditListener::new(audit)) as Rc<dyn Listener>);
    let runs = running.telemetry.logs().map(|logs| Rc::new(sent::Runs::new(logs.runs())));
    let noted = runs.clone().map(|runs| runs as Rc<dyn Listener>);
    let counts = metrics.map(|metrics| metrics.metrics.clone() as Rc<dyn Listener>);
    let systemd = Systemd::begin(environment::text, running).map(|systemd| systemd as Rc<dyn Listener>);
    let others =
        others.chain(last).chain(ready).chain(audit).chain(counts).chain(systemd).chain(noted).collect();
    let story = Story::new(running.telemetry.tracing()).with_probes(probes);
    let all = Rc::new(Listeners::new(story, others, running.panics.clone()));
    if let Some(metrics) = metrics {
        metrics.know(&all);
    }
    if let Some(runs) = runs {
        runs.know(&all);
    }
    all
}

/// The board that actors show their state on, with the file thread behind it where there is one.
fn show(options: &Options, running: &Running, writer: Option<Writer>) -> SharedBoard {
    let told = (running.histories.clone(), running.panics.clone());
    let board = SharedBoard::new(options.config(), running.clock, writer, told);
    actix::spawn(board.clone().publish());
    board
}

fn build(
    configuration: &Configuration,
    options: &Options,
    clock: Clock,
    (ground, router): (Ground, Router),
) -> Result<Running, BeginError> {
    let failed = |what| move |source| BeginError::System { what, source };
    let settings = configuration.log;
    let records = match options.in_front {
        InFront::Supervisor => std::io::stdout().as_fd().try_clone_to_owned(),
        InFront::Program => std::io::stderr().as_fd().try_clone_to_owned(),
    };
    let stdout = records.map_err(failed("use the stream of records"))?;
    let stderr = std::io::stderr().as_fd().try_clone_to_owned().ok(); // closed, raw output has stdout alone
    let output = Output::start(settings, clock, stdout, in_a_thread)?;
    let desk = news::desk(router.clone());
    let output = output.following(configuration.lines.clone(), stderr).telling(desk.clone());
    if configuration.spec.processes.iter().any(|p| p.program.output.stdout || p.program.output.stderr) {
        output.expect_pipes()?;
    }
    let stdout: Arc<dyn LogSink> = Arc::new(output.clone());
    let block = output.clone();
    let around = Surroundings {
        // What telemetry says of itself goes to standard output alone: sent, it would tell of its own failure to be sent.
        log: stdout.clone(),
        clock,
        write_block: Arc::new(move |bytes| block.write_block(bytes)),
        thread_init: Box::new(in_a_thread),
        trim: Box::new(memory::trim),
    };
    if options.in_front == InFront::Program {
        ground.hand_on_streams().map_err(failed("hand the standard streams on"))?;
    }
    if let Some(tuned) = &options.tuned {
        ground.add_to_environment(&tuned.variables);
    }
    let kept = options.keep_spans.then(MemoryExporter::default);
    let telemetry = match &kept {
        Some(memory) => telemetry::start_in_memory(memory.clone(), around)?,
        None => telemetry::start(sent::wanted(configuration, &output), &environment::text, around)?,
    };
    let log = sent::log(stdout, &telemetry);
    let deliver = Rc::new(move |report| router.deliver(report));
    let children = Children::new(ground, deliver, Arc::new(output.clone()));
    children.heard_by(Arc::new(Ears::new(desk, in_a_thread)));
    children.complain_to(warn_to(log.clone(), clock));
    let audit = configuration.audit.then(|| Audit::new(log.clone(), clock));
    let last_exit = (options.in_front == InFront::Program).then(Rc::<LastExit>::default);
    Ok(Running {
        panics: Panics::new(log.clone(), clock),
        clock,
        output,
        telemetry: Rc::new(telemetry),
        kept,
        children: Rc::new(children),
        log,
        last_exit,
        audit,
        histories: Rc::new(Histories::new(clock, configuration.history)),
    })
}
