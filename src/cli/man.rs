//! The `man` command: the man page, made of the command line itself.

use super::arguments;
use super::say::hand_over;
use crate::exit;
use std::io::Write;

/// Writes it.
pub(super) fn run() -> u8 {
    match man_page() {
        Ok(page) => hand_over(page),
        Err(_) => exit::FAILURE,
    }
}

/// The man page: the program and, one section each, its commands.
pub(super) fn man_page() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let command = arguments::command();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    sections(&command, "phpeek-pm", &mut page)?;
    Ok(page)
}

/// One section for each command below this one, and for those below it.
fn sections(command: &clap::Command, path: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        let man = clap_mangen::Man::new(sub.clone().display_name(path.clone()));
        let title = path.trim_start_matches("phpeek-pm ").to_uppercase();
        writeln!(page, ".SH COMMAND: {title}")?;
        man.render_description_section(page)?;
        man.render_options_section(page)?;
        sections(sub, &path, page)?;
    }
    Ok(())
}
