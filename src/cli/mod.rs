//! The command line's side of things: what is shown to people. Decides nothing about processes.

pub mod check;
