//! Nothing empty falls open: what an empty override, an empty variable and an empty value mean, for every key.

use crate::{read, refused, valid};
use phpeek_pm::config::{Severity, schema_json};
use serde_json::Value;

const FILE: &str = "\
global: {tracing_enabled: true, tracing_exporter: none, tracing_sample_rate: 0.01}
processes:
  app: {command: [sleep, '1'], scale: 2, user: nobody}
  worker: {enabled: false, command: [sleep, '1']}
";

/// Every scalar key below a part of the schema: its path, and whether it has a type.
fn scalars(schema: &Value, path: &str, all: &mut Vec<(String, bool)>) {
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if below["properties"].is_object() {
            scalars(below, &path, all);
        } else if let Some(typed) = typed(below) {
            all.push((path, typed));
        }
    }
}

/// Whether a scalar's schema asks for a truth, a number or one of some words; nothing for lists and mappings.
fn typed(schema: &Value) -> Option<bool> {
    let forms: Vec<&Value> = schema["anyOf"].as_array().map_or(vec![schema], |any| any.iter().collect());
    if forms.iter().any(|f| f["type"] == "array" || f["type"] == "object") {
        return None;
    }
    let typed = |f: &&Value| matches!(f["type"].as_str(), Some("boolean" | "integer" | "number"));
    Some(forms.iter().any(typed) || forms.iter().any(|f| f["enum"].is_array()))
}

/// The keys of `global` and of a process.
fn keys() -> [Vec<(String, bool)>; 2] {
    let schema: Value = serde_json::from_str(&schema_json()).expect("JSON");
    let root = &schema["properties"];
    let forms = root["processes"]["anyOf"].as_array().expect("a mapping, or a variable");
    let mut both = [Vec::new(), Vec::new()];
    scalars(&root["global"], "", &mut both[0]);
    scalars(&forms[0]["additionalProperties"], "", &mut both[1]);
    assert!(both.iter().map(Vec::len).sum::<usize>() > 100, "{both:?}");
    both
}

/// A text that sets one key, as YAML below an indentation.
fn nested(path: &str, value: &str, indent: usize) -> String {
    let mut text = String::new();
    let steps: Vec<&str> = path.split('.').collect();
    for (depth, step) in steps.iter().enumerate() {
        let end = if depth + 1 == steps.len() { value } else { "" };
        text += &format!("{}{step}: {end}\n", " ".repeat(indent + 2 * depth));
    }
    text
}

fn file_with(global: Option<&str>, process: Option<&str>, value: &str) -> String {
    let global = global.map_or(String::new(), |path| format!("global:\n{}", nested(path, value, 2)));
    let process = process.map_or(String::new(), |path| nested(path, value, 4));
    format!("{global}processes:\n  app:\n    command: [sleep, '1']\n{process}")
}

#[test]
fn an_empty_override_of_any_key_is_not_set() {
    let before = format!("{:?}", valid(FILE, &[]));
    let [global, process] = keys();
    let name = |path: &str| path.to_ascii_uppercase().replace(['.', '-'], "_");
    let all = global
        .iter()
        .map(|(path, _)| format!("GLOBAL_{}", name(path)))
        .chain(process.iter().map(|(path, _)| format!("PROCESS_APP_{}", name(path))))
        .chain(["PROCESS_WORKER_ENABLED", "PROCESS_APP_ENV_X", "PROCESS_NEW_COMMAND"].map(str::to_owned));
    for variable in all {
        for (family, empty) in [("PHPEEK_PM_", ""), ("CBOX_INIT_", "  ")] {
            let variable = format!("{family}{variable}");
            let loaded = read(FILE, &[(&variable, empty)]);
            let after = loaded.configuration.map(|c| format!("{c:?}"));
            assert_eq!(after.as_ref(), Some(&before), "{variable}: {:?}", loaded.report.findings);
            let said =
                loaded.report.of(Severity::Suggestion).any(|f| f.message.contains("counts as not set"));
            assert!(said, "{variable}: {:?}", loaded.report.findings);
        }
    }
}

#[test]
fn an_empty_truth_number_or_word_in_the_file_is_an_error_in_every_form() {
    let [global, process] = keys();
    let global = global.iter().map(|(path, typed)| (Some(path.as_str()), None, *typed));
    let process = process.iter().map(|(path, typed)| (None, Some(path.as_str()), *typed));
    for (of_global, of_process, typed) in global.chain(process).filter(|(_, _, typed)| *typed) {
        let path = of_global.or(of_process).unwrap_or_default();
        for value in ["", "~", "''", "${UNSET}", "${EMPTY}", "${UNSET:-}", "'${EMPTY:-}'"] {
            let text = file_with(of_global, of_process, value);
            let loaded = read(&text, &[("EMPTY", "")]);
            let named = loaded.report.of(Severity::Error).any(|f| f.path.ends_with(path));
            assert!(named, "{path}: {value:?} ({typed}) is taken: {:?}", loaded.report.findings);
        }
    }
}

#[test]
fn a_variable_that_is_empty_never_loosens_what_restricts() {
    for key in ["user", "group"] {
        for value in ["${UNSET}", "'${EMPTY}'"] {
            let text = file_with(None, Some(key), value);
            let all = refused(&text, &[("EMPTY", "")]);
            assert!(all.contains(&format!("processes.app.{key}")), "{all}");
        }
    }
    for key in ["tracing_ca_file", "tracing_client_key_file", "api_auth", "api_host"] {
        assert!(refused(&file_with(Some(key), None, "${UNSET}"), &[]).contains(key), "{key}");
    }
    let told = read(&file_with(None, Some("user"), "''"), &[]).report;
    assert!(told.of(Severity::Suggestion).any(|f| f.message.contains("user is empty")));
    // Written empty, it was not forgotten.
    for value in ["''", "", "${UNSET:-}"] {
        let spec = valid(&file_with(None, Some("user"), value), &[]).spec;
        assert_eq!(spec.processes[0].program.user, None, "{value}");
    }
}

#[test]
fn an_empty_directory_schedule_and_zone_are_none() {
    for value in ["''", "", "'${EMPTY:-}'"] {
        let spec = valid(&file_with(None, Some("working_dir"), value), &[]).spec;
        assert_eq!(spec.processes[0].program.working_dir, None, "{value}");
        let schedule = file_with(None, Some("schedule"), value) + "    schedule_timezone: ''\n";
        let app = &valid(&schedule, &[]).spec.processes[0];
        assert_eq!(app.kind, phpeek_core::spec::ProcessKind::LongRun, "{value}");
    }
    // A job whose schedule was forgotten would run for ever instead.
    assert!(refused(&file_with(None, Some("schedule"), "${UNSET}"), &[]).contains("schedule"));
}

#[test]
fn items_between_commas_are_a_list_and_json_is_one_too() {
    let argv = |value: &str| {
        let spec = valid(FILE, &[("CBOX_INIT_PROCESS_APP_COMMAND", value)]).spec;
        spec.processes[0].program.command.argv().to_vec()
    };
    assert_eq!(argv("sleep,1000"), ["sleep", "1000"]);
    assert_eq!(argv(" a , one two,, three,"), ["a", "one two", "three"]);
    assert_eq!(argv("[\"a,b\", \"c\"]"), ["a,b", "c"]);
    assert_eq!(argv("sleep"), ["sleep"]);
    assert!(refused(FILE, &[("PHPEEK_PM_PROCESS_APP_COMMAND", "[\"a\"")]).contains("must be a list"));
    let text = "processes: {a: {command: [x]}, b: {command: [x]}, c: {command: [x]}}";
    let spec = valid(text, &[("PHPEEK_PM_PROCESS_C_DEPENDS_ON", "a, b")]).spec;
    assert_eq!(spec.processes[2].depends_on.len(), 2);
}

#[test]
fn a_file_in_which_everything_is_disabled_is_valid_and_says_so() {
    let loaded = read("processes: {a: {enabled: false, command: [x]}}", &[]);
    assert!(loaded.configuration.is_some_and(|c| c.spec.processes.is_empty()));
    assert!(loaded.report.of(Severity::Warning).any(|f| f.message.contains("every process is disabled")));
    let spec =
        valid("processes: {a: {enabled: false, command: [x]}}", &[("CBOX_INIT_PROCESS_A_ENABLED", "1")]);
    assert_eq!(spec.spec.processes.len(), 1);
}
