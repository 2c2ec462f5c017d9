//! What somebody is told who starts with no file at all: where one was looked for, what the smallest is, and that a supervisor
//! runs here already, if one does.

use phpeek_api::client::Client;
use phpeek_config::{ProcessEnv, Report, places};

/// The smallest file that works.
const SMALLEST: &str = include_str!("../../config/minimal.yaml");

/// What to say below the report of a start without a file; nothing when there was one.
pub(super) fn without_a_file(report: &Report) -> String {
    if report.file.is_some() || !report.text.is_empty() {
        return String::new();
    }
    let mut out =
        String::from("\nNo configuration file was found. These were looked for, in this order (.yml too):\n");
    for place in places(&ProcessEnv).iter().filter(|place| place.extension().is_some_and(|end| end == "yaml"))
    {
        let here = if place.components().count() == 1 { "./" } else { "" };
        out.push_str(&format!("  {here}{}\n", place.display()));
    }
    out.push_str("\nThe smallest one that works, as ./phpeek-pm.yaml:\n\n");
    for line in SMALLEST.lines() {
        out.push_str(&format!("  {line}\n"));
    }
    out.push_str("\n`phpeek-pm init` writes one for what lies here, `phpeek-pm run -- CMD` needs none, `--config FILE` names one.\n");
    if let Ok(client) = Client::find(None, || Ok(None), None) {
        let path = client.path().display().to_string();
        out.push_str(&format!(
            "A supervisor runs here already ({path}): `phpeek-pm status` shows what it does.\n"
        ));
    }
    out
}
