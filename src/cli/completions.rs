//! The `completions` command: a script for a shell, made of the command line itself, and of what only a supervisor that
//! runs knows: the ids of its traces, and the names of its processes.

use super::say::hand_over;
use clap::Args;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// For which shell.
    pub shell: Shell,
}

/// Completes ids of traces and names of processes behind the words that take one, and leaves all else to the script that
/// is wrapped.
const BASH: &str = include_str!("completions/known.bash");
const ZSH: &str = include_str!("completions/known.zsh");
const FISH: &str = include_str!("completions/known.fish");

/// Writes it; `line` is the command line that it completes.
pub(super) fn run(arguments: &CompletionsArguments, line: clap::Command) -> u8 {
    hand_over(completion_script(arguments.shell, line))
}

/// The completion script of a shell.
pub(super) fn completion_script(shell: Shell, mut line: clap::Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut line, "phpeek-pm", &mut script);
    if shell == Shell::Bash {
        // clap_complete 4.6 takes the dash of the program's name for a subcommand where it looks words up, and not where it
        // counts them: behind a command nothing would complete.
        script = String::from_utf8_lossy(&script).replace("phpeek__subcmd__pm", "phpeek__pm").into_bytes();
    }
    let more = match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
        _ => "",
    };
    script.extend_from_slice(more.as_bytes());
    script
}
