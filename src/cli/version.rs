//! The `version` command.

use super::say::hand_over;
use clap::Args;

/// Options of `version`.
#[derive(Debug, Args)]
pub struct VersionArguments {
    /// The number alone.
    #[arg(short, long)]
    pub short: bool,
}

/// Says it.
pub(super) fn run(arguments: &VersionArguments) -> u8 {
    let number = env!("CARGO_PKG_VERSION");
    let text = if arguments.short {
        format!("{number}\n")
    } else {
        format!("phpeek-pm {number}\n{}\n", env!("CARGO_PKG_DESCRIPTION"))
    };
    hand_over(text)
}
