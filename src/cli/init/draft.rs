//! The text of a first configuration. Every draft passes `check-config`; what is a guess is marked in it.

use super::found::Found;
use crate::cli::import::{model, procfile};

const HEAD: &str = include_str!("head.yaml");
/// Spans go to a receiver.
pub(crate) const SENT: &str = "otlp-grpc\n  tracing_endpoint: ${OTEL_EXPORTER_OTLP_ENDPOINT:-localhost:4317}";
/// Spans are kept for `phpeek-pm trace`; nothing is needed for the first look.
const KEPT: &str = "none      # kept for `phpeek-pm trace`; otlp-grpc sends them:\n  # tracing_endpoint: ${OTEL_EXPORTER_OTLP_ENDPOINT:-localhost:4317}";
/// Seconds that a shutdown may take, unless something needs more.
pub(crate) const SHUTDOWN: u32 = 30;
/// Instances of a worker, unless somebody says more.
const WORKERS: u16 = 2;
/// Laravel.
pub(crate) const LARAVEL: &str = include_str!("laravel.yaml");
/// Symfony.
pub(crate) const SYMFONY: &str = include_str!("symfony.yaml");
/// And its workers.
pub(crate) const MESSENGER: &str = include_str!("messenger.yaml");
const DJANGO: &str = include_str!("django.yaml");
const NODE: &str = include_str!("node.yaml");
const NGINX: &str = include_str!("nginx.yaml");
/// One program.
pub(crate) const PLAIN: &str = include_str!("plain.yaml");

/// What stands above the processes of a first configuration.
pub(crate) struct Head<'a> {
    /// The command that makes it.
    pub(crate) by: &'a str,
    /// Seconds that a shutdown may take: more than any stop below.
    pub(crate) shutdown: u32,
    /// More lines of `global`, indented.
    pub(crate) more: &'a str,
    /// Whether spans are sent.
    pub(crate) traced: bool,
    /// Where they go, with the endpoint.
    pub(crate) exporter: &'a str,
    /// More lines of `global` about them.
    pub(crate) spans: &'a str,
}

impl Head<'_> {
    /// Its text, up to `processes:`.
    pub(crate) fn text(&self) -> String {
        HEAD.replace("@BY@", self.by)
            .replace("@SHUTDOWN@", &self.shutdown.to_string())
            .replace("@MORE@", self.more)
            .replace("@TRACED@", if self.traced { "true " } else { "false" })
            .replace("@EXPORTER@", self.exporter)
            .replace("@SPANS@", self.spans)
    }
}

/// A part of a draft with so many workers; `check` is a line of its own about the health of php-fpm.
pub(crate) fn filled(part: &str, workers: u16, check: &str) -> String {
    part.replace("@WORKERS@", &workers.to_string()).replace("@CHECK@", check)
}

/// The processes of a Node application.
pub(crate) fn node(start: bool) -> String {
    NODE.replace(
        "@WEB@",
        if start { "[npm, start]" } else { "[node, index.js]   # a guess: package.json has no start script" },
    )
}

/// The file, of an application in this folder where it lies elsewhere: what is relative there is so to it.
pub(super) fn draft_for(found: &Found, folder: Option<&str>) -> String {
    let text = draft(found);
    // Neither has anything that is relative.
    let Some(folder) = folder.filter(|_| !matches!(found, Found::Nothing | Found::Nginx { .. })) else {
        return text;
    };
    let line = format!("    working_dir: {}\n", serde_json::Value::from(model::literal(folder)));
    let with =
        |text: &str| if text.starts_with("    command:") { format!("{text}{line}") } else { text.to_owned() };
    text.split_inclusive('\n').map(with).collect()
}

/// The file.
fn draft(found: &Found) -> String {
    let processes = match found {
        Found::Procfile(lines) => procfile::processes(lines)
            .iter()
            .map(|process| {
                let mut text = String::new();
                model::write_process(&mut text, process);
                text
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Found::Laravel => filled(LARAVEL, WORKERS, ""),
        Found::Symfony { messenger } => {
            filled(&format!("{SYMFONY}{}", if *messenger { MESSENGER } else { "" }), WORKERS, "")
        }
        Found::Django { wsgi: Some(wsgi) } => {
            DJANGO.replace("@WEB@", &format!("[gunicorn, --bind, \"0.0.0.0:8000\", {wsgi}]"))
        }
        Found::Django { wsgi: None } => DJANGO.replace(
            "@WEB@",
            "[python3, manage.py, runserver, --noreload, \"0.0.0.0:8000\"]   # for development",
        ),
        Found::Node { start } => node(*start),
        // nginx looks for a name without a folder elsewhere.
        Found::Nginx { file } => {
            NGINX.replace("@CONF@", &serde_json::Value::from(model::literal(file)).to_string())
        }
        Found::Nothing => PLAIN.to_owned(),
    };
    Head { by: "init", shutdown: SHUTDOWN, more: "", traced: true, exporter: KEPT, spans: "" }.text()
        + &processes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test may fail")]
    use super::*;
    use crate::app::load;
    use phpeek_config::Source;
    use std::collections::BTreeMap;

    #[test]
    fn every_draft_passes_the_check() {
        let procfile = vec![
            ("web".to_owned(), "puma -p ${PORT:-5000} -e \"a: b\" # {{x}}".to_owned()),
            ("release".to_owned(), "rake db:migrate".to_owned()),
        ];
        let all = [
            Found::Procfile(procfile),
            Found::Laravel,
            Found::Symfony { messenger: false },
            Found::Symfony { messenger: true },
            Found::Django { wsgi: None },
            Found::Django { wsgi: Some("shop.wsgi".to_owned()) },
            Found::Node { start: true },
            Found::Node { start: false },
            Found::Nginx { file: "/srv/a b/nginx.conf".to_owned() },
            Found::Nothing,
        ];
        for found in all {
            let text = draft(&found);
            let loaded = load(&Source::Text(text.clone()), &BTreeMap::new());
            let configuration =
                loaded.configuration.unwrap_or_else(|| panic!("{text}\n{:?}", loaded.report.findings));
            assert!(loaded.report.findings.is_empty(), "{text}\n{:?}", loaded.report.findings);
            let elsewhere = load(&Source::Text(draft_for(&found, Some("/srv/${a} {{b"))), &BTreeMap::new());
            assert!(elsewhere.report.findings.is_empty(), "{text}\n{:?}", elsewhere.report.findings);
            let spec = elsewhere.configuration.map(|configuration| configuration.spec.processes);
            let folders =
                spec.iter().flatten().map(|process| process.program.of_instance(0).working_dir.clone());
            let own = !matches!(found, Found::Nothing | Found::Nginx { .. });
            let wanted = own.then(|| std::path::PathBuf::from("/srv/${a} {{b"));
            assert!(folders.into_iter().all(|folder| folder == wanted), "{found:?}");
            if let Found::Procfile(_) = found {
                let web = &configuration.spec.processes[1].program;
                let line = web.of_instance(0).command.argv()[2].clone();
                assert_eq!(line, "exec puma -p ${PORT:-5000} -e \"a: b\" # {{x}}");
            }
        }
    }
}
