//! What the journal keeps of a hook while it runs.

use super::fields::Fields;
use crate::clock::Moment;
use crate::ports::Value;
use phpeek_core::hook::{HookSpec, Stage};
use std::sync::Arc;

/// What is known of a hook that runs.
#[derive(Debug, Clone)]
pub(super) struct KnownHook {
    pub(super) hook: Arc<HookSpec>,
    pub(super) stage: Stage,
    pub(super) began: Moment,
}

impl KnownHook {
    pub(super) fn fields(&self) -> Fields {
        vec![("hook", Value::Hook(Arc::clone(&self.hook.name))), ("hook_type", self.stage.as_str().into())]
    }
}
