//! temp
#![allow(missing_docs)]
use crate::telemetry::{endpoint::Endpoint, settings::*};
use phpeek_actors::ports::Level;
use phpeek_core::{backoff::*, budget::*, name::*, signal::*, spec::*};
use serde_yaml::Value;
use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};
pub struct LogSettings {
    pub format: crate::output::Format,
    pub level: Level,
}
pub struct Configuration {
    pub spec: SystemSpec,
    pub log: LogSettings,
    pub tracing: Option<TracingSettings>,
    pub warnings: Vec<String>,
}
pub fn load(p: Option<PathBuf>) -> Result<Configuration, String> {
    let t = std::fs::read_to_string(p.unwrap()).map_err(|e| e.to_string())?;
    from_text("x", &t)
}
fn dur(v: Option<&Value>, d: u64) -> Duration {
    match v {
        None => Duration::from_millis(d),
        Some(Value::Number(n)) => Duration::from_secs_f64(n.as_f64().unwrap()),
        Some(v) => {
            let s = v.as_str().unwrap();
            if let Some(m) = s.strip_suffix("ms") {
                Duration::from_millis(m.parse().unwrap())
            } else {
                Duration::from_secs(s.trim_end_matches('s').parse().unwrap())
            }
        }
    }
}
pub fn from_text(_: &str, t: &str) -> Result<Configuration, String> {
    let v: Value = serde_yaml::from_str(t).map_err(|e| e.to_string())?;
    let g = v.get("global").cloned().unwrap_or(Value::Null);
    let ps = v["processes"].as_mapping().unwrap();
    let mut names: Vec<String> = ps.keys().map(|k| k.as_str().unwrap().to_owned()).collect();
    names.sort();
    let processes = names
        .iter()
        .map(|n| {
            let p = &ps[n.as_str()];
            let kind = if p.get("type").and_then(|t| t.as_str()) == Some("oneshot") {
                ProcessKind::Oneshot
            } else {
                ProcessKind::LongRun
            };
            Arc::new(ProcessSpec {
                name: ProcessName::new(n).unwrap(),
                kind,
                initial: InitialState::Running,
                command: CommandLine::new(
                    p["command"]
                        .as_sequence()
                        .unwrap()
                        .iter()
                        .map(|a| match a {
                            Value::String(s) => s.clone(),
                            o => serde_yaml::to_string(o).unwrap().trim().to_owned(),
                        })
                        .collect(),
                )
                .unwrap(),
                working_dir: None,
                user: p.get("user").and_then(|u| u.as_str()).map(str::to_owned),
                group: None,
                env: vec![],
                scale: NonZeroU32::new(p.get("scale").and_then(|s| s.as_u64()).unwrap_or(1) as u32).unwrap(),
                depends_on: p
                    .get("depends_on")
                    .and_then(|d| d.as_sequence())
                    .map(|d| {
                        d.iter()
                            .map(|d| {
                                let i = names.iter().position(|n| n == d.as_str().unwrap()).unwrap();
                                let c = if ps[d.as_str().unwrap()].get("type").and_then(|t| t.as_str())
                                    == Some("oneshot")
                                {
                                    Condition::Completed
                                } else {
                                    Condition::Started
                                };
                                Dependency { process: ProcessIndex(i as u32), condition: c }
                            })
                            .collect()
                    })
                    .unwrap_or_default(),
                restart: RestartSpec {
                    policy: match p.get("restart").and_then(|r| r.as_str()) {
                        Some("never") => RestartPolicy::Never,
                        Some("on-failure") => RestartPolicy::OnFailure,
                        _ => RestartPolicy::Always,
                    },
                    attempts: Attempts::AtMost(
                        g.get("max_restart_attempts").and_then(|x| x.as_u64()).unwrap_or(3) as u32,
                    ),
                    backoff: Backoff::new(
                        dur(g.get("restart_backoff_initial"), 5000),
                        dur(g.get("restart_backoff_max"), 60000),
                    )
                    .unwrap(),
                    stable_after: Some(Duration::from_secs(60)),
                },
                stop: StopSpec {
                    signal: Signal::TERM,
                    grace: dur(p.get("shutdown").and_then(|s| s.get("timeout")), 30000),
                    kill_signal: Signal::KILL,
                },
                output: OutputSpec {
                    stdout: p.get("stdout").and_then(|b| b.as_bool()).unwrap_or(true),
                    stderr: p.get("stderr").and_then(|b| b.as_bool()).unwrap_or(true),
                },
            })
        })
        .collect();
    let mut signals = BTreeMap::new();
    for s in [Signal::TERM, Signal::INT, Signal::QUIT] {
        signals.insert(s, SignalAction::Stop);
    }
    signals.insert(Signal::USR1, SignalAction::RestartAll);
    signals.insert(Signal::USR2, SignalAction::Flush);
    signals.insert(Signal::HUP, SignalAction::Reload);
    let tracing =
        (g.get("tracing_enabled").and_then(|b| b.as_bool()) == Some(true)).then(|| TracingSettings {
            exporter: if g["tracing_exporter"].as_str() == Some("otlp-grpc") {
                ExporterSettings::OtlpGrpc(Endpoint::parse(g["tracing_endpoint"].as_str().unwrap()).unwrap())
            } else {
                ExporterSettings::Stdout
            },
            sample_rate: 1.0,
            service_name: None,
        });
    Ok(Configuration {
        spec: SystemSpec {
            shutdown_timeout: dur(g.get("shutdown_timeout"), 30000),
            dependency_timeout: Duration::from_secs(300),
            processes,
            signals,
        },
        log: LogSettings {
            format: crate::output::Format::Json,
            level: match g.get("log_level").and_then(|l| l.as_str()) {
                Some("error") => Level::Error,
                _ => Level::Info,
            },
        },
        tracing,
        warnings: vec![],
    })
}
