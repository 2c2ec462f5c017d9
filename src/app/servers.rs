//! The two servers that answer for supervision: the management API and the control socket. Opens nothing and answers
//! nothing: what they want to know is handed back.

use super::board::SharedBoard;
use super::running::{BeginError, Running};
use super::{api, control};
use phpeek_api::answers::Answers;
use phpeek_api::v1::Sources;
use phpeek_api::web::{Bound, Web};
use phpeek_api::{Control, Inquiries, Listener};
use phpeek_settings::web::ApiSettings;
use std::sync::Arc;

/// The servers that are open, and what they want to know.
pub(super) struct Served {
    pub(super) api: Option<Web>,
    pub(super) control: Option<Control>,
    pub(super) inquiries: [Option<Inquiries>; 2],
}

/// Serves the API and the control socket, where they are open.
pub(super) fn serve(
    (listener, bound): (Option<Listener>, Vec<Bound>),
    answers: Option<Arc<dyn Answers>>,
    settings: &ApiSettings,
    (running, board, sources): (&Running, &SharedBoard, Sources),
    thread_init: fn(),
) -> Result<Served, BeginError> {
    let around = (running, board.changes(), sources.clone());
    let (api, of_api) = api::start((bound, answers.clone()), settings, around, thread_init)?.unzip();
    let start = |listener| control::start(listener, (running, board, sources), answers, thread_init);
    let (control, of_control) = listener.map(start).transpose()?.unzip();
    Ok(Served { api, control, inquiries: [of_api, of_control] })
}
