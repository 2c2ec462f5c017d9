//! Metrics as the program uses them: opens their port before anything runs, serves them, and answers for the supervision
//! thread what the page asks. Answers by a copy, never by work; counts nothing itself.

use super::running::{BeginError, Running};
use phpeek_actors::listeners::Listeners;
use phpeek_api::web::{Answers, Around, Bound, Rules, Web};
use phpeek_metrics::{Asked, Metrics, Requests, Resources, Shown, Spans};
use phpeek_settings::web::MetricsSettings;
use phpeek_telemetry::{TelemetryHandle, TelemetryState};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What is open, and what is told there.
pub(super) struct Opened {
    bound: Bound,
    settings: MetricsSettings,
    requests: Requests,
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
        Ok(Opened { bound, settings: settings.clone(), requests: Requests::default() })
    };
    settings.map(open).transpose()
}

/// The page, and who counts for it.
pub(super) struct Serving {
    pub(super) web: Web,
    pub(super) metrics: Rc<Metrics>,
}

impl Opened {
    /// Who counts what the API answers.
    pub(super) fn answers(&self) -> Arc<dyn Answers> {
        Arc::new(Counted(self.requests.clone()))
    }

    /// Serves the page.
    pub(super) fn serve(
        self,
        running: &Running,
        resources: Option<Resources>,
        thread_init: fn(),
    ) -> Result<Serving, BeginError> {
        let Self { bound, settings: MetricsSettings { path, prefix, tokens, .. }, requests } = self;
        let (supervision, asked) = phpeek_metrics::channel();
        let around = Around {
            name: "metrics",
            log: running.log.clone(),
            clock: running.clock,
            thread_init,
            audit: running.audit.clone(),
            answers: None,
        };
        let rules = Rules { tokens, open: &["/health"], any_name: true, ..Rules::default() };
        let shown = Shown { path, prefix, resources, requests };
        let make = move |_closing| phpeek_metrics::router(shown, supervision);
        let web = Web::start(vec![bound], rules, around, make)
            .map_err(|source| BeginError::System { what: "start the thread of metrics", source })?;
        let metrics = Rc::new(Metrics::new(running.clock));
        actix::spawn(answer(asked, metrics.clone(), running.telemetry.clone()));
        Ok(Serving { web, metrics })
    }
}

impl Serving {
    /// All who listen are together now.
    pub(super) fn know(&self, listeners: &Rc<Listeners>) {
        self.metrics.know(listeners);
    }
}

/// For as long as the supervisor runs.
async fn answer(mut asked: mpsc::Receiver<Asked>, metrics: Rc<Metrics>, telemetry: Rc<TelemetryHandle>) {
    while let Some(reply) = asked.recv().await {
        let spans = telemetry.state().map(|state| {
            let TelemetryState { stats, health, spool, .. } = state;
            Spans { stats, health, spool }
        });
        drop(reply.send(metrics.snapshot(spans))); // an error: whoever asked has gone away
    }
}
