//! Whose telemetry it is: what stands before the spans of one supervisor in a request, encoded once.

use super::wire::{key_value, message, text};
use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;

/// Whose spans they are: what stands before the spans of one supervisor in a request, encoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Field 1 of `ResourceSpans`.
    resource: Vec<u8>,
    /// Field 1 of `ScopeSpans`.
    scope: Vec<u8>,
}

impl Origin {
    /// The resource and the scope of this supervisor.
    #[must_use]
    pub fn new(resource: &Resource, scope: &InstrumentationScope) -> Self {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        message(&mut first, 1, |out| {
            for (key, value) in resource.iter() {
                key_value(out, 1, key.as_str(), value);
            }
        });
        message(&mut second, 1, |out| {
            text(out, 1, scope.name());
            text(out, 2, scope.version().unwrap_or_default());
        });
        Self { resource: first, scope: second }
    }

    /// None: each item brings its own, as log records and metrics do ([`super::item`]).
    #[must_use]
    pub fn of_each() -> Self {
        Self { resource: Vec::new(), scope: Vec::new() }
    }

    /// Whether it is none.
    pub(super) fn is_of_each(&self) -> bool {
        self.resource.is_empty() && self.scope.is_empty()
    }

    /// From the two parts, as [`Self::parts`] gave them.
    #[must_use]
    pub fn from_parts(resource: Vec<u8>, scope: Vec<u8>) -> Self {
        Self { resource, scope }
    }

    /// The two parts, for the spool.
    #[must_use]
    pub fn parts(&self) -> (&[u8], &[u8]) {
        (&self.resource, &self.scope)
    }
}
