//! What a process is configured as, in the words of the configuration, for those who ask. Shows no secret: of variables
//! there is the name alone, and of arguments that name a secret there is no value.

use phpeek_core::spec::{ProcessSpec, RestartPolicy};
use phpeek_settings::secret;
use serde_json::{Map, Value, json};

/// What stands for what is not shown.
pub(super) const HIDDEN: &str = "***";

/// The configuration of a process.
pub(super) fn config(spec: &ProcessSpec) -> Value {
    let program = &spec.program;
    let policy = RestartPolicy::WORDS.iter().find(|(_, policy)| *policy == spec.restart.policy);
    let env: Map<String, Value> =
        program.env.iter().map(|(name, _)| (name.clone(), Value::from(HIDDEN))).collect();
    let depends: Map<String, Value> = spec
        .depends_on
        .iter()
        .map(|on| (on.process.as_str().to_owned(), json!({ "condition": on.condition.as_str() })))
        .collect();
    json!({
        "enabled": true,
        "type": spec.kind.as_str(),
        "command": shown(program.command.argv()),
        "working_dir": program.working_dir,
        "user": program.user,
        "group": program.group,
        "env": env,
        "stdout": program.output.stdout,
        "stderr": program.output.stderr,
        "scale": spec.scale.get(),
        "restart": policy.map(|(word, _)| *word),
        "essential": spec.essential,
        "depends_on": depends,
        "shutdown": {
            "signal": spec.stop.signal.to_string(),
            "timeout": spec.stop.grace.as_secs_f64(),
            "kill_signal": spec.stop.kill_signal.to_string(),
        },
    })
}

/// Arguments without the secrets that their names tell of: `--password=…`, `--token …`, `user:password@host`.
fn shown(argv: &[String]) -> Vec<String> {
    let mut hide = false;
    let argument = |argument: &String| {
        let after_its_name = std::mem::take(&mut hide);
        if after_its_name && !argument.starts_with('-') {
            return HIDDEN.to_owned();
        }
        match argument.split_once('=') {
            Some((name, _)) if secret::word(name).is_some() => format!("{name}={HIDDEN}"),
            None if argument.starts_with('-') && secret::word(argument).is_some() => {
                hide = true;
                argument.clone()
            }
            _ if holds_credentials(argument) => HIDDEN.to_owned(),
            _ => argument.clone(),
        }
    };
    argv.iter().map(argument).collect()
}

/// `scheme://user:password@host`, or a text that speaks of a secret, as a script does.
fn holds_credentials(argument: &str) -> bool {
    let in_url = argument.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split('/').next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    let speaks = argument.contains([' ', ':', '"', '\''])
        && argument.split(|c: char| !secret::is_part_of_a_name(c)).any(|name| secret::word(name).is_some());
    in_url || speaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_name_a_secret_are_shown_without_it() {
        for (argv, wanted) in [
            (&["nginx", "-g", "daemon off;"][..], &["nginx", "-g", "daemon off;"][..]),
            (&["x", "--password=hunter2", "a"], &["x", "--password=***", "a"]),
            (&["x", "--api-key", "hunter2", "a"], &["x", "--api-key", "***", "a"]),
            (&["x", "--no-password", "-v"], &["x", "--no-password", "-v"]),
            (&["x", "redis://u:hunter2@h/0", "http://h/?a=b"], &["x", "***", "http://h/?a=b"]),
            (&["sh", "-c", "TOKEN=hunter2 run"], &["sh", "-c", "TOKEN=***"]),
            (&["sh", "-c", "A=1 TOKEN=hunter2 run"], &["sh", "-c", "***"]),
            (&["sh", "-c", "curl -H 'Authorization: Bearer hunter2'"], &["sh", "-c", "***"]),
        ] {
            let argv: Vec<String> = argv.iter().map(|&a| a.to_owned()).collect();
            assert_eq!(shown(&argv), wanted, "{argv:?}");
        }
    }
}
