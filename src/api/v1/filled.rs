//! The configuration of a process as it is shown: what its specification tells, and behind it what is written and told nowhere else. Sent back
//! by PUT it means the same.

use super::program;
use phpeek_core::spec::ProcessSpec;
use serde_json::{Map, Value};

/// All of it.
pub(super) fn config(spec: &ProcessSpec, written: Option<&Value>) -> Value {
    let mut config = program::config(spec);
    if let (Value::Object(config), Some(Value::Object(written))) = (&mut config, written) {
        let mut written = written.clone();
        if written.contains_key("env_file") {
            // The others are those of the file, and come from there again.
            let env = written.remove("env").unwrap_or_else(|| Value::Object(Map::new()));
            config.insert("env".to_owned(), env);
        }
        one_check(config, &mut written);
        fill(config, written);
    }
    config
}

/// A single check is shown in the older way, which does not stand beside the other one.
fn one_check(config: &Map<String, Value>, written: &mut Map<String, Value>) {
    let Some(shown) = config.get("health_check") else { return };
    let Some(Value::Object(mut checks)) = written.remove("health") else { return };
    let own = shown.get("mode").and_then(Value::as_str).and_then(|mode| checks.remove(mode));
    written.extend(own.map(|own| ("health_check".to_owned(), own)));
}

/// Adds what is not there.
fn fill(shown: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, more) in more {
        match (shown.get_mut(&key), more) {
            (Some(Value::Object(own)), Value::Object(more)) => fill(own, more),
            (Some(_), _) => {}
            (None, more) => drop(shown.insert(key, more)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phpeek_actors::testkit::SpecBuilder;
    use serde_json::json;

    #[test]
    fn what_is_written_stands_behind_what_is_told_and_never_in_its_place() {
        let spec = SpecBuilder::new("web").spec();
        let plain = config(&spec, None);
        let written =
            json!({"limits": {"nofile": 9}, "shutdown": {"signal": "SIGHUP", "kill_mode": "mixed"}});
        let shown = config(&spec, Some(&written));
        assert_eq!(shown["limits"], json!({"nofile": 9}));
        assert_eq!(shown["shutdown"]["kill_mode"], "mixed");
        assert_eq!(shown["shutdown"]["signal"], plain["shutdown"]["signal"], "what acts is what is told");
        let filed = config(&spec, Some(&json!({"env_file": ["a"], "env": {"A": "***"}})));
        assert_eq!(filed["env"], json!({"A": "***"}));
    }

    #[test]
    fn of_a_single_check_there_is_one_form() {
        let mut shown =
            Map::from_iter([("health_check".to_owned(), json!({"mode": "liveness", "period": 1}))]);
        let written = json!({"health": {"liveness": {"period": 9, "headers": {"A": "***"}}}});
        let Value::Object(mut written) = written else { return };
        one_check(&shown, &mut written);
        fill(&mut shown, written);
        let wanted = json!({"health_check": {"mode": "liveness", "period": 1, "headers": {"A": "***"}}});
        assert_eq!(Value::Object(shown), wanted);
    }
}
