//! The `example` command: the example configurations, which are in the program, so that an image needs no more than that.

use super::fault::Fault;
use super::say::{hand_over, say};
use super::table::{draw, left};
use clap::Args;

/// Options of `example`.
#[derive(Debug, Args)]
pub struct ExampleArguments {
    /// Which; without it, all are listed.
    pub name: Option<String>,
}

/// Name, what it shows, text.
const EXAMPLES: [(&str, &str, &str); 3] = [
    ("minimal", "the least that runs", include_str!("../../config/minimal.yaml")),
    (
        "php-stack",
        "nginx, php-fpm, redis and queue workers, traced",
        include_str!("../../config/php-stack.yaml"),
    ),
    ("full", "every key with its default and its meaning", include_str!("../../config/full.yaml")),
];

/// Runs the command. 0: written. 1: there is no such example.
pub(super) fn run(arguments: &ExampleArguments) -> Result<u8, Fault> {
    let Some(wanted) = &arguments.name else {
        let rows = EXAMPLES.map(|(name, shows, _)| [name.to_owned(), shows.to_owned()]);
        say(draw([left("NAME"), left("SHOWS")], &rows));
        return Ok(crate::exit::OK);
    };
    match EXAMPLES.iter().find(|(name, ..)| name == wanted) {
        Some((_, _, text)) => Ok(hand_over(text)),
        None => {
            let names = EXAMPLES.map(|(name, ..)| name).join(", ");
            Err(Fault::Nothing(format!("there is no example {wanted:?}; there are: {names}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::load;
    use phpeek_config::{Severity, Source};
    use std::collections::BTreeMap;

    #[test]
    fn every_example_passes_the_check() {
        for (name, _, text) in EXAMPLES {
            let report = load(&Source::Text(text.to_owned()), &BTreeMap::new()).report;
            let errors: Vec<_> = report.of(Severity::Error).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }
}
