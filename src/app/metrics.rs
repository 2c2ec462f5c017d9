//! Metrics as the program uses them: opens their port before anything runs, serves them or has them sent, and answers for the
//! supervision thread what the page asks. Answers by a copy, never by work; counts nothing itself.

use super::federate::federation;
use super::running::{BeginError, Running};
use phpeek_actors::listeners::Listeners;
use phpeek_actors::panics::Panics;
use phpeek_api::answers::Answers;
use phpeek_api::web::{Around, Bound, Rules, Web};
use phpeek_config::Configuration;
use phpeek_metrics::{Asked, Metrics, Requests, Resources, Shown, Spans};
use phpeek_settings::tracing::SentMetrics;
use phpeek_settings::web::MetricsSettings;
use phpeek_telemetry::{Measure, TelemetryHandle, TelemetryState};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// What is open, and what is told there.
pub(super) struct Opened {
    bound: Bound,
    settings: MetricsSettings,
}

/// Counts what the API answers.
struct Counted(Requests);

impl Answers for Counted {
    fn given(&self, method: &str, route: &'static str, status: u16, took: Duration) {
        self.0.answered(method, route, status, took);
    }
}

/// Opens the port.
pub(super) fn open(settings: Option<&MetricsSettings>) -> Result<Option<Opened>, BeginError> {
    let open = |settings: &MetricsSettings| {
        let bound = Bound::tcp(&settings.tcp).map_err(BeginError::Metrics)?;
        Ok(Opened { bound, settings: settings.clone() })
    };
    settings.map(open).transpose()
}

/// What the API answers, where somebody is told of it.
pub(super) fn requests(opened: Option<&Opened>, configuration: &Configuration) -> Option<Requests> {
    (opened.is_some() || configuration.sent_metrics.is_some()).then(Requests::default)
}

/// Who counts what the API answers.
pub(super) fn answers(requests: &Requests) -> Arc<dyn Answers> {
    Arc::new(Counted(requests.clone()))
}

/// Who counts, and those for whom.
pub(super) struct Serving {
    pub(super) web: Option<Web>,
    pub(super) metrics: Rc<Metrics>,
    pub(super) moments: Option<Rc<Moments>>,
}

/// Counts for a page that is open, and for who is sent it; nobody counts for nobody.
pub(super) fn begin(
    opened: Option<Opened>,
    configuration: &Configuration,
    running: &Running,
    (resources, requests): (Option<Resources>, Option<Requests>),
    thread_init: fn(),
) -> Result<Option<Serving>, BeginError> {
    let sent = configuration.sent_metrics.as_ref().filter(|_| running.telemetry.measures().is_some());
    if opened.is_none() && sent.is_none() {
        return Ok(None);
    }
    let (metrics, requests) = (Rc::new(Metrics::new(running.clock)), requests.unwrap_or_default());
    let moments = sent.map(|SentMetrics { interval, prefix, .. }| {
        let (telemetry, read) = (running.telemetry.clone(), (resources.clone(), requests.clone()));
        let panics = running.panics.clone();
        let moments = Rc::new(Moments { metrics: metrics.clone(), telemetry, read, prefix, panics });
        actix::spawn(moments.clone().send(*interval));
        moments
    });
    let serve = |opened: Opened| opened.serve(&metrics, running, (resources, requests), thread_init);
    Ok(Some(Serving { web: opened.map(serve).transpose()?, metrics, moments }))
}

impl Opened {
    /// Serves the page.
    fn serve(
        self,
        metrics: &Rc<Metrics>,
        running: &Running,
        (resources, requests): (Option<Resources>, Requests),
        thread_init: fn(),
    ) -> Result<Web, BeginError> {
        let Self { bound, settings: MetricsSettings { path, prefix, tokens, federated, .. } } = self;
        let federation = federation(&federated, running);
        let (supervision, asked) = phpeek_metrics::channel();
        let around = Around {
            name: "metrics",
            log: running.log.clone(),
            clock: running.clock,
            thread_init,
            audit: running.audit.clone(),
            panics: running.panics.clone(),
            answers: None,
        };
        let rules = Rules { tokens, open: &["/health"], any_name: true, ..Rules::default() };
        let shown = Shown { path, prefix, resources, requests, federation };
        let make = move |_closing| phpeek_metrics::router(shown, supervision);
        let web = Web::start(vec![bound], rules, around, make)
            .map_err(|source| BeginError::System { what: "start the thread of metrics", source })?;
        actix::spawn(answer(asked, metrics.clone(), running.telemetry.clone(), running.panics.clone()));
        Ok(web)
    }
}

/// What is counted, moment by moment, for telemetry that sends it.
pub(super) struct Moments {
    metrics: Rc<Metrics>,
    telemetry: Rc<TelemetryHandle>,
    /// What other threads count.
    read: (Option<Resources>, Requests),
    prefix: &'static str,
    panics: Panics,
}

impl Moments {
    /// What is counted now: a copy that shares what has not changed; values are made of it where they are sent.
    pub(super) fn measure(&self) -> Measure {
        let snapshot = self.metrics.snapshot(spans(&self.telemetry)).with_panics(self.panics.counts());
        let (prefix, (resources, requests)) = (self.prefix, self.read.clone());
        Box::new(move || phpeek_metrics::measure(prefix, &snapshot, (resources.as_ref(), &requests)))
    }

    /// For as long as the supervisor runs.
    async fn send(self: Rc<Self>, every: Duration) {
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(measures) = self.telemetry.measures() {
                self.panics.caught("metrics", || measures.send(self.measure()));
            }
        }
    }
}

impl Serving {
    /// All who listen are together now.
    pub(super) fn know(&self, listeners: &Rc<Listeners>) {
        self.metrics.know(listeners);
    }
}

/// For as long as the supervisor runs.
async fn answer(
    mut asked: mpsc::Receiver<Asked>,
    metrics: Rc<Metrics>,
    telemetry: Rc<TelemetryHandle>,
    panics: Panics,
) {
    while let Some(reply) = asked.recv().await {
        let snapshot =
            panics.caught("metrics", || metrics.snapshot(spans(&telemetry)).with_panics(panics.counts()));
        if let Some(snapshot) = snapshot {
            drop(reply.send(snapshot)); // an error: whoever asked has gone away
        }
    }
}

fn spans(telemetry: &TelemetryHandle) -> Option<Spans> {
    let TelemetryState { stats, health, spool, .. } = telemetry.state()?;
    Some(Spans { stats, health, spool })
}
