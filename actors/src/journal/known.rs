//! What the journal keeps: names, and numbers of what runs.

use super::fields::Fields;
use crate::clock::Moment;
use crate::phrases::Names;
use crate::ports::Value;
use phpeek_core::hook::{HookSpec, Stage};
use phpeek_core::ids::InstanceId;
use phpeek_core::list_map::ListMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What there is.
#[derive(Default)]
pub(super) struct Known {
    pub(super) names: Names,
    pub(super) instances: ListMap<InstanceId, KnownInstance>,
    /// The hooks that run.
    pub(super) hooks: BTreeMap<Option<InstanceId>, KnownHook>,
}

/// What is known of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownInstance {
    pub(super) number: u32,
    /// The leader of its latest run, when it was told.
    pub(super) pid: Option<i32>,
    /// How many more failures are forgiven, when a restart has said so.
    pub(super) left: Option<u32>,
}

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
