//! The commands that only print: version, completions, man page. Write to standard output and give the exit code.

use crate::exit;
use clap_complete::Shell;
use std::io::Write;

pub(super) fn version(short: bool) -> u8 {
    let number = env!("CARGO_PKG_VERSION");
    let text = if short {
        format!("{number}\n")
    } else {
        format!("phpeek-pm {number}\n{}\n", env!("CARGO_PKG_DESCRIPTION"))
    };
    write(text.as_bytes())
}

pub(super) fn completions(shell: Shell) -> u8 {
    write(&completion_script(shell))
}

pub(super) fn man() -> u8 {
    match man_page() {
        Ok(page) => write(&page),
        Err(_) => exit::FAILURE,
    }
}

/// The completion script of a shell.
pub(super) fn completion_script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "phpeek-pm", &mut script);
    script
}

/// The man page: the program and, one section each, its commands.
pub(super) fn man_page() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let command = super::command();
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

fn write(bytes: &[u8]) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => exit::OK,
        Err(_) => exit::FAILURE,
    }
}
