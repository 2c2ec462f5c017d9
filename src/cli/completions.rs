//! The `completions` command: a script for a shell, made of the command line itself.

use super::say::hand_over;
use clap::Args;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// For which shell.
    pub shell: Shell,
}

/// Writes it; `line` is the command line that it completes.
pub(super) fn run(arguments: &CompletionsArguments, line: clap::Command) -> u8 {
    hand_over(completion_script(arguments.shell, line))
}

/// The completion script of a shell.
pub(super) fn completion_script(shell: Shell, mut line: clap::Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut line, "phpeek-pm", &mut script);
    script
}
