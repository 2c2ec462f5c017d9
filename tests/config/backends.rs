//! The pages of `config/backends`: each configuration passes the strict check, has its page, and the pages name what
//! is there. That they work is run by `tests/run --backends`.

use phpeek_pm::app::load;
use phpeek_pm::config::{Source, Strictness};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/backends")
}

/// The names of the files with this ending, without it.
fn names(ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("the folder").map(|e| e.expect("an entry").path());
    let wanted = entries.filter(|p| p.extension().is_some_and(|e| e == ending));
    wanted.map(|p| p.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).expect(name)
}

/// What a user must give, and no page can.
const VARS: [(&str, &str); 4] = [
    ("HONEYCOMB_API_KEY", "k"),
    ("GRAFANA_CLOUD_OTLP_ENDPOINT", "https://otlp-gateway-zone.grafana.net/otlp"),
    ("GRAFANA_CLOUD_OTLP_TOKEN", "k"),
    ("DD_API_KEY", "k"),
];

#[test]
fn every_configuration_passes_the_strict_check_and_needs_what_it_names() {
    let vars: BTreeMap<String, String> =
        VARS.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let found = names("yaml");
    assert!(found.len() >= 7, "{found:?}");
    for name in found {
        let path = folder().join(format!("{name}.yaml"));
        let loaded = load(&Source::File(path.clone()), &vars);
        assert!(loaded.configuration.is_some(), "{name}: {:?}", loaded.report.findings);
        assert!(loaded.report.passed(Strictness::Strict), "{name}: {:?}", loaded.report.findings);
        let written = text(&format!("{name}.yaml"));
        for (key, _) in VARS.iter().filter(|(key, _)| written.contains(key)) {
            let mut without = vars.clone();
            without.remove(*key);
            let loaded = load(&Source::File(path.clone()), &without);
            assert!(!loaded.report.passed(Strictness::Strict), "{name} without {key}");
        }
    }
}

#[test]
fn every_page_names_its_file_says_what_was_seen_and_links_to_what_is_there() {
    let pages = names("md");
    for name in names("yaml") {
        assert!(pages.contains(&name), "{name}.yaml has no page");
        let page = text(&format!("{name}.md"));
        assert!(page.contains(&format!("[`{name}.yaml`]({name}.yaml)")), "{name}.md does not name its file");
        assert!(page.contains("\n## What was seen\n"), "{name}.md does not say what was seen");
    }
    for name in pages {
        for target in
            text(&format!("{name}.md")).split("](").skip(1).filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            assert!(target.contains("://") || folder().join(file).exists(), "{name}.md: {target}");
        }
    }
    let tracing = fs::read_to_string(folder().join("../docs/tracing.md")).expect("a page");
    for name in names("md") {
        let link = format!("(../backends/{name}.md)");
        assert!(tracing.contains(&link), "the page of tracing does not link to {name}.md");
    }
}
