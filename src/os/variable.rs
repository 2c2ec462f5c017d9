//! One variable of a child's environment, and the names of those that carry a trace. A value.

use std::ffi::{CStr, CString};

pub(super) const TRACEPARENT: &[u8] = b"TRACEPARENT";
pub(super) const TRACESTATE: &[u8] = b"TRACESTATE";
pub(super) const BAGGAGE: &[u8] = b"BAGGAGE";

/// `NAME=value` with the length of the name.
#[derive(Debug)]
pub(super) struct Variable {
    text: CString,
    name: usize,
}

impl Variable {
    /// `None` when the name is empty or holds `=`, or a NUL is anywhere: no process could be given it.
    pub(super) fn new(name: &[u8], value: &[u8]) -> Option<Self> {
        if name.is_empty() || name.contains(&b'=') {
            return None;
        }
        let text = CString::new([name, b"=", value].concat()).ok()?;
        Some(Self { text, name: name.len() })
    }

    pub(super) fn name(&self) -> &[u8] {
        self.text.as_bytes().get(..self.name).unwrap_or_default()
    }

    pub(super) fn value(&self) -> &[u8] {
        self.text.as_bytes().get(self.name + 1..).unwrap_or_default()
    }

    /// As execve(2) takes it.
    pub(super) fn as_c_str(&self) -> &CStr {
        &self.text
    }
}
