//! Placeholder that its owner replaces.
