//! Configurations of several files: `include` and `env_file`.

use phpeek_pm::app::load;
use phpeek_pm::cli::check::{Detail, human, json};
use phpeek_pm::config::{Loaded, Source, Strictness};
use std::collections::BTreeMap;
use std::path::Path;

/// Writes these files to a folder and loads `main.yaml` of them.
fn loaded(folder: &Path, files: &[(&str, &str)]) -> Loaded {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    load(&Source::File(folder.join("main.yaml")), &BTreeMap::new())
}

fn told(loaded: &Loaded) -> String {
    human(&loaded.report, Detail::Full, Strictness::Usual) + &json(&loaded.report, Strictness::Usual)
}

#[test]
fn included_files_are_laid_beside_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = loaded(
        folder.path(),
        &[
            (
                "main.yaml",
                "version: '1.0'\ninclude: [conf.d/*.yaml, 'one.yaml']\nglobal: {shutdown_timeout: 40}\nprocesses: {a: {command: [x]}}\n",
            ),
            (
                "conf.d/b.yaml",
                "version: '1.0'\nx-y: &y [x]\nglobal: {dependency_timeout: 7}\nprocesses: {b: {command: *y, depends_on: [a]}}\n",
            ),
            ("conf.d/c.yaml", "processes: {c: {command: ['${UNSET:-sleep}']}}\n"),
            ("conf.d/c.yml", "processes: {never: {command: [x]}}\n"),
            ("one.yaml", "processes:\n"),
        ],
    );
    let text = told(&read);
    let spec = read.configuration.expect("valid").spec;
    let names: Vec<_> = spec.processes.iter().map(|p| p.name.as_str()).collect();
    assert_eq!((names.as_slice(), spec.dependency_timeout.as_secs()), (&["a", "b", "c"][..], 7));
    assert!(text.contains("conf.d/b.yaml"), "{text}");
}

#[test]
fn what_two_files_define_is_an_error_that_names_both_and_places_name_their_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = loaded(
        folder.path(),
        &[
            (
                "main.yaml",
                "include: conf.d/*.yaml\nglobal: {log_level: info}\nprocesses: {a: {command: [x]}}\n",
            ),
            (
                "conf.d/first.yaml",
                "processes:\n  b: {command: [x]}\n  c:\n    command: [x]\n    restart: sometimes\n",
            ),
            ("conf.d/second.yaml", "global: {log_level: warn}\nprocesses:\n  b: {command: [y]}\n"),
        ],
    );
    assert!(read.configuration.is_none());
    let text = told(&read);
    for words in [
        "\"b\" is written in ",
        "first.yaml and in ",
        "second.yaml:3:3: processes.b",
        "\"log_level\" is written in",
        "first.yaml:5:14: processes.c.restart",
        "restart: sometimes",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_cannot_be_included_is_an_error_that_says_why() {
    let main = |include: &str| format!("include: {include}\nprocesses: {{a: {{command: [x]}}}}\n");
    for (include, file, word) in [
        ("missing.yaml", "", "missing.yaml cannot be read"),
        ("'[.yaml'", "", "no pattern"),
        ("part.yaml", "processes: [", "is not closed"),
        ("part.yaml", "include: more.yaml\n", "cannot include others"),
        ("part.yaml", "- a\n", "the file must be a mapping, and is a list"),
        ("part.yaml", "[program:x]\ncommand=y\n", "import supervisord"),
        ("{a: b}", "", "must be a single value"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let read = loaded(folder.path(), &[("main.yaml", &main(include)), ("part.yaml", file)]);
        assert!(read.configuration.is_none() && told(&read).contains(word), "{include}: {}", told(&read));
    }
    let folder = tempfile::tempdir().expect("a folder");
    assert!(loaded(folder.path(), &[("main.yaml", &main("none.d/*.yaml"))]).configuration.is_some());
}

#[test]
fn files_of_variables_stand_behind_env_and_never_show_what_they_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = "processes: {a: {command: [x], env_file: [one.env, two.env], env: {OVER: env}}, b: {command: [x], env_file: one.env}}\n";
    let read = loaded(
        folder.path(),
        &[("main.yaml", main), ("one.env", "A=1\nB=1\nOVER=file\n"), ("two.env", "B=2\n")],
    );
    let spec = read.configuration.expect("valid").spec;
    let env = |at: usize| {
        let all = spec.processes[at].program.env.iter();
        all.map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((env(0).as_str(), env(1).as_str()), ("A=1 B=2 OVER=env", "A=1 B=1 OVER=file"));
    let read = loaded(
        folder.path(),
        &[("main.yaml", main), ("one.env", "A=1\ns3cret\n"), ("two.env", "B='s3cret\n")],
    );
    let text = told(&read);
    assert!(read.configuration.is_none() && !text.contains("s3cret"), "{text}");
    assert!(text.contains("one.env: line 2 is no KEY=VALUE") && text.contains("two.env: line 1"), "{text}");
    let missing =
        loaded(folder.path(), &[("main.yaml", "processes: {a: {command: [x], env_file: gone.env}}")]);
    assert!(missing.configuration.is_none() && told(&missing).contains("gone.env"), "{}", told(&missing));
}

#[test]
fn tags_that_ask_for_what_nobody_does_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = "processes: {a: {command: [!!str x, !secret y], scale: !!int '2', env: !vault {A: b}}}\n";
    let read = loaded(folder.path(), &[("main.yaml", main)]);
    let text = told(&read);
    assert!(text.contains("!secret") && text.contains("!vault") && !text.contains("tag:yaml.org"), "{text}");
    assert_eq!(read.configuration.expect("valid").spec.processes[0].scale.get(), 2);
}
