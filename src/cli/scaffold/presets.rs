//! The kinds of applications, and the processes of each. Texts only; every one passes the strict check.

use super::wanted::ScaffoldArguments;
use crate::cli::fault::Fault;
use crate::cli::init::draft::{Head, LARAVEL, MESSENGER, PLAIN, SENT, SHUTDOWN, SYMFONY, filled, node};
use crate::cli::table::{draw, left};

const PHP_FPM: &str = include_str!("php-fpm.yaml");
const NGINX: &str = include_str!("nginx.yaml");
const HORIZON: &str = include_str!("horizon.yaml");
const WORDPRESS: &str = include_str!("wordpress.yaml");
const MAGENTO: &str = include_str!("magento.yaml");
const DRUPAL: &str = include_str!("drupal.yaml");
const NEXTJS: &str = include_str!("nextjs.yaml");
const NUXT: &str = include_str!("nuxt.yaml");

/// The line that tells of the health of php-fpm, where its listener is the usual one of the php images.
const CHECK: &str = "    health_check: {type: tcp, address: \"127.0.0.1:9000\"}   # its listener, as the php images have it\n";
const API: &str = "  api_enabled: true           # the management API, on 127.0.0.1:9180 alone
  api_auth: \"${API_TOKEN:-}\"  # set API_TOKEN: without one, whatever runs here may give orders
  metrics_enabled: true       # for Prometheus, on 127.0.0.1:9090/metrics alone
";
const QUIET: &str = "  log_level: warn
";
const SAMPLED: &str = "  tracing_sample_rate: 0.1    # one trace of ten, and each with an error
";

/// What an application is written in: what its image and its site are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// PHP behind nginx; the folder of the site below that of the application.
    Php(&'static str),
    /// Node.
    Node,
    /// Files behind nginx.
    Files,
    /// Whatever it is.
    Plain,
}

/// A kind of application.
#[derive(Debug, Clone, Copy)]
pub(super) struct Preset {
    /// As it is named on the command line.
    pub(super) name: &'static str,
    /// What it starts.
    pub(super) starts: &'static str,
    pub(super) family: Family,
    /// Whether it has workers of a queue.
    pub(super) workers: bool,
    /// Whether it is traced and quiet, as one wants it in production.
    pub(super) production: bool,
}

const fn preset(name: &'static str, starts: &'static str, family: Family, workers: bool) -> Preset {
    Preset { name, starts, family, workers, production: false }
}

/// All, in the order in which they are listed.
pub(super) const PRESETS: [Preset; 12] = [
    preset("laravel", "php-fpm, nginx, queue workers, scheduler, Horizon", Family::Php("public"), true),
    Preset {
        production: true,
        ..preset("production", "the same, traced and with a quiet log", Family::Php("public"), true)
    },
    preset("symfony", "php-fpm, nginx, Messenger's workers", Family::Php("public"), true),
    preset("php", "php-fpm, nginx", Family::Php(""), false),
    preset("wordpress", "php-fpm, nginx, wp-cron by the clock", Family::Php(""), false),
    preset("magento", "php-fpm, nginx, cron and consumers", Family::Php("pub"), true),
    preset("drupal", "php-fpm, nginx, cron by the clock", Family::Php("web"), false),
    preset("nodejs", "npm start", Family::Node, false),
    preset("nextjs", "the server of Next.js", Family::Node, false),
    preset("nuxt", "the server of Nuxt", Family::Node, false),
    preset("generic", "nginx alone", Family::Files, false),
    preset("minimal", "one program, to be replaced by yours", Family::Plain, false),
];

/// The one of this name.
pub(super) fn named(name: &str) -> Result<&'static Preset, Fault> {
    let found = PRESETS.iter().find(|preset| preset.name == name);
    found.ok_or_else(|| Fault::Nothing(format!("there is no preset {name:?}; there are:\n{}", list())))
}

/// Their table.
pub(super) fn list() -> String {
    let rows = PRESETS.map(|preset| [preset.name.to_owned(), preset.starts.to_owned()]);
    draw([left("PRESET"), left("STARTS")], &rows)
}

/// Seconds that a shutdown may take: Horizon alone has 60 for its end, and others end before it.
pub(super) fn shutdown(preset: &Preset) -> u32 {
    if matches!(preset.name, "laravel" | "production") { 90 } else { SHUTDOWN }
}

/// The configuration.
pub(super) fn configuration(preset: &Preset, wanted: &ScaffoldArguments) -> String {
    let traced = wanted.observability || preset.production;
    let named = format!("  tracing_service_name: {}\n", wanted.app_name);
    let more = match preset.family {
        Family::Plain => String::new(),
        _ => format!("{}{API}", if preset.production { QUIET } else { "" }),
    };
    let spans = if preset.production { format!("{named}{SAMPLED}") } else { named };
    let by = format!("scaffold {}", preset.name);
    Head { by: &by, shutdown: shutdown(preset), more: &more, traced, exporter: SENT, spans: &spans }.text()
        + &processes(preset, wanted)
}

fn processes(preset: &Preset, wanted: &ScaffoldArguments) -> String {
    let behind = |name: &str| NGINX.replace("@BEHIND@", name);
    let php = |more: &str| format!("{PHP_FPM}{}{more}", behind("php-fpm"));
    let text = match preset.name {
        "laravel" | "production" => format!("{LARAVEL}{HORIZON}{}", behind("php-fpm")),
        "symfony" => format!("{SYMFONY}{MESSENGER}{}", behind("php-fpm")),
        "wordpress" => php(WORDPRESS),
        "magento" => php(MAGENTO),
        "drupal" => php(DRUPAL),
        "php" => php(""),
        "nextjs" => NEXTJS.to_owned(),
        "nuxt" => NUXT.to_owned(),
        "nodejs" => node(true),
        "generic" => behind("").replace("    depends_on: []\n", "").trim_start_matches('\n').to_owned(),
        _ => PLAIN.to_owned(),
    };
    let front = if preset.family == Family::Node && wanted.nginx { behind("web") } else { String::new() };
    filled(&format!("{text}{front}"), wanted.queue_workers, CHECK)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test may fail")]
    use super::*;
    use crate::app::load;
    use phpeek_config::{Source, Strictness};
    use std::collections::BTreeMap;

    #[test]
    fn every_preset_passes_the_strict_check() {
        for preset in &PRESETS {
            for on in [false, true] {
                let wanted = ScaffoldArguments {
                    nginx: on,
                    observability: on,
                    queue_workers: 5,
                    ..ScaffoldArguments::usual()
                };
                let text = configuration(preset, &wanted);
                let report = load(&Source::Text(text.clone()), &BTreeMap::new()).report;
                assert!(report.passed(Strictness::Strict), "{text}\n{:?}", report.findings);
                assert!(!text.contains('@'), "{text}");
                assert_eq!(text.contains("scale: 5"), preset.workers, "{text}");
                // What somebody switches on, as the comments say, passes too.
                let text = text.replace("enabled: false ", "enabled: true ");
                let report = load(&Source::Text(text.clone()), &BTreeMap::new()).report;
                assert!(report.passed(Strictness::Strict), "{text}\n{:?}", report.findings);
            }
        }
    }
}
