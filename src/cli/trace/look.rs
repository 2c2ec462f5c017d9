//! How traces are shown, by the command line and the terminal.

use crate::cli::fault::Fault;
use crate::cli::whole::whole;
use clap::Args;
use phpeek_output::terminal;
use phpeek_viewer::text::Charset;
use phpeek_viewer::waterfall::NARROWEST;
use phpeek_viewer::{Events, Facts, Style, Titles};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// How traces are shown.
#[derive(Debug, Clone, Default, Args)]
pub struct TraceLook {
    /// OTLP JSON, one request a line; of an analysis one JSON object.
    #[arg(long, global = true, conflicts_with_all = ["svg", "html"])]
    pub json: bool,
    /// A picture: one SVG file, on standard output or in the file of --output.
    #[arg(long, global = true, conflicts_with = "html")]
    pub svg: bool,
    /// A page with zoom and search: one HTML file, on standard output or in the file of --output.
    #[arg(long, global = true)]
    pub html: bool,
    /// The file that a picture or a page goes to.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Draw with ASCII characters alone.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// How wide to draw, in columns; the terminal's width when left out.
    #[arg(long, global = true, value_parser = whole::<u16, _>(60..=400))]
    pub width: Option<u16>,
    /// No colours; there are none either with NO_COLOR set, on a dumb terminal, or outside of one.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Each event on a line of its own, with time and attributes.
    #[arg(long, global = true)]
    pub events: bool,
    /// All attributes of each span.
    #[arg(long, global = true)]
    pub attributes: bool,
}

impl TraceLook {
    /// A picture or a page is for a file, and only they are.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let (flag, example) = if self.svg { ("--svg", "trace.svg") } else { ("--html", "trace.html") };
        let pictured = self.svg || self.html;
        let message = match &self.output {
            Some(_) if !pictured => {
                "--output is for --svg and --html; text goes to standard output".to_owned()
            }
            None if pictured && io::stdout().is_terminal() => {
                format!("{flag} is a file, and would fill the terminal: name one, as in {flag} -o {example}")
            }
            _ => return Ok(()),
        };
        Err(Fault::Usage(message))
    }
}

/// How to draw, by the command line and the terminal.
pub(super) fn style(look: &TraceLook) -> Style {
    Style {
        width: look.width.map(usize::from).unwrap_or_else(terminal_width),
        charset: if look.ascii { Charset::Ascii } else { Charset::Unicode },
        colour: !look.no_color && terminal::has_colour(&io::stdout()),
        events: if look.events { Events::Listed } else { Events::Named },
        facts: if look.attributes { Facts::All } else { Facts::Usual },
        titles: Titles::Full,
    }
}

/// The columns of the terminal on standard output, else what COLUMNS says, else 100.
#[must_use]
pub(crate) fn terminal_width() -> usize {
    let from_terminal = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = from_terminal.filter(|w| *w > 0).or_else(from_environment).unwrap_or(100);
    width.clamp(NARROWEST, 400)
}
