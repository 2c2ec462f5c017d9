//! The management API as the program uses it: opens what was configured before anything runs, and serves it. Decides
//! nothing of who may ask.

use super::running::{BeginError, Running};
use phpeek_api::answers::Answers;
use phpeek_api::view::Changes;
use phpeek_api::web::{Around, Bound, Rules, Web};
use phpeek_api::{Inquiries, channel, v1};
use phpeek_settings::web::ApiSettings;
use std::sync::Arc;

/// Opens every way in that is configured; none when there is none.
pub(super) fn open(settings: &ApiSettings) -> Result<Vec<Bound>, BeginError> {
    let failed = |key| move |source| BeginError::Api { key, source };
    let tcp = settings.tcp.as_ref().map(|tcp| Bound::tcp(tcp).map_err(failed("api_enabled"))).transpose()?;
    let socket = settings.socket.as_deref();
    let socket = socket.map(|path| Bound::unix(path).map_err(failed("api_socket"))).transpose()?;
    Ok(tcp.into_iter().chain(socket).collect())
}

/// Serves them. Give the inquiries to somebody who answers. `None` when nothing is open.
pub(super) fn start(
    (bound, answers): (Vec<Bound>, Option<Arc<dyn Answers>>),
    settings: &ApiSettings,
    (running, changes, sources): (&Running, Changes, v1::Sources),
    thread_init: fn(),
) -> Result<Option<(Web, Inquiries)>, BeginError> {
    if bound.is_empty() {
        return Ok(None);
    }
    let (supervision, inquiries) = channel();
    let around = Around {
        name: "api",
        log: running.log.clone(),
        clock: running.clock,
        thread_init,
        audit: running.audit.clone(),
        panics: running.panics.clone(),
        answers,
    };
    let rules = Rules {
        tokens: settings.tokens.clone(),
        open: v1::OPEN,
        max_body: settings.max_body,
        any_name: false,
    };
    let panics = running.panics.clone();
    let routes =
        move |closing| v1::router(&supervision, changes, sources, (v1::Places::new(closing), &panics));
    let web = Web::start(bound, rules, around, routes)
        .map_err(|source| BeginError::System { what: "start the thread of the API", source })?;
    Ok(Some((web, inquiries)))
}
