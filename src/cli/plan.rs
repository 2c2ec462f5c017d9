//! The `plan` command: what a reload would do if the configuration were that of a file. Asks the running supervisor; changes
//! nothing.

use super::ask::Target;
use super::control::{Asked, read};
use super::fault::Fault;
use super::say::say;
use super::table::{draw, left};
use crate::exit;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use phpeek_api::change::PlanReport;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The configuration to compare with what runs. The supervisor reads it.
    pub file: PathBuf,
    /// Whom to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Shows what would be done. 0: it could be. 1: the file is faulty.
pub(super) fn run(config: Option<PathBuf>, arguments: &PlanArguments) -> Result<u8, Fault> {
    let file = std::path::absolute(&arguments.file)
        .map_err(|error| Fault::Usage(format!("{}: {error}", arguments.file.display())))?;
    let client = Target { socket: arguments.asked.socket.clone(), config }.client()?;
    let path = format!("/plan?file={}", percent_encode(file.as_os_str().as_bytes(), NON_ALPHANUMERIC));
    let answer = read(&client, client.get(&path))?;
    if arguments.asked.json {
        say(format!("{answer}\n"));
        return Ok(exit::OK);
    }
    let plan: PlanReport = serde_json::from_value(answer)
        .map_err(|error| Fault::Nothing(format!("the supervisor gave a strange answer: {error}")))?;
    say(told(&plan));
    Ok(exit::OK)
}

/// The plan for people.
fn told(plan: &PlanReport) -> String {
    let rows: Vec<_> = plan
        .steps
        .iter()
        .map(|step| [step.action.clone(), step.process.clone(), step.keys.join(", ")])
        .collect();
    let mut text = match rows.is_empty() {
        true => "A reload would do nothing.\n".to_owned(),
        false => draw([left("ACTION"), left("PROCESS"), left("CHANGED")], &rows),
    };
    let rest = match plan.untouched {
        0 => "No other process runs.\n".to_owned(),
        1 => "One process stays as it is.\n".to_owned(),
        n => format!("{n} processes stay as they are.\n"),
    };
    text.push_str(&rest);
    if !plan.at_next_start.is_empty() {
        text.push_str(&format!("Taken over by a new start only: {}.\n", plan.at_next_start.join(", ")));
    }
    plan.warnings.iter().for_each(|warning| text.push_str(&format!("Warning: {warning}\n")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use phpeek_api::change::PlanStep;

    #[test]
    fn people_read_what_would_be_done_and_what_would_not() {
        let step = PlanStep { process: "web".into(), action: "restart".into(), keys: vec!["env".into()] };
        let plan = PlanReport {
            steps: vec![step],
            untouched: 2,
            at_next_start: vec!["global.log_*".into()],
            warnings: Vec::new(),
        };
        let text = told(&plan);
        assert!(text.contains("ACTION") && text.contains("restart") && text.contains("env"), "{text}");
        assert!(
            text.contains("2 processes stay as they are.\nTaken over by a new start only: global.log_*.")
        );
        let nothing = PlanReport { steps: Vec::new(), untouched: 1, at_next_start: Vec::new(), ..plan };
        assert_eq!(told(&nothing), "A reload would do nothing.\nOne process stays as it is.\n");
    }
}
