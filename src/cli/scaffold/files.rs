//! The files that `scaffold` makes, by name. Texts only; writes nothing.

use super::presets::{Family, Preset, configuration, shutdown};
use super::wanted::ScaffoldArguments;

const DOCKER_PHP: &str = include_str!("Dockerfile.php");
const DOCKER_NODE: &str = include_str!("Dockerfile.node");
const DOCKER_PLAIN: &str = include_str!("Dockerfile.plain");
const COMPOSE: &str = include_str!("compose.yaml");
const STORES: &str = include_str!("stores.yaml");
const JAEGER: &str = include_str!("jaeger.yaml");
const SITE_PHP: &str = include_str!("site.php.conf");
const SITE_NODE: &str = include_str!("site.node.conf");
const SITE_PLAIN: &str = include_str!("site.plain.conf");

/// The name of the configuration.
pub(super) const CONFIG: &str = "phpeek-pm.yaml";
/// Debian's place for the one site of an image.
const SITE: &str = "COPY nginx.conf /etc/nginx/sites-enabled/default\n";
const INSTALL: &str = "RUN apt-get update && apt-get install -y --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/*\n";

/// All of them: name and text.
pub(super) fn files(preset: &Preset, wanted: &ScaffoldArguments) -> Vec<(&'static str, String)> {
    let mut files = vec![(CONFIG, configuration(preset, wanted))];
    let served = match preset.family {
        Family::Php(_) | Family::Files => wanted.nginx || wanted.dockerfile,
        Family::Node => wanted.nginx,
        Family::Plain => false,
    };
    if served {
        files.push(("nginx.conf", site(preset.family)));
    }
    if wanted.dockerfile {
        files.push(("Dockerfile", dockerfile(preset.family, served)));
    }
    if wanted.docker_compose {
        files.push(("docker-compose.yml", compose(preset, wanted)));
    }
    files
}

fn site(family: Family) -> String {
    match family {
        Family::Php(root) => {
            SITE_PHP.replace("html/@ROOT@;", format!("html/{root}").trim_end_matches('/').to_owned().as_str())
        }
        Family::Node => SITE_NODE.to_owned(),
        Family::Files | Family::Plain => SITE_PLAIN.to_owned(),
    }
}

fn dockerfile(family: Family, served: bool) -> String {
    let text = match family {
        Family::Php(_) => DOCKER_PHP,
        Family::Node => DOCKER_NODE,
        Family::Files | Family::Plain => DOCKER_PLAIN,
    };
    let (install, site) = if served { (INSTALL, SITE) } else { ("", "") };
    text.replace("@INSTALL@", install).replace("@NGINX@", site)
}

fn compose(preset: &Preset, wanted: &ScaffoldArguments) -> String {
    let traced = wanted.observability || preset.production;
    let php = matches!(preset.family, Family::Php(_));
    let port = if preset.family == Family::Node && !wanted.nginx { "8080:3000" } else { "8080:80" };
    let from = "    build: .                    # `phpeek-pm scaffold --dockerfile` writes a Dockerfile\n";
    let environment =
        if traced { "    environment: {OTEL_EXPORTER_OTLP_ENDPOINT: \"http://jaeger:4317\"}\n" } else { "" };
    let volumes = if php { "\nvolumes:\n  mysql: {}\n" } else { "" };
    COMPOSE
        .replace("@APP@", &wanted.app_name)
        .replace("@FROM@", from)
        .replace("@GRACE@", &(shutdown(preset) + 10).to_string())
        .replace("@PORT@", port)
        .replace("@ENV@", environment)
        .replace("@STORES@", if php { STORES } else { "" })
        .replace("@WATCHERS@", if traced { JAEGER } else { "" })
        + volumes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::super::presets::PRESETS;
    use super::*;

    #[test]
    fn nothing_is_left_open_in_any_file() {
        for preset in &PRESETS {
            for on in [false, true] {
                let wanted = ScaffoldArguments {
                    nginx: on,
                    observability: on,
                    dockerfile: true,
                    docker_compose: true,
                    ..ScaffoldArguments::usual()
                };
                let made = files(preset, &wanted);
                assert!(made.iter().all(|(_, text)| !text.contains('@') && text.ends_with('\n')), "{made:?}");
                let text = |wanted: &str| made.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text);
                let copies = text("Dockerfile").expect("it was asked for").contains("nginx.conf");
                assert_eq!(copies, text("nginx.conf").is_some(), "{made:?}");
                let compose = text("docker-compose.yml").expect("it was asked for");
                assert_eq!(compose.contains("jaeger"), on || preset.production, "{compose}");
            }
        }
    }
}
